"""The cascade as it is configured: which engine is the fast one, which the better one, and when that one is asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sentiment import engines
from sentiment.cascade import Budget, Cascade


class Options(BaseModel):
    """`fast` and `better`: an engine's name, or its options with `engine` among them.

    `threshold`: the better engine is asked where the two largest probabilities of the fast one differ by less.
    `budget`: how many seconds of every minute the better engine may take, as in 20s. `copies` is the folder of int8
    copies, for engines that have any.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fast: str | Mapping[str, Any] = "builtin"
    better: str | Mapping[str, Any] = "neural"
    threshold: float = Field(default=0.2, gt=0, le=1)
    budget: str = Field(default="20s", pattern=r"^([1-9]|[1-5][0-9]|60)s$")
    copies: str | None = None

    @field_validator("fast", "better")
    @classmethod
    def _is_an_engine(cls, part: str | Mapping[str, Any]) -> str | Mapping[str, Any]:
        name, options = _named(part)
        if name == "cascade":
            raise ValueError("a cascade within a cascade is not understood; name another engine")
        engines.check(name, options)
        return part

    @model_validator(mode="after")
    def _are_two(self) -> Options:
        if _named(self.fast) == _named(self.better):
            raise ValueError("fast and better are the same engine")
        return self


def build(options: Options) -> Cascade:
    """Load both engines. Raises EngineUnavailable where one of them cannot be had."""
    folder = Path(options.copies) if options.copies else None
    fast, better = (engines.load(*_named(part), folder) for part in (options.fast, options.better))
    return Cascade(fast, better, options.threshold, Budget(float(options.budget.removesuffix("s"))))


def obstacle(options: Options) -> str | None:
    """Why one of the two can certainly not be had; offline, without loading it."""
    folder = Path(options.copies) if options.copies else None
    found = (engines.obstacle(*_named(part), folder) for part in (options.fast, options.better))
    return next((why for why in found if why), None)


def _named(part: str | Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    if isinstance(part, str):
        return part, {}
    return str(part.get("engine")), {key: value for key, value in part.items() if key != "engine"}
