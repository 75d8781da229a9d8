"""The schedule is data: it survives a restart, and says since when a source is down."""

from __future__ import annotations

from keeping import FORUM, NEWS, T0, keep, names, post

from storage import polling, quarantine
from storage.mention import Kept, SetAside
from storage.sqlite import SqliteStore


def test_a_failure_is_counted_and_the_first_one_dated_until_it_answers(store: SqliteStore) -> None:
    store.register([], [NEWS, FORUM])
    with store.writing() as db:
        polling.failed(db, "news", 100, 160, "backing off", "no connection")
        polling.failed(db, "news", 160, 300, "backing off", "429")
    (state,) = polling.states(store, ["news"])
    assert (state.failures, state.down_since, state.error, state.next_poll_at) == (2, 100, "429", 300)
    assert state.last_answer_at is None
    with store.writing() as db:
        polling.answered(db, "news", 300, 600)
    (state,) = polling.states(store, ["news"])
    assert (state.failures, state.down_since, state.error, state.last_answer_at) == (0, None, None, 300)
    assert (state.next_poll_at, state.next_reason) == (600, "on schedule")
    (other,) = polling.states(store, ["forum"])
    assert (other.last_poll_at, other.failures) == (None, 0)


def test_a_source_tells_what_it_gave_and_until_when_it_was_heard(store: SqliteStore) -> None:
    store.register([], [FORUM])
    keep(store, [post("1", T0, names("Acme")), post("2", T0)], heard=(T0, T0 + 9))
    store.commit(Kept(NEWS, [], set_aside=[SetAside(None, "ValueError", "{}")]))
    store.commit(Kept(NEWS, [], set_aside=[SetAside(None, "ValueError", "{}")]))
    forum, news = polling.states(store)
    assert (forum.name, forum.active, forum.heard_through) == ("forum", True, None)
    assert (news.active, news.posts, news.heard_through, news.set_aside) == (False, 1, T0 + 9, 1)


def test_a_source_that_changed_its_form_does_not_fill_the_disk(store: SqliteStore) -> None:
    items = [SetAside(str(n), "KeyError", f'{{"n": {n}}}') for n in range(quarantine.MOST_SET_ASIDE + 5)]
    store.commit(Kept(NEWS, [], set_aside=items, at=T0))
    assert polling.states(store)[0].set_aside == quarantine.MOST_SET_ASIDE
    assert store.rows("SELECT DISTINCT at FROM quarantine") == [(T0,)]


def test_under_another_configuration_nobody_waits_but_for_what_asked_for_it(store: SqliteStore) -> None:
    with store.writing() as db:
        for name, why in (("a", "asked slowly: it refuses"), ("b", polling.ASKED_TO_WAIT)):
            db.run("INSERT INTO sources (name, kind) VALUES (?, 'feeds')", (name,))
            polling.failed(db, name, T0, T0 + 900, why, "x")
        db.run("INSERT INTO sources (name, kind, next_poll_at) VALUES ('c', 'feeds', ?)", (T0 + 60,))
        polling.ask_anew(db, T0 + 1)
    found = {state.name: state.next_poll_at for state in polling.states(store)}
    assert found == {"a": T0 + 1, "b": T0 + 900, "c": T0 + 60}
