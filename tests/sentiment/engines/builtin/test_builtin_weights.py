"""The file of weights: what is written is read, and what is no such file is refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from sentiment.engines.builtin.weights import (
    EDGE,
    Damaged,
    Grams,
    Layer,
    Marked,
    Part,
    Tones,
    Weights,
    hashes_of_word,
    marked_block,
    place_of_pair,
    write,
)

LAYER = Layer((0.5, -0.25), (0.0, 1.0), (0.125, -1.0), 1.5)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    blocks = {
        "grams xx": bytes(range(8)),
        "likings xx": marked_block({"good": (3,), "bad": (-4,)}),
        "guesses": bytes(8),
        "tones": marked_block({"fine": (9, -7), "awful": (-120, 100), "meh": (0, 0)}),
    }
    write(path, "some-1", {"xx": Part(LAYER, 4, 0.25), "any": Part(LAYER)}, blocks)
    weights = Weights(path)
    assert weights.name == "some-1"
    assert weights.parts == {"xx": Part(LAYER, 4, 0.25), "any": Part(LAYER)}
    assert weights.listed() == {"xx"}
    assert [weights.liking("xx").get(word) for word in ("good", "bad", "fine")] == [3, -4, None]
    assert [weights.tones().get(word) for word in ("fine", "awful", "meh", "goo")] == [
        (9, -7), (-120, 100), (0, 0), None,
    ]  # fmt: skip
    assert weights.liking("yy").get("good") is None


def test_a_score_is_the_sum_over_features_divided_by_the_root_of_their_number() -> None:
    places, words = 64, [("good", False), ("good", True), ("o", False)]
    negative, positive = [n % 7 - 3 for n in range(places)], [n % 5 - 2 for n in range(places)]
    hashes = [hashes_of_word(word) for word in words]
    ends = [EDGE, *(each[0] for each in hashes), EDGE]
    found = [value % places for each in hashes for value in each]
    found += [place_of_pair(first, second, places) for first, second in pairwise(ends)]
    expected = [0.5 * sum(table[at] for at in found) / len(found) ** 0.5 for table in (negative, positive)]
    grams = Grams([*negative, *positive], 0.5)
    for _ in range(2):
        assert grams.score(words) == pytest.approx(expected)


def test_what_is_remembered_does_not_grow_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentiment.engines.builtin.weights._MOST_REMEMBERED", 10)
    grams = Grams([1] * 16, 1.0)
    tones = Marked([1, 2], [3, 4], 1)
    before = grams.score([("again", False)])
    for n in range(100):
        grams.score([(f"word{n}", False), (f"other{n}", True)])
        tones.get(f"word{n}")
    assert len(grams._words) <= 10 and len(tones._found) <= 10
    assert grams.score([("again", False)]) == before


@pytest.mark.parametrize("data", [b"", b"LTONE", b"x" * 500, b"LTONE\0\0\x01\xff\xff\0\0{}"])
def test_another_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(data)
    with pytest.raises(Damaged, match=r"weights\.bin"):
        Weights(path)


def test_a_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    write(path, "some-1", {"any": Part(LAYER)}, {"grams xx": bytes(400)})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(Damaged, match="cut short"):
        Weights(path)


def test_a_word_in_no_list_is_guessed_by_its_letters() -> None:
    tones = Tones({"fine": (9, -7)}, Grams([2] * 16 + [-1] * 16, 1.5))
    features = len(hashes_of_word(("finest", False)))
    assert tones.get("fine") == (9, -7)
    assert tones.get("finest") == (round(3 * features**0.5), round(-1.5 * features**0.5))
    assert [tones.get(word) for word in ("fin", "\U0001f600", "12345", "so-so")] == [None] * 4
    assert Tones({}, Grams([127] * 32, 100.0)).get("finest") == (127, 127)


def test_the_order_of_two_words_counts() -> None:
    assert place_of_pair(1, 2, 1 << 16) != place_of_pair(2, 1, 1 << 16)
