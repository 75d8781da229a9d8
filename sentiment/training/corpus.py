"""Labelled texts from a folder of JSON Lines, and the one split over all of them: what is never trained on."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sentiment.text import fold
from sentiment.tone import LABELS, Label

HELD_OUT = Path(__file__).with_name("held_out.txt")
NOT_TRAINED_ON = frozenset({"ca_multibooked"})
"""Sets whose licence lets us tune and report, and ship nothing that was trained on them."""

_UNSAID = re.compile(r"https?://\S+|@\w+")
_GAPS = re.compile(r"\W+")
_TEST_TOPICS = 30
_TUNING_TOPICS = 20
_TEST_SHARES = {"en_posts": 3, "en_topics_5point_folded": 3, "en_rated_reviews_news": 5, "ca_multibooked": 50}
_TEST_SHARE = 12
"""Percent of a set's texts that are held out, beside the texts on whole topics."""
_TUNING_SHARE = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled text: `set` is the name of its file, `target` what the label is towards, None for the whole text."""

    set: str
    text: str
    label: Label
    lang: str
    target: str | None = None

    @property
    def mark(self) -> str:
        """What the text is known by in every set: see `mark_of`."""
        return mark_of(self.text)


def mark_of(text: str) -> str:
    """Hash a text's words, so that copies under other ids, with another link or handle, are one (12 hex digits)."""
    words = _GAPS.sub(" ", _UNSAID.sub(" ", fold(text))).strip()
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:12]


def read(folder: Path) -> list[Row]:
    """Read every *.jsonl below `folder`, in the order of names.

    Each line holds `text`, `label`, and optionally `lang` (otherwise from the name of the file), `target` or
    `brand`.
    Lines whose label is none of the three are left out. Raises ValueError, with file and line, for what is no JSON.
    """
    rows: list[Row] = []
    for path in sorted(folder.rglob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path}:{number}: {error}") from None
            if record.get("label") in LABELS and record.get("text"):
                language = record.get("lang") or path.stem.split("_")[0]
                target = record.get("target") or record.get("brand")
                rows.append(Row(path.stem, record["text"], record["label"], language, target))
    return rows


def choose_held_out(rows: Iterable[Row]) -> set[str]:
    """Choose what is held out: whole topics, and of every set a share, by hash, so that nobody has a hand in it."""
    rows = list(rows)
    chosen = set(_topics(rows)[:_TEST_TOPICS])
    return {
        row.mark
        for row in rows
        if (_is_topic(row) and _topic(row) in chosen)
        or _draw(row.mark) < _TEST_SHARES.get(row.set, _TEST_SHARE) / 100
    }


def held_out() -> frozenset[str]:
    """The marks of the texts that no shipped weight has seen."""
    return _marks(HELD_OUT)


def training_and_tuning(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Split what is not held out into texts to train on and texts to calibrate on, topics whole."""
    kept = [row for row in rows if row.mark not in held_out()]
    chosen = set(_topics(rows)[_TEST_TOPICS : _TEST_TOPICS + _TUNING_TOPICS])
    tuning = {row.mark for row in kept if _draw("tuning " + row.mark) < _TUNING_SHARE / 100}
    tuning |= {row.mark for row in kept if _is_topic(row) and _topic(row) in chosen}
    tuning |= {row.mark for row in kept if row.set in NOT_TRAINED_ON}
    return [row for row in kept if row.mark not in tuning], [row for row in kept if row.mark in tuning]


def test_rows(rows: Sequence[Row]) -> list[Row]:
    """The rows that are held out."""
    return [row for row in rows if row.mark in held_out()]


def _is_topic(row: Row) -> bool:
    return row.set == "en_topics_5point_folded"


def _topic(row: Row) -> str:
    return (row.target or "").casefold()


def _topics(rows: Iterable[Row]) -> list[str]:
    """All topics, in an order that chance made once."""
    return sorted({_topic(row) for row in rows if _is_topic(row)}, key=lambda topic: _draw("topic " + topic))


def _draw(name: str) -> float:
    """A number in 0..1 that is the same for the same name, on every machine."""
    return int(hashlib.sha256(b"listener " + name.encode()).hexdigest()[:13], 16) / 16**13


@cache
def _marks(path: Path) -> frozenset[str]:
    return frozenset(path.read_text(encoding="ascii").split())
