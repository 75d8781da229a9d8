"""What docs/kpis.md says of each KPI: its declaration, its example, and every reason that its code gives for NULL."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import get_args

from storage.kpi import CARD, KPIS, Kpi
from storage.kpi.declaration import Family
from storage.kpi.imported import NOT_ADDED, NOT_TOLD, Imported, Measured
from storage.kpi.value import NO_SOURCE
from storage.measures import SNAPSHOT


def kpi_table() -> str:
    """Every KPI of the card with its unit and formula."""
    lines = ["| name | unit | formula |", "|---|---|---|"]
    card = (KPIS[name] for name in CARD)
    lines += [f"| [`{kpi.name}`](#{kpi.name}) | {kpi.unit} | {kpi.formula} |" for kpi in card]
    return "\n".join(lines) + "\n"


def kpi_facts(name: str) -> str:
    """What the declaration of one KPI of the card says, and every reason that its function can give for NULL."""
    kpi = KPIS[name]
    return "\n".join([f"Unit: {kpi.unit}. {_says(kpi)}\n", *_declared(kpi)])


def kpi_catalogue() -> str:
    """Every KPI beside those of the card, by family, with all that it declares and its example."""
    parts: list[str] = []
    for family in get_args(Family):
        kpis = [kpi for kpi in KPIS.values() if kpi.family == family and kpi.name not in CARD]
        if kpis:
            parts.append(f"### {family}\n")
            parts += [_entry(kpi) for kpi in kpis]
    return "\n".join(parts)


def _entry(kpi: Kpi) -> str:
    return "\n".join([f"**`{kpi.name}`** ({kpi.unit}): {kpi.formula}. {_says(kpi)}\n", *_declared(kpi)])


def _says(kpi: Kpi) -> str:
    return " ".join((inspect.getdoc(_function(kpi)) or "").split())


def _declared(kpi: Kpi) -> list[str]:
    better = {"up": "more is better", "down": "less is better", "neither": "neither is better"}[kpi.better]
    marks = [", ".join(kpi.kind), better, f"made of {', '.join(kpi.inputs)}"]
    marks += ["a vanity number"] * kpi.vanity + ["never summed over networks"] * (not kpi.additive)
    lines = [f"* {'; '.join(marks)}. Formula after: {kpi.source}."]
    if kpi.least:
        lines.append(f"* No value below n = {kpi.least}.")
    if kpi.example is not None:
        filled = kpi.worked.format(**{name: f"{number:g}" for name, number in kpi.example.numbers.items()})
        words = f" ({kpi.example.words})" if kpi.example.words else ""
        lines.append(f"* `{kpi.worked}`, for example `{filled}` = {kpi.example.value:.4g}{words}.")
    reasons = ", ".join(f"`{reason}`" for reason in reasons_of(kpi))
    return [*lines, f"* NULL: {reasons}.\n"]


def _function(kpi: Kpi) -> Callable[..., object]:
    """What computes a KPI: for one of imported numbers what is handed them."""
    return kpi.read.of if isinstance(kpi.read, Measured) else kpi.read


def reasons_of(kpi: Kpi) -> list[str]:
    """The reasons that stand in a KPI's function and in those that it calls and is given."""
    found = dict.fromkeys(_reasons(_function(kpi), set()))
    if isinstance(kpi.read, Measured):
        kinds = kpi.read.kinds
        found |= dict.fromkeys(
            NOT_TOLD if kind == SNAPSHOT else f"nothing imported of {kind}" for kind in kinds
        )
        found |= dict.fromkeys([NOT_ADDED] if kpi.read.apart else [])
    return sorted(found, key=lambda reason: reason != NO_SOURCE)


def _reasons(function: Callable[..., object], seen: set[Callable[..., object]]) -> Iterator[str]:
    if function in seen:
        return
    seen.add(function)
    known = inspect.unwrap(function).__globals__
    for node in ast.walk(_source(function)):
        yield from _texts(_said(node), known)
        other = _named(node, known)
        if inspect.isfunction(other) and other.__module__.startswith("storage.kpi."):
            yield from _reasons(other, seen)


def _named(node: ast.AST, known: Mapping[str, object]) -> object:
    """What a node names: something of this module or of another one, or a public look-up of what was imported."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and not node.attr.startswith("_"):
        owner = Imported if node.value.id in ("numbers", "self") else known.get(node.value.id)
        return getattr(owner, node.attr, None)
    return None


def _source(function: Callable[..., object]) -> ast.Module:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except SyntaxError:
        # A lambda in the middle of a call: its lines are no statement, and it gives no reason of its own.
        return ast.Module([], [])


def _said(node: ast.AST) -> list[ast.expr]:
    """What stands in a node in the place of a reason."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Reading", "ratio"}:
        return node.args[2:3]
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Missing":
        return node.args[:1]
    if isinstance(node, ast.keyword) and node.arg == "reason":
        return [node.value]
    if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "reason" for t in node.targets):
        return [node.value]
    return []


def _texts(expressions: list[ast.expr], known: Mapping[str, object]) -> Iterator[str]:
    for expression in expressions:
        if isinstance(expression, ast.JoinedStr):
            # What is only known when it is said is left open.
            parts = (part.value if isinstance(part, ast.Constant) else "…" for part in expression.values)
            yield "".join(map(str, parts))
            continue
        for node in ast.walk(expression):
            found = node.value if isinstance(node, ast.Constant) else None
            if isinstance(node, ast.Name):
                found = known.get(node.id)
            if isinstance(found, str):
                yield found
