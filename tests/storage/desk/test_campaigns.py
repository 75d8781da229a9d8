"""Campaigns: fair windows beside them, their mentions and imported numbers counted, forgotten with their tag."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeping import DAY, FORUM, MADRID, NEWS, T0, UTC, keep, names, post

from storage.calendar import Window, local_day, start_of
from storage.desk import campaigns, corrections, tags
from storage.desk.campaigns import Campaign, Said
from storage.sqlite import SqliteStore

SPRING = Campaign("spring", T0, T0 + 7 * DAY, "#spring", "spring26", T0, "ann")


def days(first: date, end: date, zone: ZoneInfo) -> Window:
    return Window(start_of(first, "day", zone), start_of(end, "day", zone))


@pytest.mark.parametrize(
    ("first", "end", "before", "after"),
    [
        # A month, whose neighbours have other lengths.
        (date(2026, 3, 1), date(2026, 4, 1), date(2026, 2, 1), date(2026, 5, 1)),
        (date(2026, 11, 2), date(2026, 11, 9), date(2026, 10, 26), date(2026, 11, 16)),
        (date(2026, 11, 5), date(2026, 11, 6), date(2026, 11, 4), date(2026, 11, 7)),
        # The clock goes back inside it, in Madrid, and forward in the window after.
        (date(2026, 10, 20), date(2026, 10, 30), date(2026, 10, 10), date(2026, 11, 9)),
        (date(2026, 3, 10), date(2026, 3, 25), date(2026, 2, 23), date(2026, 4, 9)),
    ],
)
def test_before_and_after_are_neighbours_of_whole_days(
    first: date, end: date, before: date, after: date
) -> None:
    found = campaigns.around(days(first, end, MADRID), MADRID)
    assert found.before == days(before, first, MADRID)
    assert found.after == days(end, after, MADRID)


@given(st.integers(0, 2**31), st.integers(1, 10**7), st.sampled_from([UTC, MADRID]))
def test_the_windows_always_touch_and_never_overlap(since: int, length: int, zone: ZoneInfo) -> None:
    found = campaigns.around(Window(since, since + length), zone)
    assert found.before.since < found.before.until == since
    assert since + length == found.after.since < found.after.until
    whole = local_day(since, zone) != local_day(since - 1, zone)
    if not whole:
        assert found.before.until - found.before.since == length == found.after.until - found.after.since


def test_a_name_is_taken_once_and_free_again(store: SqliteStore) -> None:
    with store.writing() as db:
        campaigns.add(db, SPRING)
    with store.writing() as db, pytest.raises(ValueError, match="already"):
        campaigns.add(db, SPRING)
    assert campaigns.named(store, "spring") == SPRING
    assert campaigns.all_campaigns(store) == [SPRING]
    with store.writing() as db:
        assert campaigns.remove(db, "spring")
        assert not campaigns.remove(db, "spring")
    assert campaigns.named(store, "spring") is None


def test_only_those_that_run_in_a_window_overlap_it(store: SqliteStore) -> None:
    with store.writing() as db:
        campaigns.add(db, SPRING)
    assert campaigns.overlapping(store, Window(T0 + 6 * DAY, T0 + 9 * DAY)) == [SPRING]
    assert campaigns.overlapping(store, Window(T0 - DAY, T0 + 1)) == [SPRING]
    assert campaigns.overlapping(store, Window(T0 - DAY, T0)) == []
    assert campaigns.overlapping(store, Window(T0 + 7 * DAY, T0 + 9 * DAY)) == []


def test_all_mentions_of_a_window_come_once_whatever_the_page(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns, "PAGE", 2)
    # Several in the same second, over the border of a page; one before, one at the end, one of another brand.
    posts = [post(f"{n}", T0 + n // 4, names("Acme")) for n in range(9)]
    others = [
        post("early", T0 - 1, names("Acme")),
        post("late", T0 + DAY, names("Acme")),
        post("bolt", T0, names("Bolt")),
    ]
    keep(store, [*posts, *others])
    pages = list(campaigns.mentions_in(store, "Acme", Window(T0, T0 + DAY)))
    assert [kept.native_id for page in pages for _, _, kept in page] == [f"{n}" for n in range(9)]
    assert {source for page in pages for _, source, _ in page} == {NEWS}


def test_what_was_said_is_counted_by_people_where_they_spoke(store: SqliteStore) -> None:
    keep(
        store,
        [
            post("1", T0, names("Acme", "positive"), author="ann"),
            post("2", T0 + 1, names("Acme", "negative"), author="ann"),
            post("3", T0 + 2, names("Acme", "neutral"), author="ben"),
            post("4", T0 + 3, names("Acme", None)),
            post("5", T0 + 4, names("Acme", "positive"), author="untagged"),
            post("6", T0 + 9 * DAY, names("Acme", "positive"), author="late"),
        ],
    )
    # The same name at another source is another account.
    keep(store, [post("7", T0, names("Acme", "positive"), author="ann")], FORUM)
    ids = dict(store.rows("SELECT native_id, id FROM posts"))
    with store.writing() as db:
        tagged = [ids[name] for name in ("1", "2", "3", "4", "6", "7")]
        tags.add(db, SPRING.tag, "Acme", tagged, by="campaign", now=T0)
        corrections.record(db, "Acme", ids["2"], "positive", sampled=False, by=None, now=T0 + 9)
    assert campaigns.said(store, SPRING.tag, "Acme", SPRING.window) == Said(5, 3, 3, 1, 0)
    assert campaigns.said(store, SPRING.tag, "Bolt", SPRING.window) == Said(0, 0, 0, 0, 0)


def test_forgetting_takes_the_tag_off_and_leaves_others(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"))])
    with store.writing() as db:
        campaigns.add(db, SPRING)
        tags.add(db, SPRING.tag, "Acme", [1], by="campaign", now=T0)
        tags.add(db, "sales", "Acme", [1], by=None, now=T0)
        campaigns.remove(db, "spring")
    assert [tag.tag for tag in tags.of_post(store, 1)] == ["sales"]


def test_leads_are_counted_by_network_inside_of_the_window(store: SqliteStore) -> None:
    with store.writing() as db:
        db.run("INSERT INTO brands (id, name) VALUES (1, 'Acme')")
        lead = "INSERT INTO leads (brand_id, lead_id, created_at, network, campaign, stage, stage_at) "
        for number, (at, campaign) in enumerate(
            [(T0, "spring26"), (T0 + 7 * DAY, "spring26"), (T0 - 1, "spring26"), (T0, "autumn")]
        ):
            db.run(lead + "VALUES (1, ?, ?, 'x', ?, 'new', 0)", (f"{number}", at, campaign))
    assert campaigns.leads(store, "spring26", SPRING.window) == [("Acme", "x", 1)]
