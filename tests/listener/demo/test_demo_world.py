"""The invented world: the same every time, in five languages, with a whole fortnight behind it and a crisis ahead."""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import UTC, datetime

import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from listener.demo.world import (
    BRANDS,
    CRISIS_BEGINS,
    CRISIS_BRAND,
    CRISIS_ENDS,
    HACKERNEWS,
    OUTLETS,
    Item,
    World,
    crisis_rate,
    history_begins,
)
from listener.demo.writing import LANGUAGES, language, write

START = int(datetime(2026, 3, 11, 15, 20, 7, tzinfo=UTC).timestamp())  # a Wednesday


@pytest.fixture(scope="module")
def world() -> World:
    return World(START)


@pytest.fixture(scope="module")
def judge() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def names(item: Item) -> set[str]:
    text = f"{item.title or ''} {item.text}".casefold()
    return {brand for brand in BRANDS if brand.casefold() in text}


def test_same_start_and_seed_give_the_same_world_however_often_it_is_asked() -> None:
    at_once, step_by_step = World(START), World(START)
    for second in range(0, 301, 7):
        step_by_step.seen(START + second)
    assert at_once.seen(START + 300) == step_by_step.seen(START + 300)
    assert World(START, seed=8).seen(START) != at_once.seen(START)


@pytest.mark.parametrize(
    ("start", "monday"),
    [
        (datetime(2026, 3, 11, 15, 20, tzinfo=UTC), datetime(2026, 2, 23, tzinfo=UTC)),
        (datetime(2026, 3, 9, tzinfo=UTC), datetime(2026, 2, 23, tzinfo=UTC)),
        (datetime(2026, 3, 8, 23, 59, 59, tzinfo=UTC), datetime(2026, 2, 16, tzinfo=UTC)),
        (datetime(2027, 1, 1, 8, tzinfo=UTC), datetime(2026, 12, 14, tzinfo=UTC)),
    ],
)
def test_history_begins_on_the_monday_two_whole_weeks_back(start: datetime, monday: datetime) -> None:
    assert history_begins(int(start.timestamp())) == monday.timestamp()


def test_history_covers_every_day_up_to_now(world: World) -> None:
    items = world.seen(START)
    days = Counter(datetime.fromtimestamp(item.at, UTC).date() for item in items)
    assert len(days) == 17
    assert min(days.values()) > 40
    assert world.since <= items[0].at and items[-1].at < START
    assert [item.at for item in items] == sorted(item.at for item in items)


def test_talk_follows_the_hour_and_the_day(world: World) -> None:
    complete = [item for item in world.seen(START) if item.at < world.since + 14 * 86400]
    hours = Counter(datetime.fromtimestamp(item.at, UTC).hour for item in complete)
    days = Counter(datetime.fromtimestamp(item.at, UTC).weekday() for item in complete)
    assert hours[19] > 4 * hours[3]
    assert days[2] > 1.3 * days[5]


def test_posts_are_in_five_languages_about_four_brands_and_rarely_copies(world: World) -> None:
    items = world.seen(START)
    assert {item.language for item in items} == set(LANGUAGES)
    assert min(Counter(item.language for item in items).values()) > 100
    assert {item.outlet for item in items} == {HACKERNEWS, *OUTLETS}
    assert min(Counter(brand for item in items for brand in names(item)).values()) > 200
    assert len({item.text for item in items}) > 0.7 * len(items)
    assert len({item.id for item in items}) == len(items)


def test_there_are_enough_frames_and_each_fills_its_slots() -> None:
    frames = [frame for code in LANGUAGES for kind in language(code).frames.values() for frame in kind]
    assert len(frames) == len(set(frames)) >= 120
    for code in LANGUAGES:
        spoken = language(code)
        known = {*spoken.slots, "brand", "rival", "handle"}
        for kind in spoken.frames.values():
            assert {slot for frame in kind for slot in re.findall(r"{(\w+)}", frame)} <= known


def test_english_frames_sound_as_they_are_meant(judge: SentimentIntensityAnalyzer) -> None:
    spoken = language("en")
    parts = {slot: values[0] for slot, values in spoken.slots.items()}

    def compound(frame: str) -> float:
        text = frame.format(brand="Brand", rival="Other", handle="brand", **parts)
        return float(judge.polarity_scores(text)["compound"])

    assert all(compound(frame) >= 0.05 for frame in spoken.frames["positive"])
    assert all(compound(frame) <= -0.05 for frame in spoken.frames["negative"] + spoken.frames["crisis"])
    assert all(abs(compound(frame)) < 0.05 for frame in spoken.frames["neutral"] + spoken.frames["tail"])


def test_brand_names_carry_no_tone(judge: SentimentIntensityAnalyzer) -> None:
    assert not {brand.casefold() for brand in BRANDS} & set(judge.lexicon)


def test_every_kind_of_text_is_written_in_every_language_that_needs_it() -> None:
    for code in LANGUAGES:
        for kind in ("positive", "neutral", "negative", "headline", "crisis", "crisis_headline"):
            text = write(code, kind, "Morvane", "Tessiq", random.Random(1))
            assert "{" not in text and text[0] == text[0].upper()


def test_brands_answer_questions_in_the_same_thread_and_later(world: World) -> None:
    items = {item.id: item for item in world.seen(START)}
    handles = {brand.casefold() for brand in BRANDS}
    replies = [item for item in items.values() if item.author in handles]
    assert len(replies) > 100
    assert {reply.author for reply in replies} == handles
    for reply in replies:
        question = items[reply.thread or 0]
        assert f"@{reply.author}" in question.text and question.at < reply.at


def test_crisis_comes_suddenly_and_calms_down() -> None:
    assert crisis_rate(CRISIS_BEGINS - 1) == 0
    assert crisis_rate(CRISIS_BEGINS) > 1
    assert 0 < crisis_rate(CRISIS_ENDS - 1) < 0.1
    assert crisis_rate(CRISIS_ENDS) == 0


def negative_share(items: list[Item], judge: SentimentIntensityAnalyzer) -> tuple[int, float]:
    about = [item for item in items if CRISIS_BRAND in names(item) and item.outlet == HACKERNEWS]
    bad = [item for item in about if judge.polarity_scores(item.text)["compound"] <= -0.05]
    return len(about), len(bad) / len(about)


@pytest.mark.parametrize("start", [START, START + 40_000, START + 300_000])
def test_live_posts_cross_the_rule_of_the_demo_within_a_minute_and_then_fall_below_it(
    start: int, judge: SentimentIntensityAnalyzer
) -> None:
    items = World(start).seen(start + 1500)

    def live(since: int, until: int) -> list[Item]:
        return [item for item in items if start + since <= item.at < start + until]

    _, before = negative_share(live(0, CRISIS_BEGINS), judge)
    count, during = negative_share(live(0, 60), judge)
    _, after = negative_share(live(600, 1500), judge)
    assert count >= 20 and during > 0.5
    assert before < 0.4 and after < 0.25
