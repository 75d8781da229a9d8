"""Rules judged while the day runs: when a commit touched what they look at, and once a minute for what time does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence

import structlog

from alerts import judging
from alerts.routing import settling
from alerts.rules import Look, Rule
from listener.station import Station
from storage import hearing
from storage.alerting import AlertEvent

log = structlog.get_logger(__name__)


Looked = dict[tuple[str, str], int]
"""The newest post at the last look of each (rule, brand)."""


async def judge(station: Station, rules: Collection[Rule], looked: Looked | None = None) -> list[AlertEvent]:
    """Judge these rules now; states, events and outbox rows are written together.

    With `looked`, which is brought up to date, a rule that tells what is new sees only what came since. Of what is new
    in an older post, as by an edit, the next look without it tells: there is one each minute.
    """
    if looked is not None:
        newest = await asyncio.to_thread(hearing.newest_post, station.reader)
    now = station.now()
    config = station.config
    # Windows end before the second that they name. A post without a date counts from the second it was fetched
    # in, and would not be seen before the next minute (by `listener once` not before its next run).
    over = now + 1
    seen = Look(
        station.reader,
        config.brands,
        config.zone,
        over,
        config.goals,
        looked=looked or {},
        recent=station.recent,
    )
    found = await asyncio.to_thread(judging.look, seen, rules)
    log.debug("rules judged", rules=len(rules), changes=len(found))
    if looked is not None:
        told = Counter((one.rule.name, one.rule.brand) for one in found)
        # Of what is new for one that told as much as one look may, the next look sees the rest.
        seen_whole = ((rule.name, rule.brand) for rule in rules)
        looked.update({rule: newest for rule in seen_whole if told[rule] < judging.AT_ONCE})
    if not found:
        return []
    events = await station.writer(lambda db: judging.write(db, found, now, config.routing))
    for event in events:
        log.info(
            f"alert {event.kind}",
            rule=event.rule,
            brand=event.brand,
            value=event.numbers["value"],
            **({"subject": event.subject} if event.subject else {}),
        )
    if events:
        station.dispatcher.wake_all()
    return events


async def settle(station: Station) -> None:
    """Withhold and release what waits, and tell again what is due: time passes, and people silence and acknowledge."""
    routing, now = station.config.routing, station.now()
    if await station.writer(lambda db: settling.settle(db, routing, now)):
        station.dispatcher.wake_all()


def lanes(rules: Sequence[Rule]) -> list[list[Rule]]:
    """The rules that are judged by a glance, and those that count: the first wait for none of the others."""
    glances = [rule for rule in rules if rule.condition.woken_by == "glance"]
    counts = [rule for rule in rules if rule not in glances]
    return [lane for lane in (glances, counts) if lane]


def concerned(station: Station, rules: Sequence[Rule], changed: Collection[tuple[str, int]]) -> list[Rule]:
    """Those of the rules that look at a brand and hour which a commit changed."""
    markets = {brand.name: brand.market for brand in station.config.brands}
    now = station.now()

    def looks(rule: Rule, brand: str, hour: int) -> bool:
        # What was learned is looked at after each time that something is. Goals are of months and dear to measure; the
        # minute is soon enough for them.
        if rule.condition.woken_by not in ("glance", "count"):
            return False
        same = rule.brand == brand
        if not same and rule.brand and rule.condition.market_wide:
            same = markets[rule.brand] == markets.get(brand)
        # Twice the window, so that windows which ended a little earlier are judged again too.
        return same and (hour + 1) * 3600 > now - 2 * rule.over - 3600

    return [rule for rule in rules if any(looks(rule, *what) for what in changed)]
