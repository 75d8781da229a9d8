"""What a letter says is counted from the store: the same values as the KPIs, and no growth where none can be told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.digest.facts import from_json, to_json
from alerts.digest.gather import gather
from alerts.digest.sending import letter_from
from alerts.language import Language
from sentiment.tone import Label, Tone
from storage.calendar import Window
from storage.kpi import CARD, KPIS, Ask, compute
from storage.mention import Brand, Heard, Kept, KeptPost, Mention, Source
from storage.sqlite import SqliteStore

ZONE = ZoneInfo("Europe/Madrid")
MONDAY = 1_792_360_800  # 2026-10-19 00:00 in Madrid: the week ends with the change to winter time
WEEK = Window(MONDAY, MONDAY + 7 * 86_400 + 3600)
EARLIER = Window(MONDAY - 7 * 86_400, MONDAY)
NOW = WEEK.until + 8 * 3600
BRANDS = (Brand("Nordlicht", own=True), Brand("Kestrel"))
FEED, FORUM = Source("feed:a", "feeds", 1800), Source("forum", "hackernews", 600)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    opened.register(BRANDS, [FEED, FORUM])
    yield opened
    opened.close()


def say(
    store: SqliteStore,
    start: int,
    count: int,
    label: Label = "positive",
    engine: str = "e-1",
    source: Source = FEED,
) -> None:
    tone = Tone(label, 0.2, 0.2, 0.6, engine)
    posts = [
        KeptPost(
            f"{start} {n} {label}", f"words {n} {label}", start + n * 600, NOW, author=f"a{n}", mentions=m
        )
        for n in range(count)
        for m in [(Mention("Nordlicht", tone=tone), Mention("Kestrel", tone=tone))[: 1 + n % 2]]
    ]
    store.commit(Kept(source, posts))


def hear(store: SqliteStore, *windows: Window, source: Source = FEED) -> None:
    for window in windows:
        store.commit(Kept(source, [], heard=Heard(window.since, window.until)))


def test_two_weeks_heard_are_compared_and_equal_the_kpis(store: SqliteStore) -> None:
    hear(store, EARLIER, WEEK)
    say(store, EARLIER.since, 30)
    say(store, WEEK.since, 60)
    facts = gather(store, BRANDS, WEEK, ZONE, NOW, None, None)
    assert (facts.comparable, facts.why_not, facts.span) == (True, None, "week")
    own = facts.brands[0]
    for name in CARD:
        kpi = KPIS[name]
        (now,) = compute(store, [kpi], Ask(WEEK, NOW, ZONE, BRANDS, only=("Nordlicht",)))
        (then,) = compute(store, [kpi], Ask(EARLIER, NOW, ZONE, BRANDS, only=("Nordlicht",)))
        fact = own.kpi(name)
        assert (fact.value, fact.n, fact.reason, fact.before) == (now.value, now.n, now.reason, then.value)
    assert own.kpi("positive_growth").value == 1.0
    assert own.kpi("positive_share").interval is None  # nothing was measured of this engine
    assert own.per_day == (60, 0, 0, 0, 0, 0, 0)
    assert [(one.source, one.heard, one.asked) for one in facts.coverage] == [("feed:a", 169.0, 169.0)]
    assert facts.left_out == ("forum",)
    assert facts.engine == "e-1"


def test_the_first_week_is_compared_with_nothing(store: SqliteStore) -> None:
    hear(store, WEEK)
    say(store, WEEK.since, 30)
    facts = gather(store, BRANDS, WEEK, ZONE, NOW, None, None)
    assert not facts.comparable
    assert facts.why_not is not None
    assert "first period" in facts.why_not
    assert Language.of("es").gettext(facts.why_not) != facts.why_not
    assert facts.brands[0].kpi("mentions").before is None


def test_a_partial_week_is_compared_with_nothing(store: SqliteStore) -> None:
    hear(store, EARLIER, Window(WEEK.since, WEEK.since + 5 * 86_400))
    say(store, EARLIER.since, 30)
    say(store, WEEK.since, 30)
    facts = gather(store, BRANDS, WEEK, ZONE, NOW, None, None)
    assert (facts.comparable, facts.brands[0].kpi("mentions").before) == (False, None)
    assert facts.why_not is not None
    assert Language.of("es").gettext(facts.why_not) != facts.why_not


def test_only_sources_heard_in_both_weeks_are_compared(store: SqliteStore) -> None:
    hear(store, EARLIER, WEEK)
    hear(store, WEEK, source=FORUM)
    say(store, EARLIER.since, 10)
    say(store, WEEK.since, 15)
    say(store, WEEK.since + 86_400, 40, source=FORUM)
    mentions = gather(store, BRANDS, WEEK, ZONE, NOW, None, None).brands[0].kpi("mentions")
    assert (mentions.value, mentions.compared, mentions.before) == (55, 15, 10)


def test_weeks_judged_by_different_engines_are_not_compared(store: SqliteStore) -> None:
    hear(store, EARLIER, WEEK)
    say(store, EARLIER.since, 30, engine="old-1")
    say(store, WEEK.since, 30, engine="new-2")
    facts = gather(store, BRANDS, WEEK, ZONE, NOW, None, None)
    assert not facts.comparable
    assert facts.why_not is not None
    assert "engine" in facts.why_not
    assert Language.of("es").gettext(facts.why_not) != facts.why_not


def test_a_week_before_in_which_nobody_said_anything_is_compared(store: SqliteStore) -> None:
    hear(store, EARLIER, WEEK)
    say(store, WEEK.since, 30)
    facts = gather(store, BRANDS, WEEK, ZONE, NOW, None, None)
    assert (facts.comparable, facts.brands[0].kpi("mentions").before) == (True, 0)


def test_quotes_are_ids_until_the_letter_is_made(store: SqliteStore) -> None:
    hear(store, EARLIER, WEEK)
    say(store, WEEK.since, 3, "negative")
    say(store, WEEK.since + 7200, 3, "positive")
    facts = gather(store, BRANDS, WEEK, ZONE, NOW, None, None)
    assert [(ref.brand, ref.label) for ref in facts.quotes] == [
        ("Nordlicht", "positive"),
        ("Nordlicht", "positive"),
        ("Nordlicht", "negative"),
        ("Nordlicht", "negative"),
    ]
    assert "words" not in repr(to_json(facts))
    assert "words 2 negative" in letter_from(from_json(to_json(facts)), store, ZONE, "k").text


def test_what_a_share_may_be_reaches_the_letter(store: SqliteStore) -> None:
    hear(store, EARLIER, WEEK)
    say(store, EARLIER.since, 30, engine="vader-3.3.2")
    say(store, WEEK.since, 40, engine="vader-3.3.2")
    facts = from_json(to_json(gather(store, BRANDS, WEEK, ZONE, NOW, None, None)))
    share = facts.brands[0].kpi("positive_share")
    assert share.interval is not None and share.value is not None
    assert share.interval[0] < share.value <= share.interval[1]
    growth = facts.brands[0].kpi("positive_growth").interval
    assert growth is not None and growth[0] < 1 / 3 < growth[1]
    low, high = (round(100 * end) for end in share.interval)
    text = letter_from(facts, store, ZONE, "k").text
    assert f"Positive share: {100 * share.value:.1f} % ({low} to {high} %)" in text


def test_what_drove_a_change_is_counted_and_who_waits(store: SqliteStore) -> None:
    """Three times as many people as before, half of them about a recall that nobody named before."""
    hear(store, EARLIER, WEEK)
    hear(store, EARLIER, WEEK, source=FORUM)

    def posts(since: int, count: int, words: str, source: Source) -> None:
        made = [
            KeptPost(
                f"{since} {words} {n}",
                f"{words} said in voice number {'abcdefghijklmnopqrstuvwxyz'[n % 26] * 4}",
                since + n * 600,
                NOW,
                author=f"{words[:3]}{n}",
                mentions=(Mention("Nordlicht", tone=Tone("neutral", 0.1, 0.8, 0.1, "e-1")),),
            )
            for n in range(count)
        ]
        store.commit(Kept(source, made))

    posts(EARLIER.since, 60, "Nordlicht lamps", FEED)
    posts(WEEK.since, 60, "Nordlicht lamps", FEED)
    posts(WEEK.since, 90, "Nordlicht recall", FORUM)
    facts = gather(store, BRANDS, WEEK, ZONE, NOW, None, None)
    ((_, behind),) = [(one.brand, one.drivers) for one in facts.drivers]
    assert [(one.source, one.now, one.then) for one in behind.sources] == [
        ("forum", 90, 0),
        ("feed:a", 60, 60),
    ]
    assert [(one.word, one.now, one.then) for one in behind.terms] == [("recall", 90, 0)]
    assert from_json(to_json(facts)) == facts
    text = letter_from(facts, store, ZONE, "k").text.replace("\u00a0", " ")
    assert "Nordlicht was mentioned 150 times, more than the week before (+90, +150.0 %)." in text
    assert "Most of the change is in forum: 90, after 0." in text
    assert "More people than before used the words “recall”." in text
