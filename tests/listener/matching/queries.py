"""Queries written back from their trees, for tests that make trees and not texts."""

from __future__ import annotations

from listener.matching.tree import And, Exact, Field, Near, Node, Not, Or, Term, Title, Wild


def written(tree: Node) -> str:
    """Write a query that means this tree; words in quotes, so that none is read as an operator."""
    match tree:
        case Term(literal):
            return f'"{literal}"'
        case Wild(pattern):
            return pattern
        case Exact(text):
            return f"`{text}`"
        case Near(left, right, most, ordered):
            sides = [f"({' OR '.join(map(written, side))})" for side in (left, right)]
            return f"{sides[0]} NEAR/{most}{'f' * ordered} {sides[1]}"
        case Title(words):
            return f"title:{written(words)}"
        case Field(name, value):
            return f"{name}:{value}"
        case Not(part):
            return f"NOT ({written(part)})"
        case And(parts):
            return " AND ".join(f"({written(part)})" for part in parts)
        case Or(parts):
            return " OR ".join(f"({written(part)})" for part in parts)
