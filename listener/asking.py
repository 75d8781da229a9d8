"""What a person asks for, as a question for the KPIs: brands, sources, times and dimensions checked and completed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from listener.config import Config
from listener.matching.tagging import ROUTES, TagRule, routed, tag_named
from storage import browse
from storage.base import Rows
from storage.calendar import UNITS, Window, cut, iso, parse_time
from storage.desk import tags
from storage.durations import parse_duration
from storage.kpi import CARD, DIMENSIONS, Ask, Kpi, kpis_of
from storage.kpi.measured import first_imported, known_networks
from storage.mention import Brand

_EARLIEST, _LATEST = -2_208_988_800, 4_102_444_800
_MOST_PARTS = 5_000
"""Days, weeks or months that one question may ask for: each is counted on its own."""
_AGO = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")


class UsageError(Exception):
    """The question cannot be answered as asked; the message says how to ask it."""


def question(
    store: Rows,
    config: Config,
    now: int,
    *,
    kpis: Sequence[str] = (),
    brands: Sequence[str] = (),
    sources: Sequence[str] = (),
    by: Sequence[str] = (),
    since: str | None = None,
    until: str | None = None,
    timezone: str | None = None,
    tag: str | None = None,
    compare: bool = False,
) -> tuple[Ask, list[str]]:
    """Return the question and the names of its KPIs. Raises UsageError.

    Without `since` it reaches back to the first post that is kept, or to the first day imported where it is of imported
    numbers alone; without `until` to now. "7d" means seven days ago. `compare`: beside each value stand the period
    before and the same period a year before.
    """
    zone = zone_of(timezone) if timezone else config.zone
    known = kpis_of(store)
    names = [one_of(name, known, "KPI") for name in kpis] or list(CARD)
    units = [unit for unit in UNITS if unit in by]
    if len(units) > 1:
        raise UsageError(f"--by takes one of day, week, month at a time, not {' and '.join(units)}")
    window = Window(
        moment(since, zone, now) if since else _beginning(store, [known[name] for name in names], zone, now),
        moment(until, zone, now) if until else now,
    )
    if window.since >= window.until:
        raise UsageError(
            f"since must lie before until, but it would be {iso(window.since, zone)} to {iso(window.until, zone)}"
        )
    if units and len(cut(window, units[0], zone)) > _MOST_PARTS:
        raise UsageError(f"that is more than {_MOST_PARTS} {units[0]}s; ask for a shorter time")
    return (
        Ask(
            window,
            now,
            zone,
            config.brands,
            only=tuple(brand_named(name, config.brands) for name in brands),
            sources=sources_named(store, sources),
            by=tuple(one_of(name, DIMENSIONS, "dimension") for name in by),
            tag=_tag(store, tag, config.tags),
            compare=compare,
        ),
        names,
    )


def _beginning(store: Rows, kpis: Sequence[Kpi], zone: ZoneInfo, now: int) -> int:
    imported = all(kpi.imported for kpi in kpis)
    first = first_imported(store, zone) if imported else browse.first_kept(store)
    return min(first, now - 1) if first is not None else now - 7 * 86400


def moment(text: str, zone: ZoneInfo, now: int) -> int:
    """Read "2026-11-21", "2026-11-21T08:00Z", or "7d" for seven days ago. Raises UsageError."""
    ago = _AGO.fullmatch(text) is not None
    try:
        at = now - parse_duration(text) if ago else parse_time(text, zone)
    except (ValueError, OverflowError) as error:
        if isinstance(error, ValueError) and not ago:
            raise UsageError(f"{error}, or 7d for seven days ago") from None
        # Written as it should be, but longer than anything lasts.
        at = _LATEST + 1
    if not _EARLIEST <= at <= _LATEST:
        raise UsageError(f"{text[:40]!r} is no time between 1900 and 2100")
    return at


def zone_of(name: str) -> ZoneInfo:
    """Read the name of a time zone. Raises UsageError."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(f"{name!r} is no time zone; write one like Europe/Madrid or UTC") from None


def sources_named(store: Rows, names: Sequence[str]) -> tuple[str, ...]:
    """Return these names or kinds of sources, or networks that files tell of, as they are. Raises UsageError."""
    known = [*browse.sources(store), *known_networks(store)] if names else []
    return tuple(one_of(name, known, "source") for name in names)


def _tag(store: Rows, asked: str | None, rules: Sequence[TagRule]) -> str | None:
    """The tag that is asked for; one that no mention bears and no rule gives is a mistake, not a number of 0."""
    tag = next(iter(tags_named(asked, None, rules) or ()), None)
    named = [rule.name for rule in rules]
    if tag is None or tag in named or tags.is_borne(store, tag):
        return tag
    raise UsageError(_unknown(tag, sorted({*named, *tags.names(store)}), "tag"))


def tags_named(tag: str | None, route: str | None, rules: Sequence[TagRule]) -> tuple[str, ...] | None:
    """The tags that are asked for by name, or by who they go to; None where neither is. Raises UsageError."""
    if tag is not None and route is not None:
        raise UsageError("give a tag or a route, not both")
    if route is not None:
        return routed(rules, one_of(route, ROUTES, "route"))
    try:
        return None if tag is None else (tag_named(tag),)
    except ValueError as error:
        raise UsageError(str(error)) from None


def brand_named(text: str, brands: Iterable[Brand]) -> str:
    """Find a brand by name, alias or handle, whatever the case. Raises UsageError."""
    found = brand_of(text, brands)
    if found is None:
        raise UsageError(_unknown(text, [brand.name for brand in brands], "brand"))
    return found.name


def brand_of(text: str, brands: Iterable[Brand]) -> Brand | None:
    """Find a brand by name, alias or handle, whatever the case; a name goes before another brand's alias."""
    folded = text.strip().lstrip("@").casefold()
    known = list(brands)
    by_name = (brand for brand in known if brand.name.lstrip("@").casefold() == folded)
    by_other = (
        brand
        for brand in known
        if folded in (name.lstrip("@").casefold() for name in (*brand.names, *brand.handles.values()))
    )
    return next(by_name, None) or next(by_other, None)


def one_of(name: str, known: Iterable[str], what: str) -> str:
    """Return a name if it is known. Raises UsageError, which says what it may have meant."""
    if name not in list(known):
        raise UsageError(_unknown(name, list(known), what))
    return name


def _unknown(name: str, known: Sequence[str], what: str) -> str:
    close = difflib.get_close_matches(name, known, 1, 0.6)
    if close:
        hint = f"did you mean {close[0]}?"
    elif what == "KPI":
        # More than a hundred names on one line help nobody.
        hint = "`listener kpi --list` shows them"
    else:
        hint = f"there are: {', '.join(known) or 'none yet'}"
    return f"there is no {what} {name!r}; {hint}"
