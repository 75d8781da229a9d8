"""Hears who speaks: every language that says a phrase, a number or a time while something is rendered."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from alerts.language import Language

_PLACE = re.compile(r"\{[a-z_]*\}|%\([a-z_]+\)s")
_LATIN = re.compile(r"[A-Za-z]{2,}")


@contextmanager
def languages_heard() -> Iterator[set[str]]:
    """The codes of the languages whose methods are called meanwhile."""
    heard: set[str] = set()

    def noting(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(self: Language, *rest: Any, **parts: Any) -> Any:
            heard.add(self.code)
            return method(self, *rest, **parts)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name, method in vars(Language).items():
            # Isolating a name says nothing, whoever does it.
            if callable(method) and not name.startswith("_") and name not in ("of", "isolated"):
                patch.setattr(Language, name, noting(method))
        yield heard


def raw_places(text: str) -> list[str]:
    """Places of a phrase that nothing was put into."""
    return _PLACE.findall(text)


def latin_words(text: str, known: str) -> set[str]:
    """Words in Latin letters that are not in `known`: in Persian they are English that nobody translated."""
    known = known.lower()
    return {word for word in _LATIN.findall(text) if word.lower() not in known}
