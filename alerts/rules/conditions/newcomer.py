"""Somebody or something new: `new author with 10000 followers`, `new language`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from alerts.rules.base import Look, Sample, Seen, WokenBy
from alerts.rules.rule import Rule
from storage import noticing, queries
from storage.calendar import Window
from storage.kpi import Ask

_AUTHOR = re.compile(r"\s*new\s+author\s+with\s+(\d+)\s+followers\s*")
_LANGUAGE = re.compile(r"\s*new\s+language\s*")
_MOST = 500
"""As many are looked at, those with most followers: more than one look tells of, so that the next tells of the rest."""


ACQUAINTED = 7 * 86_400
"""Seconds that a source must have been heard before anything in it is called new: at first everybody is."""


def _window(rule: Rule, look: Look) -> Window:
    # A post that was delivered late is new all the same.
    return Window(look.now - rule.over - look.lateness(rule.source), look.now)


def _known(rule: Rule, look: Look, window: Window) -> tuple[int, ...]:
    """The sources of which one can say what is new; none while a query finds other posts than a week ago."""
    if queries.changes(look.store, [rule.brand], window.since - ACQUAINTED, look.now):
        return ()
    return look.acquainted(rule.source, window.since, ACQUAINTED)


@dataclass(frozen=True, slots=True)
class NewAuthor:
    """The first mention of a brand by an author with at least so many followers; told once for each."""

    form: ClassVar[str] = "new author"
    momentary: ClassVar[bool] = True
    about_brand: ClassVar[bool] = True
    market_wide: ClassVar[bool] = False
    woken_by: ClassVar[WokenBy] = "glance"
    not_narrowed_by: ClassVar[frozenset[str]] = frozenset({"tag"})

    followers: int

    def words(self) -> str:
        """As it is written in `when`."""
        return f"new author with {self.followers} followers"

    def wants(self, rule: Rule, look: Look) -> Iterable[tuple[str, Ask]]:
        """It asks for no KPI."""
        return ()

    def see(self, rule: Rule, look: Look) -> Seen:
        """One subject for each author, by number: who they are is looked up when it is told."""
        window = _window(rule, look)
        found = noticing.newcomers(
            look.store,
            rule.brand,
            window,
            self.followers,
            _known(rule, look, window),
            _MOST,
            look.after(rule),
            live_only=not look.past,
        )
        return {
            f"author {one.author}": [
                Sample(
                    window.since,
                    window.until,
                    enough=True,
                    met=True,
                    fires=True,
                    numbers={
                        "author": one.author,
                        "source": one.source,
                        "value": one.followers,
                        "unit": "people",
                        "least": self.followers,
                        "since": window.since,
                        "until": window.until,
                    },
                    post_ids=(one.post,),
                )
            ]
            for one in found
        }


@dataclass(frozen=True, slots=True)
class NewLanguage:
    """The first mention of a brand in a language; told once for each."""

    form: ClassVar[str] = "new language"
    momentary: ClassVar[bool] = True
    about_brand: ClassVar[bool] = True
    market_wide: ClassVar[bool] = False
    woken_by: ClassVar[WokenBy] = "glance"
    not_narrowed_by: ClassVar[frozenset[str]] = frozenset({"tag"})

    def words(self) -> str:
        """As it is written in `when`."""
        return "new language"

    def wants(self, rule: Rule, look: Look) -> Iterable[tuple[str, Ask]]:
        """It asks for no KPI."""
        return ()

    def see(self, rule: Rule, look: Look) -> Seen:
        """One subject for each language, with at least `min_n` mentions: one short post may be misread."""
        window = _window(rule, look)
        return {
            f"language {language}": [
                Sample(
                    window.since,
                    window.until,
                    enough=True,
                    met=mentions >= rule.min_n,
                    fires=mentions >= rule.min_n,
                    numbers={
                        "language": language,
                        "value": mentions,
                        "unit": "mentions",
                        "since": window.since,
                        "until": window.until,
                    },
                    post_ids=(post,),
                )
            ]
            for language, mentions, post in noticing.new_languages(
                look.store,
                rule.brand,
                window,
                _known(rule, look, window),
                rule.source,
                look.after(rule),
                live_only=not look.past,
            )
        }


def parse(text: str) -> NewAuthor | NewLanguage | None:
    """Read "new author with 10000 followers" or "new language"; None where the text is neither."""
    if match := _AUTHOR.fullmatch(text):
        return NewAuthor(int(match[1]))
    return NewLanguage() if _LANGUAGE.fullmatch(text) else None
