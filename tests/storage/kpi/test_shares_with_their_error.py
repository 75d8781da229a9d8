"""KPIs of tone: estimated where something was measured, with people's labels in place of the engine's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from keeping import DAY, FORUM, HOUR, NEWS, T0, keep, post, tone, value, values

from sentiment.tone import Label
from storage.base import Row
from storage.desk import corrections
from storage.kpi import KpiValue
from storage.mention import Kept, Mention
from storage.sqlite import SqliteStore

WINDOW = (T0, T0 + HOUR)
SHARES = ("positive_share", "negative_share", "net_sentiment")
VADER, UNMEASURED = "vader-3.3.2", "unmeasured-1"


@pytest.fixture(autouse=True)
def _heard(store: SqliteStore) -> None:
    keep(store, [], heard=(T0 - 30 * DAY, T0 + 30 * DAY))


def say(
    store: SqliteStore, labels: Iterable[Label | None], engine: str = VADER, at: int = T0, **more: object
) -> None:
    count = store.rows("SELECT count(*) FROM posts")[0][0]
    mentions = [Mention("Acme", tone=tone(label, engine=engine)) for label in labels]
    keep(store, [post(f"{count + n}", at, mention, **more) for n, mention in enumerate(mentions)])


def correct(
    store: SqliteStore, ids: Iterable[int], label: Label, at: int = T0 + 9, *, sampled: bool = False
) -> None:
    with store.writing() as db:
        for number in ids:
            assert corrections.record(db, "Acme", number, label, sampled=sampled, by=None, now=at)


def width(found: KpiValue) -> float:
    low, high = found.more["interval"]  # type: ignore[misc]
    return float(high - low)


# Method, raw value, interval


def test_an_engine_with_a_card_is_adjusted_by_language(store: SqliteStore) -> None:
    say(store, ["positive"] * 30 + ["negative"] * 10, language="en")
    share = value(store, "positive_share", WINDOW)
    assert (share.more["method"], share.more["raw_value"], share.n) == ("adjusted", 0.75, 40)
    assert share.value not in (None, 0.75)
    assert width(share) > 0.4  # VADER goes wrong by that much
    unknown = value(store, "positive_share", WINDOW, by=("language",))
    assert (unknown.language, unknown.value) == ("en", share.value)


@pytest.mark.parametrize("kpi", [*SHARES, "positive_mentions", "positive_growth"])
def test_an_engine_of_which_nothing_is_known_is_counted(store: SqliteStore, kpi: str) -> None:
    say(store, ["positive"], UNMEASURED, at=T0 - 1)
    say(store, ["positive", "positive", "negative"], UNMEASURED)
    found = value(store, kpi, WINDOW)
    assert (found.more["method"], found.more["interval"]) == ("raw", None)
    assert found.value == found.more["raw_value"]


def test_one_mention_is_enough_for_a_value_and_says_next_to_nothing(store: SqliteStore) -> None:
    say(store, ["positive"])
    for kpi in SHARES:
        found = value(store, kpi, WINDOW)
        assert found.n == 1
        assert width(found) > (1.5 if kpi == "net_sentiment" else 0.8)


def test_net_is_positive_minus_negative(store: SqliteStore) -> None:
    say(store, ["positive"] * 9 + ["negative"] * 5 + ["neutral"] * 3)
    correct(store, [1, 2, 10], "neutral", sampled=True)
    good, bad, net = (value(store, kpi, WINDOW).value for kpi in SHARES)
    assert net == pytest.approx(good - bad)  # type: ignore[operator]


def test_positive_mentions_are_counted_and_estimated_beside_it(store: SqliteStore) -> None:
    say(store, ["positive"] * 30 + ["negative"] * 10)
    found, share = value(store, "positive_mentions", WINDOW), value(store, "positive_share", WINDOW)
    assert (found.value, found.more["raw_value"], found.more["method"]) == (30, 30, "raw")
    assert found.more["estimate"] == pytest.approx(40 * share.value, abs=0.05)  # type: ignore[operator]
    low, high = found.more["interval"]  # type: ignore[misc]
    assert 0 <= low <= found.more["estimate"] <= high <= 40
    assert all(isinstance(end, int) for end in (low, high))


def test_authors_who_wrote_much_make_it_less_sure(store: SqliteStore) -> None:
    labels: list[Label] = ["positive"] * 40 + ["negative"] * 40
    for number, label in enumerate(labels):
        say(store, [label], at=T0, author=f"a{number}")
        say(store, [label], at=T0 + HOUR, author="one")
        say(store, [label], at=T0 + 2 * HOUR)
        # One and the same author by another name: the id tells.
        say(store, [label], at=T0 + 3 * HOUR, author=f"b{number}", author_id="1")
    each, one, unknown, renamed = (
        width(value(store, "negative_share", (T0 + n * HOUR, T0 + (n + 1) * HOUR))) for n in range(4)
    )
    assert one > each + 0.05
    assert unknown == each
    assert renamed == one


def test_an_author_is_another_one_elsewhere(store: SqliteStore) -> None:
    keep(store, [], FORUM, heard=(T0 - 30 * DAY, T0 + 30 * DAY))
    said = [post(str(n), T0, Mention("Acme", tone=tone("negative")), author="ann") for n in range(20)]
    keep(store, said[:10], NEWS)
    keep(store, said[10:], FORUM)
    keep(store, [post(f"x{one.native_id}", T0 + HOUR, *one.mentions, author="ann") for one in said], NEWS)
    two, one = (width(value(store, "negative_share", (T0 + n * HOUR, T0 + (n + 1) * HOUR))) for n in range(2))
    assert one > two


# Corrections


def test_a_persons_label_stands_instead_of_the_engines(store: SqliteStore) -> None:
    say(store, ["positive", "positive", "negative", "neutral"], UNMEASURED)
    correct(store, [1], "negative")
    assert value(store, "positive_mentions", WINDOW).value == 1
    found = value(store, "negative_share", WINDOW)
    assert (found.value, found.n) == (2 / 4, 4)
    assert (found.more["raw_value"], found.more["corrections"]) == (1 / 4, 1)
    with store.writing() as db:
        corrections.withdraw(db, "Acme", 1)
    again = value(store, "negative_share", WINDOW)
    assert (again.value, again.more["corrections"]) == (1 / 4, 0)


def test_what_the_engine_left_open_counts_as_judged_where_a_person_spoke(store: SqliteStore) -> None:
    say(store, ["positive", None, None])
    correct(store, [2], "negative")
    found = value(store, "negative_share", WINDOW)
    assert (found.n, found.more["unjudged"], found.more["raw_value"]) == (2, 1, 0)
    low, _ = found.more["interval"]  # type: ignore[misc]
    assert low >= 1 / 2 and found.value >= 1 / 2  # type: ignore[operator]
    correct(store, [3], "negative")
    assert value(store, "negative_share", WINDOW).more["unjudged"] == 0


def test_only_what_people_said_is_exact(store: SqliteStore) -> None:
    say(store, [None, None])
    correct(store, [1], "negative")
    found = value(store, "negative_share", WINDOW)
    assert (found.value, found.n, found.more["raw_value"]) == (1.0, 1, None)
    assert found.more["interval"] == [1.0, 1.0]


def test_where_all_is_corrected_the_share_is_exact(store: SqliteStore) -> None:
    say(store, ["positive", "positive", "negative"])
    correct(store, [1, 2, 3], "neutral", sampled=True)
    for kpi in SHARES:
        found = value(store, kpi, WINDOW)
        assert (found.value, found.more["interval"]) == (0.0, [0.0, 0.0])
    assert value(store, "positive_mentions", WINDOW).more["interval"] == [0, 0]


def test_chance_measures_and_a_hand_only_replaces(store: SqliteStore) -> None:
    # Of 200 that VADER holds for positive, 20 are looked at, and none of them is.
    say(store, ["positive"] * 200)
    plain = value(store, "positive_share", WINDOW)
    correct(store, range(1, 21), "neutral")
    by_hand = value(store, "positive_share", WINDOW)
    with store.writing() as db:
        db.run("UPDATE corrections SET sampled = 1")
    by_chance = value(store, "positive_share", WINDOW)
    assert plain.value - by_hand.value < 0.11 < 0.5 < plain.value - by_chance.value  # type: ignore[operator]
    assert width(by_chance) < width(by_hand) / 2


def test_thirty_that_chance_drew_do_without_a_card(store: SqliteStore) -> None:
    say(store, ["positive"] * 100 + ["negative"] * 100, UNMEASURED)
    correct(store, range(86, 115), "negative", sampled=True)
    assert value(store, "positive_share", WINDOW).more["method"] == "raw"
    correct(store, [115], "negative", sampled=True)
    found = value(store, "positive_share", WINDOW)
    assert found.more["method"] == "adjusted"
    assert found.value < found.more["raw_value"] - 0.1  # type: ignore[operator]


def test_no_rule_fires_because_the_thirtieth_correction_came(store: SqliteStore) -> None:
    say(store, ["positive"] * 100 + ["negative"] * 100, UNMEASURED)
    correct(store, range(86, 116), "negative", sampled=True)
    estimated = value(store, "negative_share", WINDOW)
    asked = value(store, "negative_share", WINDOW, strict=True)
    assert (estimated.more["method"], asked.more["method"]) == ("adjusted", "raw")
    assert (asked.value, asked.more["interval"]) == (115 / 200, None)
    assert estimated.value > asked.value + 0.05  # type: ignore[operator]


def test_a_rule_uses_the_estimate_of_an_engine_with_a_card_whatever_is_corrected(store: SqliteStore) -> None:
    say(store, ["positive"] * 30 + ["negative"] * 30)
    for number in (0, 30):
        correct(store, range(1, number + 1), "negative", sampled=True)
        found = value(store, "negative_share", WINDOW, strict=True)
        assert (found.more["method"], found.value) == (
            "adjusted",
            value(store, "negative_share", WINDOW).value,
        )


def test_a_word_on_words_that_are_gone_does_not_count(store: SqliteStore) -> None:
    say(store, ["positive", "positive"], UNMEASURED, text="lovely")
    correct(store, [1], "negative", T0 + 10)
    edited = post("0", T0, Mention("Acme", tone=tone("positive", engine=UNMEASURED)), text="other words")
    store.commit(Kept(NEWS, [], edits=[edited], at=T0 + 20))
    found = value(store, "negative_share", WINDOW)
    assert (found.value, found.more["corrections"]) == (0, 0)
    correct(store, [1], "negative", T0 + 30)
    assert value(store, "negative_share", WINDOW).value == 1 / 2


def test_a_word_outlives_the_text(store: SqliteStore) -> None:
    say(store, ["positive", "positive"], UNMEASURED)
    correct(store, [1], "negative")
    store.commit(Kept(NEWS, [], deleted=["0"]))
    assert value(store, "negative_share", WINDOW).value == 1 / 2


def test_only_the_corrections_of_this_window_source_and_language(store: SqliteStore) -> None:
    keep(store, [], FORUM, heard=(T0 - 30 * DAY, T0 + 30 * DAY))
    say(store, ["positive", "positive"], UNMEASURED, language="en")
    say(store, ["positive"], UNMEASURED, language="es")
    say(store, ["positive"], UNMEASURED, at=T0 + HOUR, language="en")
    keep(store, [post("f", T0, Mention("Acme", tone=tone("positive", engine=UNMEASURED)))], FORUM)
    correct(store, [1, 3, 4, 5], "negative")
    counted = {
        (v.source, v.language): v.more["corrections"]
        for v in values(store, "negative_share", WINDOW, by=("source", "language"))
    }
    assert counted["news", "en"] == 1 and counted["news", "es"] == 1 and counted["forum", None] == 1
    by_source = {
        v.source: v.more["corrections"] for v in values(store, "negative_share", WINDOW, by=("source",))
    }
    assert by_source == {"news": 2, "forum": 1}
    assert value(store, "negative_share", WINDOW).more["corrections"] == 3
    assert value(store, "negative_share", (T0, T0 + 2 * HOUR)).more["corrections"] == 4


def test_a_rule_uses_the_value_and_sees_only_corrections_of_what_came_live(store: SqliteStore) -> None:
    say(store, ["positive", "positive"], UNMEASURED)
    mention = Mention("Acme", tone=tone("positive", engine=UNMEASURED))
    keep(store, [post("old", T0, mention)], live=False)
    correct(store, [1, 3], "negative")
    found = value(store, "negative_share", WINDOW, strict=True, live_only=True)
    assert (found.value, found.n, found.more["corrections"]) == (1 / 2, 2, 1)


# Growth


def test_growth_counts_people_and_tells_chance_from_change(store: SqliteStore) -> None:
    say(store, ["positive"] * 10 + ["negative"] * 10, at=T0 - 1)
    say(store, ["positive"] * 12 + ["negative"] * 10)
    found = value(store, "positive_growth", WINDOW)
    assert (found.value, found.more["raw_value"]) == (pytest.approx(0.2), pytest.approx(0.2))
    low, high = found.more["interval"]  # type: ignore[misc]
    assert low < 0 < high
    assert found.more["note"] == "no change that can be told from chance"
    correct(store, [1, 2], "negative")
    again = value(store, "positive_growth", WINDOW)
    assert (again.value, again.n, again.more["change"]) == (pytest.approx(4 / 8), 8, 4)
    assert (again.more["raw_value"], again.more["corrections"]) == (pytest.approx(0.2), 2)


def test_a_growth_that_no_error_makes_has_no_note(store: SqliteStore) -> None:
    say(store, ["positive"] * 40 + ["negative"] * 10, at=T0 - 1)
    say(store, ["positive"] * 400 + ["negative"] * 100)
    found = value(store, "positive_growth", WINDOW)
    low, high = found.more["interval"]  # type: ignore[misc]
    assert 0 < low < 9 < high
    assert "note" not in found.more
    say(store, ["positive"] * 40 + ["negative"] * 10, at=T0 + HOUR)
    fallen = value(store, "positive_growth", (T0 + HOUR, T0 + 2 * HOUR))
    low, high = fallen.more["interval"]  # type: ignore[misc]
    assert low < -0.9 < high < 0
    assert "note" not in fallen.more


def test_growth_from_what_only_people_called_positive(store: SqliteStore) -> None:
    say(store, ["neutral"], at=T0 - 1)
    say(store, ["positive", "positive"])
    correct(store, [1], "positive")
    found = value(store, "positive_growth", WINDOW)
    assert (found.value, found.more["raw_value"], found.more["change"]) == (1.0, None, 1)


# What is asked of the store


class Watched:
    """Remembers the questions, with their plans."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.plans: dict[str, str] = {}

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        plan = self._store.rows("EXPLAIN QUERY PLAN " + sql, parameters)
        self.plans[sql] = "\n".join(row[3] for row in plan)
        return self._store.rows(sql, parameters)


@pytest.mark.parametrize(
    ("kpi", "corrected", "authors"),
    [("mentions", False, False), ("share_of_voice", False, False), ("positive_share", True, True)],
)
def test_people_and_authors_are_looked_up_where_they_are_needed(
    store: SqliteStore, kpi: str, corrected: bool, authors: bool
) -> None:
    say(store, ["positive", "negative"])
    watched = Watched(store)
    value(watched, kpi, WINDOW)
    asked = "\n".join(watched.plans)
    of_authors = "author_totals" in asked or "m.author_id" in asked
    assert ("FROM corrections" in asked, of_authors) == (corrected, authors)


class Overtaken:
    """A store in which another program judges everything anew between the count and the question for corrections."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        if "FROM corrections" in sql:
            with self._store.writing() as db:
                db.run("INSERT INTO engines (name) VALUES ('another-1')")
                db.run("UPDATE mentions SET engine_id = (SELECT max(id) FROM engines)")
        return self._store.rows(sql, parameters)


def test_what_is_judged_anew_while_it_is_counted_does_no_harm(store: SqliteStore) -> None:
    say(store, ["positive"] * 6 + ["negative"] * 3)
    before = value(store, "positive_share", WINDOW)
    correct(store, [1], "negative")
    found = value(Overtaken(store), "positive_share", WINDOW)
    assert (found.value, found.more["raw_value"]) == (before.value, before.more["raw_value"])


def test_without_an_estimate_no_authors_are_looked_up(store: SqliteStore) -> None:
    say(store, ["positive", "negative"], UNMEASURED)
    watched = Watched(store)
    value(watched, "positive_share", WINDOW)
    assert not any("AS authors" in sql for sql in watched.plans)


def test_no_question_scans_the_posts_or_the_mentions(store: SqliteStore) -> None:
    say(store, ["positive", "negative"])
    correct(store, [1], "negative")
    watched = Watched(store)
    value(watched, "positive_share", WINDOW, by=("language",))
    (corrected,) = [plan for sql, plan in watched.plans.items() if "FROM corrections" in sql]
    (authors,) = [plan for sql, plan in watched.plans.items() if "AS authors" in sql]
    assert "SEARCH c USING PRIMARY KEY (brand_id=?)" in corrected
    assert "SEARCH m USING PRIMARY KEY (brand_id=? AND post_id=?)" in corrected
    assert "SEARCH m USING COVERING INDEX mentions_count (brand_id=? AND published_at>? AND" in authors
    assert not any(f"SCAN {name}" in corrected + authors for name in ("c", "m", "p"))
