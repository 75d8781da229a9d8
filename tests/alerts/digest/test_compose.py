"""The letter's content: what is said, what is not said where the numbers do not carry it, and the bars."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import sample_letters as samples

from alerts.digest.compose import compose
from alerts.digest.content import Digest
from alerts.digest.facts import BrandFacts, DigestFacts, KpiFact, QueryFact, from_json, to_json
from alerts.digest.findings import findings
from alerts.digest.render import letter
from alerts.digest.wording import Known


def with_kpi(facts: DigestFacts, name: str, kpi: KpiFact) -> DigestFacts:
    first, *rest = facts.brands
    return replace(facts, brands=(replace(first, kpis={**first.kpis, name: kpi}), *rest))


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_facts_survive_the_outbox(name: str) -> None:
    facts = samples.SAMPLES[name][0]()
    assert from_json(json.loads(json.dumps(to_json(facts)))) == facts


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


def test_the_title_counts_all_brands_of_ours_though_few_have_a_table() -> None:
    facts = samples.full_week()
    own = tuple(replace(facts.brands[0], name=f"Nordlicht {n}") for n in range(5))
    digest = compose(replace(facts, brands=(*own, *facts.brands[1:])))
    assert digest.title == "Week 46: Nordlicht 0 and 4 more"
    assert "Nordlicht 0 and 4 more" in digest.subject
    assert len(digest.tables) == 3


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


def said(digest: Digest) -> str:
    return " ".join(sentence.text for sentence in digest.summary).replace("\u00a0", " ")


def composed(name: str) -> Digest:
    facts, quotes = samples.SAMPLES[name]
    return compose(facts(), Known(quotes(), samples.AUTHORS))


def test_what_moved_is_told_and_what_chance_makes_is_not() -> None:
    digest = compose(samples.full_week())
    assert said(digest).startswith(
        "Nordlicht was mentioned 412 times, about as often as the week before (374). "
        "More of what was said of Nordlicht was positive: 46.1 %, after 34.5 %."
    )
    assert digest.title == "Week 46: Nordlicht"
    assert digest.subject == "Nordlicht, week 46: 412 mentions (about the same)"
    assert digest.period == "Mon 9 Nov to Sun 15 Nov 2026"
    assert digest.next_letter == "Mon 23 Nov, 08:00"
    assert digest.command == "listener kpi --since 2026-11-09 --until 2026-11-16 --timezone Europe/Madrid"
    assert digest.data["at"] == "2026-11-16T08:00:00+01:00"
    assert digest.data["brands"][0]["kpis"]["positive_share"]["value"] == 175 / 380


def unsure(brand: BrandFacts) -> BrandFacts:
    wide = {name: replace(kpi, change_interval=(-1e9, 1e9)) for name, kpi in brand.kpis.items()}
    return replace(brand, kpis=wide)


def test_a_week_in_which_nothing_changed_says_so() -> None:
    facts = samples.full_week()
    digest = compose(replace(facts, brands=(unsure(facts.brands[0]),)))
    assert said(digest).endswith("Nothing changed that cannot be chance; 5 changes were looked at together.")
    assert {row.move for row in digest.tables[0].rows} == {"same"}


def test_what_changed_is_told_with_why_and_each_sentence_can_be_opened() -> None:
    digest = composed("rich")
    assert said(digest) == (
        "Nordlicht was mentioned 512 times, more than the week before (+138, +36.9 %). "
        "Most of the change is in hackernews: 402, after 268. "
        "14 posts told one story: “Nordlicht recalls its wall dimmer after reports of flicker and heat — what owners "
        "should…”. More people than before used the words “dimmer”, “recall” and “flicker”. "
        "More of what was said of Nordlicht was negative: 30.4 %, after 16.7 %. "
        "Brisa was mentioned 496 times, more than the week before (+125, +33.7 %). "
        "7 other changes that were looked at may be chance."
    )
    window = "--since 2026-11-09 --until 2026-11-16 --timezone Europe/Madrid"
    assert digest.summary[0].explain == f"listener explain mentions --brand Nordlicht {window}"
    assert digest.summary[4].explain == f"listener explain negative_share --brand Nordlicht {window}"
    assert all(sentence.explain.endswith(("Madrid", "--json")) for sentence in digest.summary)
    assert [one["text"] for one in digest.data["sentences"]] == [one.text for one in digest.summary]


def test_one_change_of_many_must_be_surer_than_one_alone() -> None:
    """p is 0.03: alone it would be told, beside ten others that are nothing it is not."""
    facts = samples.full_week()
    reach = 38.0 * 1.96 / 2.17
    kpi = replace(facts.brands[0].kpi("mentions"), change_interval=(38 - reach, 38 + reach))
    many = with_kpi(replace(facts, brands=tuple(map(unsure, facts.brands))), "mentions", kpi)
    assert 0.029 < findings(many).tested[0].p < 0.031
    assert not findings(many).sure
    alone = replace(facts, brands=(replace(facts.brands[0], kpis={"mentions": kpi}),))
    assert [one.kpi for one in findings(alone).sure] == ["mentions"]


def test_the_table_shows_arrows_for_what_is_sure_only() -> None:
    rows = {row.name: row for row in composed("rich").tables[0].rows}
    assert (rows["Mentions"].move, rows["Mentions"].change) == ("up", "+36.9 %")
    assert (rows["Negative share"].judged, rows["Negative share"].goal) == ("bad", "10.0 %")
    assert (rows["Share of voice"].move, rows["Share of voice"].change) == ("same", "")
    assert rows["First response time"].before == "1h 5m"


def test_what_was_taken_back_drives_nothing_any_more() -> None:
    digest = compose(samples.rich_week())
    assert "told one story" not in said(digest)
    assert [line.name for line in digest.drivers[0].lines] == ["Words", "Sources"]
    assert not digest.waits


@pytest.mark.parametrize("facts", [samples.first_week(), replace(samples.rich_week(), comparable=False)])
def test_weeks_that_do_not_compare_show_no_change(facts: DigestFacts) -> None:
    digest = compose(facts)
    assert digest.notice.startswith("This letter shows no changes")
    assert not findings(facts).tested
    assert not any(row.move or row.before or row.change for row in digest.tables[0].rows)
    made = letter(digest, samples.quotes(), "k")
    for form in (made.html, made.text, json.dumps(made.blocks, ensure_ascii=False)):
        assert not {"▲", "▼", "≈"} & set(form)
        assert "+36.9" not in form


@pytest.mark.parametrize(("n", "told"), [(19, "not enough data"), (20, "50.0 %")])
def test_little_is_not_put_into_percent_nor_compared(n: int, told: str) -> None:
    kpi = KpiFact(0.5, 0.1, "ratio", n, 400, change_interval=(0.3, 0.5))
    facts = with_kpi(samples.full_week(), "positive_share", kpi)
    row = next(row for row in compose(facts).tables[0].rows if row.name == "Positive share")
    assert (row.now, bool(row.before)) == (told, n == 20)
    assert (findings(facts).of("Nordlicht", "positive_share") is not None) is (n == 20)


def test_a_comparison_uses_the_sources_of_both_weeks() -> None:
    kpi = KpiFact(412, 200, "mentions", 412, 200, like_for_like=300, change_interval=(60, 140))
    assert said(compose(with_kpi(samples.full_week(), "mentions", kpi))).startswith(
        "Nordlicht was mentioned 412 times. In the sources heard in both periods it was 300, after 200."
    )


@pytest.mark.parametrize(
    ("kpi", "expected"),
    [
        (
            KpiFact(0, 31, "mentions", 0, 31, change_interval=(-43, -20)),
            "Nobody mentioned Nordlicht; the week before there were 31.",
        ),
        (KpiFact(0, None, "mentions", 0), "Nobody mentioned Nordlicht in the sources that were heard."),
        (KpiFact(1, 0, "mentions", 1, 0), "Nordlicht was mentioned 1 time."),
        (
            KpiFact(60, 19, "mentions", 60, 19, change_interval=(20, 60)),
            "60 times, more than the week before (+41).",
        ),
        (KpiFact(None, 3, "mentions", None, 3), "Nothing can be said about Nordlicht: no source was heard."),
    ],
)
def test_nothing_is_said_in_words(kpi: KpiFact, expected: str) -> None:
    assert expected in said(compose(with_kpi(samples.full_week(), "mentions", kpi)))


def test_a_quiet_week_and_a_deaf_week_are_short_and_told_apart() -> None:
    quiet, deaf = compose(samples.quiet_week()), compose(samples.deaf_week())
    assert "Nobody mentioned Nordlicht" in said(quiet)
    assert quiet.subject == "Nordlicht, week 46: no mentions (−31)"
    assert (deaf.summary, deaf.warning) == ((), "No source was heard, so this letter has no numbers to tell.")
    assert not deaf.markets
    assert deaf.subject == "Nordlicht, week 46: nothing was heard"
    for digest in (quiet, deaf):
        made = letter(digest, {}, "k")
        assert len(made.text) < 1_500
        for title in ("Goals", "What was behind", "Waiting", "What people", "What happened", "How fast"):
            assert title.casefold() not in made.text.casefold()
        assert not made.pictures


@pytest.mark.parametrize(
    ("kpi", "line"),
    [
        (KpiFact(None, unit="seconds", n=0, reason="no eligible mentions"), ""),
        (KpiFact(None, unit="seconds", n=8), "mostly unanswered"),
        (KpiFact(90.0, unit="seconds", n=1), "1m 30s"),
    ],
)
def test_response_time_is_never_zero_for_silence(kpi: KpiFact, line: str) -> None:
    digest = compose(with_kpi(samples.full_week(), "first_response_time", kpi))
    assert digest.markets[0].brands[1].response == line


def test_periods_are_named() -> None:
    part = replace(samples.full_week(), until=samples.SINCE + 2 * 86_400 + 3_600)
    assert compose(part).title == "Mon 9 Nov to Wed 11 Nov 2026: Nordlicht"
    assert "about as often as the period before" in said(compose(part))
    assert "--until 2026-11-11T01:00" in compose(part).command
    day = replace(samples.full_week(), until=samples.SINCE + 86_400)
    assert (day.span, compose(day).title) == ("day", "Mon 9 Nov 2026: Nordlicht")
    november = replace(samples.full_week(), since=1_793_487_600, until=1_796_079_600)
    assert (november.span, compose(november).title) == ("month", "Nov 2026: Nordlicht")


def test_without_a_brand_of_ours_the_letter_is_about_the_leader() -> None:
    facts = samples.full_week()
    digest = compose(replace(facts, brands=tuple(replace(brand, own=False) for brand in facts.brands)))
    assert said(digest).startswith("Brisa was mentioned 496 times")


def test_topics_are_shown_apart_and_leave_the_brands_heading_alone() -> None:
    week = samples.full_week()
    kettles = replace(week.brands[-1], name="Kettles", own=False, market="topics", topic=True)
    brands, topics = compose(replace(week, brands=(*week.brands, kettles))).markets
    assert (brands.title, topics.title) == ("The brands", "Topics")
    assert (topics.brands[0].share, topics.brands[0].response) == ("", "")
