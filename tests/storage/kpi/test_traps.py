"""The eleven contradictions of the field, one test each: two things that bear one name are two numbers here."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from bringing import MONTH, WEEK, Row, bring, lead, row, told
from keeping import DAY, HOUR, NEWS, T0, keep, names, post, tone, value

from listener.collectors.post import Page, Post
from listener.matching.tagging import TagRule
from listener.pipeline import Pipeline
from sentiment.tone import Text, Tone
from storage.calendar import Window
from storage.kpi import KPIS
from storage.mention import Brand, Kept, Reading
from storage.sqlite import SqliteStore

ACME, BOLT = Brand("Acme", own=True), Brand("Bolt")
MARKET = (ACME, BOLT)
TODAY = (T0, T0 + DAY)


def hear(store: SqliteStore) -> None:
    keep(store, [], heard=(T0 - 60 * DAY, T0 + 60 * DAY))


def native(metric: str, number: float, day: str = "2026-11-03", **more: str) -> Row:
    return row("native", metric, number, day, network="instagram", **more)  # type: ignore[arg-type]


def values_of(store: SqliteStore, *kpis: str, window: Window = WEEK) -> list[float | None]:
    return [told(store, kpi, window).value for kpi in kpis]


def test_trap_1_each_denominator_of_engagement_has_its_own_name(store: SqliteStore) -> None:
    bring(store, native("followers", 1000), native("shares", 40), native("likes", 80), native("posts", 4))
    of_a_post = {"likes": 10, "comments": 5, "shares": 1, "reach": 300, "impressions": 600}
    bring(store, *[native(metric, number, item="post:1") for metric, number in of_a_post.items()])
    rates = [KPIS[f"engagement_rate.{of}"] for of in ("followers", "reach", "impressions")]
    assert values_of(store, *[rate.name for rate in rates]) == [15 / 1000, 15 / 300, 15 / 600]
    assert "engagement_rate" not in KPIS
    for kind, done in (("amplification", 40), ("applause", 80)):
        assert f"{kind}_rate" not in KPIS
        assert values_of(store, f"{kind}_rate.followers", f"{kind}_rate.posts") == [done / 1000, done / 4]


def test_trap_2_share_of_voice_of_people_is_not_that_of_mentions_and_both_are_of_the_market(
    store: SqliteStore,
) -> None:
    hear(store)
    keep(store, [post(f"a{n}", T0, names("Acme"), author="ana") for n in range(9)])
    keep(store, [post("b", T0, names("Bolt"), author="ben")])
    # What is said of others is no part of the set of brands that are compared.
    keep(store, [post(f"z{n}", T0, names("Zap"), author=f"z{n}") for n in range(50)])
    mentions, people = (
        value(store, kpi, TODAY, brands=(*MARKET, Brand("Zap", market="else")))
        for kpi in ("share_of_voice", "share_of_voice.authors")
    )
    assert (mentions.value, mentions.n) == (0.9, 10)
    assert (people.value, people.n) == (0.5, 2)


def test_trap_3_brands_together_have_more_mentions_than_there_are_posts(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post("1", T0, names("Acme"), names("Bolt")), post("2", T0, names("Acme"))])
    counts = [value(store, "mentions", TODAY, brand.name, MARKET).value for brand in MARKET]
    shares = [value(store, "share_of_voice", TODAY, brand.name, MARKET).value for brand in MARKET]
    assert (counts, shares) == ([2, 1], [2 / 3, 1 / 3])
    assert store.rows("SELECT count(*) FROM posts") == [(2,)]


def test_trap_4_growth_names_its_denominator_and_from_nothing_there_is_only_a_change(
    store: SqliteStore,
) -> None:
    bring(store, native("followers", 100, "2026-11-01"), native("followers", 200, "2026-11-08"))
    assert values_of(store, "audience_growth", "audience_growth.total") == [1.0, 0.5]
    hear(store)
    keep(store, [post(str(n), T0, names("Acme", "positive")) for n in range(3)])
    found = value(store, "positive_growth", TODAY)
    assert (found.value, found.reason, found.more["change"]) == (None, "none in the period before", 3)


def test_trap_5_the_bounce_rates_of_ga4_and_universal_analytics_are_two(store: SqliteStore) -> None:
    for day, metric, number in (("03", "engaged_sessions", 60), ("04", "bounced_sessions_ua", 90)):
        bring(store, row("ga4", "sessions", 100, f"2026-11-{day}", item="Direct"))
        bring(store, row("ga4", metric, number, f"2026-11-{day}", item="Direct"))
    assert values_of(store, "bounce_rate.ga4", "bounce_rate.ua") == [0.4, 0.9]
    assert "bounce_rate" not in KPIS


def test_trap_6_what_is_called_conversion_rate_has_a_name_for_each_meaning(store: SqliteStore) -> None:
    bring(store, row("ads", "conversions", 5), row("ads", "clicks", 100))
    bring(
        store, *[row("ga4", "key_events", n, item=of) for of, n in (("Organic Social", 30), ("Direct", 70))]
    )
    bring(store, lead(1, "sql"), lead(2, "sql"), lead(3, "sql"), lead(4, "customer"))
    meanings = ("conversion_rate.clicks", "conversion_share.social", "lead_conversion_rate")
    assert values_of(store, *meanings) == [0.05, 0.3, 0.25]
    assert "conversion_rate" not in KPIS


def test_trap_7_value_is_of_revenue_or_of_profit_and_revenue_is_by_customer_or_by_follower(
    store: SqliteStore,
) -> None:
    books = {"revenue": 1000, "customers_active": 50, "gross_margin": 0.4, "lifetime_months": 10}
    bring(store, *[row("business", metric, n, "2026-11-01") for metric, n in books.items()])
    bring(store, native("followers", 500))
    kpis = ("clv.revenue", "clv.profit", "arpu", "revenue_per_follower")
    assert values_of(store, *kpis, window=MONTH) == pytest.approx([200, 80, 20, 2])
    assert "clv" not in KPIS


def test_trap_8_who_was_reached_is_not_who_might_have_been(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post("1", T0, names("Acme"), author="ana", followers=10_000)])
    bring(store, native("reach", 700, "2023-11-15"))
    ends = ("reach", "potential_reach.low", "potential_reach.high", "potential_reach.theoretical")
    assert [value(store, kpi, TODAY).value for kpi in ends] == [700, 200, 500, 10_000]
    # Never one magic number: an estimate has two ends and says how it came about.
    assert "potential_reach" not in KPIS
    assert "2 % to 5 %" in str(value(store, "potential_reach.low", TODAY).more["how"])


def test_trap_9_what_is_deleted_later_was_reported_and_both_numbers_are_told(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post(str(n), T0, names("Acme"), author="ana", author_id="1") for n in range(5)])
    store.commit(Kept(NEWS, [], deleted=["1", "3"], at=T0 + DAY))
    found = value(store, "mentions.as_now", TODAY)
    assert (found.more["as_reported"], found.value) == (5, 3)
    assert value(store, "mentions", TODAY).value == 5


def test_trap_10_interactions_are_compared_at_equal_age(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post("old", T0 - DAY, names("Acme")), post("new", T0, names("Acme"))])
    for name, at, likes in (
        ("old", T0 - DAY + HOUR, 4),
        ("new", T0 + HOUR, 6),
        ("old", T0 + 36 * HOUR, 40),
    ):
        store.commit(Kept(NEWS, [], readings=[Reading(name, at, {"likes": likes})]))
    found = value(store, "interaction_growth", TODAY, now=T0 + 2 * DAY + 60)
    assert (found.value, found.more["age"]) == (0.5, DAY)
    assert value(store, "likes", (T0 - DAY, T0)).value == 40


class Neutral:
    name = "neutral-1"

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        return [tone("neutral") for _ in texts]


def test_trap_11_a_brand_has_names_by_language_and_what_a_machine_translated_bears_a_flag(
    store: SqliteStore,
) -> None:
    # The articles themselves: machines made "HASHTAGS" and, in Swedish, "Gro" of Sprout Social.
    sprout = (Brand("Sprout", aliases=("HASHTAGS",), aliases_in={"sv": ("Gro",)}),)
    rules = [TagRule("machine-translated", "HASHTAGS OR SMMExpert OR (Gro AND lang:sv)")]
    said = [("1", "Sprout is fine", "en"), ("2", "HASHTAGS is fine", "ca"), ("3", "Gro is fine", "sv")]
    said += [("4", "They gro like weeds", "de")]
    posts = [Post(name, text, T0, language=language) for name, text, language in said]
    store.commit(Pipeline(sprout, Neutral(), rules).keep(Page(posts, None, None), NEWS, T0))
    hear(store)
    assert value(store, "mentions", TODAY, "Sprout", sprout).value == 3
    assert value(store, "mentions", TODAY, "Sprout", sprout, tag="machine-translated").value == 2
