"""The key `sources.x` of config.yaml."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from listener.collectors.x.paid import COUNTS
from storage.durations import Duration, format_duration


class Options(BaseModel):
    """The key `sources.x` of config.yaml. `daily_budget` is in dollars, of a day in UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: SecretStr
    daily_budget: Decimal = Field(gt=0, le=100_000, decimal_places=3)
    poll: Duration = 3_600
    history: Duration = Field(default=86_400, ge=60, le=6 * 86_400)
    account: str | None = None
    reposts: bool = False
    authors: bool = False
    url: str = "https://api.x.com"
    allow_private: bool = False

    @field_validator("account")
    @classmethod
    def _is_a_handle(cls, account: str | None) -> str | None:
        if account is None:
            return None
        if mistake := handle_mistake(account):
            raise ValueError(mistake)
        return account.removeprefix("@")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("it needs an address that begins with https://, without a query")
        return url.strip().rstrip("/")

    @model_validator(mode="after")
    def _is_safe(self) -> Options:
        if self.url.startswith("http://") and not self.allow_private:
            raise ValueError("the token is not sent over plain http; write url with https://")
        shortest = 1 if self.allow_private else 300
        if self.poll < shortest:
            raise ValueError(f"poll must be at least {format_duration(shortest)}: each one pays for counts")
        return self

    def costs(self, brands: int) -> str:
        """What counting so many brands takes of the day's budget, for whoever sets it."""
        counts = 86_400 / self.poll * brands * COUNTS / 1_000_000
        short = counts > float(self.daily_budget)
        rest = "not all is counted, and nothing read" if short else "what is left reads posts and accounts"
        return (
            f"counting each of {brands} brands every {format_duration(self.poll)} takes ${counts:.2f} of the "
            f"${self.daily_budget:.2f} of a day: {rest}"
        )

    @property
    def budget(self) -> int:
        """The day's budget in millionths of a dollar."""
        return int(self.daily_budget * 1_000_000)


def handle_mistake(handle: str) -> str | None:
    """Say what is wrong with a brand's account as configured; None where nothing is."""
    plain = handle.removeprefix("@")
    return (
        None
        if re.fullmatch(r"\w{1,15}", plain, re.ASCII)
        else "a handle on X is 1 to 15 letters, digits and _"
    )
