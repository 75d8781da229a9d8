"""What a head showed on corrections held out, and what came of it, in words."""

from __future__ import annotations

from collections.abc import Iterator

from alerts import format as reading
from listener.learning import Evidence, Outcome

AGAIN = "`listener rejudge --since TIME` judges what came before again"


def lines(evidence: Evidence) -> Iterator[str]:
    """The evidence, a line for each thing that it says."""
    beside = ""
    if evidence.presumed:
        beside = (
            f", with {reading.plural(evidence.presumed, 'mention')} that nobody corrected taken for right"
        )
    yield f"Compared on {reading.plural(evidence.compared, 'correction')} held out{beside}:"
    low, high = evidence.gain
    yield (
        f"  log loss {evidence.log_loss:.3f} without a head, {evidence.head_log_loss:.3f} with it: less by "
        f"{evidence.log_loss - evidence.head_log_loss:.3f} (with 95 % certainty between {low:.3f} and {high:.3f})"
    )
    yield (
        f"  macro recall {reading.percent(evidence.macro_recall)} without, "
        f"{reading.percent(evidence.head_macro_recall)} with it"
    )
    yield (
        f"  of the corrections it gives {reading.count(evidence.changed)} another label: "
        f"{reading.count(evidence.righted)} become right, {reading.count(evidence.wronged)} wrong"
    )


def result(outcome: Outcome) -> str:
    """What came of a try to learn, on one line."""
    said = f"{reading.plural(outcome.evidence.corrections, 'correction')}"
    if outcome.result == "too_few":
        return f"Nothing can be learned yet: {outcome.lacking}."
    if outcome.result == "serving":
        return f"A head learned from {said} is in service: {outcome.name} judges from now on; {AGAIN}."
    if outcome.result == "retired":
        return (
            f"On {said} the head in service does not do better any more, and is retired: {outcome.name} judges alone "
            f"from now on; {AGAIN}."
        )
    return (
        f"A head learned from {said} does not surely do better, and stays out: {outcome.name} judges alone."
    )
