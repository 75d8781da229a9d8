"""The issue's proof on real data: imported, again, and shuffled, every number equals a few lines of plain Python."""

from __future__ import annotations

import json
import os
import random
import statistics
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from commandline import CommandLine

from alerts.format import count

DATA = Path(os.environ.get("LISTENER_DATA") or Path(__file__).parents[4] / "shared" / "data")

pytestmark = pytest.mark.data


def read(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not there; set LISTENER_DATA to the folder that holds it")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def kpis(line: CommandLine, name: str, *more: str) -> dict[str, dict[str, Any]]:
    return {value["brand"]: value for value in line.good("kpi", name, "--json", *more).json()}


def test_four_brands_imported_again_and_shuffled(line: CommandLine) -> None:
    records = read("brands/tech_four_brands.jsonl")
    line.configure(
        "brands:\n" + "".join(f"  - {{name: {n}}}\n" for n in ("apple", "google", "microsoft", "twitter"))
    )
    expected = Counter(record["brand"] for record in records)
    days = Counter((record["created_at"][:10], record["brand"]) for record in records)
    original = DATA / "brands" / "tech_four_brands.jsonl"
    random.Random(11).shuffle(records)
    shuffled = line.file("shuffled.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    for file in (original, original, shuffled):
        line.good("import", file)
        assert {brand: value["value"] for brand, value in kpis(line, "mentions").items()} == expected
        for brand, value in kpis(line, "share_of_voice").items():
            assert value["value"] == expected[brand] / len(records)
            assert value["n"] == len(records)
    by_day = line.good("kpi", "mentions", "--by", "day", "--until", "2011-11-01", "--json").json()
    found = {(value["since"][:10], value["brand"]): value["value"] for value in by_day}
    assert {key: count for key, count in found.items() if count} == days


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def waits(records: list[dict[str, Any]]) -> dict[str, list[tuple[int, bool]]]:
    """(seconds, answered) of each conversation, by the contract's definition; the first of two equal ids counts."""
    first: dict[str, dict[str, Any]] = {}
    for record in records:
        first.setdefault(record["id"], record)
    end = max(moment(record["created_at"]) for record in records)
    talks: dict[tuple[str, str], list[tuple[int, bool]]] = defaultdict(list)
    for record in first.values():
        turn = (moment(record["created_at"]), bool(record["inbound"]))
        talks[record["brand"], record["conversation"]].append(turn)
    found: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for (brand, _), turns in talks.items():
        asked = [at for at, inbound in turns if inbound]
        if asked:
            start = min(asked)
            answers = [at for at, inbound in turns if not inbound and at > start]
            found[brand].append((min(answers) - start, True) if answers else (end - start, False))
    return found


def survival(times: list[tuple[int, bool]], numerator: int, denominator: int) -> float | None:
    """When the product-limit curve comes down to a ratio: whole numbers, the midpoint where it lies on it."""
    up, down = 1, 1
    on: int | None = None
    for at in sorted({seconds for seconds, answered in times if answered}):
        risk = sum(seconds >= at for seconds, _ in times)
        up, down = up * (risk - sum(one == (at, True) for one in times)), down * risk
        if on is not None:
            return (on + at) / 2
        if up * denominator == numerator * down:
            on = at
        elif up * denominator < numerator * down:
            return at
    return on


@pytest.mark.parametrize(
    "name", ["care/conversations_25_brands.jsonl", "care/labelled_topics_three_brands.jsonl"]
)
def test_first_response_times_by_brand(line: CommandLine, name: str) -> None:
    records = read(name)
    brands = sorted({record["brand"] for record in records})
    line.configure("brands:\n" + "".join(f"  - {{name: {json.dumps(brand)}}}\n" for brand in brands))
    expected = waits(records)
    random.Random(4).shuffle(records)
    shuffled = line.file("shuffled.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    # Two conversations stand twice in the first file, with equal rows, so that a shuffled import is equal too.
    for file in (DATA / name, DATA / name, shuffled):
        line.good("import", file, "--map", "thread=conversation")
        found = kpis(line, "first_response_time")
        assert set(found) == set(brands)
        for brand in brands:
            times, value = expected.get(brand, []), found[brand]
            if not times:
                assert (value["value"], value["reason"]) == (None, "no eligible mentions")
                continue
            answered = [seconds for seconds, done in times if done]
            assert value["value"] == survival(times, 1, 2), brand
            assert value["n"] == len(times)
            assert value["answered_share"] == len(answered) / len(times)
            assert value["within_target"] == sum(seconds <= 3600 for seconds in answered) / len(times)
            if value["value"] is None:
                assert value["reason"] == "the curve does not reach 0.5"
            if len(answered) == len(times):
                assert value["value"] == statistics.median(answered)


def test_a_brand_column_with_handles_needs_no_brand_in_the_configuration(line: CommandLine) -> None:
    records = read("care/conversations_25_brands.jsonl")
    line.configure("brands:\n  - {name: Ours, own: true}  # the only one\n")
    source = DATA / "care" / "conversations_25_brands.jsonl"
    ran = line.good("import", source, "--map", "thread=conversation", "--add-brands")
    brands = {record["brand"] for record in records}
    assert {value["brand"] for value in line.good("kpi", "mentions", "--json").json()} == {"Ours", *brands}
    assert f"{count(len(records))} rows read" in ran.out
