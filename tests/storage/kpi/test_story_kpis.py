"""Mentions, stories and publishers are three counts: by calendar, by any window, by source, and with every cut."""

from __future__ import annotations

import pytest
from keeping import DAY, FORUM, HOUR, MADRID, NEWS, T0, keep, names, post, value, values

from storage.calendar import Window
from storage.mention import Brand, Kept, Source
from storage.sqlite import SqliteStore
from storage.stories.looking import largest

RELEASE = "Acme opens a new plant for blue kettles near the old harbour of Porto this autumn"
ACME, BOLT = Brand("Acme"), Brand("Bolt")
DAILY = Source("daily", "feeds")
WEEK = (T0 - 2 * DAY, T0 + 5 * DAY)
HEARD = (T0 - 60 * DAY, T0 + 60 * DAY)


@pytest.fixture
def told(store: SqliteStore) -> SqliteStore:
    """One release in two papers (one of them twice) and, a day later, in the forum; and what ana says by herself."""
    for source in (NEWS, DAILY, FORUM):
        keep(store, [], source, heard=HEARD)
    keep(store, [post("1", T0, names("Acme"), text=RELEASE)])
    keep(store, [post(n, T0 + HOUR, names("Acme"), text=RELEASE, author="ed") for n in "12"], DAILY)
    copy = post(
        "1", T0 + DAY, names("Acme"), names("Bolt"), text=f"RT @x: {RELEASE}", author="ana", language="en"
    )
    keep(store, [copy, post("2", T0 + DAY, names("Acme"), text="mine", author="ana")], FORUM)
    return store


def test_three_counts(told: SqliteStore) -> None:
    assert value(told, "mentions", WEEK).value == 5
    stories = value(told, "mentions.stories", WEEK)
    assert (stories.value, stories.n) == (2, 5)
    assert stories.more["copies"] == 3
    assert value(told, "mentions.publishers", WEEK).value == 3
    # Looked into, the story has its posts and its publishers: a paper is one, also where nobody signs.
    (story,) = largest(told, ["Acme"], Window(*WEEK), 10)
    assert (story.posts, story.publishers, story.sources) == (4, 3, 3)


def test_who_published_is_unknown_where_no_author_is_known(store: SqliteStore) -> None:
    keep(store, [], FORUM, heard=HEARD)
    assert value(store, "mentions.publishers", WEEK).value == 0
    keep(store, [post("1", T0, names("Acme")), post("2", T0, names("Acme"))], FORUM)
    found = value(store, "mentions.publishers", WEEK)
    assert (found.value, found.n, found.reason) == (None, 2, "no author is known")


@pytest.mark.parametrize(
    ("since", "until", "stories"),
    [(0, DAY, 1), (0, HOUR, 1), (HOUR, DAY, 1), (DAY, 2 * DAY, 2), (HOUR, DAY + 1, 2), (2 * DAY, 3 * DAY, 0)],
)
def test_a_window_counts_each_story_in_it_once(
    told: SqliteStore, since: int, until: int, stories: int
) -> None:
    assert value(told, "mentions.stories", (T0 + since, T0 + until)).value == stories


def test_a_story_counts_once_in_each_source_and_once_in_all(told: SqliteStore) -> None:
    by_source = {one.source: one.value for one in values(told, "mentions.stories", WEEK, by=("source",))}
    assert by_source == {"daily": 1, "forum": 2, "news": 1}
    share = value(told, "share_of_voice.stories", WEEK, brands=(ACME, BOLT))
    assert (share.value, share.n) == (pytest.approx(2 / 3), 3)
    assert share.more["by_source"] == {"daily": 1, "forum": pytest.approx(2 / 3), "news": 1}


def test_cuts_that_no_rollup_knows_are_counted_from_the_mentions(told: SqliteStore) -> None:
    by_language = {
        one.language: one.value for one in values(told, "mentions.stories", WEEK, by=("language",))
    }
    assert by_language == {"en": 1, None: 2}


def test_deletions_and_edits_are_followed(told: SqliteStore) -> None:
    told.commit(Kept(DAILY, [], deleted=["1"], at=T0))
    assert value(told, "mentions.stories", WEEK).value == 2
    told.commit(
        Kept(DAILY, [], edits=[post("2", T0, names("Acme"), text="We were wrong about kettles")], at=T0)
    )
    assert value(told, "mentions.stories", WEEK).value == 3


def test_a_day_of_another_zone(told: SqliteStore) -> None:
    found = values(told, "mentions.stories", WEEK, by=("day",), zone=MADRID)
    assert [one.value for one in found if one.value] == [1, 2]
