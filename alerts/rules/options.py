"""What a rule of config.yaml may say."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from alerts.rules.conditions import parse
from alerts.rules.rule import Severity
from storage.durations import Duration


def _checked(text: str) -> str:
    parse(text)
    return text


class RuleOptions(BaseModel):
    """One rule of config.yaml. `min_n` defaults to 20 for ratios, 5 for durations, 0 for counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100)
    when: Annotated[str, AfterValidator(_checked)]
    brand: str | list[str] | None = None
    market: str | None = None
    source: str | None = None
    tag: str | None = Field(default=None, min_length=1, max_length=50)
    over: Duration = Field(default=3600, ge=60)
    min_n: int | None = Field(default=None, ge=0)
    for_: Duration = Field(default=0, alias="for")
    keep_firing: Duration = 0
    cooldown: Duration = 21600
    expire: Duration = 21600
    severity: Severity = "warning"
    channels: list[str] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.brand is not None and self.market is not None:
            raise ValueError("say brand or market, not both")
        condition = parse(self.when)
        unused = sorted(condition.not_narrowed_by & self.model_fields_set)
        if unused:
            raise ValueError(
                f"{condition.words()!r} cannot be narrowed by {' or '.join(unused)}; leave that out"
            )
        lasting = sorted({"for_", "keep_firing", "cooldown"} & self.model_fields_set)
        if condition.momentary and lasting:
            said = " and ".join(name.rstrip("_") for name in lasting)
            raise ValueError(
                f"{condition.words()!r} is told once for each, so {said} means nothing; leave that out"
            )
        if mistake := getattr(condition, "mistake", lambda options: None)(self):
            raise ValueError(mistake)
        return self
