"""Hashtags: how many, which ones most, how fast they grow; and that what is taken back leaves none behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keeping import DAY, FORUM, HOUR, NEWS, T0, UTC, keep, names, own, post, value, values

from storage import rollups
from storage.kpi import facts
from storage.kpi.compare import NO_CHANGE
from storage.kpi.hashtags import interval
from storage.mention import Kept, Mention
from storage.sqlite import SqliteStore

WINDOW = (T0, T0 + HOUR)
TODAY = (T0, T0 + DAY)


def hear(store: SqliteStore) -> None:
    for source in (NEWS, FORUM):
        keep(store, [], source, heard=(T0 - 60 * DAY, T0 + 60 * DAY))


def say(store: SqliteStore, *texts: str, at: int = T0, **more: object) -> None:
    told = [post(f"{at}{n}{text}", at, names("Acme"), text=text, **more) for n, text in enumerate(texts)]  # type: ignore[arg-type]
    keep(store, told)


@pytest.mark.parametrize("window", [WINDOW, TODAY, (T0 - 14 * DAY, T0 + 16 * DAY), (T0 - 3 * DAY, T0 + 90)])
def test_distinct_hashtags_and_the_most_used(store: SqliteStore, window: tuple[int, int]) -> None:
    hear(store)
    say(store, "#Sale #sale", "#SALE #new", "plain", "#1")
    found = value(store, "hashtags", window)
    assert (found.value, found.n, found.more["uses"]) == (2, 2, 3)
    assert found.more["top"] == [{"hashtag": "sale", "mentions": 2}, {"hashtag": "new", "mentions": 1}]


def test_a_post_counts_for_each_brand_it_mentions_and_for_nobody_else(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post("1", T0, names("Acme"), names("Bolt"), own("Zap"), text="#sale")])
    assert [value(store, "hashtags", TODAY, brand).value for brand in ("Acme", "Bolt", "Zap")] == [1, 1, 0]


def test_by_source_and_language(store: SqliteStore) -> None:
    hear(store)
    say(store, "#sale", language="es")
    keep(store, [post("f", T0, names("Acme"), text="#sale #new", language="de")], FORUM)
    for by, expected in (
        (("source",), {"news": 1, "forum": 2}),
        (("language",), {"es": 1, "de": 2}),
        ((), {None: 2}),
    ):
        found = values(store, "hashtags", TODAY, by=by)
        assert {(v.source if "source" in by else v.language): v.value for v in found} == expected


def test_a_rule_sees_what_was_heard_live(store: SqliteStore) -> None:
    hear(store)
    say(store, "#sale")
    keep(store, [post("old", T0, names("Acme"), text="#new")], live=False)
    assert value(store, "hashtags", TODAY, live_only=True).value == 1
    assert value(store, "hashtags", TODAY).value == 2


def test_nothing_heard_nothing_said_and_too_much(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for kpi in ("hashtags", "hashtag_growth"):
        assert value(store, kpi, TODAY).reason == "no source heard"
    hear(store)
    assert (value(store, "hashtags", TODAY).value, value(store, "hashtags", TODAY).n) == (0, 0)
    say(store, "#sale", language="es")
    monkeypatch.setattr(facts, "MOST", 0)
    for kpi in ("hashtags", "hashtag_growth"):
        (found,) = values(store, kpi, TODAY, by=("language",))
        assert found.reason == "too many mentions in this window for their hashtags to be read one by one"
    # Whole days are read from their roll-up, however many mentions they have.
    assert value(store, "hashtags", TODAY).value == 1


# Growth


def test_growth_with_its_interval(store: SqliteStore) -> None:
    hear(store)
    say(store, *["#sale"] * 20, at=T0 - 1)
    say(store, *["#sale #new"] * 30)
    found = value(store, "hashtag_growth", TODAY)
    assert (found.value, found.n, found.more["change"]) == (0.5, 20, 10)
    low, high = found.more["interval"]  # type: ignore[misc]
    assert low < 0 < 0.5 < high and found.more["note"] == NO_CHANGE
    first, second = found.more["top"]  # type: ignore[misc]
    assert (first["hashtag"], first["mentions"], first["mentions_before"], first["growth"]) == (
        "sale",
        30,
        20,
        0.5,
    )
    assert (second["hashtag"], second["growth"], second["interval"]) == ("new", None, None)


def test_growth_that_is_no_chance(store: SqliteStore) -> None:
    hear(store)
    say(store, *["#sale"] * 20, at=T0 - 1)
    say(store, *["#sale"] * 80)
    found = value(store, "hashtag_growth", TODAY)
    assert found.value == 3.0 and "note" not in found.more


def test_one_loud_author_widens_the_interval(store: SqliteStore) -> None:
    hear(store)
    say(store, *["#sale"] * 20, at=T0 - 1)
    say(store, *["#sale"] * 80, author="ana")
    assert value(store, "hashtag_growth", TODAY).more["note"] == NO_CHANGE


@pytest.mark.parametrize(
    ("before", "reason"), [(0, "none in the period before"), (19, "fewer than 20 in the period before")]
)
def test_growth_of_too_little_is_only_a_change(store: SqliteStore, before: int, reason: str) -> None:
    hear(store)
    say(store, *["#sale"] * before, at=T0 - 1)
    say(store, *["#sale"] * 30)
    found = value(store, "hashtag_growth", TODAY)
    assert (found.value, found.reason, found.more["change"], found.n) == (None, reason, 30 - before, before)


def test_growth_needs_a_source_heard_in_both_periods(store: SqliteStore) -> None:
    keep(store, [], heard=(T0 - HOUR, T0 + DAY))
    say(store, *["#sale"] * 20, at=T0 - 1)
    say(store, "#sale")
    found = value(store, "hashtag_growth", TODAY)
    assert (found.value, found.reason, found.more["change"]) == (
        None,
        "no source heard for 90 % of both periods",
        -19,
    )


@given(st.integers(0, 500), st.integers(1, 500), st.floats(1, 20))
def test_the_interval_holds_the_growth_and_grows_with_clustering(
    now: int, before: int, clustering: float
) -> None:
    low, high = interval(now, before)
    assert -1 <= low <= (now - before) / before <= high + 1e-9
    wide = interval(now * 20, before * 20, 20.0)
    assert wide == pytest.approx((low, high))
    assert interval(now, before, clustering)[0] >= -1
    low, high = interval(now, before, clustering)
    assert low <= now / before - 1 <= high


# What becomes of posts


def tags_kept(store: SqliteStore) -> list[str]:
    return [row[0] for row in store.rows("SELECT tag FROM hashtags ORDER BY tag")]


def test_an_edit_brings_the_hashtags_of_its_words(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post("1", T0, names("Acme"), text="#old #both")])
    edited = post("1", T0, names("Acme"), text="#new #both")
    store.commit(Kept(NEWS, [], edits=[edited], at=T0 + 9))
    assert tags_kept(store) == ["both", "new"]
    assert value(store, "hashtags", TODAY).more["uses"] == 2
    assert list(rollups.differences(store)) == []


def test_what_is_taken_back_leaves_no_word_behind(store: SqliteStore) -> None:
    hear(store)
    keep(
        store,
        [post("1", T0, names("Acme"), text="#secret #both"), post("2", T0, names("Acme"), text="#both")],
    )
    store.commit(Kept(NEWS, [], deleted=["1"], at=T0 + 9))
    assert tags_kept(store) == ["both"]
    found = value(store, "hashtags", TODAY)
    assert (found.value, found.n, value(store, "mentions", TODAY).value) == (1, 1, 2)
    assert list(rollups.differences(store)) == []


def test_a_reply_that_is_no_mention_brings_none(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post("o", T0, own("Acme")), post("r", T0, text="#mine", in_reply_to="o")])
    assert store.rows("SELECT count(*) FROM posts") == [(2,)] and tags_kept(store) == []


def test_hashtags_of_an_older_store_are_read_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    store = SqliteStore(path)
    hear(store)
    say(store, "#sale", "#１ #new ＃日本", "plain")
    with store.writing() as db:
        for table in ("post_hashtags", "hashtags", "rollup_hashtags"):
            db.run(f"DELETE FROM {table}")
        db.run("DELETE FROM facts WHERE name = 'rollup_zone'")
    store.close()
    store = SqliteStore(path, zone=UTC)
    assert value(store, "hashtags", TODAY).value == 3
    assert list(rollups.differences(store)) == []
    store.close()


words = st.sampled_from(["#sale", "#Sale", "#new", "#café", "#1", "word"])
said = st.lists(
    st.tuples(
        st.integers(T0 - 3 * DAY, T0 + 3 * DAY), st.lists(words, max_size=4), st.sampled_from([NEWS, FORUM])
    ),
    max_size=30,
)


@given(said, st.integers(T0 - 3 * DAY, T0), st.integers(1, 5 * DAY))
@settings(max_examples=60, deadline=None)
def test_hashtags_equal_plain_python(
    tmp_path_factory: pytest.TempPathFactory,
    history: list[tuple[int, list[str], object]],
    since: int,
    length: int,
) -> None:
    store = SqliteStore(tmp_path_factory.mktemp("hashtags") / "listener.db")
    hear(store)
    for n, (at, told, source) in enumerate(history):
        keep(store, [post(str(n), at, Mention("Acme"), text=" ".join((str(n), *told)))], source)  # type: ignore[arg-type]
    spoken = {"#sale": "sale", "#Sale": "sale", "#new": "new", "#café": "cafe"}
    borne = [
        {spoken[w] for w in told if w in spoken} for at, told, _ in history if since <= at < since + length
    ]
    found = value(store, "hashtags", (since, since + length))
    assert found.value == len(set().union(*borne))
    assert found.n == sum(bool(tags) for tags in borne)
    assert found.more["uses"] == sum(map(len, borne))
    store.close()
