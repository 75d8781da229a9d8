"""Letters about invented brands, for the tests of the digest and for looking at them in a browser.

python tests/alerts/digest/sample_letters.py FOLDER     writes every sample as HTML and text
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from alerts.digest.compose import compose
from alerts.digest.facts import (
    BrandFacts,
    CoverageFacts,
    DigestFacts,
    DownFact,
    DriverFacts,
    GoalFact,
    KpiFact,
    MarkFact,
    QuoteRef,
    WaitFact,
)
from alerts.digest.render import letter
from alerts.digest.wording import Known
from alerts.message import Fact, Letter, Message, Quote
from alerts.render import as_html, as_text
from storage.drivers import Drivers, FromSource, Term, ToldStory, Voice
from storage.stats import clusters
from storage.stats.clusters import Count, Interval
from storage.stats.wilson import wilson
from storage.unanswered import Waiting

# 9 to 15 November 2026 in Madrid (UTC+1): ISO week 46.
SINCE = 1794178800
UNTIL = SINCE + 7 * 86_400


def moved_count(now: int, then: int) -> tuple[float, float]:
    """How far chance moves the difference of two counts."""
    one, other = clusters.rate(Count(now, now)), clusters.rate(Count(then, then))
    found = clusters.difference(one, other)
    return found.low, found.high


def moved_share(now: tuple[float, int], then: tuple[float, int]) -> tuple[float, float] | None:
    """The same of two shares, each a part and its whole."""
    if not now[1] or not then[1]:
        return None
    one, other = (Interval(part / whole, *wilson(part, whole)) for part, whole in (now, then))
    found = clusters.difference(one, other)
    return found.low, found.high


def brand(
    name: str,
    mentions: tuple[int, int],
    market: tuple[int, int],
    tone: tuple[int, int, int],
    before: tuple[int, int, int],
    response: KpiFact | None = None,
    own: bool = False,
    per_day: tuple[int | None, ...] = (),
) -> BrandFacts:
    """Make a brand's KPIs from counts; `tone` is (positive, neutral, negative)."""
    n, n_before = sum(tone), sum(before)

    def ratio(now: float, then: float) -> KpiFact:
        reason = None if n else "none judged"
        return KpiFact(
            now / n if n else None,
            then / n_before if n_before else None,
            "ratio",
            n,
            n_before,
            reason,
            change_interval=moved_share((now, n), (then, n_before)) if min(now, then) >= 0 else None,
        )

    growth = (tone[0] - before[0]) / before[0] if before[0] else None
    return BrandFacts(
        name,
        own,
        "default",
        {
            "mentions": KpiFact(
                mentions[0],
                mentions[1],
                "mentions",
                mentions[0],
                mentions[1],
                change_interval=moved_count(*mentions),
            ),
            "share_of_voice": KpiFact(
                mentions[0] / market[0] if market[0] else None,
                mentions[1] / market[1] if market[1] else None,
                "ratio",
                market[0],
                market[1],
                change_interval=moved_share((mentions[0], market[0]), (mentions[1], market[1])),
            ),
            "positive_mentions": KpiFact(tone[0], before[0], "mentions", n, n_before),
            "positive_growth": KpiFact(
                growth, None, "ratio", before[0], beside={"change": tone[0] - before[0]}
            ),
            "positive_share": ratio(tone[0], before[0]),
            "negative_share": ratio(tone[2], before[2]),
            "net_sentiment": ratio(tone[0] - tone[2], before[0] - before[2]),
            "first_response_time": response
            or KpiFact(None, reason="no eligible mentions", unit="seconds", n=0),
        },
        per_day,
    )


def full_week() -> DigestFacts:
    """A week with a week before it, one source deaf for a day, one not heard at all."""
    market, own = (1_209, 1_030), (412, 374)
    answers = KpiFact(
        2_520.0,
        3_900.0,
        "seconds",
        51,
        44,
        beside={
            "p90": 15_600.0,
            "answered_share": 0.863,
            "within_target": 0.61,
            "response_target": 3_600,
            "within_like": 0.61,
            "within_before": 0.48,
        },
        change_interval=(-0.07, 0.32),
    )
    return DigestFacts(
        timezone="Europe/Madrid",
        since=SINCE,
        until=UNTIL,
        written_at=UNTIL + 8 * 3_600,
        comparable=True,
        brands=(
            brand(
                "Nordlicht",
                own,
                market,
                (175, 159, 46),
                (120, 170, 58),
                answers,
                own=True,
                per_day=(48, 52, 61, 97, 74, 41, 39),
            ),
            brand("Brisa", (496, 371), market, (160, 220, 80), (150, 150, 45)),
            brand("Kestrel", (284, 271), market, (60, 140, 66), (70, 130, 50)),
            brand("Umber", (17, 14), market, (6, 8, 2), (5, 7, 1)),
        ),
        coverage=(
            CoverageFacts("hackernews", 168, 168, 168, 168),
            CoverageFacts("feeds: shop-news.example", 143.5, 168, 168, 168),
            CoverageFacts("feeds: forum.example", 0, 168, 168, 168),
        ),
        left_out=("feeds: forum.example",),
        quotes=(
            QuoteRef("p1", "Nordlicht", "positive"),
            QuoteRef("p2", "Nordlicht", "positive"),
            QuoteRef("n1", "Nordlicht", "negative"),
            QuoteRef("gone", "Nordlicht", "negative"),
            QuoteRef("n2", "Brisa", "negative"),
        ),
        next_letter_at=UNTIL + 7 * 86_400 + 8 * 3_600,
        engine="vader-3.3.2",
    )


def quotes() -> dict[str, Quote]:
    """The posts of `full_week` that still exist; every text is ours."""
    at = "2026-11-12T14:03:00+01:00"
    return {
        "p1": Quote(
            "Replaced three lamps with Nordlicht ones. The light is warm and the app stays out of the way.",
            "ada_l",
            "hackernews",
            "https://news.example/item?id=1&x=2",
            at,
            "positive",
        ),
        "p2": Quote(
            "چراغ نوردلیخت واقعاً عالی است؛ می‌خواهم یکی دیگر بخرم 💡",
            "mina",
            "feeds: forum",
            None,
            at,
            "positive",
        ),
        "n1": Quote(
            "Day four without an answer from Nordlicht about my broken dimmer. <b>Never again</b>.",
            "grumpy",
            "hackernews",
            "https://news.example/item?id=2",
            at,
            "negative",
        ),
        "n2": Quote(
            "Brisa raised the price again and called it a gift.",
            None,
            "feeds: shop-news",
            None,
            at,
            "negative",
        ),
    }


def rich_week() -> DigestFacts:
    """A week in which something happened, with everything that a letter may hold."""
    market = (1_209, 930)
    facts = full_week()
    first, *rest = facts.brands
    louder = brand(
        "Nordlicht",
        (512, 374),
        market,
        (175, 159, 146),
        (120, 170, 58),
        first.kpi("first_response_time"),
        own=True,
        per_day=(48, 52, 61, 167, 94, 51, 39),
    )
    behind = Drivers(
        (FromSource("hackernews", 402, 268), FromSource("feeds: forum.example", 110, 106)),
        (ToldStory(101, 14, 0), ToldStory(102, 3, 1)),
        (Term("dimmer", 41, 6), Term("recall", 33, 0), Term("flicker", 18, 2)),
        (Voice(7, 3, 48_000), Voice(8, 9, None)),
    )
    until = UNTIL + 60 * 86_400
    return replace(
        facts,
        brands=(louder, *(replace(one, kpis={**one.kpis, "first_response_time": slower()}) for one in rest)),
        drivers=(DriverFacts("Nordlicht", behind),),
        goals=(
            GoalFact(
                "Faster answers",
                "first_response_time",
                "seconds",
                "Nordlicht",
                "Ada",
                1_800,
                until,
                4_100,
                2_520,
                0.69,
                0.5,
                "on pace",
            ),
            GoalFact(
                "Fewer complaints",
                "negative_share",
                "ratio",
                "Nordlicht",
                "Bo",
                0.1,
                until,
                0.18,
                0.304,
                -1.5,
                0.5,
                "behind",
            ),
        ),
        waits=(
            WaitFact(
                "Nordlicht",
                (
                    Waiting(201, "Nordlicht", UNTIL - 4 * 86_400),
                    Waiting(202, "Nordlicht", UNTIL - 2 * 86_400),
                ),
                7,
            ),
        ),
        marks=(
            MarkFact(SINCE + 2 * 86_400, None, "Prices of dimmers raised", "Nordlicht"),
            MarkFact(SINCE, UNTIL + 9 * 86_400, "Warm winter"),
        ),
        down=(DownFact("feeds: forum.example", UNTIL - 9 * 86_400),),
        corrected=12,
        dashboard="https://listener.example/",
    )


def slower() -> KpiFact:
    beside = {"within_target": 0.31, "response_target": 3_600.0}
    return KpiFact(9_800.0, None, "seconds", 38, beside=beside)


def rich_quotes() -> dict[str, Quote]:
    """The posts of `rich_week`."""
    at = "2026-11-12T09:11:00+01:00"
    recall = "Nordlicht recalls its wall dimmer after reports of flicker and heat — what owners should do now"
    asked = (
        "Is my dimmer one of the recalled ones? The page for serial numbers does not load, nobody picks up."
    )
    return {
        **quotes(),
        "101": Quote(recall, "kitchenwire", "hackernews", "https://news.example/item?id=101", at),
        "102": Quote(
            "Ten lamps for the dark months", "lumen", "hackernews", "https://news.example/item?id=102", at
        ),
        "201": Quote(asked, "bruno", "hackernews", "https://news.example/item?id=201", at),
        "202": Quote(
            "When is the E27 back in stock?", "carme", "hackernews", "https://news.example/item?id=202", at
        ),
    }


def persian_week() -> DigestFacts:
    """The rich week, written from right to left."""
    return replace(rich_week(), language="fa")


AUTHORS = {7: ("Ada Lund", "bluesky"), 8: ("kitchenwire", "hackernews")}


def first_week() -> DigestFacts:
    """Heard since Thursday only: numbers, and no growth anywhere."""
    facts = full_week()
    brands = tuple(
        replace(one, kpis={name: replace(kpi, before=None) for name, kpi in one.kpis.items()})
        for one in facts.brands
    )
    return replace(
        facts,
        comparable=False,
        why_not="Listener began to listen on Thu 12 Nov, so this week is only partly heard",
        brands=(replace(brands[0], per_day=(None, None, None, 97, 74, 41, 39)), *brands[1:]),
        coverage=(CoverageFacts("hackernews", 91.2, 168),),
        left_out=(),
    )


def quiet_week() -> DigestFacts:
    """Everything was heard, and nobody said anything."""
    names = ("Nordlicht", "Brisa")
    brands = tuple(
        brand(name, (0, 31), (0, 60), (0, 0, 0), (10, 5, 5), own=name == "Nordlicht", per_day=(0,) * 7)
        for name in names
    )
    return replace(
        full_week(), brands=brands, quotes=(), left_out=(), coverage=(CoverageFacts("hackernews", 168, 168),)
    )


def deaf_week() -> DigestFacts:
    """No source was heard at all."""
    none = KpiFact(None, 31, "mentions", None, 31, "no source heard")
    brands = tuple(
        BrandFacts(name, name == "Nordlicht", "default", {"mentions": none}, (None,) * 7)
        for name in ("Nordlicht", "Brisa")
    )
    return replace(
        full_week(),
        brands=brands,
        quotes=(),
        comparable=False,
        why_not="no source was heard this week",
        coverage=(CoverageFacts("hackernews", 0, 168, 168, 168),),
        left_out=("hackernews",),
    )


def strange_week() -> DigestFacts:
    """Very long names, markup in names, many brands, two markets."""
    long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft & Söhne"
    market = (2_000_000, 1_000_000)
    brands = [
        brand(long, (1_234_567, 900_000), market, (500_000, 1, 2), (1, 1, 1), own=True, per_day=(9,) * 7),
        brand("<script>alert(1)</script>", (90, 10), market, (0, 0, 40), (30, 0, 0)),
        brand("نوردلیخت", (70, 80), market, (40, 0, 0), (0, 30, 30)),
    ]
    brands += [brand(f"Rival {n}", (n, n), market, (n, 0, 0), (n, 0, 0)) for n in range(1, 40)]
    brands.append(replace(brand("Umber", (12, 3), (20, 9), (3, 2, 1), (1, 1, 1)), market="lamps & <more>"))
    brands.append(replace(brand("Kestrel", (8, 6), (20, 9), (3, 2, 1), (1, 1, 1)), market="lamps & <more>"))
    return replace(
        full_week(),
        brands=tuple(brands),
        quotes=(QuoteRef("x", long, "negative"),),
        coverage=tuple(
            CoverageFacts(f"feeds: https://example.test/{'a' * 80}/{n}", 20, 168) for n in range(6)
        ),
    )


def strange_quotes() -> dict[str, Quote]:
    text = "word" * 30_000 + "</td></table><script>alert(1)</script>"
    return {"x": Quote(text, "a" * 500, "feeds", "javascript:alert(1)", "2026-11-12T14:03:00+01:00")}


def alert() -> Message:
    """One alert as a rule would tell it."""
    return Message(
        key="angry:1794474000",
        kind="fired",
        title="Nordlicht: negative share above 40 %",
        summary="In the last hour 46.3 % of the mentions of Nordlicht were negative, above the 40 % of the rule.",
        brand="Nordlicht",
        rule="angry",
        at="2026-11-12T14:15:00+01:00",
        facts=(
            Fact("Negative share", "46.3 % of 54 judged mentions"),
            Fact("The hour before", "21.0 % of 48"),
            Fact("Since", "Thu 12 Nov, 14:00"),
        ),
        quotes=(*quotes().values(),) * 2,
        footer="Told again at the earliest in 6h.",
        link="http://127.0.0.1:8765/alerts/1",
    )


SAMPLES = {
    "full": (full_week, quotes),
    "rich": (rich_week, rich_quotes),
    "persian": (persian_week, rich_quotes),
    "first": (first_week, quotes),
    "quiet": (quiet_week, dict),
    "deaf": (deaf_week, dict),
    "strange": (strange_week, strange_quotes),
}


def write(name: str) -> Letter:
    """A sample as a letter."""
    facts, found = SAMPLES[name]
    return letter(compose(facts(), Known(found(), AUTHORS)), found(), f"digest:{name}")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in SAMPLES:
        made = write(name)
        (folder / f"{name}.html").write_text(made.html)
        (folder / f"{name}.txt").write_text(f"Subject: {made.subject}\n\n{made.text}")
    (folder / "alert.html").write_text(as_html(alert()))
    (folder / "alert.txt").write_text(as_text(alert()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
