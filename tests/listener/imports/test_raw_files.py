"""Every KPI that real posts can tell, by day, week, month and whole: equal to plain Python on the raw files."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from commandline import CommandLine
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from storage.kpi import KPIS

DATA = Path(os.environ.get("LISTENER_DATA") or Path(__file__).parents[4] / "shared" / "data")
MADRID = ZoneInfo("Europe/Madrid")
HASHTAG = re.compile(r"(?<![\w&/])#(\w*[^\W\d_]\w*)")
ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
UNITS: tuple[str | None, ...] = ("day", "week", "month", None)
WINDOWS = {
    "brands/tech_four_brands.jsonl": ("2011-10-15", "2011-10-21", "2011-10-03", "2011-10-31"),
    "brands/apple_week.jsonl": ("2014-12-01", "2014-12-11", "2014-12-01", "2014-12-15"),
    "brands/care_volume_one_brand.jsonl": ("2017-10-20", "2017-11-10", "2017-10-02", "2017-12-04"),
    "care/conversations_25_brands.jsonl": ("2020-03-20", "2020-04-03", "2020-03-02", "2020-04-06"),
    "care/labelled_topics_three_brands.jsonl": ("2017-10-01", "2017-10-15", "2017-09-04", "2017-12-04"),
}
"""Of each file the days, and the Mondays, between which it is asked; months are those that hold the Mondays."""
TOLD = (
    *("mentions", "mentions.direct", "mentions.indirect", "mentions.as_now", "share_of_voice"),
    *(f"share_of_voice.{of}" for of in ("authors", "positive", "net", "organic")),
    *("authors", "new_authors", "returning_author_share", "advocates", "new_influencers"),
    *(f"influencers.tier{n}" for n in range(1, 5)),
    *("hashtags", "hashtag_growth", "positive_mentions", "negative_mentions", "positive_growth"),
    *("negative_growth", "positive_share", "negative_share", "net_sentiment"),
)
"""What is worked out here. The waits of conversations are in test_real_care.py and test_real_files.py."""
WAITS = {
    "first_response_time",
    "first_response_time.business",
    "next_response_time",
    "response_rate",
}
COPIES = {"mentions.stories", "share_of_voice.stories", "mentions.publishers"}
"""What copies and publishers come to is worked out in test_story_kpis.py; which are copies, benchmarks/stories.py."""
COUNTED = {"mentions.counted", "share_of_voice.counted", "positive_share.sampled", "negative_share.sampled"}
"""What a service counts without showing it all is worked out in test_spans.py and test_examples_of_what_is_heard.py."""
UNTOLD = {
    **dict.fromkeys(
        (
            *("likes", "shares", "comments", "interactions", "interaction_growth", "posts_above"),
            *("engagement_per_post", "share_of_voice.interactions"),
        ),
        "no source that is heard tells such counters",
    ),
    **dict.fromkeys(
        ("share_of_voice.reach", *(f"potential_reach.{end}" for end in ("low", "high", "theoretical"))),
        "no source tells how many followers authors have",
    ),
    "non_follower_share": "follower lists are not collected yet",
    "influencers.tier5": "who never writes is not heard",
    "detection_lag": "no mention was heard live",
    **dict.fromkeys(("solutions", "cases_open"), "no case was opened yet"),
    "solutions_growth": "none solved in the period before",
    "time_to_solve": "no case was opened in the window",
    "case_completion": "no case was assigned in the window",
}
"""What posts without counters, followers and cases cannot tell, and what is said instead."""

pytestmark = pytest.mark.data


class Said(NamedTuple):
    """One mention, as the file has it."""

    brand: str
    at: int
    author: str | None
    label: str
    tags: frozenset[str]
    direct: bool


class Asked(NamedTuple):
    """A brand in a window, and its period before."""

    brand: str
    window: tuple[int, int]
    before: tuple[int, int]


def read(name: str) -> list[dict[str, Any]]:
    """The rows of a file, its brands under names that no post bears, so that nothing is masked before VADER judges."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not there; set LISTENER_DATA to the folder that holds it")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    names = {brand: f"Zq{n}x" for n, brand in enumerate(sorted({row["brand"] for row in rows}))}
    return [{**row, "brand": names[row["brand"]]} for row in rows]


def mentions_of(rows: Iterable[Mapping[str, Any]]) -> list[Said]:
    """What is no post of the brand's own; of rows with the same id the first counts."""
    analyzer = SentimentIntensityAnalyzer()
    once: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        once.setdefault(row["id"], row)
    found = []
    for row in once.values():
        if row.get("inbound") is False:
            continue
        # Exports escape: what was written is "&", where they say "&amp;".
        written = re.sub(r"&#?\w+;", lambda escaped: unescape(escaped[0]), row["text"])
        # Whom a post calls must not colour how it is said, so that handles are left out.
        text = re.sub(r"@\w+(?:[.@-]\w+)*", "@user", written)
        score = analyzer.polarity_scores(text)["compound"]
        label = "positive" if score >= 0.05 else "negative" if score <= -0.05 else "neutral"
        tags = frozenset(tag.casefold() for tag in HASHTAG.findall(ADDRESS.sub(" ", written)))
        at = int(datetime.fromisoformat(row["created_at"]).timestamp())
        found.append(Said(row["brand"], at, row.get("author"), label, tags, row.get("inbound") is True))
    return found


def second(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=MADRID).timestamp())


def period_before(since: int, until: int, unit: str | None) -> tuple[int, int]:
    day = datetime.fromtimestamp(since, MADRID).date()
    if unit is None:
        return since - (until - since), since
    if unit == "month":
        return second((day - timedelta(days=1)).replace(day=1)), since
    return second(day - timedelta(days=7 if unit == "week" else 1)), since


class Counted:
    """What a window holds of one brand, counted in the plainest way."""

    def __init__(self, said: Iterable[Said], brand: str, window: tuple[int, int]) -> None:
        self.said = [one for one in said if one.brand == brand and window[0] <= one.at < window[1]]
        labels = Counter(one.label for one in self.said)
        self.positive, self.negative = labels["positive"], labels["negative"]
        self.authors = {one.author for one in self.said if one.author is not None}
        praise = Counter(one.author for one in self.said if one.label == "positive")
        self.advocates = {author for author in self.authors if praise[author] >= 2}
        self.tagged = sum(bool(one.tags) for one in self.said)
        self.net = self.positive - self.negative


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def growth(now: int, then: int, least: int = 1) -> float | None:
    return (now - then) / then if then >= least else None


def voices(said: list[Said], asked: Asked) -> dict[str, float | None]:
    market = {brand: Counted(said, brand, asked.window) for brand in {one.brand for one in said}}

    def voice(of: Callable[[Counted], int]) -> float | None:
        parts = {brand: of(one) for brand, one in market.items()}
        return share(parts[asked.brand], sum(parts.values())) if len(market) > 1 else None

    return {
        "share_of_voice": voice(lambda one: len(one.said)),
        "share_of_voice.organic": voice(lambda one: len(one.said)),
        "share_of_voice.authors": voice(lambda one: len(one.authors)),
        "share_of_voice.positive": voice(lambda one: one.positive),
        "share_of_voice.net": voice(lambda one: max(0, one.net)),
    }


def expected(said: list[Said], asked: Asked, first: dict[Any, int]) -> dict[str, float | None]:
    """Every KPI of TOLD by its definition, and what is told beside it; None where it has no value."""
    mine, past = Counted(said, asked.brand, asked.window), Counted(said, asked.brand, asked.before)
    n, direct = len(mine.said), sum(one.direct for one in mine.said)
    old = {author for author in mine.authors if first[asked.brand, author] < asked.window[0]}
    uses = Counter(tag for one in mine.said for tag in one.tags)
    # Of mentions by nobody that is known, how many wrote them is unknown.
    nobody = n > 0 and not mine.authors
    people = {
        "authors": len(mine.authors),
        "new_authors": len(mine.authors - old),
        "advocates": len(mine.advocates),
        "new_influencers": len(mine.advocates - old),
        "influencers.tier1": 0,
        "influencers.tier2": 0,
        "influencers.tier3": len(mine.advocates),
        "influencers.tier4": len(mine.authors - mine.advocates),
    }
    return {
        **voices(said, asked),
        **{kpi: None if nobody else number for kpi, number in people.items()},
        "mentions": n,
        "mentions.direct": direct,
        "mentions.indirect": n - direct,
        "mentions.as_now": n,
        "returning_author_share": share(len(old), len(mine.authors)),
        "hashtags": len(uses),
        "hashtags uses": uses.total(),
        "hashtags most": max(uses.values(), default=None),
        "hashtag_growth": growth(mine.tagged, past.tagged, 20),
        "positive_mentions": mine.positive,
        "negative_mentions": mine.negative,
        "positive_growth": growth(mine.positive, past.positive),
        "negative_growth": growth(mine.negative, past.negative),
        "positive_share": share(mine.positive, n),
        "negative_share": share(mine.negative, n),
        "net_sentiment": share(mine.net, n),
        "positive_growth change": mine.positive - past.positive,
        "negative_growth change": mine.negative - past.negative,
        "hashtag_growth change": mine.tagged - past.tagged,
        "share_of_voice.net net": mine.net,
    }


def asked(name: str, unit: str | None) -> list[str]:
    first_day, last_day, monday, last_monday = WINDOWS[name]
    since, until = (first_day, last_day) if unit in ("day", None) else (monday, last_monday)
    if unit == "month":
        end = date.fromisoformat(until).replace(day=28) + timedelta(days=4)
        since, until = since[:8] + "01", end.replace(day=1).isoformat()
    return ["--since", since, "--until", until, *(["--by", unit] if unit else [])]


def bring(line: CommandLine, name: str) -> list[Said]:
    rows = read(name)
    brands = "".join(f"  - {{name: {brand}}}\n" for brand in sorted({row["brand"] for row in rows}))
    line.configure(f"timezone: Europe/Madrid\nsentiment: {{engine: vader}}\nbrands:\n{brands}")
    file = line.file("renamed.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    line.good("import", file, *(["--map", "thread=conversation"] if name.startswith("care/") else []))
    return mentions_of(rows)


def beside(value: Mapping[str, Any]) -> dict[str, float | None]:
    """What is told beside a value and worked out here as well."""
    told = {key: value[key] for key in ("uses", "change", "net") if key in value}
    told |= {"most": value["top"][0]["mentions"] if value["top"] else None} if "uses" in value else {}
    return {f"{value['kpi']} {key}": number for key, number in told.items()}


def test_every_kpi_of_what_is_heard_is_compared_or_cannot_be_told_of_such_files() -> None:
    heard = {name for name, kpi in KPIS.items() if kpi.of_sources or "cases" in kpi.inputs}
    assert {*TOLD, *WAITS, *COPIES, *COUNTED, *UNTOLD} == heard


@pytest.mark.parametrize("name", WINDOWS)
def test_every_kpi_equals_plain_python_on_the_raw_file(line: CommandLine, name: str) -> None:
    said = bring(line, name)
    first: dict[Any, int] = {}
    for one in said:
        first[one.brand, one.author] = min(one.at, first.get((one.brand, one.author), one.at))
    compared: Counter[str] = Counter()
    worked: dict[Asked, dict[str, float | None]] = {}
    for unit in UNITS:
        for value in line.good("kpi", *TOLD, *asked(name, unit), "--json").json():
            since, until = (int(datetime.fromisoformat(value[end]).timestamp()) for end in ("since", "until"))
            question = Asked(value["brand"], (since, until), period_before(since, until, unit))
            if question not in worked:
                worked[question] = expected(said, question, first)
            raw = worked[question]
            if value["reason"] == "no source heard":
                assert not raw["mentions"]
                continue
            if value["reason"] == "no source heard for 90 % of both periods":
                assert question.before[1] <= min(one.at for one in said)
                continue
            # Shares and growth of tone are estimates; what the engine itself said stands beside them.
            counted = value["raw_value"] if value.get("method") == "adjusted" else value["value"]
            assert counted == raw[value["kpi"]], value
            assert (value["value"] is None) == (value["reason"] is not None)
            told = beside(value)
            assert told == {key: raw[key] for key in told}, value
            compared[value["kpi"]] += counted is not None
    several = len({one.brand for one in said}) > 1
    anonymous = {one.author for one in said} == {None}
    never = {kpi for kpi in TOLD if not several and kpi.startswith("share_of_voice")}
    of_people = {"authors", "new_authors", "advocates", "new_influencers", "returning_author_share"}
    of_people |= {"share_of_voice.authors", *(kpi for kpi in TOLD if kpi.startswith("influencers."))}
    never |= of_people if anonymous else set()
    assert {kpi for kpi in TOLD if not compared[kpi]} <= {*never, "hashtag_growth"}


def test_what_such_files_cannot_tell_is_null_with_its_reason(line: CommandLine) -> None:
    name = "brands/tech_four_brands.jsonl"
    bring(line, name)
    found = line.good("kpi", *UNTOLD, *asked(name, None), "--brand", "Zq0x", "--json").json()
    assert {value["kpi"]: (value["value"], value["reason"]) for value in found} == {
        kpi: (None, reason) for kpi, reason in UNTOLD.items()
    }
