"""Many changes tested together: which of them are more than the few that chance alone would show."""

from __future__ import annotations

import math
from collections.abc import Sequence

RATE = 0.05
"""Of what is told, how much may be chance on average."""

_Z = 1.959963984540054


def p_value(change: float, interval: tuple[float, float]) -> float:
    """The two-sided p of a change with a 95 % interval: below 0.05 exactly where the interval does not hold 0.

    The interval's reach towards 0 stands for 1.96 standard errors (Altman and Bland (2011), "How to obtain the P value
    from a confidence interval", BMJ 343:d2304). No reach: 0 for a change, 1 for none. Raises ValueError where the
    change lies outside its interval.
    """
    low, high = interval
    if not low <= change <= high:
        raise ValueError(f"{change} does not lie within {interval}")
    reach = change - low if change > 0 else high - change
    if not change:
        return 1.0
    return math.erfc(_Z * abs(change) / reach / math.sqrt(2)) if reach else 0.0


def discoveries(p_values: Sequence[float], rate: float = RATE) -> list[bool]:
    """Tell for each p whether it is a discovery, so that on average at most `rate` of the discoveries are chance.

    The step-up procedure of Benjamini and Hochberg (1995), JRSS B 57:289-300: with p sorted, all up to the last one
    that is at most rate * rank / number. It holds for independent tests and for those that depend positively (Benjamini
    and Yekutieli (2001), Annals of Statistics 29:1165-1188).
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    last = max(
        (rank for rank, index in enumerate(order, 1) if p_values[index] <= rate * rank / len(order)),
        default=0,
    )
    told = set(order[:last])
    return [index in told for index in range(len(p_values))]
