"""The ready exclusions: what they take away, what they must leave, and that the configuration offers all of them."""

from __future__ import annotations

from typing import get_args

import pytest

from listener.config.options import ExcludeOptions
from listener.matching.matcher import Matcher
from listener.matching.said import Said
from listener.matching.snippets import NAMES, snippet
from sentiment.text import fold
from storage.mention import Brand, Exclude, Source


def kept(name: str, text: str) -> bool:
    return bool(
        Matcher([Brand("Acme", exclude=Exclude(snippets=(name,)))]).match(Said(text, Source("feed", "feeds")))
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("job_ads", "Acme is HIRING a plumber"),
        ("job_ads", "Acme: we’re hiring"),
        ("job_ads", "Nueva oferta  de empleo en Acme"),
        ("job_ads", "Acme sucht Monteure (m/w/d)"),
        ("job_ads", "Offres d’emploi chez Acme"),
        ("giveaways", "Follow and retweet to win an Acme kettle"),
        ("giveaways", "¡Sorteo! Una tetera Acme"),
        ("giveaways", "Gewinnspiel: eine Kanne von Acme"),
        ("giveaways", "Jeu-concours Acme"),
        ("stock_tickers", "$ACM rises, Acme says"),
        ("stock_tickers", "Acme ($acm, $BLT.A)"),
        ("stock_tickers", "Acme: price target raised"),
        ("stock_tickers", "Kursziel für Acme erhöht"),
    ],
)
def test_what_is_taken_away(name: str, text: str) -> None:
    assert not kept(name, text)
    assert all(kept(other, text) for other in NAMES if other != name)


@pytest.mark.parametrize(
    "text",
    [
        "Acme did a good job",
        "I got my Acme kettle for free and I win",
        "Acme costs $5, not US$BIG and not $x1 or A$AP",
        "the Acme shop has a new position for its sign",
        "mi trabajo con Acme",
        "das Gewinde an der Acme Kanne",
    ],
)
def test_what_is_left(text: str) -> None:
    assert all(kept(name, text) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_words_are_folded_as_texts_are(name: str) -> None:
    words = snippet(name).words
    assert len(words) > 20
    assert all(word == " ".join(fold(word).split()) for word in words)


def test_the_configuration_offers_every_snippet() -> None:
    (offered,) = get_args(ExcludeOptions.model_fields["snippets"].annotation)
    assert get_args(offered) == NAMES
