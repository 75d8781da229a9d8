"""How many standard errors a 95 % interval reaches, when the error itself was estimated from few cases."""

from __future__ import annotations

import math

_Z = 1.959963984540054
_FEW = {1: 12.706204736, 2: 4.302652730}


def quantile(df: float) -> float:
    """Return the 97.5 % quantile of Student's t with `df` degrees of freedom (at least 1, infinity for the normal).

    The Cornish-Fisher expansion of Fisher and Cornish (1960), "The percentile points of distributions having known
    cumulants", Technometrics 2:209-225, exact to 0.01 from 3 degrees on; below that from the exact values for 1 and 2.
    """
    if df < 1:
        raise ValueError(f"{df} degrees of freedom are too few")
    if math.isinf(df):
        return _Z
    if df < 3:
        low = int(df)
        high = _FEW[2] if low == 1 else _expansion(3)
        return _FEW[low] + (df - low) * (high - _FEW[low])
    return _expansion(df)


def _expansion(df: float) -> float:
    z = _Z
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160
    return z + first / df + second / df**2 + third / df**3 + fourth / df**4
