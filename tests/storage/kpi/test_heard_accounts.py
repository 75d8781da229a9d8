"""What sources tell of own accounts: followers a day and counters of own posts, each counted once beside exports."""

from __future__ import annotations

import pytest
from bringing import BRANDS, WEEK, Row, at, bring, row, told
from keeping import UTC, keep, own, post

from storage.kpi import KPIS, Ask, KpiValue, compute
from storage.mention import BrandFigure, Kept, Reading, Source
from storage.sqlite import SqliteStore

BLUESKY = Source("bluesky", "bluesky")
MASTODON = Source("mastodon", "mastodon")
TUESDAY = at("2026-11-03")


def tell(store: SqliteStore, *figures: BrandFigure, source: Source = BLUESKY) -> None:
    store.register(BRANDS, [])
    store.commit(Kept(source, [], figures=figures, at=TUESDAY))


def followed(
    value: float, day: str = "2026-11-03", network: str = "bluesky", brand: str = "Acme"
) -> BrandFigure:
    return BrandFigure(brand, "followers", day, value, network, "acme.example")


def exported(
    metric: str, value: float, day: str = "2026-11-03", network: str = "bluesky", **more: str
) -> Row:
    return row("native", metric, value, day, network=network, **more)  # type: ignore[arg-type]


def publish(store: SqliteStore, native_id: str, **counters: int) -> None:
    """Acme publishes something on Tuesday, and its counters are read a day later."""
    store.register(BRANDS, [BLUESKY])
    keep(store, [post(native_id, TUESDAY + 3600, own("Acme"), author="Acme.example")], BLUESKY)
    reading = Reading(native_id, TUESDAY + 90_000, counters)
    store.commit(Kept(BLUESKY, [], readings=[reading], at=TUESDAY))


def by_network(store: SqliteStore, name: str) -> dict[str | None, KpiValue]:
    ask = Ask(WEEK, WEEK.until, UTC, BRANDS, only=("Acme",), by=("source",))
    return {value.source: value for value in compute(store, [KPIS[name]], ask)}


# Followers


def test_a_snapshot_of_each_day_makes_followers_and_their_growth(store: SqliteStore) -> None:
    tell(store, followed(1000, "2026-11-02"), followed(1100, "2026-11-08"))
    found = told(store, "followers")
    assert (found.value, found.more["day"]) == (1100, "2026-11-08")
    assert told(store, "audience_growth").value == 0.1


def test_the_last_snapshot_of_a_day_stands(store: SqliteStore) -> None:
    tell(store, followed(1000))
    tell(store, followed(1001))
    assert told(store, "followers").value == 1001
    assert store.rows("SELECT count(*) FROM measures") == [(1,)]


def test_nobody_believes_a_figure_that_is_no_count(store: SqliteStore) -> None:
    tell(store, *(followed(value) for value in (float("inf"), float("nan"), -1, 1e15)))
    assert store.rows("SELECT count(*) FROM measures") == [(0,)]


@pytest.mark.parametrize("account", ["", "acme.example", "@Acme.Example", "acme"])
@pytest.mark.parametrize("first", ["export", "snapshot"])
def test_an_export_of_the_same_day_counts_and_the_snapshot_does_not(
    store: SqliteStore, account: str, first: str
) -> None:
    if first == "snapshot":
        tell(store, followed(1000))
    bring(store, exported("followers", 990, account=account))
    tell(store, followed(1000))
    found = told(store, "followers")
    assert (found.value, found.more["accounts"]) == (990, 1)


def test_days_that_the_export_lacks_are_those_of_snapshots(store: SqliteStore) -> None:
    bring(store, exported("followers", 990, account="acme"))
    tell(store, followed(1000), followed(1089, "2026-11-05"))
    found = told(store, "audience_growth")
    assert (found.more["start"], found.more["end"], found.value) == (990, 1089, 0.1)
    assert told(store, "followers").more["accounts"] == 1


def test_what_exports_know_under_another_name_is_not_counted_twice(store: SqliteStore) -> None:
    bring(store, exported("followers", 990, account="The Acme Company"))
    tell(store, followed(1000))
    assert told(store, "followers").value == 990


def test_an_export_of_another_network_hides_nothing(store: SqliteStore) -> None:
    bring(store, exported("followers", 5, network="instagram"))
    tell(store, followed(1000))
    found = by_network(store, "followers")
    assert (found["bluesky"].value, found["instagram"].value) == (1000, 5)


def test_followers_of_two_networks_are_never_summed(store: SqliteStore) -> None:
    tell(store, followed(1000))
    tell(store, followed(200, network="mastodon"), source=MASTODON)
    found = told(store, "followers")
    assert found.value is None
    assert found.reason == "audiences of several networks are not added up: ask by source"
    assert found.more["parts"] == {"bluesky": 1000, "mastodon": 200}


def test_competitors_have_followers_and_so_a_share_of_them(store: SqliteStore) -> None:
    tell(store, followed(300), followed(100, brand="Bolt"))
    assert told(store, "share_of_voice.followers").value == 0.75


# Own posts


def test_own_posts_are_those_whose_counters_were_read(store: SqliteStore) -> None:
    tell(store, followed(1000))
    publish(store, "at://did/app.bsky.feed.post/3aaa", likes=18, reposts=4, quotes=2, replies=2)
    publish(store, "at://did/app.bsky.feed.post/3bbb", likes=8, reposts=0, replies=2)
    assert told(store, "applause_rate.posts").value == 13
    assert told(store, "amplification_rate.posts").value == 3
    assert told(store, "conversation_rate.posts").value == 2
    assert told(store, "applause_rate.followers").value == 0.026
    found = told(store, "engagement_rate.followers")
    assert (found.value, found.n, found.more["components"]) == (0.015, 2, ["likes", "comments"])
    assert told(store, "saves").value is None


def test_the_newest_reading_of_each_counter_stands(store: SqliteStore) -> None:
    publish(store, "a", likes=1, reposts=3)
    later = Reading("a", TUESDAY + 700_000, {"likes": 5})
    store.commit(Kept(BLUESKY, [], readings=[later], at=TUESDAY))
    assert told(store, "applause_rate.posts").value == 5
    assert told(store, "amplification_rate.posts").value == 3


def test_answers_are_no_publications(store: SqliteStore) -> None:
    publish(store, "a", likes=10)
    keep(store, [post("b", TUESDAY + 7200, own("Acme"), in_reply_to="question")], BLUESKY)
    store.commit(Kept(BLUESKY, [], readings=[Reading("b", TUESDAY + 9000, {"likes": 0})], at=TUESDAY))
    assert told(store, "applause_rate.posts").value == 10


@pytest.mark.parametrize("item", ["at://did/app.bsky.feed.post/3aaa", "3aaa", "3AAA"])
@pytest.mark.parametrize("account", ["", "acme"])
def test_a_post_that_an_export_tells_is_not_read_as_well(store: SqliteStore, item: str, account: str) -> None:
    publish(store, "at://did/app.bsky.feed.post/3aaa", likes=18, replies=7)
    publish(store, "at://did/app.bsky.feed.post/3bbb", likes=8)
    bring(store, exported("likes", 20, item=f"post:{item}", account=account))
    assert told(store, "applause_rate.posts").value == 14
    assert told(store, "conversation_rate.posts").value is None


def test_what_an_export_tells_of_the_account_is_not_added_to_what_was_read_of_posts(
    store: SqliteStore,
) -> None:
    tell(store, followed(1000))
    publish(store, "a", likes=18)
    bring(store, exported("likes", 100, account="acme"))
    found = told(store, "applause_rate.followers")
    assert (found.value, found.more["basis"]) == (0.1, "account")


def test_own_posts_of_a_competitor_and_of_other_days_are_not_among_them(store: SqliteStore) -> None:
    publish(store, "a", likes=10)
    keep(store, [post("b", WEEK.until, own("Acme"))], BLUESKY)
    keep(store, [post("c", TUESDAY, own("Bolt"), author="bolt.example")], BLUESKY)
    readings = [Reading(name, WEEK.until + 60, {"likes": 99}) for name in ("b", "c")]
    store.commit(Kept(BLUESKY, [], readings=readings, at=TUESDAY))
    assert told(store, "applause_rate.posts").value == 10


def test_views_of_a_video_are_no_impressions(store: SqliteStore) -> None:
    publish(store, "a", views=70)
    assert told(store, "impressions").value == 70
    youtube = Source("youtube", "youtube")
    keep(store, [post("v", TUESDAY, own("Acme"), author="acme.example")], youtube)
    store.commit(Kept(youtube, [], readings=[Reading("v", TUESDAY + 60, {"views": 900})], at=TUESDAY))
    assert told(store, "impressions").value == 70


# Stars


def stars(day: str, **counts: int) -> list[BrandFigure]:
    return [
        BrandFigure("Acme", "stars", day, n, "appstore", "app/us", star.removeprefix("s"))
        for star, n in counts.items()
    ]


def test_stars_that_a_source_counts_are_stars(store: SqliteStore) -> None:
    tell(store, *stars("2026-11-03", s5=3, s1=1))
    found = told(store, "star_rating")
    assert (found.value, found.n) == (4, 4)


def test_a_file_that_tells_a_day_of_stars_is_preferred(store: SqliteStore) -> None:
    bring(store, row("reviews", "stars", 2, network="appstore", item="5", account="app/us"))
    tell(store, *stars("2026-11-03", s5=3, s1=1), *stars("2026-11-04", s2=2))
    found = told(store, "star_rating")
    assert (found.value, found.n) == (3.5, 4)


# Awareness


def news(matching: float | None, monitored: float | None, day: str = "2026-11-03") -> list[BrandFigure]:
    numbers = {"articles_matching": matching, "articles_monitored": monitored}
    return [BrandFigure("Acme", name, day, n, "gdelt") for name, n in numbers.items() if n is not None]


def test_a_share_of_news_is_of_days_that_tell_both(store: SqliteStore) -> None:
    tell(store, *news(10, 1000), *news(50, None, "2026-11-04"), *news(None, 9000, "2026-11-05"))
    found = told(store, "share_of_news")
    assert (found.value, found.n, found.more["articles_matching"]) == (0.01, 1000, 10)


def test_a_share_of_no_news_is_null(store: SqliteStore) -> None:
    tell(store, *news(0, 0))
    assert told(store, "share_of_news").reason == "no articles monitored"
    assert told(store, "awareness.page_views").reason == "no page_views in what sources told"


def test_a_share_without_a_day_that_tells_both_is_null(store: SqliteStore) -> None:
    tell(store, *news(5, None), *news(None, 90, "2026-11-04"))
    assert told(store, "share_of_news").reason == "no day tells both articles_matching and articles_monitored"


def test_a_source_without_posts_is_not_missed_in_mentions(store: SqliteStore) -> None:
    wikipedia = Source("wikipedia", "wikipedia")
    store.register(BRANDS, [BLUESKY, wikipedia])
    views = BrandFigure("Acme", "page_views", "2026-11-03", 900, "wikipedia", "", "en:Acme")
    store.commit(Kept(wikipedia, [], figures=[views], at=TUESDAY))
    assert told(store, "mentions").left_out == ("bluesky",)
    assert set(by_network(store, "mentions")) == {"bluesky"}
    found = by_network(store, "awareness.page_views")
    assert {name: value.value for name, value in found.items() if value.value} == {"wikipedia": 900}
