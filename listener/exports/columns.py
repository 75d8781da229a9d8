"""What stands in each column of an export, under the names that `listener import` takes where it takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from storage.calendar import iso
from storage.exporting import Exported

Cell = str | int | float | bool | list[str] | Mapping[str, int] | None

COLUMNS: Mapping[str, Callable[[Exported], Cell]] = {
    "id": lambda one: one.post.native_id,
    "created_at": lambda one: iso(one.post.published_at),
    "source": lambda one: one.post.source,
    "brand": lambda one: one.brand,
    "author": lambda one: one.post.author,
    "text": lambda one: one.post.text,
    "url": lambda one: one.post.url,
    "language": lambda one: one.post.language,
    "in_reply_to": lambda one: one.post.in_reply_to,
    "thread": lambda one: one.post.thread,
    "inbound": lambda one: False if one.kind == "own" else True if one.addressed else None,
    "automatic": lambda one: True if one.automatic else None,
    "same_post": lambda one: True if one.again else None,
    "kind": lambda one: one.kind,
    "label": lambda one: one.judged.corrected or one.judged.engine_label,
    "corrected": lambda one: None if one.kind != "mention" else one.judged.corrected is not None,
    "engine_label": lambda one: one.judged.engine_label,
    "p_negative": lambda one: one.judged.p_negative,
    "p_neutral": lambda one: one.judged.p_neutral,
    "p_positive": lambda one: one.judged.p_positive,
    "engine": lambda one: one.judged.engine,
    "no_label_because": lambda one: one.judged.reason,
    "tags": lambda one: list(one.tags),
    "post": lambda one: one.post.id,
    "story": lambda one: one.post.story,
    "title": lambda one: one.post.title,
    "author_id": lambda one: one.post.author_id,
    "followers": lambda one: one.post.followers,
    "counters": lambda one: one.post.counters,
    "source_kind": lambda one: one.post.source_kind,
    "fetched_at": lambda one: iso(one.post.fetched_at),
    "edited_at": lambda one: None if one.post.edited_at is None else iso(one.post.edited_at),
    "dated": lambda one: one.post.dated,
    "live": lambda one: one.post.live,
    "no_text_because": lambda one: one.post.gone,
}

TYPES: Mapping[str, type] = {
    **dict.fromkeys(("inbound", "automatic", "same_post", "corrected", "dated", "live"), bool),
    **dict.fromkeys(("p_negative", "p_neutral", "p_positive"), float),
    **dict.fromkeys(("post", "story", "followers"), int),
    "tags": list,
    "counters": dict,
}
"""Of each column that is no text; the times are texts, in ISO 8601."""

TIMES = ("created_at", "fetched_at", "edited_at")


def record(one: Exported) -> dict[str, Cell]:
    """One row as names and values."""
    return {name: value(one) for name, value in COLUMNS.items()}
