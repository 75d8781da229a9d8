"""How sure a share is: Wilson's interval for a share counted on a few cases."""

from __future__ import annotations

import math


def wilson(successes: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """Return the lowest and highest true share that the count does not contradict; 95 % for z = 1.96.

    The score interval of Wilson (1927), "Probable inference, the law of succession, and statistical
    inference", JASA 22:209-212: (p + z²/2n ± z·√(p(1-p)/n + z²/4n²)) / (1 + z²/n). It never leaves
    [0, 1] and has a width also where all or none succeed. Of no case nothing is known: (0, 1).
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no share")
    if n == 0:
        return 0.0, 1.0
    middle = successes + z * z / 2
    reach = z * math.sqrt(successes * (n - successes) / n + z * z / 4)
    # Where all succeed the end is 1, which rounding would miss by a hair; where none do, the difference is 0 exactly.
    high = 1.0 if successes == n else (middle + reach) / (n + z * z)
    return (middle - reach) / (n + z * z), high
