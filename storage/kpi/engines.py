"""Where in a window another tone engine begins to judge: a break until history has been judged again."""

from __future__ import annotations

import json
from dataclasses import dataclass

from storage.base import Rows
from storage.kpi.scope import Scope

# Read from the index that counts mentions.
_FIRST = """SELECT e.name, min(m.published_at) FROM mentions m JOIN engines e ON e.id = m.engine_id
    WHERE m.brand_id = ? AND m.published_at >= ? AND m.published_at < ? AND m.label IS NOT NULL
    AND m.source_id IN (SELECT value FROM json_each(?)) {of_language} GROUP BY e.name ORDER BY 2, 1"""


@dataclass(frozen=True, slots=True)
class EngineChange:
    """`at` is when the first mention of this brand was published that this engine judged."""

    brand: str
    engine: str
    at: int


def engine_changes(store: Rows, scope: Scope) -> tuple[EngineChange, ...]:
    """The engines that judged in a scope after the one that judged its first mention; none where one judged all."""
    if len(scope.counts().engines) < 2:
        return ()
    window, sources = scope.window, json.dumps(sorted(scope.sources))
    asked: list[object] = [scope.brand.number, window.since, window.until, sources]
    of_language = ""
    if scope.by_language:
        of_language = "AND coalesce(m.language, '') = coalesce(?, '')"
        asked.append(scope.language)
    rows = store.rows(_FIRST.format(of_language=of_language), asked)
    return tuple(EngineChange(scope.brand.brand.name, name, at) for name, at in rows[1:])
