"""Arithmetic as declarations write it, worked out with the numbers of a reading."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Mapping

_OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def work_out(worked: str, numbers: Mapping[str, object]) -> float:
    """Put numbers in the places of their names and reckon; nothing but numbers and + - * / ( ) may stand there."""
    filled = re.sub(r"\{(\w+)\}", lambda name: repr(numbers[name[1]]), worked)
    return _value(ast.parse(filled, mode="eval").body)


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.BinOp):
        return _OPERATIONS[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    raise ValueError(ast.dump(node))
