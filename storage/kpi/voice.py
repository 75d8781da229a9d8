"""Share of voice in everything but mentions: people, praise, balance, interactions, reach, what nobody paid for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from storage.desk.tags import PAID
from storage.kpi.counters import counters
from storage.kpi.declaration import Example, Kpi
from storage.kpi.facts import tones_by_source, tones_said
from storage.kpi.imported import NOT_ADDED
from storage.kpi.marked import addressed, tagged, taken_back
from storage.kpi.market import Parts, mentions_of, share
from storage.kpi.scope import Numbered, Scope
from storage.kpi.speakers import TOO_LONG, voices
from storage.kpi.sureness import of_people_share
from storage.kpi.tally import Counts
from storage.kpi.value import ENGINE_CHANGED, NO_SOURCE, Reading

Tones = Callable[[Scope, Numbered], Mapping[int, Counts]]


def authors(scope: Scope) -> Reading:
    """Authors of the brand / sum over the brands of its market of their authors; n is the denominator.

    People, not mentions: one loud account weighs as much as a quiet one. Who speaks of two brands counts for both.
    """
    if scope.sources and any(voices(scope, brand) is None for brand in scope.market):
        return Reading(None, 0, TOO_LONG)
    return share(scope, _authors_of, reason="no author is known in the market")


def _authors_of(scope: Scope, brand: Numbered) -> Parts:
    return {source: one.authors for source, one in (voices(scope, brand) or {}).items()}


def positive(scope: Scope) -> Reading:
    """Positive mentions of the brand / those of all brands of its market; n is the denominator."""
    said = share(scope, partial(_praise_of, tones=tones_said), reason="nothing positive in the market")
    found = share(scope, partial(_praise_of, tones=tones_by_source), reason="nothing positive in the market")
    return _of_tones(scope, found, said.value)


def _praise_of(scope: Scope, brand: Numbered, tones: Tones) -> Parts:
    return {source: counts.positive for source, counts in tones(scope, brand).items()}


def net(scope: Scope) -> Reading:
    """Positive minus negative mentions of the brand, where that is above 0, / the same summed over its market.

    `net` is the brand's own balance with its sign, -1, 0 or 1 in `sign`: below 0 the share is 0, and says nothing of
    how far below. n is the denominator.
    """
    none = "no brand of the market has more praise than blame"
    said = share(scope, partial(_balance_of, tones=tones_said), reason=none)
    found = share(scope, partial(_balance_of, tones=tones_by_source), reason=none)
    counts = scope.judged().counts
    balance = counts.positive - counts.negative
    sign = (balance > 0) - (balance < 0)
    # Within one source balances may lie below 0: they are no shares there.
    more = {name: told for name, told in found.more.items() if name not in ("by_source", "source_mean")}
    more |= {"net": balance, "sign": sign}
    return _of_tones(scope, Reading(found.value, found.n, found.reason, more), said.value)


def _balance_of(scope: Scope, brand: Numbered, tones: Tones) -> Parts:
    parts = {source: one.positive - one.negative for source, one in tones(scope, brand).items()}
    # Taken together, and only then cut at 0: praise in one network makes up for blame in another.
    return parts if sum(parts.values()) > 0 else {}


def _of_tones(scope: Scope, found: Reading, said: float | None) -> Reading:
    """A share that is made of tones: counted, by a person where one corrected the engine, and never across engines."""
    more = {**found.more, "method": "raw", "raw_value": said}
    engines = {engine for brand in scope.market for engine in scope.counts(brand).engines}
    if scope.strict and len(engines) > 1:
        return Reading(None, found.n, ENGINE_CHANGED, more)
    return Reading(found.value, found.n, found.reason, more)


def interactions(scope: Scope) -> Reading:
    """Interactions with mentions of the brand / those of all brands of its market; n is the denominator."""
    if scope.sources and any(counters(scope, brand) is None for brand in scope.market):
        return Reading(None, 0, "too many mentions in this window for their counters to be read one by one")
    return share(scope, _interactions_of, reason="no source that is heard tells such counters")


def _interactions_of(scope: Scope, brand: Numbered) -> Parts:
    found: dict[int, float] = {}
    for one in counters(scope, brand) or ():
        found[one.source] = found.get(one.source, 0) + one.value
    return found


def organic(scope: Scope) -> Reading:
    """Mentions that do not bear the tag `paid` / those of all brands of its market; n is the denominator."""
    return share(scope, _organic_of, reason="nothing in the market")


def _organic_of(scope: Scope, brand: Numbered) -> Parts:
    paid = tagged(scope, brand, PAID)
    return {source: number - paid.get(source, 0) for source, number in mentions_of(scope, brand).items()}


def reach(scope: Scope) -> Reading:
    """Followers of the authors of the brand's mentions / those of all brands of its market; n is the denominator.

    The 2 to 5 % that see a post cancel out, so that the share is no range.
    """
    found = {brand.number: voices(scope, brand, followers=True) for brand in scope.market}
    if scope.sources and any(one is None for one in found.values()):
        return Reading(None, 0, TOO_LONG)
    reading = share(
        scope,
        lambda _, brand: {s: one.followers for s, one in (found[brand.number] or {}).items() if one.followed},
        reason="no source tells how many followers authors have",
    )
    followed = {s for one in found.values() for s, told in (one or {}).items() if told.followed}
    if reading.value is not None and len(followed) > 1:
        return Reading(None, reading.n, NOT_ADDED, reading.more)
    return reading


def direct(scope: Scope) -> Reading:
    """Count mentions that address the brand: by its handle, by a reply to its post, or by an import's word."""
    return _addressed(scope, direct=True)


def indirect(scope: Scope) -> Reading:
    """Count mentions that speak of the brand and not to it."""
    return _addressed(scope, direct=False)


def _addressed(scope: Scope, *, direct: bool) -> Reading:
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    mentions = scope.counts().mentions
    to_it = sum(addressed(scope).values())
    more = {"direct": to_it, "indirect": mentions - to_it, "mentions": mentions}
    return Reading(to_it if direct else mentions - to_it, mentions, None, more)


def as_now(scope: Scope) -> Reading:
    """Count mentions whose author has not taken them back since; n: as they were reported, `as_reported`."""
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    reported = scope.counts().mentions
    gone = sum(taken_back(scope).values())
    return Reading(reported - gone, reported, None, {"as_reported": reported, "taken_back": gone})


_market = partial(
    Kpi,
    unit="ratio",
    market_wide=True,
    better="up",
    source="MutualMind, Sprout Social",
    rows=("11", "35"),
    worked="{own} / {market}",
)
KPIS = (
    _market(
        "share_of_voice.authors",
        formula="authors of the brand / sum of the authors of each brand of its market",
        read=authors,
        chance=of_people_share(authors, "own"),
        source="Hootsuite (people who mention you vs competitors)",
        inputs=("mentions", "authors"),
        rows=("10", "11", "35"),
        example=Example({"own": 1, "market": 3}, 1 / 3, "Acme: 10 mentions by ana; Bolt: 2, by ben and cleo"),
    ),
    _market(
        "share_of_voice.positive",
        formula="positive mentions of the brand / positive mentions of all brands of its market",
        read=positive,
        source="Sinnaps (share of voice weighted by emotion)",
        inputs=("mentions", "tone"),
        rows=("11", "12", "35"),
        example=Example({"own": 3, "market": 4}, 0.75, "Acme: 3 positive; Bolt: 1"),
    ),
    _market(
        "share_of_voice.net",
        formula="positive minus negative mentions of the brand, at least 0, / the same summed over its market",
        read=net,
        source="Sinnaps (share of voice weighted by emotion)",
        inputs=("mentions", "tone"),
        rows=("12", "35"),
        example=Example({"own": 2, "market": 3}, 2 / 3, "Acme: 3 - 1; Bolt: 1 - 0; Zap: 0 - 2 counts 0"),
    ),
    _market(
        "share_of_voice.interactions",
        formula="likes, shares, comments and saves of mentions of the brand / of all brands of its market",
        read=interactions,
        source="Sinnaps",
        inputs=("mentions", "counters"),
        example=Example({"own": 22, "market": 88}, 0.25, "Acme: 22; Bolt: 66"),
    ),
    _market(
        "share_of_voice.reach",
        formula="followers of the authors of the brand's mentions / of those of all brands of its market",
        read=reach,
        source="Sinnaps",
        inputs=("mentions", "authors", "followers"),
        example=Example({"own": 1500, "market": 2000}, 0.75, "Acme: ana 1,000 and ben 500; Bolt: ben 500"),
        vanity=True,
        additive=False,
    ),
    _market(
        "share_of_voice.organic",
        formula="mentions not tagged `paid` of the brand / of all brands of its market",
        read=organic,
        source="Mediatoolkit (share of voice is organic)",
        rows=("9", "35"),
        example=Example({"own": 3, "market": 5}, 0.6, "Acme: 4 mentions, one of them paid; Bolt: 2"),
    ),
    Kpi(
        "mentions.direct",
        "mentions",
        "mentions that address the brand: by its handle, by a reply to its post, or by an import's word",
        direct,
        better="neither",
        source="Hootsuite (direct and indirect mentions)",
        inputs=("mentions", "conversations"),
        rows=("13", "35"),
        worked="{direct}",
        example=Example({"direct": 2}, 2, "of 5 mentions one calls @acme, one replies to Acme"),
    ),
    Kpi(
        "mentions.indirect",
        "mentions",
        "mentions that do not address the brand",
        indirect,
        better="neither",
        source="Hootsuite (direct and indirect mentions)",
        inputs=("mentions", "conversations"),
        rows=("13", "35"),
        worked="{mentions} - {direct}",
        example=Example(
            {"mentions": 5, "direct": 2}, 3, "of 5 mentions one calls @acme, one replies to Acme"
        ),
    ),
    Kpi(
        "mentions.as_now",
        "mentions",
        "mentions that their authors have not taken back since",
        as_now,
        source="this project",
        rows=("13", "35"),
        worked="{as_reported} - {taken_back}",
        example=Example({"as_reported": 5, "taken_back": 2}, 3, "two of five posts were deleted since"),
    ),
)
