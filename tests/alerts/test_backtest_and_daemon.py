"""Over the same two days a backtest finds what the daemon fired while they came in, for every kind of rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from zoneinfo import ZoneInfo

import pytest
from pages import BRANDS, HACKERNEWS, page, post, tone

from alerts import heeding, judging
from alerts.anomaly import KINDS, Calibration
from alerts.backtest import Backtest, backtest
from alerts.goals import Goal, GoalOptions
from alerts.routing.routes import CONSOLE
from alerts.rules import Look, Rule, RuleOptions
from storage import baselines
from storage.mention import Brand, KeptPost, Mention
from storage.sqlite import SqliteStore

pytestmark = pytest.mark.slow

UTC = ZoneInfo("UTC")
QUARTER, HOUR, DAY = 900, 3600, 86_400
T0 = 1_790_000_000 // DAY * DAY
BEFORE, DAYS = 20, 2
END = T0 + DAYS * DAY
KNOWN = Calibration(threshold=4.0, expected_rate=1 / 7, measured_rate=None, trained_days=20, enough=True)
GOAL = {
    "name": "calm",
    "kpi": "mentions",
    "brand": "Acme",
    "target": 500,
    "by": "2026-12-31",
    "owner": "ann",
    "baseline": {"since": "2026-09-10", "until": "2026-09-11"},
}
RULES = (
    ("mentions >= 40", {}),
    ("negative_share > 60%", {"for": "30m", "keep_firing": "2h"}),
    ("mentions rises by 100%", {}),
    ("mentions falls by 50%", {"over": "6h"}),
    ("no mentions for 3h", {}),
    ("new author with 10000 followers", {}),
    ("new language", {"min_n": 3}),
    ("story with 5 posts", {"over": "6h"}),
    ("unanswered for 2h", {}),
    ("share_of_voice overtaken", {}),
    ("any goal at risk", {}),
    ("anomaly", {}),
)


def goals() -> tuple[Goal, ...]:
    return (Goal.of(GoalOptions.model_validate(GOAL)),)


def rules() -> list[Rule]:
    return [
        Rule.of(RuleOptions.model_validate({"name": when, "when": when, **options}), "Acme")
        for when, options in RULES
    ]


def day(at: int) -> list[KeptPost]:
    """Six posts an hour of one day in every tone, and two on the rival."""
    random, tones = Random(at), ("negative", "neutral", "neutral", "positive")
    brands = [["Acme"]] * 6 + [["Bolt"]] * 2
    return [
        post(f"{hour} {n}", hour + random.randrange(HOUR), random.choice(tones), brands=of)  # type: ignore[arg-type]
        for hour in range(at, at + DAY, HOUR)
        for n, of in enumerate(brands)
    ]


def many(name: str, at: int, count: int, *, brand: str = "Acme", label: str = "negative") -> list[KeptPost]:
    return [post(f"{name} {n}", at + n * 3, label, brands=[brand]) for n in range(count)]  # type: ignore[arg-type]


def happened() -> list[KeptPost]:
    """Two days in which all of it happens: a flood, a silence, somebody known, a language, a story, a question."""
    usual = [one for at in (T0, T0 + DAY) for one in day(at)]
    usual = [one for one in usual if not T0 + 20 * HOUR <= one.published_at < T0 + 29 * HOUR]
    tale = "Kettles of the new series explode on the stove, three people hurt in Aarhus says the fire brigade"
    return [
        *usual,
        *many("flood", T0 + 10 * HOUR, 200),
        *many("rival", T0 + 34 * HOUR, 120, brand="Bolt"),
        replace(post("star", T0 + 5 * HOUR, author="star"), followers=50_000),
        *(replace(one, language="sv") for one in many("svensk", T0 + 7 * HOUR, 4, label="neutral")),
        *(post(f"copy {n}", T0 + 32 * HOUR + n * 400, text=tale, author=f"teller {n}") for n in range(8)),
        post("asks", T0 + 12 * HOUR, addressed=True, author="asker"),
        KeptPost(
            "answers",
            "we are on it",
            T0 + 16 * HOUR,
            T0 + 16 * HOUR,
            author="acme",
            in_reply_to="asks",
            mentions=(Mention("Acme", matched=False, own=True, tone=tone("neutral")),),
        ),
    ]


@pytest.fixture(scope="module")
def lived(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[SqliteStore, set[tuple[str, str, int]]]]:
    """A store in which the two days came in by quarter hours, each judged before the next; and what fired when."""
    store = SqliteStore(tmp_path_factory.mktemp("lived") / "listener.db")
    store.register(BRANDS, [HACKERNEWS])
    for at in range(T0 - BEFORE * DAY, T0, DAY):
        store.commit(page(day(at), (at, at + DAY)))
    learn(store, T0)
    for kind in KINDS:
        with store.writing() as db:
            baselines.put(db, heeding.calibrated(baselines.of_brand(db, "Acme")[kind], KNOWN, T0))
    coming = sorted(happened(), key=lambda one: one.published_at)
    fired: set[tuple[str, str, int]] = set()
    for now in range(T0 + QUARTER, END + 1, QUARTER):
        new = [one for one in coming if now - QUARTER <= one.published_at < now]
        store.commit(page(new, (now - QUARTER, now)))
        learn(store, now)
        found = judging.look(Look(store, BRANDS, UTC, now, goals()), rules())
        with store.writing() as db:
            fired |= {
                (event.rule, event.subject, event.at)
                for event in judging.write(db, found, now)
                if event.kind == "fired"
            }
    yield store, fired
    store.close()


def learn(store: SqliteStore, now: int, brand: Brand = BRANDS[0]) -> None:
    more = True
    while more:
        step = heeding.heed(store, brand, UTC, now, "ours-1")
        with store.writing() as db:
            for one in step.baselines:
                baselines.put(db, one)
        more = step.more


def led(store: SqliteStore, when: str, until: int = END, since: int = T0) -> Backtest:
    one = [rule for rule in rules() if rule.name == when]
    return backtest(store, one, BRANDS, UTC, since, until, CONSOLE, goals())


def firings(found: Backtest, when: str) -> set[tuple[str, str, int]]:
    return {(when, one.subject, one.fired_at) for one in found.episodes}


@pytest.mark.parametrize("when", [when for when, _ in RULES])
def test_it_fires_where_the_daemon_did(
    lived: tuple[SqliteStore, set[tuple[str, str, int]]], when: str
) -> None:
    store, fired = lived
    told = {one for one in fired if one[0] == when}
    assert told, "it happened"
    assert firings(led(store, when), when) == told


@pytest.mark.parametrize("when", [when for when, _ in RULES])
def test_what_came_later_changes_nothing(
    lived: tuple[SqliteStore, set[tuple[str, str, int]]], when: str
) -> None:
    store, _ = lived
    whole = firings(led(store, when), when)
    middle = T0 + 11 * HOUR
    assert firings(led(store, when, middle), when) == {one for one in whole if one[2] <= middle}
