"""Posts that read otherwise now: their words, their mentions and turns, and what stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from keeping import FORUM, HOUR, NEWS, T0, asks, names, own, post, tone

from storage import queries, rematching
from storage.desk import judgements
from storage.mention import Brand, Committed, Kept, KeptPost, Mention
from storage.rematching import Rematched
from storage.sqlite import SqliteStore

LATER = T0 + 5 * HOUR


def edit(store: SqliteStore, *posts: KeptPost, at: int = LATER, **more: object) -> Committed:
    return store.commit(Kept(NEWS, [], edits=posts, at=at, **more))  # type: ignore[arg-type]


def said(store: SqliteStore) -> list[tuple[object, ...]]:
    return store.rows("SELECT native_id, text, published_at, edited_at FROM posts ORDER BY native_id")


def mentions(store: SqliteStore) -> list[tuple[object, ...]]:
    return store.rows(
        """SELECT p.native_id, b.name, m.label, m.published_at, m.live, m.language FROM mentions m
        JOIN posts p ON p.id = m.post_id JOIN brands b ON b.id = m.brand_id ORDER BY 1, 2"""
    )


def turns(store: SqliteStore) -> list[tuple[object, ...]]:
    return store.rows(
        """SELECT p.native_id, b.name, t.role, t.at FROM turns t
        JOIN posts p ON p.id = t.post_id JOIN brands b ON b.id = t.brand_id ORDER BY 1, 2"""
    )


def test_an_edit_changes_the_words_and_what_they_say_but_not_when_it_was_published(
    store: SqliteStore,
) -> None:
    store.commit(Kept(NEWS, [post("1", T0, names("Acme", "positive"))], live=False))
    new = post("1", LATER, names("Bolt", "negative"), text="Bolt fails", title="t", language="en", url="u")
    done = edit(store, new)
    assert said(store) == [("1", "Bolt fails", T0, LATER)]
    assert store.rows("SELECT title, language, url, fetched_at FROM posts") == [("t", "en", "u", T0)]
    # Still history: an edit makes no rule fire by what was imported.
    assert mentions(store) == [("1", "Bolt", -1, T0, 0, "en")]
    assert done.touched == {("Acme", T0 // HOUR), ("Bolt", T0 // HOUR)}
    assert (done.posts, done.mentions, done.kept) == (0, 1, ())
    assert store.rows("SELECT items FROM sources") == [(1,)]


def test_an_edit_that_names_nobody_leaves_the_row_without_mentions_and_turns(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [post("1", T0, asks("Acme"))]))
    done = edit(store, post("1", T0, text="never mind"))
    assert said(store) == [("1", "never mind", T0, LATER)]
    assert (mentions(store), turns(store)) == ([], [])
    assert (done.touched, done.mentions) == ({("Acme", T0 // HOUR)}, 0)
    again = edit(store, post("1", T0, names("Acme"), text="Acme after all"))
    assert (again.mentions, len(mentions(store))) == (1, 1)


def test_an_edit_that_reads_the_same_changes_nothing(store: SqliteStore) -> None:
    kept = post("1", T0, names("Acme"), author="ann", url="u", title="t")
    store.commit(Kept(NEWS, [kept]))
    # A network that tells of an edit without the author and the address says nothing about them.
    done = edit(store, replace(kept, author=None, url=None, mentions=(names("Bolt"),)))
    assert (done.touched, done.mentions) == (frozenset(), 0)
    assert said(store) == [("1", "1", T0, None)]
    assert [row[1] for row in mentions(store)] == ["Acme"]


def test_what_an_edit_does_not_tell_stays(store: SqliteStore) -> None:
    kept = post("1", T0, names("Acme"), author="ann", author_id="a1", followers=7, url="u", thread="T")
    store.commit(Kept(NEWS, [kept]))
    edit(store, post("1", LATER, names("Acme"), text="new", followers=9))
    columns = "author, author_id, followers, url, thread"
    assert store.rows(f"SELECT {columns} FROM posts") == [("ann", "a1", 9, "u", "T")]


def test_an_edit_without_title_or_language_leaves_them(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [post("1", T0, names("Acme"), title="t", language="de")]))
    edit(store, post("1", LATER, names("Acme"), text="new"))
    assert store.rows("SELECT title, language, text FROM posts") == [("t", "de", "new")]
    assert store.rows("SELECT language FROM mentions") == [("de",)]
    edit(store, post("1", LATER, names("Acme"), text="new", title="u", language="en"))
    assert store.rows("SELECT title, language FROM posts") == [("u", "en")]


@pytest.mark.parametrize(
    ("query", "told", "stays"),
    [
        ("acme lang:de", {}, True),
        ("acme lang:de", {"language": "de"}, False),
        ("acme lang:de", {"language": "en"}, False),
        # The words of the edit decide: it tells all that this query asks for.
        ("acme", {}, False),
    ],
)
def test_a_mention_that_may_only_lack_the_language_that_an_edit_does_not_tell_stays(
    store: SqliteStore, query: str, told: dict[str, str], stays: bool
) -> None:
    with store.writing() as db:
        queries.keep_versions(db, [Brand("Acme", query=query)], T0)
    asked = Mention("Acme", addressed=True, tone=tone("positive"))
    store.commit(Kept(NEWS, [post("1", T0, asked, language="de")]))
    done = edit(store, post("1", LATER, names("Bolt"), text="new", **told))
    before = [("1", "Acme", 1, T0, 1, "de")] if stays else []
    assert mentions(store)[:-1] == before
    assert [row[:3] for row in turns(store)] == ([("1", "Acme", 0)] if stays else [])
    assert done.mentions == 1


def test_a_mention_that_may_only_lack_the_title_that_an_edit_does_not_tell_stays(store: SqliteStore) -> None:
    store.commit(
        Kept(
            NEWS, [post("own", T0, own("Acme")), post("1", T0, asks("Acme"), title="Acme", in_reply_to="own")]
        )
    )
    edit(store, post("1", LATER, text="new"))
    assert [row[:2] for row in mentions(store)] == [("1", "Acme")]
    assert [row[:3] for row in turns(store)] == [("1", "Acme", 0), ("own", "Acme", 1)]
    # What the brand turns out to have written itself is no mention of it.
    edit(store, post("1", LATER, own("Acme"), text="newer"))
    assert mentions(store) == []
    edit(store, post("1", LATER, names("Acme"), text="newest"))
    edit(store, post("1", LATER, text="words", title="words"))
    assert mentions(store) == []


def test_a_mention_that_was_history_stays_so_when_its_post_is_edited(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [post("1", T0, names("Acme"))]))
    (read,) = rematching.kept_posts(store, 0)
    with store.writing() as db:
        rematching.apply(db, {"Bolt": ""}, [Rematched(read, (names("Bolt"),))])
    edit(store, post("1", LATER, names("Acme"), names("Bolt"), names("Cog"), text="new"))
    assert [row[1:5:3] for row in mentions(store)] == [("Acme", 1), ("Bolt", 0), ("Cog", 1)]


def test_judgements_of_an_edited_post_stay(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [post("1", T0, names("Acme"))]))
    with store.writing() as db:
        judgements.record(db, "Acme", 1, True, "ann", T0)
    edit(store, post("1", T0, text="nobody"))
    assert [(j.post_id, j.matched) for j in judgements.of_brand(store, "Acme")] == [(1, False)]


def test_an_edit_of_an_unknown_post_is_a_new_post(store: SqliteStore) -> None:
    done = edit(store, post("1", T0, names("Acme")), post("2", T0))
    assert said(store) == [("1", "1", T0, None)]
    assert (done.posts, done.mentions, done.kept) == (1, 1, ("1",))


def test_an_edit_in_another_source_is_of_another_post(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [post("1", T0, names("Acme"))]))
    store.commit(Kept(FORUM, [], edits=[post("1", T0, names("Acme"), text="other")], at=LATER))
    assert store.rows("SELECT text FROM posts ORDER BY id") == [("1",), ("other",)]


def test_a_post_and_its_edits_in_one_page_read_as_the_last(store: SqliteStore) -> None:
    page = [post("1", T0, names("Acme")), post("2", T0, names("Acme"))]
    edits = [post("1", T0, names("Bolt"), text="b"), post("3", T0), post("1", T0, names("Cog"), text="c")]
    edits.append(post("3", T0, names("Acme"), text="now it does"))
    store.commit(Kept(NEWS, page, edits=edits, at=LATER))
    assert said(store) == [("1", "c", T0, LATER), ("2", "2", T0, None), ("3", "now it does", T0, None)]
    assert [row[:2] for row in mentions(store)] == [("1", "Cog"), ("2", "Acme"), ("3", "Acme")]


def test_an_edited_reply_still_addresses_whom_it_answers(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [post("post", T0, own("Acme")), post("reply", T0 + 9, in_reply_to="post")]))
    # The network's edit does not say what it answers.
    edit(store, post("reply", LATER, names("Bolt"), text="like Bolt"))
    assert turns(store) == [("post", "Acme", 1, T0), ("reply", "Acme", 0, T0 + 9)]
    assert [row[:2] for row in mentions(store)] == [("reply", "Bolt")]
    edit(store, post("reply", LATER, text="nothing"))
    assert turns(store) == [("post", "Acme", 1, T0), ("reply", "Acme", 0, T0 + 9)]


def test_an_edit_does_not_move_a_post_out_of_its_conversation(store: SqliteStore) -> None:
    store.commit(
        Kept(NEWS, [post("a", T0, names("Acme"), thread="T"), post("b", T0, names("Acme"), thread="T")])
    )
    edit(store, post("a", T0, names("Acme"), text="new", thread="U", in_reply_to="x"))
    assert store.rows("SELECT conversation, thread, in_reply_to FROM posts WHERE native_id = 'a'") == [
        ("T", "T", None)
    ]


def test_an_own_post_that_is_edited_stays_one(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [post("1", T0, own("Acme", automatic=True), names("Bolt"))]))
    edit(store, post("1", LATER, own("Acme", automatic=True), text="sorry"))
    assert turns(store) == [("1", "Acme", 2, T0)]
    assert mentions(store) == []


@pytest.mark.parametrize("by_query", [True, False])
def test_a_mention_bears_the_newest_version_of_its_query_unless_a_row_said_so(
    store: SqliteStore, by_query: bool
) -> None:
    def versions() -> Sequence[tuple[object, ...]]:
        return store.rows("SELECT query_id FROM mentions ORDER BY post_id, brand_id")

    with store.writing() as db:
        queries.keep_versions(db, [Brand("Acme")], T0)
        queries.keep_versions(db, [Brand("Acme", query="acme"), Brand("Bolt")], T0 + 1)
    page = [
        post("1", T0, Mention("Acme", by_query=by_query), Mention("Unknown")),
        post("2", T0, Mention("Bolt", tone=tone("neutral"))),
    ]
    store.commit(Kept(NEWS, page))
    assert versions() == [(2 if by_query else None,), (None,), (3,)]
    with store.writing() as db:
        queries.keep_versions(db, [Brand("Bolt", query="b")], T0 + 2)
    edit(store, post("2", T0, Mention("Bolt"), text="new"))
    assert versions()[-1] == (4,)


def test_a_mention_bears_the_version_that_its_page_was_matched_by(store: SqliteStore) -> None:
    old, new = Brand("Acme", query='"a" ü'), Brand("Acme", query="b")
    with store.writing() as db:
        for brand in (old, new, old, new):
            queries.keep_versions(db, [brand], T0)
    odd = 'odd "name" \\ ü'

    def found(definition: str | None) -> object:
        definitions = {} if definition is None else {"Acme": definition, odd: ""}
        one = post(str(definition), T0, names("Acme"), names(odd))
        store.commit(Kept(NEWS, [one], definitions=definitions))
        edit(store, replace(one, text="new"), definitions=definitions)
        return store.rows("SELECT query_id FROM mentions WHERE brand_id = 1 ORDER BY post_id DESC")[0][0]

    # Of several with that definition the newest; of none, the newest of all.
    assert [found(old.definition), found(new.definition), found("other"), found(None)] == [3, 4, 4, 4]
    assert store.rows("SELECT count(*) FROM brands") == [(2,)]


def test_numbers_that_no_column_holds_are_not_believed(store: SqliteStore) -> None:
    store.commit(
        Kept(NEWS, [post("1", T0, names("Acme"), followers=2**63), post("2", T0, names("Acme"), followers=5)])
    )
    edit(store, post("2", T0, names("Acme"), text="new", followers=10**30))
    assert store.rows("SELECT followers FROM posts ORDER BY id") == [(None,), (5,)]
