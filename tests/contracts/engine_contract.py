"""What every engine keeps to, whatever it is made of: run over each one that is registered."""

from __future__ import annotations

import json
import math
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import strategies as st
from tiny_models import write_bert

from sentiment.engines import load
from sentiment.lines import judge_lines
from sentiment.tone import LABELS, Abstention, Engine, Text, Tone

REDUCED = frozenset({"neural", "cascade"})
"""Engines with int8 weights, whose sums depend on what else is in a batch."""
LOOSE, CLOSE = 0.02, 1e-4
SECONDS = 3.0
"""CPU time that no single post may take, on however slow a machine."""

OPTIONS: Mapping[str, Callable[[Path], Mapping[str, object]]] = {
    "transformers": lambda folder: {"model": str(write_bert(folder))},
    # With all the time that there is: how much of it is left must not decide what the test sees.
    "cascade": lambda folder: {"fast": "vader", "better": "builtin", "budget": "60s"},
}
"""What an engine needs that cannot be built, or compared with itself, without options."""


NEEDED: Mapping[str, Sequence[str]] = {
    "neural": ("onnxruntime", "tokenizers"),
    "transformers": ("torch", "transformers"),
}
"""What an extra installs that the engine cannot do without."""

LONG = 100_000
FLOODS = {
    "one letter": "a" * LONG,
    "one word": "bad " * (LONG // 4),
    "words apart by lines": "good\n" * (LONG // 5),
    "no word": "!?" * (LONG // 2),
    "digits": "7" * LONG,
    "spaces": " " * LONG,
    "handles": "@user " * (LONG // 6),
    "names": "brand, unlike brand, but " * (LONG // 25),
    "negations": "not " * (LONG // 4),
    "marks on one letter": "e" + "\u0301" * LONG,
    "a family that does not end": "\U0001f469\u200d" * (LONG // 2),
    "skin tones": "\U0001f44d\U0001f3fd" * (LONG // 2),
    "flags": "\U0001f1ea" * LONG,
    "ideographs": "好" * LONG,
    "syllables of Hangul in parts": "\u1112\u1161\u11ab" * (LONG // 3),
    "Arabic": "السلام عليكم " * (LONG // 13),
    "direction turned round": "\u202egood\u202c " * (LONG // 7),
    "half pairs": "\ud83d" * LONG,
    "NUL": "\0" * LONG,
    "ligatures that fold to many": "\ufdfa" * LONG,
    "every letter of the first plane": "".join(map(chr, range(0x10000))),
    "links": "https://example.com/a?b=c " * (LONG // 26),
    "brackets": "(" * LONG,
    # The sign for which VADER writes out most words.
    "emoji": "\U0001f638" * LONG,
    "English and emoji": "this is great and I love it " + "\U0001f638" * LONG,
    "repeated letters": "so" + "o" * LONG + " good",
}

SCRIPTS = {
    "ar": "الخدمة رائعة",
    "am": "በጣም ጥሩ ነው",
    "bn": "খুব ভালো লাগল",
    "bo": "ཡག་པོ་འདུག",
    "ca": "m'agrada molt",
    "el": "είναι χάλια",
    "fa": "خیلی خوب بود",
    "gu": "ખૂબ સરસ",
    "he": "ממש גרוע",
    "hi": "बहुत अच्छा है",
    "hy": "շատ լավ է",
    "ja": "最悪の対応でした",
    "ka": "ძალიან კარგია",
    "km": "ល្អណាស់",
    "kn": "ತುಂಬಾ ಚೆನ್ನಾಗಿದೆ",
    "ko": "정말 좋아요",
    "lo": "ດີຫຼາຍ",
    "ml": "വളരെ നല്ലത്",
    "my": "အရမ်းကောင်းတယ်",
    "pa": "ਬਹੁਤ ਵਧੀਆ",
    "ru": "ужасный сервис",
    "si": "හරිම හොඳයි",
    "ta": "மிகவும் நல்லது",
    "te": "చాలా బాగుంది",
    "th": "แย่มากเลย",
    "ti": "ብጣዕሚ ጽቡቕ",
    "ur": "بہت برا تجربہ",
    "zh": "非常好用",
    "chr": "ᎣᏍᏓ",
    "got": "\U00010332\U00010339\U0001033f",
    "cuneiform": "\U00012000\U00012001",
    "mathematical": "\U0001d4f0\U0001d4f8\U0001d4f8\U0001d4ed",
    "full width": "ｇｒｅａｔ",
    "upside down": "pooƃ ʎɹǝʌ",
}

ODD = [
    "",
    " ",
    "\n\t ",
    "\u3000",
    "\u200b",
    "\ufeff",
    ".",
    "brand",
    "@user",
    "\0",
    "\ud83d",
    "😀",
    "a",
    "\u0301",
    "\x1b[0m",
]
CODES = [
    None, "", "en", "EN", "en-GB", "en_US", "eng", "und", "zxx", "xx", "klingon", "zh-Hant-TW", "e", "n", "-", "\0",
    "\ud83d", "فارسی", "no", "nb", "nn", "iw", "in", "hi-Latn", "sr-Cyrl", "en\n", " en ", "../../en", "e" * 10_000,
]  # fmt: skip

# Half surrogate pairs are among them: broken JSON escapes leave them behind.
_letters = st.characters(exclude_categories=())
words = st.text(_letters, max_size=40) | st.sampled_from([*ODD, *SCRIPTS.values()])
codes = st.sampled_from(CODES) | st.text(_letters, max_size=8)


@st.composite
def texts(draw: st.DrawFn) -> Text:
    """A text of anything, perhaps in a language, perhaps towards a brand named anywhere in it, others beside it."""
    words_in_it = draw(
        st.lists(words | st.sampled_from(["good", "bad", "not", "but", "unlike brand's"]), max_size=8)
    )
    text = " ".join(words_in_it)
    if draw(st.booleans()):
        return Text(text, draw(codes))
    places = st.integers(0, len(text))
    spans = st.lists(st.tuples(places, places).map(sorted).map(tuple), max_size=4).map(tuple)
    return Text(text, draw(codes), draw(words), draw(spans), draw(spans))


# ---- what is opened


def open_engine(name: str, folder: Path) -> Engine:
    """Load an engine; skips, saying why, only where an extra is not installed: what is damaged must not pass."""
    for package in NEEDED.get(name, ()):
        pytest.importorskip(package, reason=f"needs the extra [{name}]")
    return load(name, OPTIONS[name](folder) if name in OPTIONS else {})


# ---- what is asked of it


def is_well_formed(engine: Engine, tone: Tone) -> None:
    chances = dict(zip(LABELS, (tone.p_negative, tone.p_neutral, tone.p_positive), strict=True))
    assert all(isinstance(p, float) and math.isfinite(p) and 0 <= p <= 1 for p in chances.values()), tone
    assert sum(chances.values()) == pytest.approx(1, abs=1e-6)
    if tone.label is None:
        assert tone.reason in get_args(Abstention)
    else:
        assert tone.reason is None
        assert chances[tone.label] == max(chances.values())
    assert tone.engine == engine.name
    assert tone.lang is None or isinstance(tone.lang, str)


def judges_each(engine: Engine, given: Sequence[Text]) -> list[Tone]:
    """One well-formed tone for each text."""
    tones = engine.judge(given)
    assert isinstance(tones, list) and len(tones) == len(given)
    for tone in tones:
        is_well_formed(engine, tone)
    return tones


def same(one: Tone, other: Tone, within: float) -> None:
    """Probabilities within `within`, and the label the same wherever the two largest differ by more than twice that."""
    chances = [(tone.p_negative, tone.p_neutral, tone.p_positive) for tone in (one, other)]
    assert chances[0] == pytest.approx(chances[1], abs=within)
    _, second, first = sorted(chances[0])
    if first - second > 2 * within:
        assert one.label == other.label and one.reason == other.reason
    assert one.lang == other.lang


def in_any_batch_and_order(engine: Engine, given: Sequence[Text], within: float, seed: int = 1) -> None:
    together = judges_each(engine, given)
    order = list(range(len(given)))
    random.Random(seed).shuffle(order)
    shuffled = judges_each(engine, [given[place] for place in order])
    for place, tone in zip(order, shuffled, strict=True):
        same(together[place], tone, within)
    for text, tone in zip(given, together, strict=True):
        (alone,) = judges_each(engine, [text])
        same(alone, tone, within)


def takes_no_longer_than_it_may(engine: Engine, text: Text) -> None:
    began = time.process_time()
    judges_each(engine, [text])
    assert time.process_time() - began < SECONDS


def on_another_thread(engine: Engine, given: Sequence[Text], within: float) -> None:
    """The daemon loads an engine on one thread, and judges on a thread that does nothing else."""
    here = judges_each(engine, given)
    with ThreadPoolExecutor(1) as pool:
        there = pool.submit(engine.judge, given).result()
    for one, other in zip(here, there, strict=True):
        same(one, other, within)


def carries_its_version(engine: Engine) -> None:
    assert re.fullmatch(r"[a-z][^\s]*[-@:][^\s]*\d[^\s]*", engine.name), engine.name


def answers_every_line(engine: Engine, given: Sequence[Text]) -> None:
    """`listener tone` masks and writes what comes: one line of JSON for each line."""
    lines = [json.dumps({"text": text.text, "lang": text.lang, "target": text.target}) for text in given]
    answers = [json.loads(line) for line in judge_lines(lines, engine)]
    assert len(answers) == len(lines)
    assert not [answer for answer in answers if "error" in answer]
