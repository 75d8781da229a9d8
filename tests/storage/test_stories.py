"""Stories as the store keeps them: found on arrival, the same after a restart, gone with the last text of theirs."""

from __future__ import annotations

import pytest
from keeping import DAY, FORUM, HOUR, NEWS, T0, keep, names, post

from storage import rematching, retention
from storage.mention import Kept, KeptPost
from storage.rematching import Rematched
from storage.sqlite import SqliteStore

RELEASE = "Acme opens a new plant for blue kettles near the old harbour of Porto this autumn"
OTHER = "Bolt takes back every kettle that it has sold since March because handles grow hot"


def said(native_id: str, text: str, at: int = T0, **more: object) -> KeptPost:
    return post(native_id, at, names("Acme"), text=text, **more)


def members(store: SqliteStore) -> dict[str, str]:
    """Native id of each post in a story of two or more, and of the post whose number that story bears."""
    return dict(
        store.rows(
            """SELECT p.native_id, s.native_id FROM story_members m JOIN posts p ON p.id = m.post_id
            JOIN posts s ON s.id = m.story_id"""
        )
    )


def known(store: SqliteStore) -> list[str]:
    """The posts by whose words stories are known again."""
    sql = "SELECT p.native_id FROM fingerprints f JOIN posts p ON p.id = f.post_id ORDER BY p.id"
    return [row[0] for row in store.rows(sql)]


def test_copies_of_all_kinds_are_one_story_over_all_sources(store: SqliteStore) -> None:
    keep(store, [said("a", RELEASE), said("b", f"RT @ana: {RELEASE} https://sho.rt/1"), said("x", OTHER)])
    keep(store, [said("c", RELEASE[:60] + "…"), said("d", RELEASE.replace("blue ", ""))], FORUM)
    assert members(store) == dict.fromkeys("abcd", "a")
    assert known(store) == ["a", "x"]


def test_what_many_people_say_by_themselves_is_no_story(store: SqliteStore) -> None:
    keep(store, [said("a", "I love Acme!"), said("b", "i love acme"), said("c", "I love Acme so much")])
    assert members(store) == {}
    assert known(store) == ["c"]


def test_a_repost_or_quote_is_in_the_story_of_what_it_repeats_whatever_it_says(store: SqliteStore) -> None:
    keep(store, [said("a", "Acme!"), said("b", "Wow, look at this one, people", copy_of="a")])
    keep(store, [said("c", "quoted on", copy_of="b"), said("d", "of nothing we know", copy_of="z")])
    # The number of a post of another source is another post.
    keep(store, [said("e", "somewhere else", copy_of="a")], FORUM)
    assert members(store) == dict.fromkeys("abc", "a")


def test_the_same_words_after_two_weeks_are_another_story(store: SqliteStore) -> None:
    keep(store, [said("a", RELEASE), said("b", RELEASE, T0 + 14 * DAY), said("c", RELEASE, T0 + 15 * DAY)])
    assert members(store) == {"a": "a", "b": "a"}
    keep(store, [said("d", RELEASE, T0 + 16 * DAY)])
    assert members(store)["d"] == members(store)["c"] == "c"


def test_a_restart_and_another_program_keep_stories(store: SqliteStore) -> None:
    keep(store, [said("a", RELEASE)])
    other = SqliteStore(store.path)
    keep(other, [said("b", RELEASE), said("x", OTHER)], FORUM)
    # What another program wrote meanwhile is known here too.
    keep(store, [said("c", RELEASE[:70]), said("y", OTHER)])
    other.close()
    assert members(store) == {"a": "a", "b": "a", "c": "a", "x": "x", "y": "x"}


def test_what_another_program_wiped_is_no_story_here(store: SqliteStore) -> None:
    keep(store, [said("a", RELEASE)])
    other = SqliteStore(store.path)
    other.commit(Kept(NEWS, [], deleted=["a"], at=T0))
    other.close()
    keep(store, [said("b", RELEASE)])
    assert members(store) == {}
    assert known(store) == ["b"]


def test_a_commit_that_is_rolled_back_leaves_no_story(store: SqliteStore) -> None:
    keep(store, [said("x", OTHER)])
    broken = Kept(NEWS, [said("a", RELEASE)], cursor={"no": object()}, at=T0)
    with pytest.raises(TypeError):
        store.commit(broken)
    keep(store, [said("b", RELEASE), said("c", RELEASE), said("y", OTHER)])
    assert members(store) == {"b": "b", "c": "b", "x": "x", "y": "x"}


def test_what_was_rolled_back_is_not_taken_for_what_another_program_wrote_in_its_place(
    store: SqliteStore,
) -> None:
    with pytest.raises(TypeError):
        store.commit(Kept(NEWS, [said("a", RELEASE)], cursor={"no": object()}, at=T0))
    other = SqliteStore(store.path)
    keep(other, [said("x", OTHER)])
    other.close()
    keep(store, [said("b", RELEASE), said("y", OTHER)])
    assert members(store) == {"x": "x", "y": "x"}


def test_an_edit_takes_its_post_to_the_story_of_its_new_words(store: SqliteStore) -> None:
    keep(store, [said(name, RELEASE) for name in "abc"])
    store.commit(Kept(NEWS, [], edits=[said("a", OTHER)], at=T0 + 1))
    # Those that stay behind stay together, under another number.
    assert members(store) == {"b": "b", "c": "b"}
    assert known(store) == ["a", "b"]
    store.commit(Kept(NEWS, [said("d", OTHER)], edits=[said("b", OTHER)], at=T0 + 2))
    assert members(store) == {"a": "a", "b": "a", "d": "a"}
    keep(store, [said("e", RELEASE)])
    assert members(store)["e"] == members(store)["c"] == "c"


def test_fingerprints_go_with_the_last_text(store: SqliteStore) -> None:
    keep(store, [said("a", RELEASE), said("b", f"RT @ana: {RELEASE}"), said("c", OTHER)])
    sketches = store.rows("SELECT hex(sketch) FROM fingerprints WHERE post_id = 1")
    store.commit(Kept(NEWS, [], deleted=["a"], at=T0))
    # Its copy can be read still: the story is known by that.
    assert known(store) == ["b", "c"]
    keep(store, [said("d", RELEASE)])
    assert members(store) == dict.fromkeys("abd", "a")
    store.commit(Kept(NEWS, [], deleted=["b", "d", "c"], at=T0))
    assert known(store) == []
    # What was counted stays; of the words nothing does, in no byte of the file.
    assert members(store) == dict.fromkeys("abd", "a")
    keep(store, [said("e", RELEASE)])
    assert "e" not in members(store)
    store.commit(Kept(NEWS, [], deleted=["e"], at=T0))
    store.checkpoint()
    assert bytes.fromhex(sketches[0][0]) not in store.path.read_bytes()


def test_what_grew_old_is_known_by_nothing(store: SqliteStore) -> None:
    keep(store, [said("a", RELEASE), said("b", RELEASE, T0 + 2 * HOUR)])
    with store.writing() as db:
        retention.expire(db, {1: HOUR}, T0 + 2 * HOUR)
    assert known(store) == ["b"]
    with store.writing() as db:
        retention.expire(db, {1: HOUR}, T0 + 9 * HOUR)
    assert known(store) == []


def test_matching_again_tells_the_stories_of_what_was_kept_before_there_were_any(store: SqliteStore) -> None:
    keep(store, [said("a", RELEASE), said("b", RELEASE), said("x", OTHER)])
    with store.writing() as db:
        for table in ("fingerprints", "story_members", "rollup_stories"):
            db.run(f"DELETE FROM {table}")
    for _ in range(2):
        with store.writing() as db:
            kept = [Rematched(one, (names("Acme"),)) for one in rematching.kept_posts(db, 0)]
            rematching.apply(db, {"Acme": ""}, kept)
        assert store.rows("SELECT post_id, story_id FROM story_members") == [(1, 1), (2, 1)]
        assert store.rows("SELECT count(*) FROM fingerprints") == [(2,)]


def test_numbers_of_fingerprints_are_never_used_twice(store: SqliteStore) -> None:
    keep(store, [said("a", RELEASE)])
    store.commit(Kept(NEWS, [], deleted=["a"], at=T0))
    keep(store, [said("x", OTHER)])
    assert store.rows("SELECT id FROM fingerprints") == [(2,)]
