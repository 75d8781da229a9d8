"""Rules: what a condition says, and what becomes of it when what it sees, time and memory are put together."""

from alerts.rules.base import BRAND, Look, Sample, Seen, told, windows
from alerts.rules.conditions import CONDITIONS, FORMS, parse
from alerts.rules.conditions.threshold import RANGES, Condition, looked_at, parse_condition
from alerts.rules.judge import Transition, event_key, judge
from alerts.rules.options import RuleOptions
from alerts.rules.rule import Rule, Severity

__all__ = [
    "BRAND",
    "CONDITIONS",
    "FORMS",
    "RANGES",
    "Condition",
    "Look",
    "Rule",
    "RuleOptions",
    "Sample",
    "Seen",
    "Severity",
    "Transition",
    "event_key",
    "judge",
    "looked_at",
    "parse",
    "parse_condition",
    "told",
    "windows",
]
