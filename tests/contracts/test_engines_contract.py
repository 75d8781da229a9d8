"""Every registered engine through the one contract."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from engine_contract import (
    CLOSE,
    CODES,
    FLOODS,
    LOOSE,
    ODD,
    REDUCED,
    SCRIPTS,
    answers_every_line,
    carries_its_version,
    in_any_batch_and_order,
    judges_each,
    on_another_thread,
    open_engine,
    same,
    takes_no_longer_than_it_may,
    texts,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentiment.engines import ENGINES, load
from sentiment.tone import Engine, EngineUnavailable, Text, Tone

# Engines live as long as the module: hypothesis asks one again and again, and none may change by being asked.
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SOME = [
    Text("I love it, the best phone that I ever had"),
    Text("worst service ever :(", "en"),
    Text("the shop opens at nine", "en"),
    Text("me encanta, muy bueno", "es"),
    Text("great phones, unlike brand's terrible ones", "en", "Globex", ((21, 26),)),
    Text("great phones, unlike brand's terrible ones", "en"),
    Text("foarte prost, nu recomand nimănui", "ro"),
    Text("خیلی خوب بود", "fa"),
    Text(""),
    Text("not bad at all, " * 60, "en"),
    *(Text(text, code) for code, text in SCRIPTS.items()),
]


@pytest.fixture(scope="module", params=list(ENGINES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def engine(name: str, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return open_engine(name, tmp_path_factory.mktemp(name))


@pytest.fixture(scope="module")
def within(name: str) -> float:
    return LOOSE if name in REDUCED else CLOSE


def test_its_name_carries_its_version(engine: Engine) -> None:
    carries_its_version(engine)


def test_no_texts_are_no_tones(engine: Engine) -> None:
    assert engine.judge([]) == []


@given(batch=st.lists(texts(), max_size=6))
@few
def test_any_text_gets_one_well_formed_tone(engine: Engine, batch: list[Text]) -> None:
    judges_each(engine, batch)


@given(batch=st.lists(texts() | st.sampled_from(SOME), min_size=1, max_size=6), seed=st.integers(0, 99))
@few
def test_batch_and_order_change_nothing(engine: Engine, within: float, batch: list[Text], seed: int) -> None:
    in_any_batch_and_order(engine, batch, within, seed)


def test_texts_of_all_lengths_keep_their_place_in_one_batch(engine: Engine, within: float) -> None:
    in_any_batch_and_order(engine, SOME, within)


@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize("lang", [None, "en"])
def test_no_long_text_makes_it_fail_or_wait(engine: Engine, flood: str, lang: str | None) -> None:
    takes_no_longer_than_it_may(engine, Text(FLOODS[flood], lang))


@pytest.mark.parametrize("flood", FLOODS)
def test_a_target_far_inside_a_long_text_does_no_harm(engine: Engine, flood: str) -> None:
    length = len(FLOODS[flood])
    spans = ((0, 5), (length // 2, length // 2 + 5), (length - 5, length))
    takes_no_longer_than_it_may(engine, Text(FLOODS[flood], "en", "Acme", spans))


def test_a_target_named_a_thousand_times_does_no_harm(engine: Engine) -> None:
    text = "brand, but " * 5_000
    spans = tuple((start, start + 5) for start in range(0, len(text), 11))
    takes_no_longer_than_it_may(engine, Text(text, "en", "Acme", spans))
    takes_no_longer_than_it_may(engine, Text(text, "en", "Acme", spans[::2], spans[1::2]))


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_is_judged_or_abstained_on(engine: Engine, script: str) -> None:
    text = SCRIPTS[script]
    judges_each(engine, [Text(text), Text(text, script), Text(text, "en"), Text(text * 200)])


def test_odd_texts(engine: Engine) -> None:
    judges_each(engine, [Text(text, code) for text in ODD for code in (None, "en", "fa")])


def test_odd_languages(engine: Engine) -> None:
    judges_each(engine, [Text("this is good, really good", code) for code in CODES])


@pytest.mark.parametrize(
    "text", ["", "brand", "brand is good", "good is brand", "brand brand", "a brand, a bad brand"]
)
def test_targets_at_the_edges(engine: Engine, text: str) -> None:
    length = len(text)
    spans = [
        (),
        ((0, 0),),
        ((0, length),),
        ((length, length),),
        ((0, length), (0, length)),
        ((0, min(5, length)),),
    ]
    judges_each(engine, [Text(text, "en", "Acme", each) for each in spans])
    # The target's name may be anything; only where it stands says what is judged.
    judges_each(engine, [Text(text, "en", target, ()) for target in ("", " ", "\ud83d", "*" * 1_000)])


def test_it_answers_on_another_thread_as_on_its_own(engine: Engine, within: float) -> None:
    on_another_thread(engine, SOME, within)


def test_another_of_its_kind_judges_the_same(
    name: str, engine: Engine, within: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = open_engine(name, tmp_path_factory.mktemp(name))
    for one, two in zip(judges_each(engine, SOME), judges_each(other, SOME), strict=True):
        same(one, two, within)


@given(batch=st.lists(texts(), max_size=4))
@few
def test_listener_tone_answers_every_line(engine: Engine, batch: list[Text]) -> None:
    answers_every_line(engine, [*batch, *(Text(text, "en", "Acme") for text in ODD)])


# ---- the contract itself


class Broken:
    """VADER with one thing wrong."""

    name = "broken-1"

    def __init__(self, wrong: Callable[[list[Tone]], list[Tone]]) -> None:
        self._judge = load("vader").judge
        self._wrong = wrong

    def judge(self, given: Sequence[Text]) -> list[Tone]:
        return self._wrong([replace(tone, engine=self.name) for tone in self._judge(given)])


def with_first(**changes: Any) -> Callable[[list[Tone]], list[Tone]]:
    return lambda tones: [replace(tones[0], **changes), *tones[1:]]


WRONGS: dict[str, Callable[[list[Tone]], list[Tone]]] = {
    "one too few": lambda tones: tones[1:],
    "another sum": with_first(p_neutral=0.9),
    "no number": with_first(p_neutral=math.nan),
    "less than nothing": with_first(p_negative=-0.25, p_neutral=0.25, p_positive=1.0),
    "another label than the largest": with_first(label="negative"),
    "no reason": with_first(label=None),
    "a reason with a label": with_first(reason="unsure"),
    "another engine's name": with_first(engine="other-1"),
    "another order": lambda tones: tones[::-1],
    "what the batch says": lambda tones: [tones[0]] * len(tones),
}


@pytest.mark.parametrize("wrong", WRONGS)
def test_the_contract_sees_what_it_forbids(wrong: str) -> None:
    with pytest.raises(AssertionError):
        in_any_batch_and_order(Broken(WRONGS[wrong]), SOME[:3], CLOSE)
    in_any_batch_and_order(Broken(lambda tones: tones), SOME[:3], CLOSE)


def test_damaged_weights_fail_and_skip_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(b"no weights")
    monkeypatch.setattr("sentiment.engines.builtin.engine.WEIGHTS", damaged)
    for name in ("builtin", "cascade"):
        # A skip that nobody caught here would end this test without a failure.
        with pytest.raises((EngineUnavailable, pytest.skip.Exception)) as raised:
            open_engine(name, tmp_path)
        assert raised.type is EngineUnavailable


@pytest.mark.parametrize(("name", "package"), [("neural", "onnxruntime"), ("transformers", "torch")])
def test_an_extra_that_is_not_installed_is_skipped(
    name: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(pytest.skip.Exception, match=name):
        open_engine(name, tmp_path)


def test_the_contract_asks_for_a_version() -> None:
    for name in ("vader", "vader-", "vader 1", "3"):
        with pytest.raises(AssertionError):
            carries_its_version(SimpleNamespace(name=name))  # type: ignore[arg-type]
