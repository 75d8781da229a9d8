"""History judged again: what is handed out, what is written back, and how far it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from keeping import DAY, HOUR, NEWS, T0, names, own, post, tone, value

from sentiment.tone import Label, Tone
from storage import rejudging
from storage.base import Row
from storage.desk import corrections
from storage.mention import Heard, Kept, KeptPost
from storage.rejudging import Overtaken, Rejudging
from storage.sqlite import SqliteStore

NEW = "better-2"
LATER = T0 + DAY
WINDOW = (T0, T0 + DAY)


def keep(store: SqliteStore, *posts: KeptPost, **more: object) -> None:
    store.commit(Kept(NEWS, posts, **more))  # type: ignore[arg-type]


def begin(
    store: SqliteStore, since: int = T0, brand: str | None = None, now: int = LATER, engine: str = NEW
) -> Rejudging:
    with store.writing() as db:
        return rejudging.begin(db, engine, brand, since, now)


def said(label: Label | None, lang: str | None = None) -> Tone:
    return replace(tone(label, engine=NEW), lang=lang)


def judge(
    store: SqliteStore, done: Rejudging, label: Label | None = "negative", limit: int = 500
) -> Rejudging:
    """One page: the engine says the same of every mention."""
    page = rejudging.page(store, done, limit)
    mentions = [(one.id, m) for one in page for m in one.post.mentions if m.matched]
    tones = {(number, m.brand): said(label) for number, m in mentions if done.brand in (None, m.brand)}
    with store.writing() as db:
        return rejudging.write(db, done, page, tones)


def finish(store: SqliteStore, done: Rejudging) -> int:
    with store.writing() as db:
        return rejudging.finish(db, done, LATER)


def mentions(store: SqliteStore, columns: str = "m.label, e.name, m.live") -> list[Row]:
    return store.rows(
        f"""SELECT p.native_id, b.name, {columns} FROM mentions m JOIN posts p ON p.id = m.post_id
        JOIN brands b ON b.id = m.brand_id LEFT JOIN engines e ON e.id = m.engine_id ORDER BY p.id, b.name"""
    )


def test_every_mention_bears_what_the_engine_says_now(store: SqliteStore) -> None:
    keep(
        store,
        post("1", T0, names("Acme", "positive"), names("Bolt", None)),
        post("2", T0, own("Acme"), names("Bolt", "negative")),
    )
    done = judge(store, begin(store))
    assert mentions(store) == [
        ("1", "Acme", -1, NEW, 2),
        ("1", "Bolt", -1, NEW, 2),
        ("2", "Bolt", -1, NEW, 2),
    ]
    assert mentions(store, "m.p_negative, m.reason")[1][2:] == (0.8, None)
    assert done.pairs == {("positive", "negative"): 1, (None, "negative"): 1, ("negative", "negative"): 1}
    assert (done.judged, done.changed) == (3, 2)


def test_abstentions_and_languages_are_written_too(store: SqliteStore) -> None:
    keep(store, post("1", T0, names("Acme", "positive"), language="de"), post("2", T0, names("Acme")))
    done = begin(store)
    page = rejudging.page(store, done)
    with store.writing() as db:
        rejudging.write(db, done, page, {(1, "Acme"): said(None), (2, "Acme"): said("neutral", "sv")})
    found = mentions(store, "m.label, m.reason, m.language")
    assert found == [("1", "Acme", None, "unsure", "de"), ("2", "Acme", 0, None, "sv")]


def test_what_is_older_or_of_another_brand_stays(store: SqliteStore) -> None:
    keep(store, post("old", T0 - 1, names("Acme", "positive")), post("new", T0, names("Acme", "positive")))
    judge(store, begin(store))
    assert [row[2] for row in mentions(store)] == [1, -1]


def test_it_goes_on_where_it_was_and_counts_everything_once(store: SqliteStore) -> None:
    keep(store, *[post(str(n), T0 + n, names("Acme", "positive")) for n in range(5)])
    judge(store, begin(store), limit=2)
    # "7d" is a minute later by now.
    again = begin(store, T0 + 60, now=LATER + 60)
    assert (again.position, again.judged, again.since, rejudging.left(store, again)) == (2, 2, T0, 3)
    done = judge(store, judge(store, again, limit=2), limit=2)
    assert rejudging.page(store, done) == []
    assert (done.judged, done.pairs) == (5, {("positive", "negative"): 5})
    finish(store, done)
    # Done is done: the next one begins anew.
    assert begin(store).position == 0


@pytest.mark.parametrize(
    ("since", "brand"),
    [(T0 - 1, None), (T0 + 2 * DAY, None), (T0, "Acme")],
    ids=["earlier", "later", "brand"],
)
def test_another_question_is_another_judging(store: SqliteStore, since: int, brand: str | None) -> None:
    keep(store, *[post(str(n), T0 + n, names("Acme")) for n in range(3)])
    judge(store, begin(store), limit=2)
    assert begin(store, since, brand).position == 0


def test_what_another_engine_judged_since_is_judged_again(store: SqliteStore) -> None:
    keep(store, *[post(str(n), T0 + n, names("Acme", "positive")) for n in range(6)])
    judge(store, begin(store), limit=2)
    finish(store, judge(store, begin(store, engine="other-3"), "neutral"))
    done = judge(store, begin(store))
    assert [row[2:4] for row in mentions(store)] == [(-1, NEW)] * 6
    assert (done.judged, done.changed) == (6, 6)


def test_what_was_left_open_for_days_is_begun_anew(store: SqliteStore) -> None:
    keep(store, *[post(str(n), T0 + n, names("Acme", "positive")) for n in range(3)])
    judge(store, begin(store), limit=2)
    assert begin(store, now=LATER + rejudging.STALE - 1).position == 2
    assert begin(store, now=LATER + rejudging.STALE).position == 0


def test_two_at_once_do_not_count_twice(store: SqliteStore) -> None:
    keep(store, *[post(str(n), T0 + n, names("Acme", "positive")) for n in range(3)])
    first, second = begin(store), begin(store)
    judge(store, first, limit=1)
    with pytest.raises(Overtaken):
        judge(store, second, limit=2)
    # Nothing of the second page is written.
    assert [row[2] for row in mentions(store)] == [-1, 1, 1]


def test_a_post_that_was_edited_meanwhile_is_left_alone(store: SqliteStore) -> None:
    keep(store, post("1", T0, names("Acme", "positive")), post("2", T0, names("Acme", "positive")))
    done = begin(store)
    page = rejudging.page(store, done)
    keep(store, edits=[post("1", T0, names("Acme", "neutral"), text="now otherwise")], at=LATER)
    with store.writing() as db:
        done = rejudging.write(db, done, page, {(n, "Acme"): said("negative") for n in (1, 2)})
    assert [row[2] for row in mentions(store)] == [0, -1]
    assert done.judged == 1


def test_a_mention_that_is_none_any_more_is_not_made_again(store: SqliteStore) -> None:
    keep(store, post("1", T0, names("Acme", "positive")))
    done = begin(store)
    page = rejudging.page(store, done)
    keep(store, edits=[post("1", T0, own("Acme"))], at=LATER)
    with store.writing() as db:
        db.run("DELETE FROM mentions")
        assert rejudging.write(db, done, page, {(1, "Acme"): said("negative")}).judged == 0
    assert mentions(store) == []


def test_labels_of_erased_posts_go_so_that_no_break_stays_for_ever(store: SqliteStore) -> None:
    keep(store, *[post(str(n), T0, names("Acme", "positive"), names("Bolt", "positive")) for n in range(2)])
    keep(store, post("before", T0 - 1, names("Acme", "positive")))
    keep(store, deleted=["1", "before"], at=T0 + 5)
    assert finish(store, judge(store, begin(store, brand="Acme"))) == 1
    found = {row[:2]: row[2:] for row in mentions(store, "m.label, m.reason, e.name")}
    assert found["1", "Acme"] == (None, "erased", None)
    assert found["1", "Bolt"][0] == found["before", "Acme"][0] == 1
    keep(store, heard=Heard(*WINDOW))
    broken = value(store, "positive_share", WINDOW, "Bolt", strict=True)
    assert (broken.more["raw_value"], broken.reason) == (1, None)
    assert finish(store, judge(store, begin(store))) == 1
    whole = value(store, "negative_share", WINDOW, "Bolt", strict=True)
    assert (whole.more["raw_value"], whole.n, whole.more["unjudged"]) == (1, 1, 1)


def test_the_labels_of_the_same_engine_stay_where_a_post_is_erased(store: SqliteStore) -> None:
    keep(store, post("1", T0, names("Acme", "positive")))
    judge(store, begin(store))
    keep(store, deleted=["1"], at=LATER)
    assert finish(store, begin(store)) == 0
    assert mentions(store) == [("1", "Acme", -1, NEW, 2)]


def test_what_people_said_stays(store: SqliteStore) -> None:
    keep(store, post("1", T0, names("Acme", "positive")))
    with store.writing() as db:
        corrections.record(db, "Acme", 1, "neutral", sampled=True, by="ann", now=T0)
    judge(store, begin(store))
    (kept,) = corrections.all_corrections(store)
    assert (kept.label, kept.engine_label, kept.by, kept.sampled) == ("neutral", "negative", "ann", True)


def test_what_is_judged_again_is_a_mention_but_its_tone_is_no_news(store: SqliteStore) -> None:
    keep(store, *[post(str(n), T0 + n, names("Acme", "positive")) for n in range(4)], live=True)
    keep(store, post("history", T0, names("Acme", "positive")), live=False)
    finish(store, judge(store, begin(store)))
    keep(store, post("fresh", T0 + 9, names("Acme", "positive")))

    def live(kpi: str) -> tuple[object, int]:
        found = value(store, kpi, (T0, T0 + HOUR), live_only=True)
        return found.more.get("raw_value", found.value), found.n

    keep(store, heard=Heard(*WINDOW))
    assert live("mentions") == (5, 5)
    assert live("negative_share") == (0, 1)
    assert value(store, "negative_share", (T0, T0 + HOUR)).n == 6


def test_an_edit_is_news_again(store: SqliteStore) -> None:
    keep(store, post("1", T0, names("Acme", "positive")))
    judge(store, begin(store))
    keep(store, edits=[post("1", T0, names("Acme", "positive"), text="new words")], at=LATER)
    assert mentions(store, "m.live") == [("1", "Acme", 1)]
