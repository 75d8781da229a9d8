"""Mentions that stand out from the others, counted by source: addressed to the brand, tagged, taken back."""

from __future__ import annotations

from collections.abc import Mapping

from storage.kpi.facts import chosen, cut
from storage.kpi.scope import Numbered, Scope

_ADDRESSED = """SELECT m.source_id, {spoken} AS spoken, count(*) FROM turns t CROSS JOIN mentions m
    WHERE t.brand_id = ? AND t.role = 0 AND t.at >= ? AND t.at < ?
    AND m.brand_id = t.brand_id AND m.post_id = t.post_id AND {where} GROUP BY m.source_id, spoken"""
_TAGGED = """SELECT m.source_id, {spoken} AS spoken, count(*) FROM tags g CROSS JOIN mentions m
    WHERE g.tag = ? AND g.brand_id = ? AND m.brand_id = g.brand_id AND m.post_id = g.post_id AND {where}
    GROUP BY m.source_id, spoken"""
_TAKEN_BACK = """SELECT m.source_id, {spoken} AS spoken, count(*) FROM posts p CROSS JOIN mentions m
    WHERE p.erased_at IS NOT NULL AND p.expired = 0 AND p.published_at >= ? AND p.published_at < ?
    AND m.post_id = p.id AND {where} GROUP BY m.source_id, spoken"""


def addressed(scope: Scope) -> Mapping[int, int]:
    """Mentions that speak to the brand."""
    window = scope.window
    return _counted(scope, scope.brand, _ADDRESSED, (scope.brand.number, window.since, window.until))


def tagged(scope: Scope, brand: Numbered, tag: str) -> Mapping[int, int]:
    """Mentions that bear a tag."""
    return _counted(scope, brand, _TAGGED, (tag, brand.number))


def taken_back(scope: Scope) -> Mapping[int, int]:
    """Mentions whose author took them back."""
    return _counted(scope, scope.brand, _TAKEN_BACK, (scope.window.since, scope.window.until))


def _counted(scope: Scope, brand: Numbered, form: str, first: tuple[object, ...]) -> Mapping[int, int]:
    asked = cut(scope.evidence, brand.number)
    sql = form.format(where=asked.where, spoken=asked.spoken)
    rows = scope.evidence.once(
        (form, brand.number, first), lambda: scope.evidence.store.rows(sql, (*first, *asked.parameters))
    )
    found: dict[int, int] = {}
    for source, count in chosen(scope, rows):
        found[source] = found.get(source, 0) + count
    return found
