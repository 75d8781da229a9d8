"""What happens in the invented world: a written fortnight of history, then posts as you watch, and a crisis."""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from listener.demo.writing import write

DAY = 86400
WEEK = 7 * DAY
MONDAY = 4 * DAY  # 1970 began on a Thursday; its first Monday was the fifth of January

HACKERNEWS = "hackernews"
CRISIS_BRAND = "Morvane"

# brand: its part of the talk, how often it answers a question, and the usual minutes until it does
BRANDS: dict[str, tuple[float, float, float]] = {
    "Morvane": (0.34, 0.85, 42),
    "Tessiq": (0.30, 0.70, 130),
    "Brunnavik": (0.22, 0.90, 25),
    "Caldrello": (0.14, 0.45, 300),
}

# outlet: the language it writes in
OUTLETS: dict[str, str] = {
    "kitchen-post": "en",
    "cocina-de-hoy": "es",
    "kuechenblatt": "de",
    "bucataria-zilei": "ro",
    "diari-de-cuina": "ca",
}

# How loud each hour of the day (UTC) and each day of the week (from Monday) is.
HOURS = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 8, 8, 9, 9, 8, 8, 9, 10, 11, 10, 8, 6, 4)
DAYS = (1.0, 1.05, 1.1, 1.0, 0.9, 0.6, 0.65)
POSTS_AT_FULL_HOUR = 11.0

# Seconds after the start at which the crisis begins, is at its height until, and is over.
CRISIS_BEGINS, CRISIS_TURNS, CRISIS_ENDS = 30, 270, 480
CRISIS_POSTS_A_SECOND = 1.2

FIRST_ID = 9_000_000_000  # far beyond real item numbers, so that no link leads to a stranger's post

Tone = Literal["positive", "neutral", "negative"]


@dataclass(frozen=True, slots=True)
class Item:
    """One post of this world. `thread` and `parent` are ids of items; both None for a story or an article."""

    id: int
    at: int
    outlet: str
    language: str
    author: str
    text: str
    title: str | None = None
    thread: int | None = None
    parent: int | None = None


def history_begins(start: int) -> int:
    """The Monday two whole ISO weeks before the current one: last week and the one before are complete."""
    return start - (start - MONDAY) % WEEK - 2 * WEEK


def crisis_rate(elapsed: int) -> float:
    """Angry posts a second, `elapsed` seconds after the start: nothing, a burst, then calming down."""
    if not CRISIS_BEGINS <= elapsed < CRISIS_ENDS:
        return 0.0
    if elapsed < CRISIS_TURNS:
        return CRISIS_POSTS_A_SECOND
    return CRISIS_POSTS_A_SECOND * (CRISIS_ENDS - elapsed) / (CRISIS_ENDS - CRISIS_TURNS)


class World:
    """Everything that is said, in order of time; the same `start` and `seed` give the same world.

    `start` is the second at which somebody begins to watch: before it lies history, after it live posts.
    """

    def __init__(self, start: int, seed: int = 7) -> None:
        self.start = start
        self.since = history_begins(start)
        self._seed = seed
        self._items: list[Item] = []
        self._threads: list[int] = []
        self._next_id = FIRST_ID
        self._crisis_thread: int | None = None
        self._written_until = start
        for hour in range(self.since, start, 3600):
            self._write_hour(hour)

    def seen(self, now: int) -> list[Item]:
        """All items published before `now`, oldest first. A second is shown only when it is over."""
        for second in range(self._written_until, now):
            self._write_second(second)
        self._written_until = max(self._written_until, now)
        return self._items[: bisect_left(self._items, now, key=attrgetter("at"))]

    def _write_hour(self, hour: int) -> None:
        rng = random.Random(f"{self._seed}:hour:{hour - self.since}")
        loudness = HOURS[hour // 3600 % 24] / max(HOURS) * DAYS[(hour - MONDAY) // DAY % 7]
        growing = 1 + 0.25 * ((hour - self.since) // WEEK)
        count = int(POSTS_AT_FULL_HOUR * loudness * growing + rng.random())
        for at in sorted(hour + rng.randrange(3600) for _ in range(count)):
            if at < self.start:
                self._say(at, rng, haste=1.0)

    def _write_second(self, second: int) -> None:
        rng = random.Random(f"{self._seed}:second:{second - self.start}")
        if rng.random() < 0.8:
            # A newcomer should see an answer arrive: live answers come in minutes, not in hours.
            self._say(second, rng, haste=0.03)
        elapsed = second - self.start
        if elapsed == CRISIS_BEGINS:
            self._break_the_news(second, rng)
        elif rng.random() < crisis_rate(elapsed) - 1:
            self._complain(second, rng)
        if elapsed > CRISIS_BEGINS and rng.random() < crisis_rate(elapsed):
            self._complain(second, rng)

    def _say(self, at: int, rng: random.Random, haste: float) -> None:
        brand, rival = self._two_brands(rng)
        if rng.random() < 0.28:
            outlet = rng.choice(list(OUTLETS))
            tone = self._tone(at, brand, rng)
            title = write(OUTLETS[outlet], "headline", brand, rival, rng)
            text = write(OUTLETS[outlet], tone, brand, rival, rng)
            self._add(at, outlet, OUTLETS[outlet], "editors", text, title=title)
            return
        author = f"{rng.choice(FIRST_NAMES)}{rng.randrange(10, 99)}"
        form = rng.random()
        if form < 0.16:
            self._ask(at, author, brand, rng, haste)
        elif form < 0.36 or not self._threads:
            title = write("en", "story", brand, rival, rng)
            text = write("en", self._tone(at, brand, rng), brand, rival, rng)
            self._open_thread(self._add(at, HACKERNEWS, "en", author, text, title=title))
        else:
            code = rng.choices(("en", "es", "de", "ro", "ca"), (72, 9, 9, 5, 5))[0]
            tone = self._tone(at, brand, rng)
            kind = "comparison" if code == "en" and tone == "neutral" and rng.random() < 0.3 else tone
            thread = rng.choice(self._threads)
            text = write(code, kind, brand, rival, rng)
            self._add(at, HACKERNEWS, code, author, text, thread=thread, parent=thread)

    def _ask(self, at: int, author: str, brand: str, rng: random.Random, haste: float) -> None:
        """A customer speaks to the brand, in a thread of its own; mostly, the brand answers."""
        text = write("en", "question", brand, brand, rng)
        story = self._add(at, HACKERNEWS, "en", author, text, title=f"A question to {brand}")
        _, answers, minutes = BRANDS[brand]
        if rng.random() < answers:
            delay = max(20, round(rng.lognormvariate(0, 0.7) * minutes * 60 * haste))
            reply = write("en", "reply", brand, brand, rng)
            self._add(at + delay, HACKERNEWS, "en", brand.lower(), reply, thread=story, parent=story)

    def _break_the_news(self, at: int, rng: random.Random) -> None:
        title = write("en", "crisis_story", CRISIS_BRAND, CRISIS_BRAND, rng)
        text = write("en", "crisis", CRISIS_BRAND, CRISIS_BRAND, rng)
        self._crisis_thread = self._add(at, HACKERNEWS, "en", "wattwatcher", text, title=title)
        for number, (outlet, code) in enumerate(OUTLETS.items()):
            title = write(code, "crisis_headline", CRISIS_BRAND, CRISIS_BRAND, rng)
            text = write(code, "crisis", CRISIS_BRAND, CRISIS_BRAND, rng)
            self._add(at + 7 * number, outlet, code, "editors", text, title=title)

    def _complain(self, at: int, rng: random.Random) -> None:
        author = f"{rng.choice(FIRST_NAMES)}{rng.randrange(100, 999)}"
        code = rng.choices(("en", "es", "de", "ro", "ca"), (90, 4, 3, 2, 1))[0]
        text = write(code, "crisis", CRISIS_BRAND, CRISIS_BRAND, rng)
        thread = self._crisis_thread
        self._add(at, HACKERNEWS, code, author, text, thread=thread, parent=thread)

    def _two_brands(self, rng: random.Random) -> tuple[str, str]:
        brand = rng.choices(list(BRANDS), [part for part, _, _ in BRANDS.values()])[0]
        return brand, rng.choice([other for other in BRANDS if other != brand])

    def _tone(self, at: int, brand: str, rng: random.Random) -> Tone:
        """The crisis brand was liked better last week than the week before: something for the letter to tell."""
        liked = 0.58 if brand == CRISIS_BRAND and at >= self.since + WEEK else 0.34
        tones: tuple[Tone, ...] = ("positive", "neutral", "negative")
        return rng.choices(tones, (liked, 0.84 - liked, 0.16))[0]

    def _open_thread(self, story: int) -> None:
        self._threads = [*self._threads[-11:], story]

    def _add(
        self,
        at: int,
        outlet: str,
        code: str,
        author: str,
        text: str,
        *,
        title: str | None = None,
        thread: int | None = None,
        parent: int | None = None,
    ) -> int:
        item = Item(self._next_id, at, outlet, code, author, text, title, thread, parent)
        self._next_id += 1
        insort(self._items, item, key=lambda each: (each.at, each.id))
        return item.id


FIRST_NAMES = (
    "ada", "bruno", "carme", "dorin", "elke", "fatima", "gustav", "helena", "ion", "jordi", "katrin", "luis",
    "maria", "nils", "oana", "pere", "quim", "rosa", "stefan", "teresa", "uwe", "vlad", "wanda", "xenia",
)  # fmt: skip
