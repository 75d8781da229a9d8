"""What a message about an alert says, for every KPI and event; and that posts' texts come in only when it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pages import BRANDS, HACKERNEWS, page, post

from alerts import judging
from alerts.kpi_names import name_of
from alerts.language import Language
from alerts.message import Message
from alerts.rules import Look, Rule, RuleOptions, parse_condition
from alerts.telling import amount, span, to_send
from storage import outbox
from storage.kpi import CARD, KPIS
from storage.outbox import OutboxRow
from storage.sqlite import SqliteStore

MADRID = ZoneInfo("Europe/Madrid")
NOW = 1_790_000_000
HOUR = 3600
WHEN = {
    "mentions": ("mentions > 1000", 1234, "above 1\u202f000", "mentions 1\u202f234"),
    "share_of_voice": ("share_of_voice < 10%", 0.05, "below 10.0 %", "share of voice 5.0 %"),
    "positive_mentions": ("positive_mentions <= 3", 2, "at or below 3", "positive mentions 2"),
    "positive_growth": (
        "positive_growth < -50%",
        -0.6,
        "below \u221250.0 %",
        "growth of positive mentions \u221260.0 %",
    ),
    "positive_share": ("positive_share < 0.1", 0.05, "below 10.0 %", "positive share 5.0 %"),
    "negative_share": ("negative_share >= 40%", 0.463, "at or above 40.0 %", "negative share 46.3 %"),
    "net_sentiment": ("net_sentiment < -0.2", -0.3, "below \u22120.20", "net sentiment \u22120.30"),
    "first_response_time": ("first_response_time > 2h", 9000, "above 2h", "first response time 2h 30m"),
    "share_of_voice.authors": (
        "share_of_voice.authors < 10%",
        0.05,
        "below 10.0 %",
        "share of voice (authors) 5.0 %",
    ),
    "mentions.direct": ("mentions.direct > 5", 6, "above 5", "mentions (direct) 6"),
    "negative_growth": ("negative_growth > 50%", 0.6, "above +50.0 %", "negative growth +60.0 %"),
    "influencers.tier1": ("influencers.tier1 >= 1", 2, "at or above 1", "influencers (tier1) 2"),
    "engagement_per_post": ("engagement_per_post > 9.5", 11.25, "above 9.50", "engagement per post 11.25"),
    "cpc": ("cpc > 1.50", 2.345, "above 1.50 EUR", "CPC 2.35 EUR"),
    "nps": ("nps < 0.2", -0.05, "below +20", "NPS \u22125"),
    "roi": ("roi < 0", -0.1, "below 0.0 %", "ROI \u221210.0 %"),
    "followers": ("followers < 1000", 990, "below 1\u202f000", "followers 990"),
    "engagement_rate.reach": (
        "engagement_rate.reach < 2%",
        0.01,
        "below 2.0 %",
        "engagement rate (reach) 1.0 %",
    ),
    "star_rating": ("star_rating < 4", 3.5, "below 4", "star rating 3.50"),
    "cost_per_lead.crm": (
        "cost_per_lead.crm > 100",
        1234.5,
        "above 100.00 EUR",
        "cost per lead (CRM) 1\u202f234.50 EUR",
    ),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    opened.register(BRANDS, [HACKERNEWS])
    yield opened
    opened.close()


def row(kpi: str, kind: str, **changes: object) -> OutboxRow:
    when, value, _, _ = WHEN[kpi]
    condition = parse_condition(when)
    numbers: dict[str, object] = {
        "kpi": kpi,
        "op": condition.op,
        "threshold": condition.number,
        "unit": "EUR" if KPIS[kpi].unit == "currency" else KPIS[kpi].unit,
        "over": HOUR,
        "min_n": 20,
        "value": None if kind == "expired" else value,
        "n": None if kind == "expired" else 54,
        "since": NOW - HOUR,
        "until": NOW,
        "fired_at": NOW - 2 * HOUR,
        "cooldown": 6 * HOUR,
        "expire": 3 * HOUR,
        "heard": [["hackernews", 3600, 3600]],
        "left_out": ["feed:dead"],
        "rule": "watch",
        "brand": "Acme",
        "kind": kind,
        "at": NOW,
        **changes,
    }
    return OutboxRow(1, "alert-1", "console", "alert", numbers, (), NOW, 1)


def say(
    store: SqliteStore, kpi: str, kind: str, link: str | None = "https://listener.example/", **changes: object
) -> Message:
    made = to_send(row(kpi, kind, **changes), store, MADRID, link)
    assert isinstance(made, Message)
    return made


def test_every_kpi_is_told_here() -> None:
    assert set(CARD) <= set(WHEN)


@pytest.mark.parametrize("kpi", list(WHEN))
def test_what_fired_is_told_with_its_value_and_its_limit(store: SqliteStore, kpi: str) -> None:
    said = say(store, kpi, "fired")
    _, _, limit, title = WHEN[kpi]
    assert said.title == f"Acme: {title}"
    assert said.summary.startswith("The ")
    assert " of Acme over the last 1h " in said.summary
    assert said.summary.endswith(f", {limit}.")
    assert said.footer.startswith(f"Resolves when the value is no longer {limit}")
    assert "stays silent for 6h" in said.footer
    facts = {fact.name: fact.value for fact in said.facts}
    assert set(facts) == {"Rule", "Now", "Window", "Heard", "Not heard"}
    assert facts["Now"].endswith("(n = 54)")
    assert facts["Heard"] == "hackernews throughout"
    assert facts["Not heard"] == "feed:dead"
    assert said.link == "https://listener.example/"


@pytest.mark.parametrize("kpi", list(WHEN))
def test_what_resolved_says_that_the_limit_is_no_longer_met_and_how_long_it_was(
    store: SqliteStore, kpi: str
) -> None:
    said = say(store, kpi, "resolved")
    assert said.title.startswith("Resolved: Acme: ")
    assert f" and no longer {WHEN[kpi][2]}." in said.summary
    fired = next(fact.value for fact in said.facts if fact.name == "Fired")
    assert fired.endswith(", 2h ago")


@pytest.mark.parametrize("kpi", list(WHEN))
def test_what_expired_says_too_little_data_and_claims_nothing(store: SqliteStore, kpi: str) -> None:
    said = say(store, kpi, "expired")
    assert said.title.startswith("Expired: Acme: too little data on ")
    assert said.summary.startswith("Expired: too little data.")
    assert "for 3h" in said.summary
    assert f"still {WHEN[kpi][2]}" in said.summary
    assert "no value" not in said.summary
    assert "Now" not in {fact.name for fact in said.facts}


def test_plural_names_get_a_plural_verb(store: SqliteStore) -> None:
    assert "The mentions of Acme over the last 1h are 1\u202f234" in say(store, "mentions", "fired").summary
    assert "The negative share of Acme over the last 1h is 46.3 %" in (
        say(store, "negative_share", "fired").summary
    )
    assert "its positive mentions are still" in say(store, "positive_mentions", "expired").summary


def test_the_numbers_for_programs_are_plain_ratios_and_utc(store: SqliteStore) -> None:
    data = say(store, "negative_share", "fired").data
    assert data is not None
    assert (data["value"], data["threshold"], data["n"], data["unit"]) == (0.463, 0.4, 54, "ratio")
    assert data["until"] == "2026-09-21T14:13:20Z"
    assert data["heard"] == [{"source": "hackernews", "heard_seconds": 3600, "asked_seconds": 3600}]


def test_times_for_people_are_in_the_configured_zone(store: SqliteStore) -> None:
    said = say(store, "negative_share", "fired")
    assert said.at == "2026-09-21T16:13:20+02:00"
    window = next(fact.value for fact in said.facts if fact.name == "Window")
    assert window == "Mon 21 Sep, 15:13 to 16:13"
    late = 1_790_028_000  # Tuesday at midnight
    assert Language.of("en").window(late - 3_600, late, MADRID) == "Mon 21 Sep, 23:00 to Tue 22 Sep, 00:00"
    persian = Language.of("fa").window(late - 7_200, late - 60, MADRID)
    assert persian.endswith(" ۲۲:۰۰ تا ۲۳:۵۹") and persian.count("شهریور") == 1


def test_without_a_minimum_none_is_told_and_without_a_link_there_is_none(store: SqliteStore) -> None:
    said = say(store, "mentions", "fired", None, min_n=0, left_out=[], heard=[])
    assert "at least" not in said.footer
    assert said.link is None
    assert {fact.name for fact in said.facts} == {"Rule", "Now", "Window"}


def test_the_texts_of_posts_are_put_in_when_it_is_sent_and_what_was_erased_stays_away(
    store: SqliteStore,
) -> None:
    posts = [
        post("1", NOW - 9, "negative", text="The xylophone broke", author="ann", url="https://x.example/1"),
        post("2", NOW - 8, "negative", text="A zeppelin fell"),
    ]
    store.commit(page(posts, (NOW - 86_400, NOW)))
    options = RuleOptions.model_validate({"name": "angry", "when": "negative_share > 0.4", "min_n": 1})
    found = judging.look(Look(store, BRANDS, MADRID, NOW), [Rule.of(options, "Acme")])
    with store.writing() as db:
        judging.write(db, found, NOW)
    written = repr(
        store.rows("SELECT * FROM outbox")
        + store.rows("SELECT * FROM alert_events")
        + store.rows("SELECT * FROM alert_states")
    )
    for word in ("xylophone", "zeppelin", "ann", "x.example"):
        assert word not in written
    with store.writing() as db:
        claimed = outbox.claim(db, "console", NOW)
    assert claimed is not None
    said = to_send(claimed, store, MADRID, None)
    assert isinstance(said, Message)
    assert {quote.text for quote in said.quotes} == {"The xylophone broke", "A zeppelin fell"}
    told = next(quote for quote in said.quotes if quote.author)
    assert (told.author, told.source, told.url, told.label) == (
        "ann",
        "hackernews",
        "https://x.example/1",
        "negative",
    )
    with store.writing() as db:
        db.run("DELETE FROM mentions WHERE post_id = (SELECT id FROM posts WHERE native_id = '1')")
        db.run("DELETE FROM turns")
        db.run("DELETE FROM posts WHERE native_id = '1'")
    again = to_send(claimed, store, MADRID, None)
    assert isinstance(again, Message)
    assert [quote.text for quote in again.quotes] == ["A zeppelin fell"]
    store.commit(replace(page([], (NOW, NOW + 1)), deleted=["2"]))
    last = to_send(claimed, store, MADRID, None)
    assert isinstance(last, Message)
    assert last.quotes == ()


def test_a_test_message_says_that_it_is_one(store: SqliteStore) -> None:
    made = to_send(OutboxRow(1, "test-1", "console", "test", {}, (), NOW, 1), store, MADRID, None)
    assert isinstance(made, Message)
    assert (made.kind, made.key, made.title) == ("test", "test-1", "Listener: this is a test")
    assert (len(made.quotes), made.severity, made.chart is not None) == (3, "info", True)
    assert "invented" in made.summary


@pytest.mark.parametrize(
    ("value", "unit", "kpi", "text"),
    [
        (None, "ratio", "negative_share", "no value"),
        (0.4, "ratio", "negative_share", "40.0 %"),
        (0, "mentions", "mentions", "0"),
        (7200, "seconds", "first_response_time", "2h"),
        (0.0, "seconds", "first_response_time", "0s"),
        (-0.3, "ratio", "net_sentiment", "\u22120.30"),
    ],
)
def test_amounts(value: float | None, unit: str, kpi: str, text: str) -> None:
    assert amount(value, unit, kpi) == text


@pytest.mark.parametrize(
    ("kpi", "interval", "told"),
    [
        ("negative_share", [0.35, 0.57], "about 46 % (35 to 57 %)"),
        ("net_sentiment", [-0.5, 0.1], "about \u22120.30 (\u22120.50 to +0.10)"),
    ],
)
def test_an_estimate_is_told_with_what_it_may_be(
    store: SqliteStore, kpi: str, interval: list[float], told: str
) -> None:
    said = say(store, kpi, "fired", method="adjusted", raw_value=0.5, interval=interval)
    assert f" is {told}, {WHEN[kpi][2]}." in said.summary
    assert next(fact.value for fact in said.facts if fact.name == "Now") == f"{told} (n = 54)"
    assert said.title == f"Acme: {WHEN[kpi][3]}"
    counted = say(store, kpi, "fired", method="raw", raw_value=0.5, interval=None)
    assert "about" not in counted.summary
    # Messages that were written before there were intervals.
    assert "about" not in say(store, kpi, "fired").summary


@pytest.mark.parametrize(
    ("interval", "unit", "kpi", "told"),
    [
        (None, "ratio", "negative_share", ""),
        ([0.1, 0.25], "ratio", "negative_share", "10 to 25 %"),
        ([-0.5, 1.5], "ratio", "positive_growth", "\u221250 to +150 %"),
        ([3, 1_200], "mentions", "positive_mentions", "3 to 1\u202f200"),
    ],
)
def test_spans(interval: list[float] | None, unit: str, kpi: str, told: str) -> None:
    assert span(interval, unit, kpi) == told


@pytest.mark.parametrize(
    ("kpi", "name"),
    [
        ("mentions", "mentions"),
        ("conversion_share.social", "conversion share (social)"),
        ("ctr", "CTR"),
        ("clv.profit", "CLV (profit)"),
        ("bounce_rate.ga4", "bounce rate (GA4)"),
        ("custom.stores.mean", "stores (mean)"),
    ],
)
def test_a_name_is_told_in_words_with_its_variant(kpi: str, name: str) -> None:
    assert name_of(kpi) == name


@pytest.mark.parametrize(
    ("kpi", "interval", "unit", "text"),
    [
        ("csat", [0.6, 0.87], "ratio", "60 to 87 %"),
        ("nps", [0.147, 0.453], "ratio", "+15 to +45"),
        ("star_rating", [4.1, 4.9], "stars", "4.10 to 4.90"),
        ("cpc", [1, 2.5], "EUR", "1.00 EUR to 2.50 EUR"),
    ],
)
def test_an_interval_is_told_in_the_unit_of_its_kpi(
    kpi: str, interval: list[float], unit: str, text: str
) -> None:
    assert span(interval, unit, kpi) == text


@pytest.mark.parametrize(
    ("kpi", "verb"),
    [
        ("mentions.direct", "are"),
        ("influencers.tier1", "are"),
        ("negative_growth", "is"),
        ("followers", "are"),
        ("cpc", "is"),
        ("nps", "is"),
        ("roi", "is"),
    ],
)
def test_what_is_many_are_and_what_is_one_is(store: SqliteStore, kpi: str, verb: str) -> None:
    assert f" of Acme over the last 1h {verb} " in say(store, kpi, "fired").summary
