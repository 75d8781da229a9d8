"""The neural engine as it is shipped: many languages, towards a target, and what it says where something is missing."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (the extra neural)")
pytest.importorskip("tokenizers", reason="tokenizers is not installed (the extra neural)")

from sentiment.engines import load, obstacle
from sentiment.engines.neural import WEIGHTS
from sentiment.lines import towards
from sentiment.tone import Engine, EngineUnavailable, Text

CARD = Path(__file__).parents[3] / "docs" / "models" / "neural-1.md"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load("neural")


@pytest.mark.parametrize(
    ("text", "lang", "label"),
    [
        ("This kettle is wonderful, best thing I bought all year!", "en", "positive"),
        ("Third week without an answer, what a miserable company", "en", "negative"),
        ("Der Zug war pünktlich und das Personal richtig nett", "de", "positive"),
        ("El servicio es un desastre, no vuelvo nunca más", "es", "negative"),
        ("M'encanta aquesta botiga, sempre m'hi tracten molt bé", "ca", "positive"),
        ("Serviciu groaznic, nu recomand nimănui, bani aruncați", "ro", "negative"),
        ("Jag älskar min nya cykel, helt fantastisk", "sv", "positive"),
        ("خیلی بد بود، پولم را دور ریختم", "fa", "negative"),
        ("The shop opens at nine on Monday", "en", "neutral"),
    ],
)
def test_it_reads_many_languages(engine: Engine, text: str, lang: str, label: str) -> None:
    (tone,) = engine.judge([Text(text, lang)])
    assert (tone.label, tone.lang, tone.engine) == (label, lang, "neural-1")


def test_it_reads_from_where_the_target_stands(engine: Engine) -> None:
    text = "I love Morvane, but Tessiq is terrible and broke twice"
    tones = engine.judge([towards(text, "en", brand) for brand in ("Morvane", "Tessiq")])
    assert [tone.label for tone in tones] == ["positive", "negative"]


@pytest.mark.parametrize("text", ["", " \n", "@user brand https://x.example", "\0", "…"])
def test_where_nothing_is_left_to_read_it_abstains(engine: Engine, text: str) -> None:
    (tone,) = engine.judge([towards(text)])
    assert (tone.label, tone.reason) == (None, "unsure")


def test_an_emoji_is_something_to_read(engine: Engine) -> None:
    (tone,) = engine.judge([Text("😍😍😍")])
    assert tone.label == "positive"


def test_missing_weights_are_told_with_where_they_are(tmp_path: Path) -> None:
    for options in ({"weights": str(tmp_path)}, {"weights": str(tmp_path / "none")}):
        with pytest.raises(EngineUnavailable, match="name that folder with `weights`"):
            load("neural", options)
        assert "name that folder with `weights`" in str(obstacle("neural", options))
    assert obstacle("neural", {"weights": str(WEIGHTS)}) is None


def test_the_card_names_the_weights_that_are_shipped() -> None:
    listed = dict(
        re.findall(r"\| `(\S+)` \| [\d,]+ \| `([0-9a-f]{64})` \|", CARD.read_text(encoding="utf-8"))
    )
    shipped = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in WEIGHTS.iterdir()}
    assert listed == shipped
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 45_000_000
