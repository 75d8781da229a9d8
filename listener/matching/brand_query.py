"""What is looked for because of a brand: its query, or its names where it has none, and calls of its handles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from listener.matching import fields
from listener.matching.query import parse, term
from listener.matching.tree import And, Field, Node, Or, Term
from storage.mention import Brand


def query_of(brand: Brand) -> Node:
    """Return the brand's query, which for a brand without one is its name or any of its aliases.

    A name in one language counts where the post is in that language, or in nobody knows which. Raises
    QueryError, and ValueError where nothing gives anything to look for.
    """
    if brand.query is not None:
        return parse(brand.query)
    found: list[Node] = list(_terms((brand.name, *brand.aliases)))
    for language, names in brand.aliases_in.items():
        code = fields.value_of("lang", language)
        local = tuple(_terms(names))
        if local:
            found.append(And((Or(local), Field("lang", code, or_unknown=True))))
    if not found:
        raise ValueError(f"the brand {brand.name!r} needs a query: its name has no letter to look for")
    return found[0] if len(found) == 1 else Or(tuple(found))


def _terms(names: Iterable[str]) -> Iterator[Term]:
    return (found for name in names if (found := term(name)))


def calls_of(brand: Brand) -> Iterator[tuple[str, Term]]:
    """Yield each network where the brand has a handle, and "@handle"."""
    for network, handle in brand.handles.items():
        if call := term("@" + handle.removeprefix("@")):
            yield network, call
