"""The work of `listener tone`: JSON Lines in, one line of judgement out for each, whatever the line holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from sentiment.targets import Mask, Named
from sentiment.tone import Engine, Text, Tone


class BadLine(Exception):
    """The line holds no text to judge; the message says why, and quotes nothing of it."""


def judge_lines(lines: Iterable[bytes | str], engine: Engine, batch: int = 512) -> Iterator[str]:
    """Yield one JSON object (without line end) for each line, in order.

    A line is an object with `text` and optionally `lang` and `target`; the target and every @handle are masked.
    Lines are taken `batch` at a time, so input of any length needs the memory of one batch, and a reader that wants
    each answer before it writes the next line asks for a batch of 1. The fields are those of the contract; a line
    that cannot be read gives `label` null and `error`.
    """
    remaining = iter(lines)
    while block := list(islice(remaining, batch)):
        read = [_read(line) for line in block]
        tones = iter(engine.judge([text for text in read if isinstance(text, Text)]))
        for text in read:
            answer = _error(text, engine) if isinstance(text, BadLine) else _answer(next(tones), text)
            yield json.dumps(answer)


def _read(line: bytes | str) -> Text | BadLine:
    try:
        return _text_of(line)
    except BadLine as bad:
        return bad


def _text_of(line: bytes | str) -> Text:
    record = _parse(line)
    if not isinstance(record, dict):
        raise BadLine("not an object with a text")
    if "text" not in record:
        raise BadLine("no text")
    for field in ("text", "lang", "target"):
        value = record.get(field)
        if not isinstance(value, str) and (field == "text" or value is not None):
            raise BadLine(f"{field} is not a string")
    return towards(record["text"], record.get("lang"), record.get("target"))


def towards(
    text: str, lang: str | None = None, target: str | None = None, others: Sequence[str] = ()
) -> Text:
    """Make of a text what an engine is given: handles, the target and `others` blanked out, their places remembered.

    `others` are other brands, by name, where they are known; a line tells none.
    """
    masked = _mask(target or "", tuple(others)).mask(text)
    spans = masked.spans.get(target or "", ())
    return Text(masked.text, lang, target, spans, masked.others(target) if target and spans else ())


def _parse(line: bytes | str) -> object:
    try:
        decoded = line.decode("utf-8") if isinstance(line, bytes) else line
    except UnicodeDecodeError as error:
        raise BadLine(f"not UTF-8 at byte {error.start}") from None
    # Editors on Windows put a byte order mark before the first line, which is no part of its JSON.
    decoded = decoded.lstrip("\ufeff")
    if not decoded.strip():
        raise BadLine("the line is empty")
    try:
        return json.loads(decoded)
    except json.JSONDecodeError as error:
        raise BadLine(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    # A number of 5,000 digits, or brackets nested by the thousand, end Python's parser in its own ways.
    except (ValueError, RecursionError):
        raise BadLine("not JSON that can be read: too deep or too long a number") from None


@lru_cache(maxsize=1024)
def _mask(target: str, others: tuple[str, ...]) -> Mask:
    return Mask(Named(name, (name,), (name,)) for name in (target, *others) if name)


def _answer(tone: Tone, text: Text) -> dict[str, object]:
    answer: dict[str, object] = {
        "label": tone.label,
        "p_negative": round(tone.p_negative, 6),
        "p_neutral": round(tone.p_neutral, 6),
        "p_positive": round(tone.p_positive, 6),
        "lang": text.lang if tone.lang is None else tone.lang,
        "engine": tone.engine,
    }
    if tone.label is None:
        answer["reason"] = tone.reason
    return answer


def _error(bad: BadLine, engine: Engine) -> dict[str, object]:
    empty = dict.fromkeys(("label", "p_negative", "p_neutral", "p_positive", "lang"))
    return {**empty, "engine": engine.name, "error": str(bad)}
