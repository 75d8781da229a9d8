"""What makes another version of a query, and what does not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from storage.mention import Brand, Exclude

ACME = Brand("Acme", query="acme", handles={"bluesky": "acme.example"}, exclude=Exclude(("bot",), (), ()))
NAMED = Brand("Acme", aliases=("AC", "Acme Corp"), aliases_in={"sv": ("Akme",)})


@pytest.mark.parametrize(
    "other",
    [
        replace(ACME, query="acme NOT street"),
        replace(ACME, handles={}),
        replace(ACME, exclude=Exclude((), (), ())),
        replace(ACME, query=None),
    ],
)
def test_what_finds_other_posts_is_another_version(other: Brand) -> None:
    assert other.definition != ACME.definition


@pytest.mark.parametrize(
    "same",
    [
        replace(ACME, own=True),
        replace(ACME, market="else"),
        replace(ACME, response_target=60),
        replace(ACME, aliases=("AC",)),
        replace(ACME, name="Acme Ltd"),
    ],
)
def test_what_finds_the_same_posts_is_the_same_version(same: Brand) -> None:
    assert same.definition == ACME.definition


def test_without_a_query_its_names_are_what_is_looked_for() -> None:
    assert replace(NAMED, aliases=("Acme Corp", "AC")).definition == NAMED.definition
    assert replace(NAMED, aliases=("AC",)).definition != NAMED.definition
    assert replace(NAMED, aliases_in={}).definition != NAMED.definition


def test_nothing_that_is_empty_stands_in_it() -> None:
    assert json.loads(Brand("Acme").definition) == {"name": "Acme"}
