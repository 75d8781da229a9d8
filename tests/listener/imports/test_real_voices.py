"""Authors, hashtags, shares and who is addressed, on real posts: equal to a few lines of plain Python on the files."""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from commandline import CommandLine
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

DATA = Path(os.environ.get("LISTENER_DATA") or Path(__file__).parents[4] / "shared" / "data")
HASHTAG = re.compile(r"(?<![\w&/])#(\w*[^\W\d_]\w*)")
ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)

pytestmark = pytest.mark.data


def read(name: str) -> list[dict[str, Any]]:
    path = DATA / "brands" / name
    if not path.exists():
        pytest.skip(f"{name} is not there; set LISTENER_DATA to the folder that holds it")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def compound(analyzer: SentimentIntensityAnalyzer, text: str) -> float:
    # Whom a post calls must not colour how it is said, so that handles are left out.
    scores: dict[str, float] = analyzer.polarity_scores(re.sub(r"@\w+(?:[.@-]\w+)*", "@user", text))
    return scores["compound"]


def borne(text: str) -> set[str]:
    return {tag.casefold() for tag in HASHTAG.findall(ADDRESS.sub(" ", text))}


def kpis(line: CommandLine, *asked: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    found = line.good("kpi", *asked, "--json").json()
    return {(value["kpi"], value["brand"], value["since"][:10]): value for value in found}


@pytest.mark.parametrize("unit", ["day", "week", "month", None])
def test_the_authors_of_one_brand(line: CommandLine, unit: str | None) -> None:
    records = [r for r in read("care_volume_one_brand.jsonl") if r["inbound"]]
    line.configure("timezone: UTC\nsentiment: {engine: vader}\nbrands: [{name: SpotifyCares}]\n")
    line.good("import", DATA / "brands" / "care_volume_one_brand.jsonl")
    since, until = "2017-10-01", "2017-12-01"
    first: dict[str, datetime] = {}
    spoken: dict[str, Counter[str]] = defaultdict(Counter)
    praised: dict[str, Counter[str]] = defaultdict(Counter)
    tags: dict[str, set[str]] = defaultdict(set)
    analyzer = SentimentIntensityAnalyzer()
    windows: dict[str, tuple[datetime, datetime]] = {}
    asked = ["authors", "new_authors", "returning_author_share", "advocates", "hashtags", "mentions.direct"]
    found = kpis(line, *asked, "--since", since, "--until", until, *(["--by", unit] if unit else []))
    for value in found.values():
        start = value["since"][:10]
        windows[start] = (datetime.fromisoformat(value["since"]), datetime.fromisoformat(value["until"]))

    def window_of(at: datetime) -> str | None:
        return next((start for start, (low, high) in windows.items() if low <= at < high), None)

    # Of rows with the same id the first in the file wins.
    by_id = {record["id"]: record for record in reversed(records)}
    for record in by_id.values():
        at = datetime.fromisoformat(record["created_at"])
        first[record["author"]] = min(at, first.get(record["author"], at))
        start = window_of(at)
        if start is not None:
            spoken[start][record["author"]] += 1
            tags[start] |= borne(record["text"])
            if compound(analyzer, record["text"]) >= 0.05:
                praised[start][record["author"]] += 1
    compared = 0
    for (kpi, _, start), value in found.items():
        if value["reason"] == "no source heard":
            continue
        people, (low, _) = spoken[start], windows[start]
        old = sum(first[author] < low for author in people)
        expected = {
            "authors": len(people),
            "new_authors": len(people) - old,
            "returning_author_share": old / len(people) if people else None,
            "hashtags": len(tags[start]),
            "mentions.direct": sum(people.values()),
        }
        if kpi in expected:
            assert value["value"] == expected[kpi], (kpi, start)
            compared += 1
        elif kpi == "advocates":
            # Brand names and handles are masked before tone is judged, which VADER alone does not do.
            loyal = sum(count >= 2 for count in praised[start].values())
            assert abs(value["value"] - loyal) <= 0.1 * loyal + 2, (kpi, start)
    assert compared >= len(expected)


def test_the_voices_of_four_brands(line: CommandLine) -> None:
    records = read("tech_four_brands.jsonl")
    analyzer = SentimentIntensityAnalyzer()
    # Names that no post bears, so that nothing is masked before VADER judges.
    names = {brand: f"Zq{n}x" for n, brand in enumerate(sorted({r["brand"] for r in records}))}
    rows = [{**r, "brand": names[r["brand"]], "author": f"a{int(r['id']) % 97}"} for r in records]
    listed = "".join(f"  - {{name: {name}}}\n" for name in names.values())
    line.configure(f"timezone: UTC\nsentiment: {{engine: vader}}\nbrands:\n{listed}")
    line.good("import", line.file("renamed.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    by_id: dict[str, dict[str, Any]] = {row["id"]: row for row in reversed(rows)}
    people: dict[str, set[str]] = defaultdict(set)
    tags: dict[str, Counter[str]] = defaultdict(Counter)
    good: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for row in by_id.values():
        brand = row["brand"]
        people[brand].add(row["author"])
        tags[brand].update(borne(row["text"]))
        score = compound(analyzer, row["text"])
        good[brand] += score >= 0.05
        bad[brand] += score <= -0.05
    everybody = sum(map(len, people.values()))
    balance = {brand: good[brand] - bad[brand] for brand in names.values()}
    praise = sum(max(0, net) for net in balance.values())
    shares = (
        "share_of_voice.authors",
        "share_of_voice.positive",
        "share_of_voice.net",
        "share_of_voice.organic",
    )
    asked = (*shares, "hashtags", "negative_mentions", "mentions.indirect")
    mentions = Counter(row["brand"] for row in by_id.values())
    for (kpi, brand, _), value in kpis(
        line, *asked, "--since", "2011-10-01", "--until", "2011-11-01"
    ).items():
        expected = {
            "share_of_voice.authors": len(people[brand]) / everybody,
            "share_of_voice.positive": good[brand] / good.total(),
            "share_of_voice.net": max(0, balance[brand]) / praise,
            "share_of_voice.organic": mentions[brand] / mentions.total(),
            "hashtags": len(tags[brand]),
            "negative_mentions": bad[brand],
            "mentions.indirect": mentions[brand],
        }[kpi]
        assert value["value"] == expected, (kpi, brand)
        if kpi == "hashtags":
            most = tags[brand].most_common(1)[0]
            assert (value["top"][0]["mentions"], value["uses"]) == (most[1], tags[brand].total())
        if kpi == "share_of_voice.net":
            assert (value["net"], value["sign"]) == (
                balance[brand],
                (balance[brand] > 0) - (balance[brand] < 0),
            )
