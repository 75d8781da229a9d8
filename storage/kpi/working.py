"""A KPI's arithmetic with its numbers put in: read, worked out, written for reading and as SQL, from one text."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from string import Formatter

_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
# With two arguments or more, both mean in SQLite what they mean in Python.
_FUNCTIONS: Mapping[str, Callable[..., float]] = {"min": min, "max": max}


def names(worked: str) -> list[str]:
    """The names in "{own} / {market}", in order and each once."""
    return list(dict.fromkeys(name for _, name, _, _ in Formatter().parse(worked) if name))


def numbers_of(worked: str, known: Mapping[str, object]) -> dict[str, float] | None:
    """The numbers that it needs; None where one of them is not known, or where it needs none."""
    wanted = names(worked)
    found = {name: number for name in wanted if isinstance(number := known.get(name), int | float)}
    return found if wanted and len(found) == len(wanted) else None


def put_in(worked: str, numbers: Mapping[str, float], write: Callable[[float], str] = str) -> str:
    """Write the numbers in place of the names: "7 / 10". Raises KeyError where one is missing."""
    return worked.format_map({name: write(number) for name, number in numbers.items()})


def evaluate(worked: str, numbers: Mapping[str, float]) -> float | None:
    """Work it out; None where it divides by zero. Raises ValueError for what is no arithmetic over names.

    Sums, differences, products, quotients, parentheses, `min` and `max` are.
    """
    try:
        return _value(_tree(worked), numbers)
    except ZeroDivisionError:
        return None


def to_sql(worked: str, column: Callable[[str], str]) -> str:
    """Write it as SQL, where `column` says what stands for a name: division is never that of whole numbers."""
    return _sql(_tree(worked), column)


def _tree(worked: str) -> ast.expr:
    plain = worked.format_map({name: name for name in names(worked)})
    try:
        return ast.parse(plain, mode="eval").body
    except SyntaxError:
        raise ValueError(f"{worked!r} is no arithmetic over names") from None


def _value(node: ast.expr, numbers: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return numbers[name]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, numbers)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return _OPERATORS[type(sign)](_value(left, numbers), _value(right, numbers))
        case ast.Call(func=ast.Name(id=name), args=[_, _, *_] as args, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(one, numbers) for one in args))
    raise ValueError(f"{ast.unparse(node)!r} is no arithmetic over names")


def _sql(node: ast.expr, column: Callable[[str], str]) -> str:
    match node:
        case ast.Constant(value=int() | float() as number):
            return repr(float(number))
        case ast.Name(id=name):
            return column(name)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            # With a space: two signs in a row would begin a comment.
            return f"(- {_sql(inner, column)})"
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            divisor = f"CAST({_sql(right, column)} AS REAL)"
            second = f"nullif({divisor}, 0)" if isinstance(sign, ast.Div) else _sql(right, column)
            return f"({_sql(left, column)} {_SIGNS[type(sign)]} {second})"
        case ast.Call(func=ast.Name(id=name), args=[_, _, *_] as args, keywords=[]) if name in _FUNCTIONS:
            return f"{name}({', '.join(_sql(one, column) for one in args)})"
    raise ValueError(f"{ast.unparse(node)!r} is no arithmetic over names")
