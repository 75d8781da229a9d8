"""Reads questions, answers and comments of Stack Exchange (https://api.stackexchange.com/docs/types/question)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from listener.collectors import fields
from listener.collectors.plain import to_plain
from listener.collectors.post import LONGEST_TEXT, Post
from storage.mention import Reading

SITE = "site"
"""The key under which we note with each item which site it is of; the service does not say."""
_COUNTED = {"score": "score", "view_count": "views", "answer_count": "answers"}
_OF_THEIR_OWN = frozenset({"serverfault", "superuser", "askubuntu", "stackapps"})


def host_of(site: str) -> str:
    """The host of a site that is called as the interface calls it: its parameter, or its host."""
    if site == "mathoverflow" or site.endswith(".mathoverflow"):
        return f"{site}.net"
    if site.endswith("stackoverflow") or site.rsplit(".", 1)[-1] in _OF_THEIR_OWN:
        return f"{site}.com"
    return site if site.endswith((".com", ".net")) else f"{site}.stackexchange.com"


def name_of(item: Mapping[str, Any]) -> str:
    """The native id of an item: posts and comments are numbered apart, and each site for itself.

    A question has no answer's number, and a comment no other but its own.
    """
    for key, letter in (("comment_id", "c"), ("answer_id", "a"), ("question_id", "q")):
        if item.get(key) is not None:
            return _name(item, letter, fields.number(item, key))
    raise KeyError("question_id")


def _name(item: Mapping[str, Any], letter: str, number: int) -> str:
    return f"{item[SITE]}/{letter}/{number}"


def to_event(item: Mapping[str, Any]) -> Post | None:
    """Turn a question, an answer or a comment into a Post; None where it has no text.

    An answer's text is its own only: with the question's title in it, every answer would name the brand.
    """
    native_id = name_of(item)
    letter = native_id.split("/")[-2]
    title = to_plain(fields.text(item, "title") or "") or None if letter == "q" else None
    body = to_plain(fields.text(item, "body") or "")
    text = "\n\n".join(part for part in (title, body) if part)[:LONGEST_TEXT]
    if not text:
        return None
    owner = fields.part(item, "owner")
    account = fields.number_or_none(owner, "user_id")
    question = fields.number_or_none(item, "question_id")
    parent = _parent(item, letter)
    thread = _name(item, "q", question) if question is not None else None
    if letter == "c" and parent and "/q/" in parent:
        thread = parent
    return Post(
        native_id=native_id,
        text=text,
        published_at=fields.number(item, "creation_date"),
        title=title,
        author=to_plain(fields.text(owner, "display_name") or "") or None,
        author_id=None if account is None else f"{item[SITE]}/{account}",
        url=_address(item, letter),
        in_reply_to=parent,
        thread=thread,
    )


def _parent(item: Mapping[str, Any], letter: str) -> str | None:
    if letter == "a":
        return _name(item, "q", fields.number(item, "question_id"))
    of = fields.text(item, "post_type") if letter == "c" else None
    return _name(item, of[0], fields.number(item, "post_id")) if of in ("question", "answer") else None


def _address(item: Mapping[str, Any], letter: str) -> str:
    """Where people read it: the short addresses lead on to the long ones."""
    host = host_of(str(item[SITE]))
    if letter == "c":
        place, comment = item.get("post_id"), item["comment_id"]
        return (
            f"https://{host}/posts/comments/{comment}"
            if place is None
            else (f"https://{host}/q/{place}#comment{comment}_{place}")
        )
    return f"https://{host}/{letter}/{item['answer_id' if letter == 'a' else 'question_id']}"


def counters_of(item: object, at: int) -> Reading | None:
    """What is counted of an item; None where it is none, or nothing is."""
    try:
        native_id = name_of(item) if isinstance(item, Mapping) else None
    except (KeyError, TypeError):
        return None
    return None if native_id is None else fields.reading(native_id, at, item, _COUNTED)
