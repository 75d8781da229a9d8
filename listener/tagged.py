"""Tags as people ask for them: how many mentions bear each, with its route; taken off one brand's mention or all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from listener.asking import UsageError, brand_named, moment
from listener.config import Config
from listener.matching.tagging import TagRule
from storage.base import Rows, Transaction
from storage.calendar import Window, iso
from storage.desk import tags
from storage.desk.tags import Tag

_EVER = Window(-(2**62), 2**62)


def question(
    config: Config, now: int, brand: str | None = None, since: str | None = None, until: str | None = None
) -> tuple[list[str], Window]:
    """Brands and window of a question about tags; without times, everything that is kept. Raises UsageError."""
    names = [known.name for known in config.brands] if brand is None else [brand_named(brand, config.brands)]
    window = Window(
        moment(since, config.zone, now) if since else _EVER.since,
        moment(until, config.zone, now) if until else _EVER.until,
    )
    if window.since >= window.until:
        raise UsageError("since must lie before until")
    return names, window


def counted(
    store: Rows, brands: Iterable[str], window: Window, rules: Sequence[TagRule]
) -> list[dict[str, object]]:
    """Mentions by brand and tag; with each tag of the configuration its route, and 0 where none bears it."""
    routes = {rule.name: rule.route for rule in rules}
    found: list[dict[str, object]] = []
    for brand in brands:
        numbers = tags.counted(store, brand, window)
        names = [*routes, *(name for name in numbers if name not in routes)]
        found += [
            {"brand": brand, "tag": name, "route": routes.get(name), "mentions": numbers.get(name, 0)}
            for name in names
        ]
    return found


def remove(db: Transaction, tag: str, post_id: int, brand: str | None) -> int:
    """Take a tag off a post's mention of one brand, or of all; return from how many."""
    bearing = {one.brand for one in tags.of_post(db, post_id) if one.tag == tag}
    return sum(tags.remove(db, tag, name, [post_id]) for name in bearing if brand in (None, name))


def to_json(tag: Tag, zone: ZoneInfo | None = None) -> dict[str, object]:
    """The fields of the API and of --json; `by` is null where a rule gave the tag."""
    return {"id": tag.post_id, "brand": tag.brand, "tag": tag.tag, "at": iso(tag.at, zone), "by": tag.by}
