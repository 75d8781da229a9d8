"""Ready lists of words for what drowns every brand: job ads, giveaways and stock tickers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache

from sentiment.text import fold

# Phrases rather than words wherever a word alone is also said by customers: "job" and "free" would throw away half
# of what people write. No phrase belongs to one language alone: whatever a post's language, all are looked for.
_PHRASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "job_ads": {
        "en": (
            "we are hiring", "we're hiring", "now hiring", "is hiring", "join our team", "job opening",
            "job openings",
            "open position", "open positions", "job offer", "job vacancy", "job vacancies", "apply now",
            "submit your resume",
            "send your resume", "send your cv", "competitive salary", "equal opportunity employer",
            "full-time position",
            "who is hiring", "seeking freelancer", "#hiring", "#nowhiring", "#jobs", "#job", "#jobalert",
            "#vacancy",
        ),
        "es": (
            "oferta de empleo", "ofertas de empleo", "oferta de trabajo", "ofertas de trabajo",
            "estamos contratando",
            "buscamos incorporar", "se busca personal", "vacante", "vacantes", "envía tu cv",
            "envía tu currículum",
            "únete a nuestro equipo", "bolsa de trabajo", "bolsa de empleo", "#empleo", "#trabajo",
            "#ofertadeempleo",
        ),
        "de": (
            "stellenangebot", "stellenangebote", "stellenanzeige", "stellenanzeigen",
            "stellenausschreibung",
            "wir stellen ein", "wir suchen dich", "jetzt bewerben", "bewirb dich", "offene stelle",
            "offene stellen",
            "(m/w/d)", "(w/m/d)", "werde teil unseres teams", "#stellenangebot", "#jobangebot",
        ),
        "fr": (
            "offre d'emploi", "offres d'emploi", "nous recrutons", "on recrute", "rejoignez notre équipe",
            "poste à pourvoir", "postes à pourvoir", "envoyez votre cv", "postulez", "recrutement en cours",
            "(h/f)", "(f/h)", "#recrutement", "#emploi", "#offredemploi",
        ),
        "it": (
            "offerta di lavoro", "offerte di lavoro", "stiamo assumendo", "invia il tuo cv",
            "posizione aperta",
        ),
        "pt": (
            "vaga de emprego", "vagas de emprego", "estamos contratando", "envie seu currículo",
            "oferta de emprego",
        ),
        "nl": ("vacature", "vacatures", "solliciteer nu", "solliciteer direct"),
        "ca": ("oferta de feina", "ofertes de feina", "oferta laboral", "envia'ns el teu cv"),
    },
    "giveaways": {
        "en": (
            "giveaway", "giveaways", "enter to win", "chance to win", "retweet to win", "rt to win",
            "follow and retweet",
            "like and retweet", "follow & rt", "tag a friend", "tag three friends",
            "winner will be announced",
            "winners will be announced", "free entry", "sweepstake", "sweepstakes", "#giveaway", "#contest",
            "#competition", "#sweepstakes",
        ),
        "es": (
            "sorteo", "sorteos", "sorteamos", "participa y gana", "participar en el sorteo",
            "etiqueta a un amigo",
            "etiqueta a tres amigos", "bases del sorteo", "bases legales del sorteo", "#sorteo",
            "#concurso",
        ),
        "de": (
            "gewinnspiel", "gewinnspiele", "verlosung", "wir verlosen", "teilnahmebedingungen",
            "mitmachen und gewinnen",
            "markiere einen freund", "#gewinnspiel", "#verlosung",
        ),
        "fr": (
            "jeu concours", "jeu-concours", "jeux concours", "jeux-concours", "tentez de gagner",
            "tirage au sort",
            "participez et gagnez", "identifie un ami", "identifiez un ami", "taguez un ami",
            "#jeuconcours", "#concours",
        ),
        "it": ("partecipa e vinci", "tagga un amico", "estrazione a premi", "#concorsoapremi"),
        "pt": ("sorteio", "sorteios", "marque um amigo", "participe e ganhe", "#sorteio"),
        "nl": ("winactie", "doe mee en win", "maak kans op", "#winactie"),
        "ca": ("sortegem", "participa i guanya", "etiqueta un amic", "#sorteig"),
    },
    "stock_tickers": {
        "en": (
            "nasdaq", "nyse", "stock price", "share price", "price target", "earnings per share",
            "market cap", "stocks to watch", "stocks to buy", "pre-market", "premarket",
            "after-hours trading",
            "day trading", "options flow", "buy rating", "sell rating", "hold rating", "#stocks",
            "#stockmarket",
            "#daytrading", "#investing",
        ),
        "es": (
            "precio objetivo", "cotización de las acciones", "precio de la acción",
            "capitalización bursátil",
            "#bolsa", "#ibex35",
        ),
        "de": (
            "aktienkurs", "kursziel", "aktienanalyse", "börsenkurs", "marktkapitalisierung", "#aktien",
            "#dax",
        ),
        "fr": (
            "cours de bourse", "cours de l'action", "objectif de cours", "capitalisation boursière",
            "#bourse", "#cac40",
        ),
        "it": ("quotazione del titolo", "prezzo obiettivo", "capitalizzazione di borsa"),
        "pt": ("preço-alvo", "cotação das ações", "valor de mercado da empresa"),
        "nl": ("aandelenkoers", "koersdoel", "beurswaarde"),
    },
}  # fmt: skip

# $ACME, but not $5 nor US$5: one to five letters, with at most a class of share behind (BRK.B).
_CASHTAG = re.compile(r"(?<![\w$])\$[a-z]{1,5}(?:\.[a-z])?(?![\w$])")

NAMES = tuple(_PHRASES)


@dataclass(frozen=True, slots=True)
class Snippet:
    """Words, folded, of which one is enough to exclude a post, and perhaps a pattern of which the same is true."""

    words: frozenset[str]
    pattern: re.Pattern[str] | None = None

    def excludes(self, found: AbstractSet[object], folded: str) -> bool:
        """Say whether a folded text, in which these literals stand, is of this kind."""
        return not self.words.isdisjoint(found) or bool(self.pattern and self.pattern.search(folded))

    def found_in(self, found: AbstractSet[object], folded: str) -> list[str]:
        """Return what of it is in a folded text in which these literals stand."""
        by_pattern = self.pattern.finditer(folded) if self.pattern else ()
        return sorted({*(word for word in self.words if word in found), *(match[0] for match in by_pattern)})


@cache
def snippet(name: str) -> Snippet:
    """Return a ready exclusion. Raises ValueError for a name that is none."""
    if name not in _PHRASES:
        raise ValueError(f"there is no snippet {name!r}; there are {', '.join(NAMES)}")
    words = frozenset(" ".join(fold(words).split()) for group in _PHRASES[name].values() for words in group)
    return Snippet(words, _CASHTAG if name == "stock_tickers" else None)
