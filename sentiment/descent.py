"""The minimum of a smooth convex function of many numbers, in plain Python: L-BFGS."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

Function = Callable[[Sequence[float]], tuple[float, list[float]]]
"""Returns a value and its gradient."""

_MEMORY = 8


def minimum(
    function: Function, start: Sequence[float], *, enough: float = 1e-6, most: int = 200
) -> list[float]:
    """Return where the function is smallest, after at most `most` steps; the same for the same input.

    It is found where no part of the gradient is larger than `enough` times the largest one at the start.

    Liu and Nocedal (1989), "On the limited memory BFGS method for large scale optimization", Mathematical Programming
    45:503-528, with steps halved until Armijo's condition holds.
    """
    at = list(start)
    value, gradient = function(at)
    steep = max((abs(g) for g in gradient), default=0.0)
    kept: deque[tuple[list[float], list[float], float]] = deque(maxlen=_MEMORY)
    for _ in range(most):
        if max(map(abs, gradient), default=0.0) <= enough * steep:
            break
        way = _direction(gradient, kept)
        slope = _dot(way, gradient)
        size = 1.0 if kept else 1.0 / max(1.0, _dot(gradient, gradient) ** 0.5)
        while True:
            there = [x + size * d for x, d in zip(at, way, strict=True)]
            new_value, new_gradient = function(there)
            if new_value <= value + 1e-4 * size * slope:
                break
            size /= 2
            if size < 1e-12:
                return at
        step = [new - old for new, old in zip(there, at, strict=True)]
        bend = [new - old for new, old in zip(new_gradient, gradient, strict=True)]
        if (curvature := _dot(step, bend)) > 1e-12:
            kept.append((step, bend, 1 / curvature))
        at, value, gradient = there, new_value, new_gradient
    return at


def _direction(
    gradient: Sequence[float], kept: Sequence[tuple[list[float], list[float], float]]
) -> list[float]:
    """Downhill, bent by what the last steps have shown of the curvature (the two loops of L-BFGS)."""
    way = [-g for g in gradient]
    shares = []
    for step, bend, inverse in reversed(kept):
        share = inverse * _dot(step, way)
        shares.append(share)
        way = [d - share * b for d, b in zip(way, bend, strict=True)]
    if kept:
        step, bend, inverse = kept[-1]
        scale = 1 / (inverse * _dot(bend, bend))
        way = [scale * d for d in way]
    for (step, bend, inverse), share in zip(kept, reversed(shares), strict=True):
        rest = share - inverse * _dot(bend, way)
        way = [d + rest * s for d, s in zip(way, step, strict=True)]
    return way


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))
