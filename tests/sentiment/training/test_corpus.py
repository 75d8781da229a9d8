"""The split: one over all sets, by hash, and no copy of a held-out text is ever trained on."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from sentiment.training import corpus
from sentiment.training.corpus import Row

DATA = Path(os.environ.get("LISTENER_DATA") or Path(__file__).parents[4] / "shared" / "data")


def rows() -> list[Row]:
    """Invented texts: 60 topics of 30 texts, each text of every third topic also under another set and id."""
    found = []
    for topic in range(60):
        for number in range(30):
            text = f"words {topic} about {number} things"
            found.append(Row("en_topics_5point_folded", text, "neutral", "en", f"topic {topic}"))
            if topic % 3 == 0:
                found.append(
                    Row(
                        "en_posts",
                        f"@someone Words {topic} about {number} THINGS! https://x.example",
                        "neutral",
                        "en",
                    )
                )
    found += [Row("ca_multibooked", f"paraules {number}", "positive", "ca") for number in range(200)]
    found += [Row("ro_sart", f"cuvinte {number}", "positive", "ro") for number in range(400)]
    return found


def test_a_copy_under_another_id_link_or_handle_is_the_same_text() -> None:
    same = ["Café NOIR is great!", "@you cafe noir is great https://t.example/1", "cafe noir - is - great"]
    assert len({corpus.mark_of(text) for text in same}) == 1
    assert corpus.mark_of("cafe noir is not great") != corpus.mark_of(same[0])
    assert len(corpus.mark_of("x")) == 12


def test_the_choice_is_by_hash_and_not_by_order() -> None:
    shuffled = rows()
    random.Random(1).shuffle(shuffled)
    assert corpus.choose_held_out(rows()) == corpus.choose_held_out(shuffled)


def test_whole_topics_and_a_share_of_every_set_are_held_out() -> None:
    chosen = corpus.choose_held_out(rows())
    held = [row for row in rows() if row.mark in chosen]
    whole = [t for t in range(60) if sum(row.target == f"topic {t}" for row in held) == 30]
    assert len(whole) == 30
    assert 60 < sum(row.set == "ca_multibooked" for row in held) < 140
    assert 20 < sum(row.set == "ro_sart" for row in held) < 80


def test_what_is_held_out_or_tuned_on_is_never_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = frozenset(corpus.choose_held_out(rows()))
    monkeypatch.setattr(corpus, "held_out", lambda: chosen)
    training, tuning = corpus.training_and_tuning(rows())
    test = corpus.test_rows(rows())
    marks = [{row.mark for row in part} for part in (training, tuning, test)]
    assert all(marks)
    assert not marks[0] & marks[1] and not marks[0] & marks[2] and not marks[1] & marks[2]
    assert len(training) + len(tuning) + len(test) == len(rows())
    assert not [row for row in training if row.set in corpus.NOT_TRAINED_ON]
    topics = {row.target for row in tuning if row.set == "en_topics_5point_folded"}
    assert topics


def test_lines_are_read_with_their_language_and_bad_ones_named(tmp_path: Path) -> None:
    lines = [
        {"text": "one\u2028two", "label": "positive", "lang": "en"},
        {"text": "deux", "label": "mixed"},
        {"text": "trois", "label": "neutral", "target": "Acme"},
    ]
    (tmp_path / "fr_set.jsonl").write_text(
        "\n".join(json.dumps(x, ensure_ascii=False) for x in lines) + "\n\n"
    )
    assert corpus.read(tmp_path) == [
        Row("fr_set", "one\u2028two", "positive", "en"),
        Row("fr_set", "trois", "neutral", "fr", "Acme"),
    ]
    (tmp_path / "xx.jsonl").write_text('{"text": "a", "label": "neutral"}\nnot json\n')
    with pytest.raises(ValueError, match=r"xx\.jsonl:2: "):
        corpus.read(tmp_path)


@pytest.mark.data
@pytest.mark.skipif(not (DATA / "tone").is_dir(), reason="the labelled texts are not here: set LISTENER_DATA")
def test_the_committed_split_is_the_one_that_the_rule_makes() -> None:
    everything = corpus.read(DATA / "tone") + corpus.read(DATA / "targets")
    assert corpus.choose_held_out(everything) == corpus.held_out()
