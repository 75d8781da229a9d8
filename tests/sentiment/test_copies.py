"""Which copy is the copy of a model, and that one is whole or not there at all; without any library of models."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from sentiment import copies
from sentiment.converting import multiplies_bytes
from sentiment.copies import Copy
from sentiment.tone import EngineUnavailable

COPY = Copy("transformers:us/tone@0123456789ab", "us/tone", None, ("negative", "positive"), 512, {})


def write(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"m" * 200_000)
    (folder / "tokenizer.json").write_bytes(b"{}")


def fail(folder: Path) -> None:
    write(folder)
    raise OSError("disk full")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = copies.make(tmp_path / "models", COPY, write)
    found = copies.read(folder)
    assert replace(found, files={}) == COPY
    assert set(found.files) == {"model.onnx", "tokenizer.json"}
    assert found.engine == "transformers:us/tone@0123456789ab-int8"
    assert copies.size(folder) > 200_000


def test_what_fails_leaves_the_old_copy_and_nothing_else(tmp_path: Path) -> None:
    folder = copies.make(tmp_path, COPY, write)
    with pytest.raises(OSError, match="disk full"):
        copies.make(tmp_path, COPY, fail)
    assert copies.read(folder).labels == COPY.labels
    assert [*tmp_path.iterdir()] == [folder]


def test_a_new_copy_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    copies.make(tmp_path, COPY, write)
    folder = copies.make(tmp_path, replace(COPY, max_tokens=64), write)
    assert copies.read(folder).max_tokens == 64
    assert [*tmp_path.iterdir()] == [folder]


def test_by_name_only_the_very_same_model_is_found(tmp_path: Path) -> None:
    folder = copies.make(tmp_path, COPY, write)
    assert copies.of_name(tmp_path, COPY.name) == folder
    assert copies.of_name(tmp_path, "transformers:us/tone@ba9876543210") is None
    # Written to the same folder, because of letters that no folder can bear.
    assert copies.of_name(tmp_path, "transformers:us_tone@0123456789ab") is None
    assert copies.of_name(tmp_path / "none", COPY.name) is None


@pytest.mark.parametrize(
    ("made_for", "asked", "fits"),
    [
        (None, None, True),
        ("main", "main", True),
        (None, "0123456789abcdef0123456789abcdef01234567", True),
        (None, "main", False),
        ("main", None, False),
        (None, "ff23456789abcdef0123456789abcdef01234567", False),
    ],
)
def test_by_id_the_branch_or_the_commit_must_be_the_one(
    tmp_path: Path, made_for: str | None, asked: str | None, fits: bool
) -> None:
    folder = copies.make(tmp_path, replace(COPY, revision=made_for), write)
    assert copies.of_id(tmp_path, "us/tone", asked) == (folder if fits else None)
    assert copies.of_id(tmp_path, "them/tone", asked) is None


def test_of_two_commits_the_one_converted_last_judges(tmp_path: Path) -> None:
    newer = copies.make(tmp_path, replace(COPY, name="transformers:us/tone@aaaaaaaaaaaa"), write)
    older = copies.make(tmp_path, COPY, write)
    os.utime(older / "about.json", (1_000, 1_000))
    assert copies.of_id(tmp_path, "us/tone", None) == newer


def test_what_is_not_finished_or_not_readable_is_no_copy(tmp_path: Path) -> None:
    folder = copies.make(tmp_path, COPY, write)
    folder.rename(tmp_path / ".making-x")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "about.json").write_text("{")
    (tmp_path / "list").mkdir()
    (tmp_path / "list" / "about.json").write_text("[1]")
    assert copies.of_id(tmp_path, "us/tone", None) is None


def test_a_cut_or_changed_file_is_refused(tmp_path: Path) -> None:
    folder = copies.make(tmp_path, COPY, write)
    for content in (b"m" * 199_999, b"n" + b"m" * 199_999, b"m" * 199_999 + b"n"):
        (folder / "model.onnx").write_bytes(content)
        with pytest.raises(
            EngineUnavailable, match="is not whole: make it again with `listener tone convert`"
        ):
            copies.read(folder)


@pytest.mark.parametrize(
    "about", ["", "{}", "[]", '{"labels": null}', json.dumps({"labels": ["a"], "more": 1})]
)
def test_a_broken_description_is_refused(tmp_path: Path, about: str) -> None:
    folder = copies.make(tmp_path, COPY, write)
    (folder / "about.json").write_text(about)
    with pytest.raises(EngineUnavailable, match="is not whole"):
        copies.read(folder)


@pytest.mark.parametrize(
    ("flags", "wide"),
    [
        ("fpu avx2 fma", False),
        ("avx512f avx512_vnni", True),
        ("avx_vnni", True),
        ("fp asimd", True),
        (None, False),
    ],
)
def test_processors_that_would_overflow_are_known(tmp_path: Path, flags: str | None, wide: bool) -> None:
    file = tmp_path / "cpuinfo"
    if flags is not None:
        file.write_text(f"flags\t\t: {flags}\n")
    assert multiplies_bytes(file) is wide
