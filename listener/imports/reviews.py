"""What reviews say: the owner's exports of Trustpilot and Google Play as posts, the company's replies as answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from listener.imports.headings import Columns, columns_of
from listener.imports.history import BadRow
from listener.imports.history import Row as PostRow
from listener.imports.sheet import DELIMITERS, Record, Sheet

_LOOKED_AT = 20
_TEXT = ("title", "text")


@dataclass(frozen=True, slots=True)
class Export:
    """One export: its network, by our field the headings that it may have, and those without which it is another."""

    network: str
    headings: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]


EXPORTS = (
    Export(
        "trustpilot",
        {
            "id": ("review id", "review identifier"),
            "created_at": ("review created (utc)", "review created"),
            "title": ("review title",),
            "text": ("review content", "review text", "review"),
            "author": ("review username", "consumer name", "reviewer name"),
            "url": ("review url", "review link"),
            "language": ("review language", "language"),
            "reply": ("company reply", "reply", "company reply content"),
            "replied_at": ("company reply date (utc)", "company reply date", "reply created (utc)"),
        },
        ("created_at", "text"),
    ),
    Export(
        "googleplay",
        {
            "id": ("review link",),
            "created_at": ("review submit millis since epoch", "review submit date and time"),
            "title": ("review title",),
            "text": ("review text",),
            "url": ("review link",),
            "language": ("reviewer language",),
            "reply": ("developer reply text",),
            "replied_at": ("developer reply millis since epoch", "developer reply date and time"),
        },
        ("created_at", "text"),
    ),
)
"""The headings of Google Play's are those of its documented report; those of Trustpilot's are told by others."""


def posts(sheets: Sequence[Sheet], brand: str) -> tuple[str, Iterator[tuple[int, PostRow | BadRow]]] | None:
    """The network of the export in these sheets, and its reviews and replies as rows of posts, with their lines.

    None where no export that holds words is in them. A review without words (stars alone) is left out.
    """
    for sheet in sheets:
        for delimiter in [sheet.delimiter] if sheet.delimiter else DELIMITERS:
            for number, record in enumerate(sheet.records(delimiter, _LOOKED_AT)):
                for export in EXPORTS:
                    columns = columns_of(record, export.headings, export.needed, {}, by_map=False)
                    if columns is not None:
                        return export.network, _posts(sheet, delimiter, number + 1, export, columns, brand)
    return None


def _posts(
    sheet: Sheet, delimiter: str, after: int, export: Export, columns: Columns, brand: str
) -> Iterator[tuple[int, PostRow | BadRow]]:
    for number, record in enumerate(sheet.records(delimiter)):
        if number < after or record.blank:
            continue
        if record.broken:
            yield record.line, BadRow(record.broken)
            continue
        cells = {name: _cell(record, at) for name, at in columns.places.items()}
        review = _review(cells, export.network, brand)
        if review is None:
            continue
        yield record.line, review
        if cells.get("reply"):
            yield record.line, _reply(cells, str(review["id"]), export.network, brand)


def _cell(record: Record, at: int) -> str:
    return record.cells[at].strip() if at < len(record.cells) else ""


def _review(cells: Mapping[str, str], network: str, brand: str) -> dict[str, object] | None:
    text = "\n\n".join(dict.fromkeys(cells[name] for name in _TEXT if cells.get(name)))
    if not text:
        return None
    told = {name: cells[name] for name in ("created_at", "author", "url", "language") if cells.get(name)}
    # Where the export gives no id, the same review in a newer export must be the same post.
    seed = "\0".join((told.get("author", ""), told.get("created_at", ""), text))
    native_id = cells.get("id") or hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()[:32]
    return {**told, "id": native_id, "text": text, "source": network, "brand": brand, "inbound": "true"}


def _reply(cells: Mapping[str, str], review: str, network: str, brand: str) -> dict[str, object]:
    told = {"created_at": cells["replied_at"]} if cells.get("replied_at") else {}
    return {
        **told,
        "id": f"{review}:reply",
        "text": cells["reply"],
        "author": brand,
        "source": network,
        "brand": brand,
        "in_reply_to": review,
        "thread": review,
        "inbound": "false",
    }
