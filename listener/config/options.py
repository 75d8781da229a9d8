"""What each section of config.yaml may say, and Config: the whole of it once it has no mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from alerts.alarm_rate import AlarmRate
from alerts.goals import Goal
from alerts.language import LANGUAGES
from alerts.routing.routes import CONSOLE, Routing
from alerts.rules import Rule
from listener.matching.brand_query import query_of
from listener.matching.fields import value_of
from listener.matching.mistakes import QueryError
from listener.matching.query import parse
from listener.matching.tagging import LONGEST_TAG, Route, TagRule, tag_named
from storage import public_holidays
from storage.disk import Size
from storage.durations import Duration
from storage.mention import Brand, Exclude
from storage.retention import DEFAULT, KEPT_FOR
from storage.sqlite import path_of
from storage.stats.business_hours import BusinessHours, parse_week

_HTTP = ("http://", "https://")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _parsed(query: str) -> str:
    try:
        parse(query)
    except QueryError as error:
        raise ValueError(f"{error}\n{error.caret()}") from None
    return query


EVERY = "every"
"""The key of aliases in any language, where others are of one language; no code of a language has five letters."""


class ExcludeOptions(Strict):
    """What is no mention of a brand although its query is true."""

    authors: list[str] = Field(default_factory=list)
    sites: list[str] = Field(default_factory=list)
    snippets: list[Literal["job_ads", "giveaways", "stock_tickers"]] = Field(default_factory=list)

    @field_validator("authors", "sites")
    @classmethod
    def _usable(cls, values: list[str], info: ValidationInfo) -> list[str]:
        for value in values:
            value_of("author" if info.field_name == "authors" else "site", value)
        return values


class TopicOptions(Strict):
    """A query that belongs to no brand: an industry, a trend. Without a query its name and aliases are searched for."""

    name: str = Field(min_length=1, max_length=200)
    market: str = "topics"
    query: str | None = None
    aliases: list[str] | dict[str, list[str]] = Field(default_factory=list)
    exclude: ExcludeOptions | None = None

    @field_validator("query")
    @classmethod
    def _parses(cls, query: str | None) -> str | None:
        return query if query is None else _parsed(query)

    @field_validator("aliases", mode="before")
    @classmethod
    def _lists_of_names(cls, aliases: object) -> object:
        # Before pydantic, which would tell one mistake twice: as no list, and as no mapping.
        groups = aliases if isinstance(aliases, Mapping) else {EVERY: aliases}
        for names in groups.values():
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise ValueError("needs a list of names, or lists by language as in {sv: [Gro]}")
        for language in groups:
            if language != EVERY:
                value_of("lang", str(language))
        return aliases

    @model_validator(mode="after")
    def _can_be_looked_for(self) -> TopicOptions:
        query_of(self.brand())
        return self

    def brand(self) -> Brand:
        """The record that the store and the matcher use."""
        by_language = self.aliases if isinstance(self.aliases, dict) else {EVERY: self.aliases}
        exclude = self.exclude or ExcludeOptions()
        return Brand(
            self.name,
            market=self.market,
            query=self.query,
            aliases=tuple(by_language.get(EVERY, ())),
            aliases_in={
                value_of("lang", code): tuple(names) for code, names in by_language.items() if code != EVERY
            },
            exclude=Exclude(tuple(exclude.authors), tuple(exclude.sites), tuple(exclude.snippets)),
            topic=True,
        )


def _zone_named(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{zone[:40]!r} is no time zone; write one like Europe/Madrid or UTC") from None
    return zone


class BusinessHoursOptions(Strict):
    """When a brand's people answer: a weekly plan in their own zone, without the public holidays of a place."""

    zone: str
    open: dict[str, str]
    holidays: str | None = None

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        return _zone_named(zone)

    @field_validator("open")
    @classmethod
    def _week(cls, said: dict[str, str]) -> dict[str, str]:
        parse_week(said)
        return said

    @field_validator("holidays")
    @classmethod
    def _place(cls, place: str | None) -> str | None:
        if place is not None:
            public_holidays.check(place)
        return place

    def hours(self) -> BusinessHours:
        """The plan that the KPIs count by."""
        return BusinessHours(ZoneInfo(self.zone), parse_week(self.open), self.holidays)


class BrandOptions(TopicOptions):
    """A brand, ours or a competitor's: what a topic has, and accounts of its own."""

    market: str = "default"
    own: bool = False
    handles: dict[str, str] = Field(default_factory=dict)
    response_target: Duration = 3600
    interaction_threshold: int | None = Field(default=None, ge=1, le=10**12)
    business_hours: BusinessHoursOptions | None = None

    def brand(self) -> Brand:
        """The record that the store and the matcher use."""
        handles = {source: handle.lstrip("@") for source, handle in self.handles.items()}
        return replace(
            super().brand(),
            own=self.own,
            handles=handles,
            response_target=self.response_target,
            interaction_threshold=self.interaction_threshold,
            business_hours=self.business_hours.hours() if self.business_hours else None,
            topic=False,
        )


class TagOptions(Strict):
    """A rule that gives a tag to mentions."""

    name: str = Field(min_length=1, max_length=LONGEST_TAG)
    query: str
    route: Route | None = None

    @field_validator("name")
    @classmethod
    def _named(cls, name: str) -> str:
        return tag_named(name)

    @field_validator("query")
    @classmethod
    def _parses(cls, query: str) -> str:
        return _parsed(query)

    def rule(self) -> TagRule:
        """The record that the pipeline uses."""
        return TagRule(self.name, self.query, self.route)


class StorageOptions(Strict):
    """Where mentions are kept. A relative file lies beside config.yaml.

    `retention`: how long the texts of a source (by name, kind, or `default`) are kept after they were fetched; without
    one 365 days, `null`: for good. `unmatched_sample`: how many posts of each source that are no mention of anybody are
    kept for a week, to try queries on them; 0 keeps none. `max_size`: bytes in use; when they are passed it is told.
    """

    url: str = "sqlite:///data/listener.db"
    retention: dict[str, Duration | None] = Field(default_factory=dict)
    unmatched_sample: int = Field(default=10_000, ge=0, le=1_000_000)
    max_size: Size | None = None

    @property
    def kept_for(self) -> dict[str, int | None]:
        """The same with the time of those for which none is given."""
        return {DEFAULT: KEPT_FOR, **self.retention}

    @field_validator("url")
    @classmethod
    def _known(cls, url: str) -> str:
        path_of(url)
        return url


def language_named(code: object) -> str:
    """The code of a language in which people can be told; ValueError with those that there are."""
    if not isinstance(code, str) or code not in LANGUAGES:
        raise ValueError(f"there is no language {code!r}; there are {', '.join(LANGUAGES)}")
    return code


class DigestOptions(Strict):
    """When a letter on the last whole day, week or month is written, what it is about, and who gets it.

    `name` tells several letters apart. `brands` or `market` narrow what it is about; `to` are mail addresses that get
    it instead of those of the channel email.
    """

    name: str = Field(default="", pattern=r"^([a-z][a-z0-9-]{0,40})?$")
    cron: str = "0 8 * * MON"
    channels: list[str] = Field(default_factory=lambda: ["console"], min_length=1)
    period: Literal["day", "week", "month"] = "week"
    zone: str | None = None
    brands: list[str] = Field(default_factory=list)
    market: str | None = None
    to: list[str] = Field(default_factory=list)
    language: str | None = None

    @field_validator("cron")
    @classmethod
    def _cron(cls, cron: str) -> str:
        try:
            CronSim(cron, _EPOCH)
        except CronSimError as error:
            raise ValueError(
                f"{cron!r} is no cron expression ({error}); write minute hour day month weekday, as in 0 8 * * MON"
            ) from None
        return cron

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return zone if zone is None else _zone_named(zone)

    @field_validator("to")
    @classmethod
    def _addresses(cls, to: list[str]) -> list[str]:
        # Loading the client of mail servers takes longer than most commands, and few letters have a list of their own.
        from alerts.channels.email import MailAddress

        return [TypeAdapter(MailAddress).validate_python(address) for address in to]

    @field_validator("language")
    @classmethod
    def _language(cls, code: str | None) -> str | None:
        return code if code is None else language_named(code)

    @model_validator(mode="after")
    def _can_arrive(self) -> DigestOptions:
        if self.to and "email" not in self.channels:
            raise ValueError("`to` names mail addresses, so channels needs email")
        return self

    def about(self, brands: Sequence[Brand]) -> tuple[Brand, ...]:
        """Those of all brands that the letter is about; with brands that are named come the rivals of their markets."""
        if not self.brands and self.market is None:
            return tuple(brands)
        markets = {brand.market for brand in brands if brand.name in self.brands}
        return tuple(
            brand
            for brand in brands
            if brand.name in self.brands
            or brand.market == self.market
            or (brand.market in markets and not brand.own)
        )


class DashboardOptions(Strict):
    """Where the status page and the API are served."""

    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    public_url: str | None = None

    @field_validator("public_url")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        # It becomes the link of every message.
        if url is not None and not (url.startswith(_HTTP) and urlsplit(url).hostname):
            raise ValueError("must be an address that begins with http:// or https://")
        return url


class AlertsOptions(Strict):
    """The rules, still unread: each is validated on its own, so that one mistake hides no other.

    So are quiet hours, routes and inhibition. `alarm_rate`: how many false alarms a month the anomalies of one brand
    may make, all its series together.
    """

    rules: list[Any] = Field(default_factory=list)
    quiet_hours: Any = None
    routes: list[Any] = Field(default_factory=list)
    inhibit: list[Any] = Field(default_factory=list)
    alarm_rate: AlarmRate = 1.0


@dataclass(frozen=True)
class Judge:
    """An engine by name, and its options."""

    engine: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Config:
    """A configuration that has no mistake. `sources`, `channels` hold the options of each part by its name.

    `fallback` judges where the engine cannot be had. `warnings`: keys that the file calls by an old name.
    """

    file: Path
    text: str
    zone: ZoneInfo
    brands: tuple[Brand, ...]
    sources: Mapping[str, BaseModel]
    engine: str
    engine_options: Mapping[str, Any]
    storage: StorageOptions
    channels: Mapping[str, BaseModel]
    rules: tuple[Rule, ...]
    letters: tuple[DigestOptions, ...]
    dashboard: DashboardOptions
    fallback: Judge | None = None
    tags: tuple[TagRule, ...] = ()
    goals: tuple[Goal, ...] = ()
    routing: Routing = CONSOLE
    language: str = LANGUAGES[0]
    alarm_rate: float = 1.0
    warnings: tuple[str, ...] = ()

    @property
    def database(self) -> Path:
        """The store's file; a relative one lies beside config.yaml, wherever the command is started."""
        return self.file.resolve().parent / path_of(self.storage.url)

    @property
    def copies(self) -> Path:
        """Where int8 copies of models lie: beside the store."""
        return self.database.parent / "models"
