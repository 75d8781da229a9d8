"""How the cascade is configured, with real engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tiny_models import write_bert

from sentiment.engines import check, load, obstacle
from sentiment.engines.cascade import Options
from sentiment.tone import EngineUnavailable, Text

GONE = {"engine": "transformers", "model": "./nowhere"}


def test_by_default_the_builtin_one_is_fast_and_the_neural_one_better() -> None:
    options = Options()
    assert (options.fast, options.better) == ("builtin", "neural")
    assert (options.threshold, options.budget) == (0.2, "20s")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"fast": "vadr", "better": GONE}, "did you mean 'vader'"),
        ({"fast": "vader", "better": {"engine": "transformers"}}, "model"),
        ({"fast": "vader", "better": "vader"}, "the same engine"),
        ({"fast": "vader", "better": {"engine": "cascade"}}, "a cascade within a cascade"),
        ({"fast": "vader", "better": {"model": "x"}}, "no engine 'None'"),
        ({"fast": "vader", "better": GONE, "threshold": 0}, "greater than 0"),
        ({"fast": "vader", "better": GONE, "threshold": 1.5}, "less than or equal to 1"),
        ({"fast": "vader", "better": GONE, "budget": "61s"}, "pattern"),
        ({"fast": "vader", "better": GONE, "budget": "20"}, "pattern"),
        ({"fast": "vader", "better": GONE, "slow": 1}, "slow"),
    ],
)
def test_mistakes_are_told(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        check("cascade", options)


def test_what_one_of_them_lacks_the_cascade_lacks() -> None:
    options = {"fast": "vader", "better": GONE}
    assert "nowhere" in (obstacle("cascade", options) or "")
    with pytest.raises(EngineUnavailable, match="nowhere"):
        load("cascade", options)


def test_a_real_model_judges_what_vader_is_unsure_of(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra [transformers]")
    pytest.importorskip("transformers", reason="needs the extra [transformers]")
    folder = write_bert(tmp_path / "tiny")
    better = {"engine": "transformers", "model": str(folder)}
    engine = load("cascade", {"fast": "vader", "better": better, "budget": "60s"})
    texts = [Text("I love it, wonderful!", "en"), Text("a good day", "de"), Text("the day", "en")]
    sure, foreign, plain = engine.judge(texts)
    model = load("transformers", {"model": str(folder)})
    assert sure.label == "positive"
    assert sure.p_positive == load("vader").judge(texts[:1])[0].p_positive
    for tone, text in ((foreign, texts[1]), (plain, texts[2])):
        assert tone.p_negative == pytest.approx(model.judge([text])[0].p_negative, abs=1e-5)
    assert engine.name == f"cascade-1@0.2({load('vader').name},{model.name})"
    assert {tone.engine for tone in (sure, foreign, plain)} == {engine.name}
