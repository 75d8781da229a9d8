"""The kinds of rules: what each form of `when` says, what each sees in a real store, and when it keeps silent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import ACME, BRANDS, HACKERNEWS, page, post
from pydantic import ValidationError

from alerts import judging
from alerts import rules as of_rules
from alerts.rules import FORMS, Look, Rule, RuleOptions, Sample, parse
from alerts.telling import headline
from storage import polling, queries
from storage.alerting import AlertEvent, AlertState
from storage.mention import KeptPost, Source
from storage.sqlite import SqliteStore

UTC = ZoneInfo("UTC")
NOW = 1_790_000_000
HOUR = 3600
DAY = 24 * HOUR
REDDIT = Source("reddit", "reddit")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    opened.register(BRANDS, [HACKERNEWS])
    yield opened
    opened.close()


def rule(when: str, **options: object) -> Rule:
    return Rule.of(RuleOptions.model_validate({"name": "r", "when": when, **options}), ACME.name)


def judge(store: SqliteStore, rules: Sequence[Rule], now: int = NOW) -> list[AlertEvent]:
    found = judging.look(Look(store, BRANDS, UTC, now), rules)
    with store.writing() as db:
        return judging.write(db, found, now)


def hear(store: SqliteStore, ages: Sequence[int], label: str = "neutral", *, name: str = "a") -> None:
    """Keep posts of these ages in seconds, heard live without a gap for three days."""
    posts = [post(f"{name}{number}", NOW - age, label) for number, age in enumerate(ages)]  # type: ignore[arg-type]
    store.commit(page(posts, (NOW - 3 * DAY, NOW)))


# What is written


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_read_and_reads_the_same_as_it_is_told(form: str) -> None:
    found = parse(form)
    assert parse(found.words()) == found


def test_what_is_no_condition_is_refused_with_every_form() -> None:
    with pytest.raises(ValueError, match="is no condition") as refused:
        parse("mentions went up")
    assert all(form in str(refused.value) for form in FORMS[1:])


@pytest.mark.parametrize(
    ("when", "hint"),
    [
        ("mentoins rises by 50%", "did you mean mentions"),
        ("mentions rises by 10 points", "write how many percent"),
        ("mentions falls by 120%", "nothing falls by more than 100%"),
        ("no mentions for 30s", "write a longer one"),
        ("story with 1 posts", "at least 2"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(when: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        RuleOptions.model_validate({"name": "r", "when": when})


# What is seen


def test_a_rise_on_the_hour_before_fires_with_both_numbers(store: SqliteStore) -> None:
    hear(store, [60 + n for n in range(40)] + [HOUR + 60 + n for n in range(10)])
    (event,) = judge(store, [rule("mentions rises by 50%")])
    assert (event.kind, event.numbers["value"], event.numbers["before"]) == ("fired", 40, 10)


def test_a_rise_that_chance_makes_fires_nothing(store: SqliteStore) -> None:
    hear(store, [60 + n for n in range(6)] + [HOUR + 60 + n for n in range(3)])
    assert judge(store, [rule("mentions rises by 50%")]) == []


@pytest.mark.parametrize("when", ["negative_share rises by 50%", "negative_share rises by 10 points"])
def test_a_share_of_few_that_doubles_by_chance_fires_nothing(store: SqliteStore, when: str) -> None:
    hear(store, [60, 61, 62, 63], "negative", name="n")
    hear(store, [70 + n for n in range(16)], name="m")
    hear(store, [HOUR + 60, HOUR + 61], "negative", name="o")
    hear(store, [HOUR + 70 + n for n in range(18)], name="p")
    assert judge(store, [rule(when)]) == []


def test_silence_is_told_only_where_somebody_listened(store: SqliteStore) -> None:
    quiet = rule("no mentions for 12h")
    assert judge(store, [quiet]) == []
    hear(store, [DAY])
    (event,) = judge(store, [quiet])
    assert (event.kind, event.numbers["value"], event.post_ids) == ("fired", 0, ())
    later = NOW + DAY
    store.commit(page([post("back", later - 60)], (NOW, later)))
    assert [one.kind for one in judge(store, [quiet], later)] == ["resolved"]


def test_a_silence_that_nobody_heard_is_none(store: SqliteStore) -> None:
    hear(store, [DAY])
    assert judge(store, [rule("no mentions for 12h")], NOW + DAY) == []


# What becomes of it


def sample(at: int, met: bool, enough: bool = True) -> Sample:
    return Sample(at - HOUR, at, enough, met and enough, met and enough)


def test_it_is_over_only_when_the_condition_was_away_for_keep_firing() -> None:
    calm = rule("mentions >= 3", keep_firing="30m")
    fired = of_rules.judge(calm, [sample(NOW, True)], None, NOW).state
    early = of_rules.judge(calm, [sample(NOW + 1799, False)], fired, NOW + 1799)
    assert early.kind is None
    assert of_rules.judge(calm, [sample(NOW + 1800, False)], early.state, NOW + 1800).kind == "resolved"


def test_what_is_momentary_is_told_once_for_each_subject() -> None:
    new = rule("new language")
    first = of_rules.judge(new, [sample(NOW, True)], None, NOW, "language de")
    assert (first.kind, first.state.phase) == ("fired", "quiet")
    assert of_rules.judge(new, [sample(NOW + DAY, True)], first.state, NOW + DAY, "language de").kind is None
    assert of_rules.judge(new, [], first.state, NOW + DAY, "language de").kind is None


_STEPS = st.lists(st.tuples(st.integers(1, 2 * HOUR), st.booleans(), st.booleans()), max_size=50)


@settings(max_examples=100, deadline=None)
@given(steps=_STEPS, keep=st.sampled_from(["0s", "10m", "1h"]), cooldown=st.sampled_from(["0s", "6h"]))
def test_between_two_that_fire_one_is_over_whatever_comes(
    steps: list[tuple[int, bool, bool]], keep: str, cooldown: str
) -> None:
    judged = rule("mentions >= 3", keep_firing=keep, cooldown=cooldown, expire="3h")
    now, open_, met_at = NOW, False, 0
    state: AlertState | None = None
    for pause, met, enough in steps:
        now += pause
        found = of_rules.judge(judged, [sample(now, met, enough)], state, now, "x")
        if not enough:
            assert found.kind in (None, "expired")
        if found.kind == "fired":
            assert not open_
        if found.kind in ("resolved", "expired"):
            assert open_
        if found.kind == "resolved":
            # The last time that it was met is noted to the minute.
            assert now - met_at >= judged.keep_firing - 60
        met_at = now if met and enough else met_at
        open_ = (open_ or found.kind == "fired") and found.kind not in ("resolved", "expired")
        assert open_ == (found.state.phase == "firing")
        state = found.state


def test_a_rival_that_overtakes_is_told_by_name_and_until_it_leads_no_more(store: SqliteStore) -> None:
    def said(count: int, brand: str, age: int) -> list[KeptPost]:
        return [post(f"{brand}{age}{n}", NOW - age - n, brands=(brand,)) for n in range(count)]

    posts = (
        said(40, "Acme", HOUR + 60)
        + said(20, "Bolt", HOUR + 60)
        + said(20, "Acme", 60)
        + said(60, "Bolt", 60)
    )
    store.commit(page(posts, (NOW - 3 * DAY, NOW)))
    overtaken = rule("share_of_voice overtaken")
    (event,) = judge(store, [overtaken])
    assert (event.kind, event.subject, event.numbers["rival"]) == ("fired", "brand Bolt", "Bolt")
    assert (event.numbers["value"], event.numbers["rival_value"]) == (0.25, 0.75)
    later = NOW + HOUR
    calm = [post(f"l{n}", later - 60 - n, brands=("Acme",)) for n in range(30)]
    store.commit(page(calm, (NOW, later)))
    assert [one.kind for one in judge(store, [overtaken], later)] == ["resolved"]


def test_a_rival_that_led_already_has_not_overtaken(store: SqliteStore) -> None:
    posts = [
        post(f"{brand}{age}{n}", NOW - age - n, brands=(brand,))
        for brand, count in (("Acme", 20), ("Bolt", 60))
        for age in (60, HOUR + 60)
        for n in range(count)
    ]
    store.commit(page(posts, (NOW - 3 * DAY, NOW)))
    assert judge(store, [rule("share_of_voice overtaken")]) == []


_ONCE = ["new author with 10000 followers", "new language", "story with 2 posts", "unanswered for 10m"]


def somebody_new() -> list[KeptPost]:
    """Two that say the same in a new language, the first of them with many followers, both to the brand."""
    said = "Acme hat heute den ganzen Vormittag lang keine einzige Bestellung mehr angenommen"
    return [
        replace(
            post(f"s{n}", NOW - 1800 - n, text=said, author=f"ana{n}", addressed=True),
            language="de",
            followers=20_000 - 15_000 * n,
        )
        for n in range(2)
    ]


@pytest.mark.parametrize(
    ("when", "subject", "number"),
    [
        (_ONCE[0], "author 1", 20_000),
        (_ONCE[1], "language de", 2),
        (_ONCE[3], "", 2),
    ],
)
def test_who_and_what_is_new_or_waits_is_told_once(
    store: SqliteStore, when: str, subject: str, number: int
) -> None:
    store.commit(page(somebody_new(), (NOW - 9 * DAY, NOW)))
    (event,) = judge(store, [rule(when, min_n=1)])
    assert (event.kind, event.subject, event.numbers["value"]) == ("fired", subject, number)
    assert event.post_ids
    assert judge(store, [rule(when, min_n=1)], NOW + 60) == []


@pytest.mark.parametrize("when", _ONCE[:2])
def test_nobody_and_nothing_is_new_before_a_week_was_heard(store: SqliteStore, when: str) -> None:
    """In a store just started everybody speaks for the first time, in every language."""
    noticing = rule(when, min_n=1)
    began = NOW - 7 * DAY - HOUR
    store.commit(page(somebody_new(), (began + 1, NOW)))
    assert judge(store, [noticing]) == []
    # A second later the window begins when a week had been heard: what is in it is news.
    store.commit(page([], (NOW, NOW + 1)))
    assert len(judge(store, [noticing], NOW + 1)) == 1


@pytest.mark.parametrize("when", _ONCE[:2])
def test_in_a_source_that_came_today_nobody_is_new(store: SqliteStore, when: str) -> None:
    store.register(BRANDS, [HACKERNEWS, REDDIT])
    store.commit(page([], (NOW - 9 * DAY, NOW)))
    store.commit(page(somebody_new(), (NOW - DAY, NOW), source=REDDIT))
    assert judge(store, [rule(when, min_n=1)]) == []
    again = [replace(one, native_id=f"again {one.native_id}") for one in somebody_new()]
    store.commit(page(again, None))
    told = judge(store, [rule(when, min_n=1)])
    assert [event.numbers["value"] for event in told] == [20_000 if "author" in when else 2]


@pytest.mark.parametrize("when", _ONCE[:2])
def test_by_another_query_nobody_is_new_until_a_week_has_passed_or_history_was_matched(
    store: SqliteStore, when: str
) -> None:
    wider = replace(ACME, aliases=("anvil",))
    with store.writing() as db:
        queries.keep_versions(db, BRANDS, NOW - 30 * DAY)
        queries.keep_versions(db, [wider], NOW - 3 * DAY)
    store.commit(page(somebody_new(), (NOW - 30 * DAY, NOW)))
    assert judge(store, [rule(when, min_n=1)]) == []
    with store.writing() as db:
        queries.settle(db, ["Acme"], NOW - 30 * DAY)
    assert len(judge(store, [rule(when, min_n=1)])) == 1


def test_a_story_is_told_only_once_its_window_was_heard(store: SqliteStore) -> None:
    store.commit(page(somebody_new(), (NOW - HOUR + 1, NOW)))
    assert judge(store, [rule(_ONCE[2])]) == []
    store.commit(page([], (NOW, NOW + 1)))
    (event,) = judge(store, [rule(_ONCE[2])], NOW + 1)
    assert (event.kind, event.numbers["value"]) == ("fired", 2)


def test_what_was_imported_fires_no_kind(store: SqliteStore) -> None:
    posts = [
        post(f"i{n}", NOW - 60 - n, "negative", brands=("Bolt",) if n % 3 else ("Acme",)) for n in range(300)
    ]
    store.commit(page([post("old", NOW - HOUR - 60)], (NOW - 9 * DAY, NOW)))
    store.commit(page([*posts, *somebody_new()], (NOW - 9 * DAY, NOW), live=False))
    every = ["mentions rises by 50%", "share_of_voice overtaken", "negative_share rises by 10 points", *_ONCE]
    for when in every:
        assert judge(store, [rule(when)]) == [], when


def test_of_more_than_twenty_the_next_look_tells_the_rest(store: SqliteStore) -> None:
    new = [replace(post(f"n{n}", NOW - 60 - n, author=f"u{n}"), followers=20_000 + n) for n in range(25)]
    store.commit(page(new, (NOW - 9 * DAY, NOW)))
    newcomers = rule("new author with 10000 followers")
    told = [judge(store, [newcomers], NOW + minute * 60) for minute in range(3)]
    assert [len(events) for events in told] == [20, 5, 0]
    assert len({event.subject for events in told for event in events}) == 25


# What was mended


@pytest.fixture
def two(store: SqliteStore) -> SqliteStore:
    """A store with a second source, heard until half a day ago."""
    store.register(BRANDS, [HACKERNEWS, REDDIT])
    store.commit(page([post("r", NOW - DAY)], (NOW - 3 * DAY, NOW - DAY // 2), source=REDDIT))
    return store


def test_where_one_of_two_sources_is_not_heard_silence_is_not_known(two: SqliteStore) -> None:
    hear(two, [DAY])
    quiet = rule("no mentions for 12h")
    assert judge(two, [quiet]) == []
    two.commit(page([], (NOW - DAY // 2, NOW), source=REDDIT))
    assert [one.kind for one in judge(two, [quiet])] == ["fired"]


def test_what_fired_under_another_text_does_not_fire_for_ever() -> None:
    fired = of_rules.judge(rule("mentions >= 3"), [sample(NOW, True)], None, NOW).state
    assert of_rules.judge(rule("new language"), [], fired, NOW + 6 * HOUR).kind == "expired"


@pytest.mark.parametrize(
    "when", ["story with 10 posts", "any goal at risk", "new language", "unanswered for 2h"]
)
def test_what_a_kind_would_ignore_is_refused(when: str) -> None:
    with pytest.raises(ValueError, match="cannot be narrowed by tag; leave that out"):
        rule(when, tag="sales")


@pytest.mark.parametrize(("engine", "told"), [("ours-1", ["fired"]), ("ours-2", [])])
def test_a_share_that_another_engine_made_is_no_change(
    store: SqliteStore, engine: str, told: list[str]
) -> None:
    then = [post(f"o{n}", NOW - HOUR - 60 - n, "neutral") for n in range(60)]
    now = [post(f"n{n}", NOW - 60 - n, "negative", engine=engine) for n in range(60)]
    store.commit(page(then + now, (NOW - 3 * DAY, NOW)))
    assert [one.kind for one in judge(store, [rule("negative_share rises by 10 points")])] == told


@pytest.mark.parametrize("key", ["for", "keep_firing", "cooldown"])
@pytest.mark.parametrize("when", ["new language", "new author with 10 followers", "story with 3 posts"])
def test_what_means_nothing_for_what_is_told_once_is_refused(when: str, key: str) -> None:
    with pytest.raises(ValidationError, match=f"told once for each, so {key} means nothing"):
        RuleOptions.model_validate({"name": "x", "when": when, key: "1h"})


def test_one_short_post_is_no_new_language() -> None:
    assert Rule.of(RuleOptions.model_validate({"name": "x", "when": "new language"}), "Acme").min_n == 3


def test_a_list_of_events_calls_each_as_its_message_does(store: SqliteStore) -> None:
    """An outage is about no brand and no KPI."""
    with store.writing() as db:
        polling.failed(db, "hackernews", NOW - 2 * HOUR, NOW, "backing off", "no connection")
    (down,) = judge(store, [rule("source down for 1h")])
    assert headline(down, UTC) == "hackernews is not heard"
    with store.writing() as db:
        polling.answered(db, "hackernews", NOW + 60, NOW + 120)
    (over,) = judge(store, [rule("source down for 1h")], NOW + 120)
    assert headline(over, UTC) == "Resolved: hackernews is heard again"
