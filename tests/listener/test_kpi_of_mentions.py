"""listener kpi with numbers of authors, reach, hashtags: what a person reads beside the value."""

from __future__ import annotations

import pytest
from commandline import CommandLine

CONFIG = """timezone: UTC
brands: [{name: Acme, own: true}]
sentiment: {engine: vader}
storage: {url: "sqlite:///listener.db"}
"""
ROWS = """{"id": "a", "author": "ana", "text": "I love Acme #Sale #new", "created_at": "2026-11-10T08:00:00Z"}
{"id": "b", "author": "ana", "text": "Acme is wonderful #sale", "created_at": "2026-11-11T08:00:00Z"}
{"id": "c", "author": "ben", "text": "Acme is awful", "created_at": "2026-11-12T08:00:00Z"}
"""
WEEK = ("--since", "2026-11-09", "--until", "2026-11-16")


@pytest.fixture
def shop(line: CommandLine) -> CommandLine:
    line.configure(CONFIG)
    line.good("import", line.file("shop.jsonl", ROWS))
    return line


def shown(line: CommandLine, *kpis: str) -> str:
    return " ".join(line.good("kpi", *kpis, *WEEK).out.split())


def test_hashtags_are_named_with_how_many_mentions_bear_them(shop: CommandLine) -> None:
    assert "hashtags 2 2 #sale 2, #new 1" in shown(shop, "hashtags")


def test_a_growth_from_nothing_tells_the_change(shop: CommandLine) -> None:
    told = shown(shop, "negative_growth")
    assert "negative_growth – 0 none in the period before; change +1" in told


def test_tiers_are_shown_with_their_rule_and_what_it_came_down_to(shop: CommandLine) -> None:
    told = shown(shop, "influencers.tier3", "influencers.tier4")
    assert "influencers.tier3 1 2" in told and "influencers.tier4 1 2" in told
    assert told.count("Tiers of influence: 1: writes in a feed") == 1
    assert "import: followers of too few authors known" in told


def test_a_reach_that_is_not_known_says_why(shop: CommandLine) -> None:
    told = shown(shop, "potential_reach.low", "potential_reach.high")
    assert told.count("no source tells how many followers authors have") == 2
    assert told.count("Reach: followers of all authors of mentions") == 1


def test_topics_are_counted_and_grow_like_brands(line: CommandLine) -> None:
    line.configure(CONFIG + "topics: [{name: Kettles, query: kettle}, {name: Pots, query: pot}]\n")
    days = {"kettle": ("04", "09", "10", "11"), "pot": ("12",)}
    rows = [
        f'{{"id": "{word}{day}", "text": "my {word}", "created_at": "2026-11-{day}T08:00:00Z"}}\n'
        for word, times in days.items()
        for day in times
    ]
    line.good("import", line.file("kitchen.jsonl", "".join(rows)))
    asked = ("kpi", "mentions", "share_of_voice", "--brand", "Kettles", *WEEK, "--compare", "--json")
    mentions, share = line.good(*asked).json()
    assert (mentions["value"], mentions["before"]["then"], mentions["before"]["growth"]) == (3, 1, 2.0)
    # Among topics: the brands are another market.
    assert (share["value"], share["n"]) == (3 / 4, 4)
