"""Conversations do not depend on the order in which their posts arrive."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keeping import FORUM, T0, keep, names, post

from storage.mention import KeptPost
from storage.sqlite import SqliteStore

IDS = "abcdefgh"


@st.composite
def forests(draw: st.DrawFn) -> list[KeptPost]:
    """Replies to earlier, later, missing posts and to themselves; threads that are named like posts, or not."""
    kept = draw(st.lists(st.sampled_from(IDS), min_size=1, unique=True))
    parents = st.none() | st.sampled_from(IDS)
    threads = st.none() | st.none() | st.sampled_from([*IDS[:3], "T", "U"])
    return [post(i, T0, names("Acme"), in_reply_to=draw(parents), thread=draw(threads)) for i in kept]


def by_definition(posts: Sequence[KeptPost]) -> set[frozenset[str]]:
    """Union-find in its plainest form: merge groups of names until no tie crosses two of them.

    A thread ties its posts; a reply that names no thread is tied to its parent; a parent that names no thread,
    once it is kept, is tied to every reply.
    """
    thread = {p.native_id: p.thread for p in posts}
    ties = [(p.native_id, p.thread) for p in posts if p.thread]
    ties += [
        (p.native_id, p.in_reply_to)
        for p in posts
        if p.in_reply_to and (p.thread is None or (p.in_reply_to in thread and thread[p.in_reply_to] is None))
    ]
    groups = [{name} for name in {*thread, *(name for tie in ties for name in tie)}]
    for one, other in ties:
        first = next(group for group in groups if one in group)
        second = next(group for group in groups if other in group)
        if first is not second:
            first |= second
            groups.remove(second)
    return {frozenset(group & set(thread)) for group in groups if group & set(thread)}


def as_kept(store: SqliteStore, source: str = "news") -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for conversation, native_id in store.rows(
        "SELECT coalesce(conversation, native_id), native_id FROM posts p JOIN sources s ON s.id = p.source_id "
        "WHERE s.name = ?",
        (source,),
    ):
        found.setdefault(conversation, set()).add(native_id)
    return {frozenset(group) for group in found.values()}


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_order_and_every_cut_into_pages_gives_the_same_conversations(
    store: SqliteStore, data: st.DataObject
) -> None:
    posts = data.draw(forests())
    arriving = data.draw(st.permutations(posts))
    cuts = data.draw(st.lists(st.integers(0, len(posts)), max_size=len(posts)).map(sorted))
    with store.writing() as db:
        for table in ("mentions", "posts"):
            db.run(f"DELETE FROM {table}")
    # The same ids in another source must neither disturb nor be disturbed.
    keep(store, [post("a", T0, names("Acme"), thread="T"), post("b", T0, names("Acme"))], FORUM)
    for since, until in zip([0, *cuts], [*cuts, len(posts)], strict=True):
        keep(store, arriving[since:until])
    assert as_kept(store) == by_definition(posts)
    assert as_kept(store, "forum") == {frozenset("a"), frozenset("b")}


@pytest.mark.parametrize("order", ["gpc", "cpg", "pgc", "gcp", "pcg", "cgp"])
def test_a_thread_named_deep_in_a_chain_takes_in_its_top(store: SqliteStore, order: str) -> None:
    chain = {
        "g": post("g", T0, names("Acme")),
        "p": post("p", T0, names("Acme"), in_reply_to="g"),
        "c": post("c", T0, names("Acme"), in_reply_to="p", thread="T"),
    }
    for name in order:
        keep(store, [chain[name]])
    assert as_kept(store) == {frozenset("gpc")}


def test_siblings_find_each_other_without_their_parent(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), in_reply_to="x")])
    keep(store, [post("2", T0, names("Acme"), in_reply_to="x")])
    assert as_kept(store) == {frozenset("12")}


def test_a_reply_across_two_threads_does_not_join_them(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), thread="T")])
    keep(store, [post("2", T0, names("Acme"), thread="U", in_reply_to="1")])
    assert as_kept(store) == {frozenset("1"), frozenset("2")}


def test_a_post_alone_has_no_conversation_of_its_own(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme")), post("2", T0, names("Acme"), thread="2")])
    assert store.rows("SELECT count(*) FROM posts WHERE conversation IS NULL") == [(2,)]


def test_a_thread_that_was_joined_is_found_again_by_its_own_name(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), thread="T"), post("2", T0, names("Acme"), thread="U")])
    keep(store, [post("p", T0, names("Acme"))])
    keep(
        store,
        [
            post("3", T0, names("Acme"), thread="T", in_reply_to="p"),
            post("4", T0, names("Acme"), thread="U", in_reply_to="p"),
        ],
    )
    keep(store, [post("5", T0, names("Acme"), thread="U"), post("6", T0, names("Acme"), thread="T")])
    assert as_kept(store) == {frozenset("123456p")}
