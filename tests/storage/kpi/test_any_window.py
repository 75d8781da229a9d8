"""Whatever window is asked for in whatever zone, roll-ups answer as the mentions themselves do, and as plain Python."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from keeping import DAY, FORUM, HOUR, NEWS, UTC, keep, names, post, tone

from sentiment.tone import LABELS
from storage import rejudging
from storage.calendar import Window, unit_of
from storage.kpi import KPIS, Ask, KpiValue, compute, crowd, facts, speakers, tally
from storage.kpi.declaration import HEARD
from storage.kpi.value import ENGINE_CHANGED
from storage.mention import Brand, KeptPost, Source
from storage.rollups.periods import Span, Unit
from storage.sqlite import SqliteStore

pytestmark = pytest.mark.slow

# Away from UTC by a quarter of an hour, on both sides of it, one with a new year's day 13 hours before the other's.
ZONES = [
    ZoneInfo(name) for name in ("Europe/Madrid", "Asia/Kathmandu", "America/New_York", "Pacific/Auckland")
]
MIDDLE = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
BRANDS = (Brand("Acme", own=True), Brand("Bolt"), Brand("Cog", market="other"), Brand("Never"))
# What is made of mentions. What people decide and what comes in files is asked of other tables.
ASKED = [kpi for kpi in KPIS.values() if kpi.of_sources and HEARD.issuperset(kpi.inputs)]


@dataclass(frozen=True)
class Said:
    """A mention, as a test tells it."""

    source: Source
    at: int
    brands: tuple[str, ...]
    label: str | None
    author: str | None
    followers: int | None
    language: str | None
    live: bool
    tags: tuple[str, ...]
    hashtags: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    window: Window
    zone: ZoneInfo
    sources: tuple[str, ...]
    by: tuple[str, ...]
    rule: bool
    tag: str | None
    compare: bool


class Draw:
    """Histories and questions of one seed: always the same ones, and dense enough for everything to meet."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.zone = self._random.choice(ZONES)
        days = [unit_of(MIDDLE + n * DAY, "day", self.zone).since for n in (-8, -7, -1, 0, 1, 6, 7)]
        months = [unit_of(MIDDLE + n * DAY, "month", self.zone).since for n in (-280, -1, 32, 70)]
        self._starts = [*days, *months]

    def _time(self) -> int:
        """Close to where a day, week, month or year begins, or anywhere."""
        if self._random.random() < 0.6:
            return self._random.choice(self._starts) + self._random.choice([-HOUR, -1, 0, 0, 1, 900, HOUR])
        return MIDDLE + self._random.randint(-9 * DAY, 9 * DAY)

    def mentions(self) -> list[Said]:
        pick = self._random.choice
        return [
            Said(
                pick([NEWS, FORUM, FORUM, FORUM]),
                self._time(),
                pick([("Acme",), ("Acme",), ("Bolt",), ("Acme", "Bolt"), ("Cog",)]),
                pick([*LABELS, "positive", None]),
                pick(["ana", "ana", "ben", "cleo", None]),
                pick([None, 0, 7, 150, 4_711]),
                pick([None, "es", "en"]),
                pick([True, True, False]),
                pick([("vip",), ()]),
                pick([(), (), ("sale",), ("sale", "new")]),
            )
            for _ in range(self._random.randint(0, 60))
        ]

    def again(self) -> str | None:
        return self._random.choice([None, None, "positive", "negative"])

    def question(self) -> Question:
        pick = self._random.choice
        return Question(
            self._window(),
            pick([self.zone, *ZONES]),
            pick([(), (), ("news",), ("hackernews",)]),
            pick([(), (), ("source",), ("language",), ("source", "language")]),
            rule=pick([False, False, True]),
            tag=pick([None, None, None, "vip"]),
            compare=pick([False, False, True]),
        )

    def _window(self) -> Window:
        since, until = sorted((self._time(), self._time()))
        unit = self._random.choice([None, None, "day", "week", "month", "year"])
        return unit_of(since, unit, self.zone) if unit else Window(since, until + 1)  # type: ignore[arg-type]


def posts_of(told: Sequence[Said]) -> list[tuple[Said, KeptPost]]:
    return [
        (
            one,
            post(
                str(number),
                one.at,
                *[names(brand, one.label) for brand in one.brands],  # type: ignore[arg-type]
                text=" ".join((str(number), *(f"#{tag}" for tag in one.hashtags))),
                author=one.author,
                followers=one.followers,
                language=one.language,
                tags=one.tags,
            ),
        )
        for number, one in enumerate(told)
    ]


def tell(store: SqliteStore, told: Sequence[Said], again: str | None) -> None:
    """Keep these mentions, a page for each source and way of hearing; `again`: judge all anew so."""
    store.register(BRANDS, [NEWS, FORUM])
    for source in (NEWS, FORUM):
        keep(store, [], source, heard=(MIDDLE - 2_000 * DAY, MIDDLE + 2_000 * DAY))
    pages: dict[tuple[str, bool], list[KeptPost]] = defaultdict(list)
    for one, said in posts_of(told):
        pages[one.source.name, one.live].append(said)
    for (name, live), page in pages.items():
        keep(store, page, {"news": NEWS, "forum": FORUM}[name], live=live)
    if again is None:
        return
    with store.writing() as db:
        running = rejudging.begin(db, "other-1", None, 0, MIDDLE)
    if page := rejudging.page(store, running):
        tones = {(one.id, m.brand): tone(again, 0.6, "other-1") for one in page for m in one.post.mentions}  # type: ignore[arg-type]
        with store.writing() as db:
            running = rejudging.write(db, running, page, tones)
    with store.writing() as db:
        rejudging.finish(db, running, MIDDLE)


def ask_of(question: Question) -> Ask:
    return Ask(
        question.window,
        MIDDLE + 1_500 * DAY,
        question.zone,
        BRANDS,
        sources=question.sources,
        by=question.by,
        strict=question.rule,
        live_only=question.rule,
        tag=question.tag,
        compare=question.compare,
    )


def from_facts(store: SqliteStore, ask: Ask) -> list[KpiValue]:
    """The same answers without any roll-up."""

    def cover(window: Window, _: ZoneInfo) -> list[Span]:
        return [Span(Unit.FACTS, window.since, window.until)] if window.since < window.until else []

    with pytest.MonkeyPatch.context() as patch:
        for module in (tally, facts):
            patch.setattr(module, "cover", cover)
        for module in (crowd, speakers):
            patch.setattr(module, "calendar_period", lambda *_: None)
        patch.setattr(speakers, "_NEW", _NEW_BY_HAND)
        return compute(store, ASKED, ask)


_NEW_BY_HAND = """SELECT source_id, NULL, count(*) FROM (SELECT source_id, author_id, min(published_at) AS first
    FROM mentions WHERE brand_id = ? AND author_id IS NOT NULL GROUP BY source_id, author_id)
    WHERE first >= ? AND first < ? GROUP BY source_id"""


@dataclass(frozen=True)
class Truth:
    """What counts in one answer, told by plain Python."""

    told: Sequence[Said]
    question: Question
    again: str | None

    def of(self, brand: str, found: KpiValue) -> list[Said]:
        """Mentions of a brand, with the label that counts."""
        kinds = self.question.sources
        return [
            replace(one, label=self._label(one))
            for one in self.told
            if brand in one.brands
            and self.question.window.since <= one.at < self.question.window.until
            and (one.live or not self.question.rule)
            and (self.question.tag is None or self.question.tag in one.tags)
            and (not kinds or one.source.name in kinds or one.source.kind in kinds)
            and (found.source is None or one.source.name == found.source)
            and ("language" not in self.question.by or one.language == found.language)
        ]

    def _label(self, one: Said) -> str | None:
        if self.again is None:
            return one.label
        # What was heard live and is judged again is no news to a rule.
        return None if self.question.rule else self.again

    def new(self, brand: str, author: tuple[str, str | None]) -> bool:
        """Whether an author first spoke of a brand in the window, whatever is asked for."""
        first = min(one.at for one in self.told if brand in one.brands and _who(one) == author)
        return self.question.window.since <= first < self.question.window.until


def _who(one: Said) -> tuple[str, str | None]:
    return one.source.name, one.author


def true_values(truth: Truth, brand: str, found: KpiValue) -> dict[str, object]:
    said = truth.of(brand, found)
    labels = [one.label for one in said]
    by_author: dict[tuple[str, str | None], list[Said]] = defaultdict(list)
    for one in said:
        if one.author is not None:
            by_author[_who(one)].append(one)
    market = len(said) + (len(truth.of({"Acme": "Bolt", "Bolt": "Acme"}[brand], found)))
    praise = [[one.label for one in theirs].count("positive") for theirs in by_author.values()]
    # Where mentions are by nobody that is known, how many wrote them is unknown, not 0.
    nobody_known = bool(said) and not by_author
    return {
        "mentions": len(said),
        "share_of_voice": len(said) / market if market else None,
        "positive_mentions": labels.count("positive"),
        "negative_mentions": labels.count("negative"),
        "authors": None if nobody_known else len(by_author),
        "new_authors": None if nobody_known else sum(truth.new(brand, who) for who in by_author),
        "advocates": None if nobody_known else sum(n >= 2 for n in praise),
        "hashtags": len({tag for one in said for tag in one.hashtags}),
    }


@pytest.mark.parametrize("seed", range(24))
def test_any_window_is_answered_as_from_the_mentions(tmp_path: Path, seed: int) -> None:
    draw = Draw(seed)
    store = SqliteStore(tmp_path / "listener.db", zone=draw.zone)
    told, again = draw.mentions(), draw.again()
    tell(store, told, again)
    for question in [draw.question() for _ in range(12)]:
        answers = compute(store, ASKED, ask_of(question))
        assert answers == from_facts(store, ask_of(question)), question
        truth = Truth(told, question, again)
        for found in answers:
            # Never is of the market too, and says nothing.
            if found.brand in ("Acme", "Bolt"):
                true = true_values(truth, found.brand, found)
                if found.kpi in true and found.reason != ENGINE_CHANGED:
                    assert found.value == true[found.kpi], (found.kpi, question)
    store.close()
