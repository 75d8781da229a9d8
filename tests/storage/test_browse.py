"""Looking at mentions: pages that neither repeat nor skip, and the posts that explain a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keeping import DAY, FORUM, HOUR, NEWS, T0, keep, names, own, post, tone

from storage import browse
from storage.base import Row, Rows
from storage.browse import Filter
from storage.calendar import Window
from storage.mention import Kept, KeptPost, Mention
from storage.sqlite import SqliteStore

WINDOW = Window(T0, T0 + HOUR)


def angry(native_id: str, p: float, author: str | None = None, at: int = T0, **more: object) -> KeptPost:
    return post(native_id, at, Mention("Acme", tone=tone("negative", p)), author=author, **more)  # type: ignore[arg-type]


def ids(store: SqliteStore, posts: list[int]) -> list[str]:
    found = dict(store.rows("SELECT id, native_id FROM posts"))
    return [found[number] for number in posts]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sets(st.sampled_from(["Acme", "Bolt", "Ü"]), min_size=1)), max_size=12
    ),
    st.integers(1, 5),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_never_repeat_nor_skip(
    store: SqliteStore, kept: list[tuple[int, set[str]]], limit: int
) -> None:
    with store.writing() as db:
        for table in ("mentions", "posts"):
            db.run(f"DELETE FROM {table}")
    keep(store, [post(str(n), T0 + at, *map(names, sorted(brands))) for n, (at, brands) in enumerate(kept)])
    seen: list[tuple[str, str]] = []
    wanted = Filter()
    while page := browse.mentions(store, wanted, limit):
        seen += [(m.native_id, m.brand) for m in page]
        assert len(page) <= limit
        wanted = Filter(after=(page[-1].published_at, page[-1].id, page[-1].brand))
    assert len(seen) == len(set(seen))
    assert set(seen) == {(str(n), brand) for n, (_, brands) in enumerate(kept) for brand in brands}
    order = [kept[int(native_id)][0] for native_id, _ in seen]
    assert order == sorted(order, reverse=True)


def test_a_post_that_comes_while_somebody_reads_does_not_move_the_next_page(store: SqliteStore) -> None:
    keep(store, [post(str(n), T0 + n, names("Acme")) for n in range(4)])
    first = browse.mentions(store, Filter(), 2)
    keep(store, [post("new", T0 + 9, names("Acme"))])
    last = first[-1]
    rest = browse.mentions(store, Filter(after=(last.published_at, last.id, last.brand)), 9)
    assert [m.native_id for m in (*first, *rest)] == ["3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), ["3", "2", "2", "1"]),
        (Filter(brand="Acme"), ["2", "1"]),
        (Filter(source="forum"), ["3"]),
        (Filter(source="feeds"), ["2", "2", "1"]),
        (Filter(label="neutral"), ["2"]),
        (Filter(label="negative"), ["1"]),
        (Filter(since=T0 + 1, until=T0 + 2), ["2", "2"]),
        (Filter(brand="Nobody"), []),
    ],
)
def test_filters(store: SqliteStore, wanted: Filter, expected: list[str]) -> None:
    keep(store, [post("1", T0, names("Acme", "negative")), post("0", T0, own("Acme"))])
    keep(store, [post("2", T0 + 1, names("Acme", "neutral"), names("Bolt", "positive"))])
    keep(store, [post("3", T0 + 2, names("Bolt", None))], FORUM)
    assert [m.native_id for m in browse.mentions(store, wanted)] == expected


def test_a_label_that_there_is_not_does_not_mean_all(store: SqliteStore) -> None:
    with pytest.raises(ValueError, match="one of negative, neutral, positive"):
        browse.mentions(store, Filter(label="Positive"))


def test_what_is_seen_of_a_mention(store: SqliteStore) -> None:
    keep(
        store,
        [angry("1", 0.9, "ana", text="<b>", title="t", url="u", language="es", dated=False)],
        live=False,
    )
    (seen,) = browse.mentions(store, Filter())
    told = seen.to_json()
    assert told["published_at"] == "2023-11-15T00:00:00Z"
    assert (seen.brand, seen.source, seen.text, seen.label, seen.engine) == (
        "Acme",
        "news",
        "<b>",
        "negative",
        "vader-3.3.2",
    )
    assert (seen.live, seen.dated, seen.p_negative, seen.language) == (False, False, 0.9, "es")


@pytest.mark.parametrize(
    "look",
    [
        lambda store: browse.mentions(store, Filter(), 15),
        lambda store: browse.mentions(store, Filter(brand="Acme", source="news", label="neutral"), 15),
        browse.first_kept,
        lambda store: browse.engines(store, WINDOW),
        lambda store: browse.strongest(store, "Acme", WINDOW, "negative"),
        lambda store: browse.newest(store, "Acme", WINDOW),
    ],
)
def test_no_look_reads_the_whole_store(store: SqliteStore, look: Callable[[Rows], object]) -> None:
    keep(store, [post(str(n), T0 + n, names("Acme"), names("Bolt")) for n in range(200)], heard=(T0, T0 + 9))
    plans: list[str] = []

    class Watched:
        def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
            plans.extend(row[3] for row in store.rows("EXPLAIN QUERY PLAN " + sql, parameters))
            return store.rows(sql, parameters)

    look(Watched())
    assert plans
    for step in plans:
        assert not step.startswith(("SCAN m ", "SCAN p ", "SCAN mentions", "SCAN posts", "SCAN turns")), step
        assert step != "SEARCH posts", "the least of a column without an index is a scan by another name"


def test_the_strongest_are_one_an_author(store: SqliteStore) -> None:
    spam = [angry(f"spam{n}", 0.99, "spammer", text=f"spam {n}") for n in range(60)]
    others = [angry("a", 0.9, "ana"), angry("b", 0.8, "ben"), angry("c", 0.7, "cid")]
    keep(store, spam + others)
    chosen = ids(store, browse.strongest(store, "Acme", WINDOW, "negative"))
    assert chosen == ["spam59", "a", "b"]


def test_the_strongest_say_different_things_and_the_nameless_are_not_one(store: SqliteStore) -> None:
    keep(
        store,
        [angry("1", 0.9, "ana", text="same"), angry("2", 0.8, "ben", text="same"), angry("3", 0.7, "cid")],
    )
    keep(store, [angry("4", 0.6), angry("5", 0.5)])
    assert ids(store, browse.strongest(store, "Acme", WINDOW, "negative", 9)) == ["1", "3", "4", "5"]


def test_the_strongest_are_of_this_brand_window_label_and_live(store: SqliteStore) -> None:
    keep(store, [angry("old", 0.99, at=T0 - 1), angry("late", 0.99, at=T0 + HOUR), angry("this", 0.5)])
    keep(store, [post("good", T0, names("Acme", "positive")), post("else", T0, names("Bolt", "negative"))])
    keep(store, [angry("imported", 0.9)], live=False)
    assert ids(store, browse.strongest(store, "Acme", WINDOW, "negative")) == ["imported", "this"]
    assert ids(
        store, browse.strongest(store, "Acme", WINDOW, "negative", narrow=browse.Narrow(live_only=True))
    ) == ["this"]
    assert ids(store, browse.newest(store, "Acme", WINDOW, narrow=browse.Narrow(live_only=True))) == [
        "good",
        "this",
    ]
    elsewhere = browse.Narrow(source="forum")
    assert browse.strongest(store, "Acme", WINDOW, "negative", narrow=elsewhere) == []
    assert browse.newest(store, "Acme", WINDOW, narrow=elsewhere) == []


def test_an_erased_post_is_listed_as_such_and_explains_nothing(store: SqliteStore) -> None:
    keep(store, [angry("gone", 0.99, "ana", url="u", title="t"), angry("here", 0.6, "ben")])
    store.commit(Kept(NEWS, [], deleted=["gone"], at=T0 + 9))
    (here, gone) = browse.mentions(store, Filter())
    assert (here.erased, gone.erased) == (False, True)
    assert (gone.native_id, gone.text, gone.joined(), gone.label) == ("gone", "", "", "negative")
    assert (gone.author, gone.title, gone.url) == (None, None, None)
    assert gone.to_json()["erased"] is True
    assert ids(store, browse.strongest(store, "Acme", WINDOW, "negative")) == ["here"]
    assert ids(store, browse.newest(store, "Acme", WINDOW)) == ["here"]
    assert browse.by_ids(store, "Acme", [gone.id])[0].erased


def test_by_ids_keeps_the_order_asked_and_leaves_out_what_is_gone(store: SqliteStore) -> None:
    keep(store, [post(str(n), T0, names("Bolt"), names("Acme")) for n in range(3)])
    assert [m.id for m in browse.by_ids(store, "Acme", [3, 99, 1])] == [3, 1]
    assert [(m.id, m.brand) for m in browse.by_ids(store, None, [2])] == [(2, "Acme"), (2, "Bolt")]
    assert browse.by_ids(store, "Acme", []) == []


def test_the_first_kept_and_the_engines_of_a_window(store: SqliteStore) -> None:
    assert browse.first_kept(store) is None
    keep(store, [angry("1", 0.9)], heard=(T0 - 5, T0 + 5))
    keep(store, [post("2", T0 - HOUR, Mention("Acme", tone=tone("positive", engine="other-1")))])
    assert browse.first_kept(store) == T0 - HOUR
    keep(store, [post("3", T0 - 2 * HOUR, own("Acme"))])
    assert browse.first_kept(store) == T0 - 2 * HOUR, "a brand's own post is kept too"
    keep(store, [], heard=(T0 - DAY, T0))
    assert browse.first_kept(store) == T0 - DAY
    assert browse.engines(store, WINDOW) == ["vader-3.3.2"]
