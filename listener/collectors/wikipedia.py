"""Listens to Wikipedia: how often the articles about each brand were opened, by day. It brings figures, no posts."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, Field

from listener.collectors import read_items
from listener.collectors.asking import Address, Asker, PoliteOptions, know_brands
from listener.collectors.base import Collector, Ear, Grade, Permanent, Retriable
from listener.collectors.post import Figure, Page
from storage.durations import Duration
from storage.mention import Cursor, SetAside, Source

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

KIND = "wikipedia"
GRADE: Grade = "bronze"
_PATH = "/api/rest_v1/metrics/pageviews/per-article"
_ARTICLE = re.compile(r"([a-z][a-z0-9-]{1,19}(?:\.[a-z]{2,20})?):\s*(\S.{0,254})")
_CONTACT = re.compile(r"[\x21-\x7e]{3,200}")


def _article(name: str) -> str:
    found = _ARTICLE.fullmatch(name.strip())
    if found is None:
        raise ValueError("an article is a language and its title, as in en:Acme Corporation")
    return f"{found[1]}:{found[2].replace('_', ' ')}"


def _contact(contact: str) -> str:
    if _CONTACT.fullmatch(contact) is None:
        raise ValueError("a mail address or the address of a page, without spaces")
    return contact


class Options(PoliteOptions):
    """The key `sources.wikipedia` of config.yaml.

    `articles`: by the name of a brand, as configured, the articles about it: a language, a colon, the title; another
    project of Wikimedia by its whole name (`en.wikinews:...`). `contact`: by what Wikimedia may reach you. `url` is
    another one only for tests.
    """

    SHORTEST = 1_800
    BRANDS_UNDER = "articles"

    articles: dict[str, tuple[Annotated[str, AfterValidator(_article)], ...]] = Field(min_length=1)
    contact: Annotated[str, AfterValidator(_contact)] | None = None
    poll: Duration = 6 * 3_600
    history: Duration = Field(default=90 * 86_400, ge=86_400, le=5 * 366 * 86_400)
    url: Address = "https://wikimedia.org"


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [Wikipedia(options, client, ear)]


@dataclass(frozen=True, slots=True)
class _Views:
    """What one article's answer told: views by day, from the first day that it tells to the last."""

    by_day: Mapping[date, float]
    aside: Sequence[SetAside]

    @property
    def last(self) -> date | None:
        return max(self.by_day, default=None)

    def figures(self, brand: str, article: str) -> Iterator[Figure]:
        """A day that is left out between two that are told had no view at all; before and after nothing is known."""
        if not self.by_day:
            return
        first, last = min(self.by_day), max(self.by_day)
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            yield Figure("page_views", day.isoformat(), self.by_day.get(day, 0.0), brand, item=article)


class Wikipedia:
    """Asks for each article once a day. Its cursor holds, by article, the last day that was told (`counted`)."""

    streams = False

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._ear = ear
        headers = (
            {"User-Agent": f"Listener (social listening daemon; {options.contact})"}
            if options.contact
            else {}
        )
        self._api = Asker(client, options.url, allow_private=options.allow_private, headers=headers)
        self.source = Source(KIND, KIND, lateness=2 * 86_400)
        self.poll = options.poll

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield the views of the days since the last one that was told; an article that fails costs no other."""
        know_brands(self._ear, self._options.articles, "articles")
        wanted = {one for articles in self._options.articles.values() for one in articles}
        counted: dict[str, str] = {
            article: day for article, day in (cursor or {}).get("counted", {}).items() if article in wanted
        }
        yesterday = datetime.fromtimestamp(now, UTC).date() - timedelta(days=1)
        failures: list[Permanent] = []
        for article in sorted(wanted):
            before = date.fromisoformat(counted[article]) if article in counted else None
            if before is not None and before >= yesterday:
                continue
            # The last day that was told is asked for again: with it, a day without any view can be told from one
            # that is not there yet.
            first = before or yesterday - timedelta(days=self._options.history // 86_400 - 1)
            try:
                views = await self._views(article, first, yesterday, known=before is not None)
            except Permanent as failure:
                failures.append(failure)
                continue
            if views.last is not None:
                counted[article] = views.last.isoformat()
            figures = [
                figure
                for brand, articles in self._options.articles.items()
                if article in articles
                for figure in views.figures(brand, article)
            ]
            if figures or views.aside:
                yield Page(figures, {"counted": dict(counted)}, first=before is None, set_aside=views.aside)
        if failures:
            reason = "; ".join(str(failure) for failure in failures)
            raise Permanent(reason) if len(failures) == len(wanted) else Retriable(reason, partly=True)

    async def _views(self, article: str, first: date, last: date, *, known: bool) -> _Views:
        project, _, title = article.partition(":")
        site = project if "." in project else f"{project}.wikipedia"
        name = quote(title.replace(" ", "_"), safe="")
        days = f"{first:%Y%m%d}00/{last:%Y%m%d}00"
        try:
            items = await self._api.rows(f"{_PATH}/{site}/all-access/user/{name}/daily/{days}", None, "items")
        except Permanent as failure:
            if failure.status != 404:
                raise
            # So it answers where it has no views of these days, be it because nobody wrote such an article.
            if known:
                return _Views({}, ())
            raise Permanent(
                f"no views of {article} are known; look whether the title is right", 404
            ) from failure
        figures, aside = read_items(items, to_event, id_key="timestamp")
        told = {date.fromisoformat(figure.day): figure.value for figure in figures}
        return _Views({day: views for day, views in told.items() if first <= day <= last}, aside)


def to_event(item: Mapping[str, Any]) -> Figure | None:
    """Read the views of one day; whose they are stands in the configuration."""
    views, stamp = item["views"], item["timestamp"]
    if type(views) is not int or not 0 <= views < 10**15:
        raise TypeError("views is no count")
    return Figure(
        "page_views", datetime.strptime(stamp, "%Y%m%d00").replace(tzinfo=UTC).date().isoformat(), views
    )
