"""A small multilingual transformer of our own, fine-tuned for tone and for tone towards a brand; ONNX, int8."""

from __future__ import annotations

import re

from sentiment.tone import Text

MARK = "<mask>"
"""What stands where the brand is named towards which the tone is asked: a piece that no text holds."""
MOST_TOKENS = 96

_LONGEST = 2_000
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_SPECIAL = re.compile(r"<(?=/?(?:s|pad|unk|mask)>)")


def prepare(text: Text) -> str:
    """Write a text as the model has learned to read it: links as one word, the target as MARK.

    Pure; training and judging both call it. Characters after the first 2,000 are not read.
    """
    parts: list[str] = []
    done = 0
    for start, end in text.spans:
        parts += (text.text[done:start], "\0")
        done = end
    parts.append(text.text[done:])
    plain = _SPECIAL.sub("‹", _LINK.sub("http", "".join(parts)[:_LONGEST]))
    return plain.replace("\0", MARK)
