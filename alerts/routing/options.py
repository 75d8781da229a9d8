"""What config.yaml may say between a rule and its channels: quiet hours, routes, inhibition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from alerts.routing.quiet import LONGEST, QuietHours, loud_from, parse_time
from alerts.routing.routes import Inhibition
from alerts.rules import Severity
from storage import public_holidays
from storage.durations import Duration
from storage.stats.business_hours import parse_days

Label = Literal["rule", "brand", "market", "source", "tag", "severity"]


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_several), Field(min_length=1)]
Passing = Annotated[list[Severity], BeforeValidator(_several)]
Severities = Annotated[list[Severity], BeforeValidator(_several), Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MatchOptions(_Strict):
    """Which alerts are meant: each key that is given must hold, with one of its values."""

    rule: Names | None = None
    brand: Names | None = None
    market: Names | None = None
    source: Names | None = None
    tag: Names | None = None
    severity: Severities | None = None

    def matchers(self) -> Mapping[str, tuple[str, ...]]:
        """Values by label."""
        return {name: tuple(values) for name, values in self if values is not None}


class QuietOptions(_Strict):
    """When nothing is told that can wait."""

    zone: str
    from_: str = Field(alias="from")
    to: str
    days: Names = Field(default_factory=lambda: ["mon-sun"])
    holidays: str | None = None
    passes: Passing = ["critical"]

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{zone[:40]!r} is no time zone; write one like Europe/Madrid or UTC") from None
        return zone

    @field_validator("from_", "to")
    @classmethod
    def _time(cls, text: str, info: ValidationInfo) -> str:
        if parse_time(text) == 86_400 and info.field_name == "from_":
            raise ValueError('begins at the end of a day; write "00:00"')
        return text

    @field_validator("days")
    @classmethod
    def _days(cls, days: list[str]) -> list[str]:
        for text in days:
            parse_days(text)
        return days

    @field_validator("holidays")
    @classmethod
    def _place(cls, place: str | None) -> str | None:
        if place is not None:
            public_holidays.check(place)
        return place

    @model_validator(mode="after")
    def _ends(self) -> QuietOptions:
        if parse_time(self.from_) == parse_time(self.to):
            raise ValueError(
                f'from and to are both {self.to}; for a whole day write from: "00:00", to: "24:00"'
            )
        if loud_from([self.hours()], "", 0) >= LONGEST:
            raise ValueError("it would be quiet for ever: write the days on which it is, as in days: sat-sun")
        return self

    def hours(self) -> QuietHours:
        """The record that routing uses."""
        days = frozenset(day for text in self.days for day in parse_days(text))
        since, until = parse_time(self.from_), parse_time(self.to)
        return QuietHours(ZoneInfo(self.zone), since, until, days, self.holidays, frozenset(self.passes))


class RouteOptions(_Strict):
    """Where alerts that match are told. `match` and `quiet_hours` are read one by one."""

    match: Any = None
    channels: list[str] | None = Field(default=None, min_length=1)
    group_by: list[Label] = Field(default_factory=list)
    group_wait: Duration = 0
    group_interval: Duration = 0
    repeat: Duration | None = None
    quiet_hours: Any = None
    continue_: bool = Field(default=False, alias="continue")

    @field_validator("repeat")
    @classmethod
    def _not_always(cls, repeat: int | None) -> int | None:
        if repeat is not None and repeat < 60:
            raise ValueError("must be at least 1m; leave it out to tell once")
        return repeat


class InhibitOptions(_Strict):
    """What is not told while something larger fires."""

    when: Any
    silences: Any
    same: list[Label] = Field(default_factory=list)

    def inhibition(self, when: MatchOptions, silences: MatchOptions) -> Inhibition:
        """The record that routing uses."""
        return Inhibition(when.matchers(), silences.matchers(), tuple(self.same))
