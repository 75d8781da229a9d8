"""Followers, what is seen, and what people do with own posts: each denominator apart, each trap, each reason."""

from __future__ import annotations

import pytest
from bringing import WEEK, Row, all_told, at, bring, row, told

from storage.calendar import Window
from storage.sqlite import SqliteStore


def own(metric: str, value: float, day: str = "2026-11-03", network: str = "instagram", **more: str) -> Row:
    return row("native", metric, value, day, network=network, **more)  # type: ignore[arg-type]


def post(
    number: int, day: str = "2026-11-03", network: str = "instagram", account: str = "", **metrics: float
) -> list[Row]:
    return [own(name, n, day, network, item=f"post:{number}", account=account) for name, n in metrics.items()]


# Followers


def test_followers_are_a_level_and_not_a_sum(store: SqliteStore) -> None:
    bring(
        store, own("followers", 900), own("followers", 950, "2026-11-05"), own("followers", 940, "2026-11-07")
    )
    found = told(store, "followers")
    assert (found.value, found.more["day"]) == (940, "2026-11-07")


def test_followers_of_the_eve_alone_are_none_of_the_window(store: SqliteStore) -> None:
    bring(store, own("followers", 900, "2026-11-01"), own("likes", 1))
    found = told(store, "followers")
    assert (found.value, found.reason) == (None, "no followers in what was imported of native")


def test_an_account_that_was_counted_on_the_eve_alone_is_left_out(store: SqliteStore) -> None:
    bring(store, own("followers", 900, "2026-11-01", account="de"), own("followers", 50, account="es"))
    found = told(store, "followers")
    assert (found.value, found.more["accounts"]) == (50, 1)


def test_accounts_of_one_network_are_added_up_and_counted(store: SqliteStore) -> None:
    bring(store, own("followers", 900, account="es"), own("followers", 50, account="de"))
    found = told(store, "followers")
    assert (found.value, found.more["accounts"]) == (950, 2)


def test_growth_starts_on_the_eve_or_on_the_first_day_that_was_counted(store: SqliteStore) -> None:
    bring(store, own("followers", 1000, "2026-11-03"), own("followers", 1100, "2026-11-08"))
    found = told(store, "audience_growth")
    assert (found.value, found.more["start_day"], found.more["end_day"]) == (0.1, "2026-11-03", "2026-11-08")
    bring(store, own("followers", 880, "2026-11-01"))
    found = told(store, "audience_growth")
    assert (found.value, found.more["start_day"], found.n) == (0.25, "2026-11-01", 880)


def test_the_two_denominators_of_growth_differ_and_each_has_its_name(store: SqliteStore) -> None:
    bring(store, own("followers", 100, "2026-11-01"), own("followers", 200, "2026-11-08"))
    assert (told(store, "audience_growth").value, told(store, "audience_growth.total").value) == (1.0, 0.5)


def test_growth_from_none_is_undefined_and_its_change_is_told(store: SqliteStore) -> None:
    bring(store, own("followers", 0, "2026-11-01"), own("followers", 40, "2026-11-08"))
    found = told(store, "audience_growth")
    assert (found.value, found.reason, found.more["change"]) == (None, "no followers at the start", 40)
    assert told(store, "audience_growth.total").value == 1.0


def test_growth_to_none_is_undefined_of_the_end(store: SqliteStore) -> None:
    bring(store, own("followers", 40, "2026-11-01"), own("followers", 0, "2026-11-08"))
    found = told(store, "audience_growth.total")
    assert (found.value, found.reason, found.more["change"]) == (None, "no followers at the end", -40)
    assert told(store, "audience_growth").value == -1.0


def test_growth_needs_two_days(store: SqliteStore) -> None:
    bring(store, own("followers", 40))
    found = told(store, "audience_growth")
    assert (found.value, found.reason) == (None, "followers of one day only")


def test_followers_gained_and_lost_tell_the_change_and_no_growth(store: SqliteStore) -> None:
    bring(store, own("followers_gained", 12), own("followers_lost", 5))
    found = told(store, "audience_growth")
    assert (found.value, found.more["change"]) == (None, 7)
    assert found.reason == "no followers in what was imported of native"
    assert "change" not in told(store, "audience_growth", Window(at("2026-11-04"), WEEK.until)).more


def test_quality_holds_interactions_against_followers_in_both_periods(store: SqliteStore) -> None:
    bring(store, own("followers", 100, "2026-10-27"), *post(1, "2026-10-27", likes=10))
    bring(store, own("followers", 200), *post(2, likes=10))
    found = told(store, "follower_quality")
    assert (found.value, found.more["before"], found.more["followers_before"]) == (0.05, 0.1, 100)
    assert "heuristic" in found.more


def test_quality_without_a_period_before_is_told_all_the_same(store: SqliteStore) -> None:
    bring(store, own("followers", 200), *post(2, likes=10))
    assert (told(store, "follower_quality").value, told(store, "follower_quality").more["before"]) == (
        0.05,
        None,
    )


def test_quality_of_nobody_or_of_no_posts_is_null(store: SqliteStore) -> None:
    bring(store, own("followers", 0), *post(2, likes=10))
    assert told(store, "follower_quality").reason == "no followers"
    bring(
        store, own("followers", 5, "2026-11-05"), own("posts", 0, "2026-11-05"), own("likes", 0, "2026-11-05")
    )
    assert told(store, "follower_quality", Window(at("2026-11-05"), WEEK.until)).reason == "no own posts"


# Audience


def test_shares_of_an_audience_are_those_of_the_last_day_that_told_them(store: SqliteStore) -> None:
    bring(
        store,
        *(own("audience", n, "2026-11-03", item=f"age:{group}") for group, n in (("a", 0.9), ("b", 0.1))),
    )
    bring(
        store, *(own("audience", n, "2026-11-04", item=f"age:{group}") for group, n in (("a", 30), ("b", 70)))
    )
    bring(store, own("audience", 8, "2026-11-04", item="gender:f"))
    found = told(store, "demographics.age")
    assert (found.value, found.more["largest"], found.more["groups"]) == (0.7, "b", {"a": 0.3, "b": 0.7})


def test_shares_that_are_told_as_such_are_not_made_to_add_up_to_one(store: SqliteStore) -> None:
    bring(store, row("native", "audience", 0.2, network="x", item="city:Girona", unit="ratio"))
    assert told(store, "demographics.city").value == 0.2


def test_shares_of_two_accounts_are_not_added_up(store: SqliteStore) -> None:
    for account in ("es", "de"):
        bring(
            store, row("native", "audience", 0.2, network="x", account=account, item="city:A", unit="ratio")
        )
    assert told(store, "demographics.city").reason == "shares of several accounts are not added up"


def test_an_audience_by_other_groups_says_nothing_of_these(store: SqliteStore) -> None:
    bring(store, own("audience", 0, item="age:a"))
    assert told(store, "demographics.gender").reason == "no gender in what was imported of native"
    assert told(store, "demographics.age").reason == "nobody in the audience that was imported"


# Reach and impressions


def test_the_reach_of_days_is_not_added_up_but_bounded(store: SqliteStore) -> None:
    bring(store, own("reach", 100), own("reach", 70, "2026-11-04"))
    found = told(store, "reach")
    assert (found.value, found.reason) == (None, "the reach of several days is not added up")
    assert (found.more["low"], found.more["high"]) == (100, 170)
    assert [one.value for one in all_told(store, "reach", by=("day",))] == [
        None,
        100,
        70,
        None,
        None,
        None,
        None,
    ]


def test_the_reach_of_posts_is_no_reach_of_the_account(store: SqliteStore) -> None:
    bring(store, *post(1, reach=100), *post(2, reach=300, impressions=5))
    assert told(store, "reach").reason == "no reach of the account in what was imported of native"
    assert (told(store, "post_reach").value, told(store, "post_reach").more["highest"]) == (200, 300)


def test_posts_without_reach_have_none(store: SqliteStore) -> None:
    bring(store, *post(1, likes=3))
    assert told(store, "post_reach").reason == "no reach of single posts in what was imported of native"
    bring(store, own("followers", 10))
    assert told(store, "post_reach_rate").reason == "no own posts with reach and followers"


def test_impressions_of_the_account_go_before_those_of_its_posts(store: SqliteStore) -> None:
    bring(store, *post(1, impressions=5), *post(2, impressions=7))
    assert (told(store, "impressions").value, told(store, "impressions").more["basis"]) == (12, "posts")
    bring(store, own("impressions", 40))
    assert (told(store, "impressions").value, told(store, "impressions").more["basis"]) == (40, "account")


def test_sessions_from_social_are_of_the_two_groups_only(store: SqliteStore) -> None:
    groups = {"Organic Social": 12, "Paid Social": 4, "Organic Video": 9, "Referral": 15}
    bring(store, *(row("ga4", "sessions", n, item=group) for group, n in groups.items()))
    found = told(store, "sessions_from_social")
    assert (found.value, found.n, found.more["share"]) == (16, 40, 0.4)
    assert found.more["groups"] == {"Organic Social": 12, "Paid Social": 4}


def test_the_social_media_of_universal_analytics_are_one_group(store: SqliteStore) -> None:
    bring(store, row("ga4", "sessions", 12, item="Social"), row("ga4", "sessions", 4, item="Referral"))
    found = told(store, "sessions_from_social")
    assert (found.value, found.more["groups"]) == (12, {"Social": 12})


def test_no_session_from_social_is_zero_where_channels_are_told(store: SqliteStore) -> None:
    bring(store, row("ga4", "sessions", 9, item="Direct"))
    assert told(store, "sessions_from_social").value == 0


def test_without_channels_nobody_knows_who_came_from_social(store: SqliteStore) -> None:
    bring(store, row("ga4", "sessions", 9))
    found = told(store, "sessions_from_social")
    assert (found.value, found.reason) == (None, "no channel groups in what was imported of ga4")


# Engagement


def test_what_is_done_is_added_up_over_networks_each_on_its_own_basis(store: SqliteStore) -> None:
    bring(
        store,
        own("saves", 5),
        *post(1, saves=4),
        *post(2, network="x", saves=30),
        own("likes", 1, network="tiktok"),
    )
    found = told(store, "saves")
    assert (found.value, found.more["parts"]) == (35, {"instagram": 5, "tiktok": None, "x": 30})
    assert found.more["basis"] == "account and posts"


def test_a_ratio_never_takes_the_account_above_and_its_posts_below(store: SqliteStore) -> None:
    bring(store, own("shares", 500), *post(1, shares=3, impressions=100), *post(2, shares=1, impressions=100))
    found = told(store, "virality_rate")
    assert (found.value, found.more["basis"]) == (0.02, "posts")


def test_numbers_that_no_network_tells_together_give_no_ratio(store: SqliteStore) -> None:
    bring(store, own("shares", 500), *post(1, impressions=100))
    found = told(store, "virality_rate")
    assert found.value is None
    assert found.reason == "shares and impressions are not told together in what was imported of native"
    assert told(store, "saves").reason == "no saves in what was imported of native"
    assert told(store, "amplification_rate.posts").reason == "no posts in what was imported of native"
    assert told(store, "follower_quality").reason == "no posts in what was imported of native"
    bring(store, own("posts", 1, "2026-11-04"))
    assert (
        told(store, "follower_quality").reason
        == "no likes or comments or saves in what was imported of native"
    )


def test_a_post_counts_once_with_what_was_counted_last(store: SqliteStore) -> None:
    bring(
        store, *post(1, "2026-11-03", likes=5, comments=1), *post(1, "2026-11-05", likes=9), *post(2, likes=1)
    )
    found = told(store, "applause_rate.posts")
    assert (found.value, found.more["likes"], found.more["posts"]) == (5, 10, 2)


def test_each_denominator_of_engagement_has_its_name_and_its_value(store: SqliteStore) -> None:
    bring(store, own("followers", 1000), *post(1, likes=8, comments=1, saves=1, reach=200, impressions=500))
    values = {of: told(store, f"engagement_rate.{of}").value for of in ("followers", "reach", "impressions")}
    assert values == {"followers": 0.01, "reach": 0.05, "impressions": 0.02}


def test_engagement_is_a_mean_over_posts_and_not_a_ratio_of_sums(store: SqliteStore) -> None:
    bring(store, *post(1, likes=50, reach=100), *post(2, likes=10, reach=1000))
    found = told(store, "engagement_rate.reach")
    assert (found.value, found.n) == (pytest.approx((0.5 + 0.01) / 2), 2)


def test_engagement_says_what_it_counted_and_what_it_left_out(store: SqliteStore) -> None:
    bring(store, *post(1, likes=5, shares=90, reach=100), *post(2, likes=5), *post(3, likes=5, reach=0))
    found = told(store, "engagement_rate.reach")
    assert (found.value, found.more["components"]) == (0.05, ["likes"])
    assert (found.more["posts"], found.more["posts_left_out"]) == (1, 2)


def test_engagement_without_posts_or_interactions_is_null(store: SqliteStore) -> None:
    bring(store, own("likes", 50), own("reach", 100), own("followers", 10))
    assert told(store, "engagement_rate.reach").reason == "no single posts in what was imported of native"
    bring(store, *post(1, reach=5))
    assert (
        told(store, "engagement_rate.reach").reason
        == "no own posts with likes or comments or saves, and reach"
    )


def test_a_post_is_held_against_the_followers_of_its_own_account(store: SqliteStore) -> None:
    bring(store, own("followers", 100, account="es"), own("followers", 1000, account="de"))
    bring(
        store,
        *post(1, account="es", likes=10),
        *post(2, account="de", likes=10),
        *post(3, account="fr", likes=10),
    )
    found = told(store, "engagement_rate.followers")
    assert (found.value, found.n) == (pytest.approx((0.1 + 0.01) / 2), 2)


def test_a_file_of_followers_that_names_no_account_means_the_only_one(store: SqliteStore) -> None:
    bring(store, own("followers", 100), *post(1, account="acme", likes=10))
    assert told(store, "engagement_rate.followers").value == 0.1


@pytest.mark.parametrize(
    ("rate", "metric"), [("amplification_rate", "shares"), ("conversation_rate", "comments")]
)
def test_per_follower_and_per_post_are_two_things(store: SqliteStore, rate: str, metric: str) -> None:
    bring(store, own("followers", 1000), *post(1, **{metric: 30}), *post(2, **{metric: 20}))
    per_follower, per_post = told(store, f"{rate}.followers"), told(store, f"{rate}.posts")
    assert (per_follower.value, per_follower.unit, per_follower.n) == (0.05, "ratio", 1000)
    assert (per_post.value, per_post.unit, per_post.n) == (25, f"{metric} per post", 2)


def test_applause_counts_saves_per_follower_where_they_are_told(store: SqliteStore) -> None:
    bring(store, own("followers", 100), own("likes", 10))
    assert told(store, "applause_rate.followers").value == 0.1
    bring(store, own("saves", 5))
    assert told(store, "applause_rate.followers").value == 0.15


@pytest.mark.parametrize("kpi", ["amplification_rate.followers", "applause_rate.followers"])
def test_a_rate_of_no_followers_is_null(store: SqliteStore, kpi: str) -> None:
    bring(store, own("followers", 0), own("likes", 10), own("shares", 10))
    assert (told(store, kpi).value, told(store, kpi).reason) == (None, "no followers")


def test_a_rate_of_no_posts_or_no_impressions_is_null(store: SqliteStore) -> None:
    bring(
        store,
        own("posts", 0),
        own("likes", 0),
        own("shares", 0),
        own("impressions", 0),
        own("link_clicks", 0),
    )
    assert told(store, "applause_rate.posts").reason == "no own posts"
    assert told(store, "virality_rate").reason == "no impressions"
    assert told(store, "ctr.native").reason == "no impressions"
