"""Cases as people name them: which post or case is meant, and how a case is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from listener.asking import brand_of
from listener.correcting import NoMention, SeveralMeant
from storage import browse
from storage.base import Rows
from storage.calendar import iso
from storage.desk import cases
from storage.desk.cases import Case, CasePost, State
from storage.mention import Brand

_DIGITS = 18
"""More of them are no number that a store takes."""


def post_of(store: Rows, brands: Iterable[Brand], post: str, brand: str | None) -> tuple[int, str]:
    """Find the post that is meant, by its number or address, and the brand whose case it would be.

    Raises NoMention.
    """
    what = f"post {post[:200]}" if _is_number(post) else "what stands at this address"
    found = cases.concerned(store, _posts(store, post))
    if not found:
        raise NoMention(
            f"{what} concerns no brand; `listener correct --find WORDS` shows the numbers of mentions"
        )
    numbers = sorted({number for number, _ in found})
    if len(numbers) > 1:
        raise SeveralMeant(f"several posts stand at this address; give the number of one: {_listed(numbers)}")
    names = [name for _, name in found]
    if brand is None:
        if len(names) > 1:
            raise SeveralMeant(f"{what} concerns {_listed(names)}; name the brand that you mean")
        return numbers[0], names[0]
    meant = brand_of(brand, brands)
    name = brand if meant is None else meant.name
    if name not in names:
        raise NoMention(f"{what} does not concern {brand[:40]!r}, but {_listed(names)}")
    return numbers[0], name


def case_of(store: Rows, case: str) -> Case:
    """Find the case that is meant, by its number or the address of its post. Raises NoMention."""
    if _is_number(case):
        try:
            return cases.case(store, int(case))
        except cases.Refused as error:
            raise NoMention(str(error)) from None
    found = cases.of_posts(store, _posts(store, case))
    if not found:
        raise NoMention("there is no case on what stands at this address; `listener case list` shows them")
    if len(found) > 1:
        numbers = _listed([one.id for one in found])
        raise SeveralMeant(f"there are several cases at this address; give the number of one: {numbers}")
    return found[0]


def _posts(store: Rows, post: str) -> Sequence[int]:
    return [int(post)] if _is_number(post) else browse.ids_at(store, [post]).get(post, [])


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS


def _listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))


def pick(found: Iterable[Case], state: State | None, assignee: str | None) -> list[Case]:
    """The cases in this state and with this assignee, whatever the case of the name; the newest first."""
    picked = [
        case
        for case in found
        if (state is None or case.state == state)
        and (assignee is None or (case.assignee or "").casefold() == assignee.casefold())
    ]
    return picked[::-1]


def with_posts(store: Rows, found: Sequence[Case]) -> list[tuple[Case, CasePost]]:
    """The cases, each with its post."""
    posts: Mapping[int, CasePost] = cases.posts(store, [case.post_id for case in found])
    return [(case, posts[case.post_id]) for case in found]


def to_json(case: Case, post: CasePost, zone: ZoneInfo | None = None) -> dict[str, object]:
    """A case as the commands and the API show it, with its post as a stranger wrote it."""
    solved_at = case.solved_at
    return {
        "id": case.id,
        "brand": case.brand,
        "state": case.state,
        "assignee": case.assignee,
        "opened_at": iso(case.opened_at, zone),
        "solved_at": None if solved_at is None else iso(solved_at, zone),
        "events": [
            {
                "kind": event.kind,
                "at": iso(event.at, zone),
                "assignee": event.assignee,
                "by": event.by,
                "why": event.why,
            }
            for event in case.events
        ],
        "post": {
            "id": case.post_id,
            "source": case.source,
            "published_at": iso(post.published_at, zone),
            "author": post.author,
            "title": post.title,
            "text": post.text,
            "url": post.url,
            "erased": post.erased,
        },
    }
