"""The registry of engines: lazy, and clear about mistakes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from sentiment.engines import ENGINES, check, load
from sentiment.tone import Text


def test_vader_is_loaded_by_name() -> None:
    engine = load("vader")
    assert engine.name.startswith("vader-")
    assert engine.judge([Text("lovely")])[0].label == "positive"


def test_a_typo_gets_a_hint() -> None:
    with pytest.raises(
        ValueError,
        match=r"no engine 'vadr'; did you mean 'vader'\? \(known: builtin, neural, vader, transformers, cascade\)",
    ):
        load("vadr")
    with pytest.raises(ValueError, match=r"no engine 'zzz' \(known"):
        load("zzz")


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ValidationError, match="modl"):
        check("transformers", {"modl": "x"})
    with pytest.raises(ValidationError, match="cut"):
        load("vader", {"cut": 0.1})


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_keeps_its_options_and_build(name: str) -> None:
    from importlib import import_module

    module = import_module(ENGINES[name])
    assert module.Options.model_config["extra"] == "forbid"
    assert module.Options.model_config["frozen"]
    assert callable(module.build)


def test_an_engine_that_is_not_used_costs_nothing() -> None:
    program = (
        "import sys; from sentiment.engines import check\n"
        "check('transformers', {'model': 'x'}); check('vader', {})\n"
        "print([m for m in ('torch', 'transformers', 'vaderSentiment', 'requests') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
