"""What a tone is, and what an engine is that judges it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Label = Literal["negative", "neutral", "positive"]
LABELS: tuple[Label, ...] = ("negative", "neutral", "positive")

Abstention = Literal["unsure", "unknown_language"]


@dataclass(frozen=True, slots=True)
class Tone:
    """One judgement. The three probabilities sum to 1; `label` is the largest of them.

    An engine that abstains gives `label` None with a `reason`; the probabilities then are its doubt.
    """

    label: Label | None
    p_negative: float
    p_neutral: float
    p_positive: float
    engine: str
    lang: str | None = None
    reason: Abstention | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """One text to judge. `lang` is an ISO 639-1 code where the source tells it.

    `text` is masked: names and handles stand in it as "brand" and "@user". `target` says that the tone towards one
    brand is asked; `spans` are the places [start, end) in `text` where that brand was named, none where it is not
    named there. `others` are the places of other brands that whoever asks knows of, none where only the target is
    known: a stranger's own word "brand" and a bystander's handle are in neither. An engine that knows no targets
    judges the whole text.
    """

    text: str
    lang: str | None = None
    target: str | None = None
    spans: tuple[tuple[int, int], ...] = ()
    others: tuple[tuple[int, int], ...] = ()


class Engine(Protocol):
    """Judges a batch: pure and synchronous, so that the caller decides on which thread it runs."""

    @property
    def name(self) -> str:
        """Name with version, for instance `vader-3.3.2`; it is kept with each judgement."""
        ...

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        """Return one Tone for each text, in the same order; never raises because of what a text says."""
        ...


class EngineUnavailable(Exception):
    """The engine cannot be loaded; the message says why and what to install or change."""
