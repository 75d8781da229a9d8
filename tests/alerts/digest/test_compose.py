"""The letter's content: what is said, what is not said where the numbers do not carry it, and the bars."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import sample_letters as samples

from alerts.digest import wording
from alerts.digest.compose import compose
from alerts.digest.content import Digest
from alerts.digest.facts import BrandFacts, DigestFacts, KpiFact, QueryFact, from_json, to_json
from alerts.digest.render import letter


def own(digest: Digest) -> str:
    return digest.summary[0]


def with_kpi(facts: DigestFacts, name: str, kpi: KpiFact) -> DigestFacts:
    first, *rest = facts.brands
    return replace(facts, brands=(replace(first, kpis={**first.kpis, name: kpi}), *rest))


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_facts_survive_the_outbox(name: str) -> None:
    facts = samples.SAMPLES[name][0]()
    assert from_json(json.loads(json.dumps(to_json(facts)))) == facts


def test_the_summary_of_a_full_week() -> None:
    digest = compose(samples.full_week())
    assert own(digest) == (
        "Nordlicht was mentioned 412 times this week, about as often as the week before (374). "
        "That is 34.1 % of what was said about the 4 brands of its market, 2.2 points less than the week before; "
        "Brisa leads with 41.0 %. "
        "Of 380 judged mentions, 46.1 % were positive and 12.1 % negative; "
        "positive mentions rose from 120 to 175 (+45.8 %). "
        "In 51 conversations that waited for its answer, the typical wait was 42m (1h 5m the week before); "
        "86 % were answered."
    )
    assert digest.summary[1].startswith(
        "Not everything was heard (feeds: forum.example and feeds: shop-news.example)"
    )
    assert digest.title == "Week 46: Nordlicht"
    assert digest.subject == "Nordlicht, week 46: 412 mentions (about the same)"
    assert digest.period == "Mon 9 Nov to Sun 15 Nov 2026"
    assert digest.next_letter == "Mon 23 Nov, 08:00"
    assert digest.command == "listener kpi --since 2026-11-09 --until 2026-11-16 --timezone Europe/Madrid"
    assert digest.data["at"] == "2026-11-16T08:00:00+01:00"
    assert digest.data["brands"][0]["kpis"]["positive_share"]["value"] == 175 / 380


def test_estimates_are_told_with_what_they_may_be() -> None:
    facts = samples.full_week()
    for name, interval in (("positive_share", (0.401, 0.52)), ("negative_share", (0.06, 0.18))):
        kpi = facts.brands[0].kpi(name)
        facts = with_kpi(facts, name, replace(kpi, interval=interval))
    said = "about 46 % (40 to 52 %) were positive and about 12 % (6 to 18 %) negative; positive mentions rose"
    assert said in own(compose(facts))
    growth = facts.brands[0].kpi("positive_growth")
    sure = with_kpi(facts, "positive_growth", replace(growth, interval=(0.1, 0.9)))
    assert said in own(compose(sure))
    unsure = with_kpi(facts, "positive_growth", replace(growth, interval=(-0.1, 0.9)))
    assert (
        "negative; those judged positive went from 120 to 175, which the engine's errors alone could make."
        in own(compose(unsure))
    )


def test_the_most_mentioned_brand_stands_first_and_says_who_follows() -> None:
    facts = samples.full_week()
    leading = with_kpi(facts, "share_of_voice", KpiFact(0.6, 0.5, "ratio", 1_209, 1_030))
    assert "10.0 points more than the week before; Brisa follows with 41.0 %." in own(compose(leading))
    assert [brand.name for brand in compose(facts).markets[0].brands] == [
        "Brisa",
        "Nordlicht",
        "Kestrel",
        "Umber",
    ]


def test_a_first_week_shows_no_change_anywhere() -> None:
    digest = compose(samples.first_week())
    assert "Listener began to listen on Thu 12 Nov" in digest.notice
    for brand in digest.markets[0].brands:
        assert not (brand.mentions_change or brand.share_change or brand.net_change or brand.direction)
    made = letter(digest, samples.quotes(), "k")
    for form in (made.html, made.text, json.dumps(made.blocks, ensure_ascii=False)):
        assert not {"▲", "▼", "≈"} & set(form)
        assert "before" not in form.replace("began", "")
        assert "+4" not in form.replace("UTC+1", "")


def test_not_comparable_hides_what_storage_gave_all_the_same() -> None:
    """The flag decides, not the absence of numbers: an engine was changed, the old numbers still exist."""
    digest = compose(replace(samples.full_week(), comparable=False))
    text = letter(digest, {}, "k").text
    assert "before" not in text.replace("week before it", "")
    assert "+45.8" not in text
    assert "same" not in digest.subject
    for brand in digest.markets[0].brands:
        assert not (brand.mentions_change or brand.share_change or brand.net_change or brand.direction)


def test_little_is_not_put_into_percent() -> None:
    facts = samples.full_week()
    umber = compose(facts).markets[0].brands[3]
    assert umber.name == "Umber"
    assert umber.positive == umber.negative == umber.neutral == umber.net == "not enough data"
    assert umber.tone_widths is None
    for n, said in ((19, "not enough for a percentage"), (20, "50.0 % were positive")):
        thin = with_kpi(facts, "positive_share", KpiFact(0.5, 0.4, "ratio", n, 400))
        assert said in own(compose(thin))


def test_a_growth_from_little_is_given_in_numbers_only() -> None:
    facts = with_kpi(samples.full_week(), "mentions", KpiFact(60, 19, "mentions", 60, 19))
    assert "60 times this week: 41 more than the week before." in own(compose(facts))
    facts = with_kpi(samples.full_week(), "mentions", KpiFact(60, 20, "mentions", 60, 20))
    assert "40 more than the week before (+200.0 %)." in own(compose(facts))


def test_chance_is_not_called_a_change() -> None:
    assert wording.steady(412, 374)
    assert wording.steady(0, 0)
    assert not wording.steady(496, 371)


def test_a_comparison_uses_the_sources_of_both_weeks() -> None:
    kpi = KpiFact(412, 200, "mentions", 412, 200, like_for_like=300)
    digest = compose(with_kpi(samples.full_week(), "mentions", kpi))
    assert "mentioned 412 times this week; on the sources heard in both weeks, 300 times: 100 more" in own(
        digest
    )
    assert digest.markets[0].brands[1].mentions_change == "+100 (+50.0 %)"


@pytest.mark.parametrize(("n", "n_like", "n_before"), [(19, None, 900), (900, None, 19), (900, 19, 900)])
def test_no_share_is_compared_on_little(n: int, n_like: int | None, n_before: int) -> None:
    thin = KpiFact(0.4, 0.2, "ratio", n, n_before, like_for_like=0.5, n_like=n_like)
    assert wording.change_of_share(thin, True) == ""
    digest = compose(with_kpi(samples.full_week(), "net_sentiment", thin))
    assert digest.markets[0].brands[1].net_change == ""


@pytest.mark.parametrize(
    ("kpi", "said"),
    [
        (
            KpiFact(0, 31, "mentions", 0, 31),
            "Nobody mentioned Nordlicht this week in the sources that were heard, after 31",
        ),
        (
            KpiFact(1, 0, "mentions", 1, 0),
            "Nordlicht was mentioned once this week, after none the week before.",
        ),
        (KpiFact(30, 0, "mentions", 30, 0), "mentioned 30 times this week, after none the week before."),
        (
            KpiFact(None, 3, "mentions", None, 3, "no source heard"),
            "Nothing can be said about Nordlicht this week",
        ),
    ],
)
def test_nothing_is_said_in_words(kpi: KpiFact, said: str) -> None:
    assert said in own(compose(with_kpi(samples.full_week(), "mentions", kpi)))


def test_a_quiet_week_and_a_deaf_week_are_told_apart() -> None:
    quiet, deaf = compose(samples.quiet_week()), compose(samples.deaf_week())
    assert "Nobody mentioned Nordlicht" in own(quiet)
    assert quiet.markets[0].brands[0].mentions == "none"
    assert quiet.subject == "Nordlicht, week 46: no mentions (−31)"
    assert deaf.summary == ("No source was heard this week, so this letter has no numbers to tell.",)
    assert not deaf.markets
    assert deaf.subject == "Nordlicht, week 46: nothing was heard"
    for digest in (quiet, deaf):
        made = letter(digest, {}, "k")
        for form in (made.html, made.text, json.dumps(made.blocks)):
            assert "0 mention" not in form
            assert "0 record" not in form


@pytest.mark.parametrize(
    ("kpi", "line", "sentence"),
    [
        (KpiFact(None, unit="seconds", n=0, reason="no eligible mentions"), "nobody asked", ""),
        (
            KpiFact(None, unit="seconds", n=8),
            "mostly unanswered",
            "Of 8 conversations that waited for its answer, fewer than half got one.",
        ),
        (
            KpiFact(None, unit="seconds", n=80, beside={"answered_share": 0.25}),
            "mostly unanswered",
            "fewer than half got one (25.0 %).",
        ),
        (
            KpiFact(90.0, unit="seconds", n=1),
            "1m 30s",
            "In 1 conversation that waited for its answer, the typical wait was 1m 30s.",
        ),
    ],
)
def test_response_time_is_never_zero_for_silence(kpi: KpiFact, line: str, sentence: str) -> None:
    digest = compose(with_kpi(samples.full_week(), "first_response_time", kpi))
    assert digest.markets[0].brands[1].response == line
    assert own(digest).endswith(sentence) if sentence else "waited" not in own(digest)


def test_bars_add_up_and_show_what_is_small() -> None:
    for brand in compose(samples.full_week()).markets[0].brands:
        assert brand.tone_widths is None or sum(brand.tone_widths) == 100
    facts = with_kpi(samples.full_week(), "negative_share", KpiFact(0.001, None, "ratio", 1_000))
    line = compose(facts).markets[0].brands[1]
    assert line.tone_widths is not None
    assert line.tone_widths[2] == 1
    assert compose(samples.full_week()).charts[0].days[3].height == 100


def test_a_day_without_ears_is_no_day_without_mentions() -> None:
    days = compose(samples.first_week()).charts[0].days
    assert [day.count for day in days] == ["not heard"] * 3 + ["97", "74", "41", "39"]
    assert days[0].height is None


def test_hearing_is_told_in_hours_with_its_meaning() -> None:
    full, thin, deaf = compose(samples.full_week()).hearing
    assert (full.hours, full.meaning) == ("168 h of 168 h", "heard throughout")
    assert thin.meaning == "not heard for 24.5 h; counts may be too low, so it is not compared"
    assert deaf.meaning == "not heard at all; left out of every number"


def test_a_long_list_is_cut_and_says_so() -> None:
    market, lamps = compose(samples.strange_week()).markets
    assert len(market.brands) == 15
    assert market.more == "27 more brands with fewer mentions, not shown here."
    assert lamps.title == "The brands of “lamps & <more>”"
    assert max(len(brand.name) for brand in market.brands) <= 48


def test_other_periods_are_named_by_their_days() -> None:
    facts = replace(samples.full_week(), until=samples.SINCE + 2 * 86_400 + 3_600)
    digest = compose(facts)
    assert digest.title == "Mon 9 Nov to Wed 11 Nov 2026: Nordlicht"
    assert "412 times this period, about as often as the period before" in own(digest)
    assert "--until 2026-11-11T01:00" in digest.command
    assert not digest.charts


def test_without_a_brand_of_ours_the_letter_is_about_the_leader() -> None:
    facts = samples.full_week()
    digest = compose(replace(facts, brands=tuple(replace(brand, own=False) for brand in facts.brands)))
    assert own(digest).startswith("Brisa was mentioned 496 times")


def test_no_brand_at_all() -> None:
    digest = compose(replace(samples.full_week(), brands=()))
    assert digest.subject == "Week 46: no brand is configured"
    assert letter(digest, {}, "k").html


def test_a_kpi_that_was_not_asked_for_has_no_value() -> None:
    assert BrandFacts("x", False, "m", {}).kpi("mentions").value is None


def test_a_change_of_a_query_is_told_where_it_says_what_was_heard() -> None:
    at = 1_762_772_400
    facts = replace(
        samples.full_week(), query_changes=(QueryFact("Acme", at, False), QueryFact("Bolt", at, True))
    )
    changed, began = compose(facts).remarks
    assert changed.startswith("Mentions of Acme are counted by another query from ")
    assert "do not compare" in changed
    assert began.startswith("Bolt is listened for since ")
    assert from_json(json.loads(json.dumps(to_json(facts)))) == facts


def test_a_letter_laid_out_before_query_changes_were_known_is_still_sent() -> None:
    plain = to_json(samples.full_week())
    del plain["query_changes"]
    assert from_json(plain) == samples.full_week()


def test_topics_are_shown_apart_and_leave_the_brands_heading_alone() -> None:
    week = samples.full_week()
    kettles = replace(week.brands[-1], name="Kettles", own=False, market="topics", topic=True)
    brands, topics = compose(replace(week, brands=(*week.brands, kettles))).markets
    assert (brands.title, topics.title) == ("The brands", "Topics")
    (line,) = topics.brands
    assert (line.share, line.response, brands.brands[0].response != "") == ("", "", True)
