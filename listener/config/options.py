"""What each section of config.yaml may say, and Config: the whole of it once it has no mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from alerts.rules import Rule
from listener.matching.matcher import query_of
from listener.matching.query import QueryError, parse
from storage.durations import Duration
from storage.mention import Brand
from storage.sqlite import path_of

_HTTP = ("http://", "https://")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BrandOptions(Strict):
    """A brand, ours or a competitor's. Without a query its name and aliases are searched for."""

    name: str = Field(min_length=1, max_length=200)
    own: bool = False
    market: str = "default"
    query: str | None = None
    handles: dict[str, str] = Field(default_factory=dict)
    aliases: list[str] = Field(default_factory=list)
    response_target: Duration = 3600

    @field_validator("query")
    @classmethod
    def _parses(cls, query: str | None) -> str | None:
        if query is not None:
            try:
                parse(query)
            except QueryError as error:
                raise ValueError(f"{error}\n{error.caret()}") from None
        return query

    @model_validator(mode="after")
    def _can_be_looked_for(self) -> BrandOptions:
        query_of(self.brand())
        return self

    def brand(self) -> Brand:
        """The record that the store and the matcher use."""
        handles = {source: handle.lstrip("@") for source, handle in self.handles.items()}
        return Brand(
            self.name,
            self.own,
            self.market,
            self.query,
            handles,
            tuple(self.aliases),
            self.response_target,
        )


class StorageOptions(Strict):
    """Where mentions are kept. A relative file lies beside config.yaml."""

    url: str = "sqlite:///data/listener.db"
    retention: dict[str, Duration] = Field(default_factory=dict)

    @field_validator("url")
    @classmethod
    def _known(cls, url: str) -> str:
        path_of(url)
        return url


class DigestOptions(Strict):
    """When the letter on the last whole ISO week is written, and who gets it."""

    cron: str = "0 8 * * MON"
    channels: list[str] = Field(default_factory=lambda: ["console"], min_length=1)

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
    """The rules, still unread: each is validated on its own, so that one mistake hides no other."""

    rules: list[Any] = Field(default_factory=list)


@dataclass(frozen=True)
class Config:
    """A configuration that has no mistake. `sources`, `channels` hold the options of each part by its name."""

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
    digest: DigestOptions | None
    dashboard: DashboardOptions

    @property
    def database(self) -> Path:
        """The store's file; a relative one lies beside config.yaml, wherever the command is started."""
        return self.file.resolve().parent / path_of(self.storage.url)
