"""Listens to the App Store: what people write about named apps in each country, and how many stars they give.

Apple shows its newest reviews, ten pages of fifty an app and country, in a feed that it does not document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from listener.collectors import read_items
from listener.collectors.asking import Address, Asker, PoliteOptions, know_brands
from listener.collectors.base import Collector, Ear, Grade
from listener.collectors.lanes import Lane, Lanes, Listing, Pace, Token
from listener.collectors.plain import clean, to_plain
from listener.collectors.post import LONGEST_TEXT, Event, Figure, Page, Post
from storage.durations import Duration
from storage.mention import Cursor, Source

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

KIND = "appstore"
GRADE: Grade = "bronze"
_PAGES = 10
_OVERLAP = 3 * 86_400
"""Reviews are checked before they are shown, which may take days."""
_LONGEST_TITLE = 1_000
_LONGEST_NAME = 200


def _country(code: str) -> str:
    if len(code) != 2 or not (code.isascii() and code.isalpha()):
        raise ValueError("a country is a code of two letters, as in us or es")
    return code.lower()


class Options(PoliteOptions):
    """The key `sources.appstore` of config.yaml.

    `apps`: by the name of a brand, as configured, the ids of its apps: the number in the address of an app's page.
    `countries`: each is asked for each app. `url` is another one only for tests.
    """

    SHORTEST = 1_800
    BRANDS_UNDER = "apps"

    apps: dict[str, tuple[Annotated[int, Field(ge=1, le=10**12)], ...]] = Field(min_length=1)
    countries: tuple[Annotated[str, AfterValidator(_country)], ...] = Field(
        default=("us",), min_length=1, max_length=60
    )
    poll: Duration = 6 * 3_600
    history: Duration = Field(default=90 * 86_400, ge=60, le=5 * 366 * 86_400)
    url: Address = "https://itunes.apple.com"


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [AppStore(options, client, ear)]


class AppStore:
    """Reads one list for each app and country."""

    streams = False

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._ear = ear
        self._api = Asker(client, options.url, allow_private=options.allow_private)
        self.source = Source(KIND, KIND, lateness=2 * options.poll + _OVERLAP)
        self.poll = options.poll

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield the reviews that are new, oldest first, and the stars of each day that was read whole."""
        know_brands(self._ear, self._options.apps, "apps")
        brands = {app: brand for brand, apps in self._options.apps.items() for app in apps}
        countries = dict.fromkeys(self._options.countries)
        lanes = [self._lane(brand, app, one) for app, brand in brands.items() for one in countries]
        pause = 0.0 if self._options.allow_private else 1.0
        pace = Pace(self._options.history, _OVERLAP, answers=_PAGES, asks=200, pause=pause)
        return Lanes(self._ear, pace, now).pages(lanes, cursor)

    def _lane(self, brand: str, app: int, country: str) -> Lane:
        stars = _Stars(brand, f"{app} {country}")

        async def ask(since: int, token: Token | None) -> Listing:
            page = 1 if token is None else int(token)
            path = f"/{country}/rss/customerreviews/id={app}/sortBy=mostRecent/page={page}/json"
            entries, more = _opened(await self._api.get(path))
            if entries is None or (not entries and more):
                # So it answers at times where there are reviews; that is not the end of the list.
                raise self._api.strange(path)
            # With the item, so that one that was set aside is still known to be about the brand when it is replayed.
            where = {"about": brand, "page": _page_of(app, country)}
            items = [{**one, **where} if isinstance(one, dict) else one for one in entries]
            posts, aside = read_items(items, to_event)
            stars.add(entries)
            times = [one.published_at for one in posts if one.published_at is not None]
            last = not entries or page == _PAGES
            events: list[Event] = [*posts, *stars.of_whole_days(since, everything=not entries)]
            return Listing(events, aside, times[-1] if times else None, None if last else page + 1)

        return Lane(f"{app} {country}", ask, windowed=True)


@dataclass(slots=True)
class _Stars:
    """Counts the stars of a list, whose pages come newest first; each day is told once, when it was read whole."""

    brand: str
    account: str
    counted: dict[date, Counter[int]] = field(default_factory=dict)
    told: set[date] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    def add(self, entries: list[Mapping[str, Any]]) -> None:
        """Count what was given on a day; reviews that have moved on to the next page meanwhile count once."""
        for entry in entries:
            try:
                key, day = _label(entry, "id"), datetime.fromtimestamp(_updated(entry) or -1, UTC).date()
                given = int(_label(entry, "im:rating"))
            except (KeyError, TypeError, ValueError, OverflowError, OSError):
                continue
            if 1 <= given <= 5 and day.year > 1970 and key not in self.seen:
                self.seen.add(key)
                self.counted.setdefault(day, Counter())[given] += 1

    def of_whole_days(self, since: int, *, everything: bool) -> Iterator[Figure]:
        """The days since a time that are whole now: those after the oldest one seen, or all where nothing follows."""
        oldest = min(self.counted, default=None)
        first = datetime.fromtimestamp(since, UTC).date()
        for day in sorted(self.counted):
            if day in self.told or day <= first or (day == oldest and not everything):
                continue
            self.told.add(day)
            for star in range(1, 6):
                number = float(self.counted[day][star])
                yield Figure(
                    "stars", day.isoformat(), number, self.brand, account=self.account, item=str(star)
                )


def _opened(answer: object) -> tuple[list[Mapping[str, Any]] | None, bool]:
    """The reviews of an answer, None where it is none; and whether it says that more follow. One alone is no list."""
    feed = answer.get("feed") if isinstance(answer, dict) else None
    if not isinstance(feed, dict):
        return None, False
    found = feed.get("entry", [])
    entries = found if isinstance(found, list) else [found]
    links = feed.get("link", [])
    more = any(
        isinstance(link, dict)
        and isinstance(link.get("attributes"), dict)
        and link["attributes"].get("rel") == "next"
        for link in (links if isinstance(links, list) else [links])
    )
    # On some pages the app itself comes first.
    return [one for one in entries if not isinstance(one, dict) or "im:rating" in one], more


def to_event(entry: Mapping[str, Any]) -> Post | None:
    """Turn a review into a Post; None where it says nothing. `about` and `page` its collector has put beside it."""
    title = " ".join(to_plain(_label(entry, "title")).split())[:_LONGEST_TITLE]
    text = "\n\n".join(part for part in (title, to_plain(_label(entry, "content"))) if part)
    native_id = _label(entry, "id").strip()
    if not native_id or len(native_id) > 100:
        raise ValueError("a review without an id")
    if not text:
        return None
    author = " ".join(clean(entry["author"]["name"]["label"]).split())[:_LONGEST_NAME]
    return Post(
        native_id=native_id,
        text=text[:LONGEST_TEXT],
        published_at=_updated(entry),
        title=title or None,
        author=author or None,
        url=entry["page"],
        about=entry["about"],
    )


def _label(entry: Mapping[str, Any], name: str) -> str:
    found = entry[name]["label"]
    if not isinstance(found, str):
        raise TypeError(f"{name} is no text")
    return found


def _updated(entry: Mapping[str, Any]) -> int | None:
    """When a review was written or changed last; the feed has left that out at times."""
    if entry.get("updated") is None:
        return None
    when = datetime.fromisoformat(_label(entry, "updated"))
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def _page_of(app: int, country: str) -> str:
    """Where people read the reviews of an app; one alone has no address."""
    return f"https://apps.apple.com/{country}/app/id{app}?see-all=reviews"
