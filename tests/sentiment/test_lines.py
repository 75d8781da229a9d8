"""`listener tone`: one line out for each line in, whatever stands in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pytest

from sentiment.engines.vader import Options, build
from sentiment.lines import judge_lines, towards
from sentiment.tone import Engine, Text, Tone

FIELDS = ["label", "p_negative", "p_neutral", "p_positive", "lang", "engine"]


@dataclass
class Recorder:
    """An engine that abstains, and remembers what it was asked."""

    name: str = "recorder-1"
    batches: list[list[Text]] = field(default_factory=list)

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        self.batches.append(list(texts))
        return [Tone(None, 0.3, 0.4, 0.3, self.name, reason="unsure") for _ in texts]


@pytest.fixture(scope="module")
def vader() -> Engine:
    return build(Options())


def answers(lines: Sequence[bytes | str], engine: Engine, batch: int = 512) -> list[dict[str, object]]:
    return [json.loads(line) for line in judge_lines(lines, engine, batch)]


def test_a_line_is_judged(vader: Engine) -> None:
    (answer,) = answers([b'{"text": "I love it", "lang": "en", "other": 1}\n'], vader)
    assert list(answer) == FIELDS
    assert answer["label"] == "positive"
    assert answer["lang"] == "en"
    assert answer["engine"] == vader.name
    numbers = [answer[name] for name in FIELDS[1:4]]
    assert all(isinstance(number, float) and number == round(number, 6) for number in numbers)
    assert numbers[2] == max(numbers)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"\n", "the line is empty"),
        (b"  \r\n", "the line is empty"),
        (b'{"text": "secret', "not JSON: Unterminated string starting at at character 10"),
        (b'{"text": "secret \xff"}', "not UTF-8 at byte 17"),
        (b"[1]", "not an object with a text"),
        (b'"secret"', "not an object with a text"),
        (b'{"txt": "secret"}', "no text"),
        (b'{"text": null}', "text is not a string"),
        (b'{"text": "secret", "lang": 3}', "lang is not a string"),
        (b'{"text": "secret", "target": ["a"]}', "target is not a string"),
        (b"[" * 100_000, "not JSON that can be read: too deep or too long a number"),
        (b'{"text": ' + b"1" * 5_000 + b"}", "not JSON that can be read: too deep or too long a number"),
    ],
)
def test_a_bad_line_is_answered_and_quoted_nowhere(line: bytes, error: str, vader: Engine) -> None:
    good = b'{"text": "fine"}'
    answer = answers([good, line, good], vader)
    assert [a["label"] for a in answer] == ["positive", None, "positive"]
    assert list(answer[1]) == [*FIELDS, "error"]
    assert answer[1]["error"] == error
    assert answer[1]["engine"] == vader.name


def test_lines_of_text_are_taken_as_well_as_bytes(vader: Engine) -> None:
    assert [a["label"] for a in answers(['\ufeff{"text": "sad"}\n', '{"text": ""}'], vader)] == [
        "negative",
        "neutral",
    ]


def test_half_a_surrogate_pair_is_judged(vader: Engine) -> None:
    line = b'{"text": "fine \\ud83d", "lang": "\\ud83d", "target": "\\ud83d"}'
    assert answers([line], vader)[0]["label"] == "positive"


def test_the_target_and_handles_are_masked() -> None:
    engine = Recorder()
    answers(['{"text": "@joe says Great Wall is shut", "target": "great wall"}'], engine)
    assert engine.batches == [[Text("@user says brand is shut", None, "great wall", ((11, 16),))]]


def test_other_brands_are_masked_and_their_places_told() -> None:
    told = towards("Acme beats Globex, says @joe of brand", None, "Acme", ["Globex", "Bolt"])
    assert told == Text("brand beats brand, says @user of brand", None, "Acme", ((0, 5),), ((12, 17),))


def test_abstaining_gives_the_reason() -> None:
    (answer,) = answers(['{"text": "hm", "lang": "xx"}'], Recorder())
    assert answer == {
        "label": None,
        "p_negative": 0.3,
        "p_neutral": 0.4,
        "p_positive": 0.3,
        "lang": "xx",
        "engine": "recorder-1",
        "reason": "unsure",
    }


def test_answers_come_in_order_across_batches(vader: Engine) -> None:
    lines = [json.dumps({"text": ("good", "bad", "table")[i % 3], "lang": str(i)}) for i in range(10)]
    got = answers(lines, vader, batch=3)
    assert [a["lang"] for a in got] == [str(i) for i in range(10)]
    assert [a["label"] for a in got[:3]] == ["positive", "negative", "neutral"]


def test_input_is_read_a_batch_at_a_time() -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield '{"text": "x"}'

    engine = Recorder()
    assert len(list(islice(judge_lines(endless(), engine, batch=4), 5))) == 5
    assert taken == 8
    assert [len(batch) for batch in engine.batches] == [4, 4]


def test_no_lines_give_no_answers(vader: Engine) -> None:
    assert answers([], vader) == []
