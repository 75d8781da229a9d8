"""Writes the invented posts: frames of whole sentences in five languages, with varied parts."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ruamel.yaml import YAML

LANGUAGES = ("en", "es", "de", "ro", "ca")

# People go on after their first sentence; without this too many posts would be copies of one another.
TALK = frozenset({"positive", "neutral", "negative", "comparison", "crisis"})


@dataclass(frozen=True, slots=True)
class Language:
    """The frames of one language by kind ("positive", "crisis", ...), and what fills their slots."""

    slots: dict[str, list[str]]
    frames: dict[str, list[str]]


@cache
def language(code: str) -> Language:
    """Read the frames of one language from the package's own texts."""
    source = resources.files("listener.demo").joinpath("texts", f"{code}.yaml")
    data = YAML(typ="safe").load(source.read_text(encoding="utf-8"))
    return Language(slots=data.pop("slots"), frames=data)


def write(code: str, kind: str, brand: str, rival: str, rng: random.Random) -> str:
    """Return one text of `kind` in language `code`; the same `rng` state gives the same text."""
    spoken = language(code)
    parts = {slot: rng.choice(values) for slot, values in spoken.slots.items()}
    frame = rng.choice(spoken.frames[kind])
    if kind in TALK and rng.random() < 0.7:
        frame = f"{frame} {rng.choice(spoken.frames['tail'])}"
    text = frame.format(brand=brand, rival=rival, handle=brand.lower(), **parts)
    return text[0].upper() + text[1:]
