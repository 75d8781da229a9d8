"""From one question to its explanation: the number is computed once more, and everything behind it is looked up."""

from __future__ import annotations

from dataclasses import replace

from storage.base import Rows
from storage.calendar import Window
from storage.coverage import ledgers
from storage.explain import behind
from storage.explain.behind import Facts
from storage.explain.explanation import Explanation, QueryVersion
from storage.explain.listening import Listened, listened, unlike
from storage.explain.recording import Recording
from storage.explain.warnings import warnings
from storage.kpi import KPIS
from storage.kpi.compute import compute
from storage.kpi.declaration import Kpi
from storage.kpi.stories import TOO_MANY
from storage.kpi.value import Ask, KpiValue
from storage.kpi.working import evaluate, numbers_of, put_in


def explain(
    store: Rows, kpi: Kpi, ask: Ask, *, posts: int = 10, after: int | None = None, label: str | None = None
) -> Explanation:
    """Open one number of one brand; `ask` names exactly one (`only`) and cuts by nothing.

    `posts` is how many of the posts behind it are given, `after` the number of the last post of the page before,
    `label` narrows them to one tone.
    """
    recording = Recording(store)
    value = _only(recording, kpi, replace(ask, compare=False))
    beside = _only(store, kpi, replace(ask, compare=True))
    value = replace(value, before=beside.before, year_before=beside.year_before)
    now = _heard(store, ask, value, ask.window) if kpi.of_sources else []
    differently = {
        name: unlike(now, _heard(store, ask, value, Window(other.since, other.until)))
        for name, other in (("before", value.before), ("year_before", value.year_before))
        if now and other is not None and other.then is not None
    }
    facts = facts_of(store, value)
    numbers = numbers_of(kpi.worked, value.more)
    return Explanation(
        value=value,
        kpi=kpi,
        numbers=numbers or {},
        worked=put_in(kpi.worked, numbers, _plain) if numbers else None,
        counted=evaluate(kpi.worked, numbers) if numbers else None,
        sql=recording.statements,
        listened=tuple(now),
        unlike=differently,
        judgings=tuple(behind.judgings(store, facts)) if "tone" in kpi.inputs else (),
        strata=tuple(behind.strata(store, facts)) if value.more.get("method") == "adjusted" else (),
        queries=tuple(_queries(store, kpi, ask, value, facts)),
        corrections=behind.corrections(store, facts) if "tone" in kpi.inputs else None,
        posts=behind.posts(store, kpi, facts, posts, after, label),
        files=tuple(behind.files(store, kpi)),
        warnings=tuple(
            warnings(
                value, now, differently, ask.zone, 0 if kpi.imported else behind.taken_back(store, facts)
            )
        ),
        copies=_copies(store, ask) if kpi.of_sources else None,
    )


def facts_of(store: Rows, value: KpiValue, brand: str | None = None) -> Facts:
    """The mentions that a value was made of; of another brand of its market where one is named."""
    heard = behind.numbers(store, (one.source for one in value.heard))
    number = behind.brand_number(store, brand or value.brand)
    return Facts(number, Window(value.since, value.until), tuple(heard.values()))


def _only(store: Rows, kpi: Kpi, ask: Ask) -> KpiValue:
    (value,) = compute(store, [kpi], ask)
    return value


def _copies(store: Rows, ask: Ask) -> int | None:
    """How many of the mentions of the window repeat another one; 0 where none was heard."""
    counted = _only(store, KPIS["mentions.stories"], replace(ask, compare=False))
    return None if counted.reason == TOO_MANY else int(str(counted.more.get("copies", 0)))


def _heard(store: Rows, ask: Ask, value: KpiValue, window: Window) -> list[Listened]:
    counted = [one.source for one in value.heard]
    return listened(store, ledgers(store, ask.sources), counted, window, ask.now)


def _queries(store: Rows, kpi: Kpi, ask: Ask, value: KpiValue, facts: Facts) -> list[QueryVersion]:
    """Of the brand, and where the number changes with its competitors, of all brands of its market."""
    market = next(brand.market for brand in ask.brands if brand.name == value.brand)
    names = [brand.name for brand in ask.brands if kpi.market_wide and brand.market == market]
    found = []
    for name in names or [value.brand]:
        found += behind.queries(store, name, facts_of(store, value, name))
    return found


def _plain(number: float) -> str:
    """A number as it is put into a formula: whole where it is, else to six digits."""
    return str(int(number)) if float(number).is_integer() else f"{number:.6g}"
