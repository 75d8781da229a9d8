"""The registry, and the one place where a broken item is set aside."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import get_args

from listener.collectors import COLLECTORS, LONGEST_ITEM, read_items
from listener.collectors.base import Grade
from listener.collectors.post import Post


def to_event(item: Mapping[str, object]) -> Post | None:
    if item["id"] == "empty":
        return None
    if item["id"] == "bad":
        raise ValueError(f"cannot read {item['text']}")
    return Post(str(item["id"]), str(item["text"]))


def test_a_broken_item_is_set_aside_and_the_rest_goes_on() -> None:
    items = [{"id": name, "text": "private words"} for name in ("a", "bad", "empty", "b")]
    posts, aside = read_items(items, to_event)
    assert [post.native_id for post in posts] == ["a", "b"]
    (broken,) = aside
    assert broken.native_id == "bad"
    assert json.loads(broken.item) == items[1]


def test_the_cause_names_lines_but_quotes_nothing() -> None:
    _, (broken,) = read_items([{"id": "bad", "text": "private words"}], to_event)
    assert broken.cause.startswith("ValueError\n")
    assert "test_read_items.py" in broken.cause and "in to_event" in broken.cause
    assert "private words" not in broken.cause
    assert "/home" not in broken.cause and "\n/" not in broken.cause


def test_a_huge_item_is_cut_and_an_odd_one_is_no_problem() -> None:
    _, (huge, odd) = read_items([{"id": "bad", "text": "x" * 200_000}, {"no id": b"bytes"}], to_event)
    assert len(huge.item) == LONGEST_ITEM
    assert odd.native_id is None and odd.cause.startswith("KeyError")


def test_every_registered_module_keeps_its_promise() -> None:
    for path in COLLECTORS.values():
        module = importlib.import_module(path)
        assert all(callable(part) for part in (module.build, module.to_event, module.Options))
        assert module.GRADE in get_args(Grade)


def test_half_a_surrogate_in_an_unreadable_item_can_be_stored() -> None:
    _, (aside,) = read_items([{"id": 5 * "bad\ud800", "text": "\udfff"}], {}.__getitem__)
    assert aside.native_id == 5 * "bad\ufffd"
    assert json.loads(aside.item.encode())["text"] == "\udfff"


def test_an_item_that_json_cannot_hold_is_set_aside_all_the_same() -> None:
    deep: dict[str, object] = {}
    deep["deep"] = deep
    _, (aside,) = read_items([{"id": "bad", "text": "private words", "more": deep}], to_event)
    assert (aside.native_id, json.loads(aside.item)) == ("bad", {"cannot be kept": "ValueError"})
