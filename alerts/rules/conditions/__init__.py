"""The kinds of conditions: each reads its own form of `when`. A new one is a module and a line here."""

from __future__ import annotations

from importlib import import_module

from alerts.rules.base import Condition

CONDITIONS: dict[str, str] = {
    "threshold": "alerts.rules.conditions.threshold",
    "change": "alerts.rules.conditions.change",
    "absence": "alerts.rules.conditions.absence",
    "new": "alerts.rules.conditions.newcomer",
    "unanswered": "alerts.rules.conditions.unanswered",
    "goal": "alerts.rules.conditions.goal",
    "overtaken": "alerts.rules.conditions.overtaken",
    "story": "alerts.rules.conditions.story",
    "outage": "alerts.rules.conditions.outage",
    "anomaly": "alerts.rules.conditions.anomaly",
}

FORMS = (
    "negative_share > 40%",
    "mentions rises by 50%",
    "negative_share rises by 10 points on last week",
    "no mentions for 12h",
    "new author with 10000 followers",
    "new language",
    "unanswered for 2h",
    "any goal at risk",
    "share_of_voice overtaken",
    "story with 10 posts",
    "source down for 1h",
    "anomaly",
    "anomaly in mentions",
)
_MIN_N = {"ratio": 20, "seconds": 5}


def parse(text: str) -> Condition:
    """Read what `when` says. Raises ValueError that says what is wrong and how to write it."""
    for module in CONDITIONS.values():
        found: Condition | None = import_module(module).parse(text)
        if found is not None:
            return found
    raise ValueError(
        f"{text!r} is no condition; write KPI OP NUMBER, as in negative_share > 40%, or one of: "
        + "; ".join(FORMS[1:])
    )


def least(condition: Condition) -> int:
    """The n below which a rule is silent, where none is configured."""
    from storage.kpi import KPIS

    if condition.form == "new language":
        # In a short post a language is easily taken for another.
        return 3
    kpi = getattr(condition, "kpi", None) or ("share_of_voice" if condition.form == "overtaken" else None)
    return _MIN_N.get(KPIS[kpi].unit, 0) if kpi else 0
