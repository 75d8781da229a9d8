"""Corrections as people give them: which mention is meant, and files of many of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from listener.asking import brand_of
from listener.imports.history import BadRow, Row
from listener.pipeline import clean
from sentiment.text import fold
from sentiment.tone import LABELS, Label
from storage import browse
from storage.base import Rows, Transaction
from storage.browse import Filter, Seen
from storage.calendar import iso
from storage.desk import corrections
from storage.desk.corrections import Correction
from storage.mention import Brand

_WORDS: Mapping[str, Label] = {
    **{label: label for label in LABELS},
    **{label[:1]: label for label in LABELS if label != "neutral"},
    "u": "neutral",
    "-1": "negative",
    "0": "neutral",
    "1": "positive",
    "+1": "positive",
}
_PAGE = 500


class NoMention(Exception):
    """Which mention is meant cannot be told; the message says why, and what to say instead."""


class SeveralMeant(NoMention):
    """Several mentions may be meant; the message names them."""


def label_of(text: str) -> Label:
    """Read negative, neutral, positive, whatever the case; also n, u, p and -1, 0, 1. Raises NoMention."""
    label = _WORDS.get(text.strip().casefold())
    if label is None:
        raise NoMention(f"a label is {', '.join(LABELS[:-1])} or {LABELS[-1]}, not {text[:40]!r}")
    return label


def mention_of(store: Rows, brands: Iterable[Brand], post: str, brand: str | None) -> Seen:
    """Find the mention that is meant by a post's number or address, and a brand where it names several.

    Raises NoMention.
    """
    return next(iter(_mentions(store, brands, [(post, brand)])))()


def _mentions(store: Rows, brands: Iterable[Brand], wanted: Sequence[tuple[str, str | None]]) -> list[_Found]:
    """Find many at once: a file may hold thousands, and no index holds addresses."""
    addresses = browse.ids_at(store, sorted({post for post, _ in wanted if not _is_number(post)}))
    numbers = {int(post) for post, _ in wanted if _is_number(post)}.union(*addresses.values())
    by_id: dict[int, list[Seen]] = {}
    ordered = sorted(numbers)
    for start in range(0, len(ordered), _PAGE):
        for seen in browse.by_ids(store, None, ordered[start : start + _PAGE]):
            by_id.setdefault(seen.id, []).append(seen)
    known = list(brands)
    return [
        _Found(post, brand, known, [int(post)] if _is_number(post) else addresses.get(post, []), by_id)
        for post, brand in wanted
    ]


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found for one question; calling it gives the one mention. Raises NoMention."""

    post: str
    brand: str | None
    brands: Sequence[Brand]
    ids: Sequence[int]
    by_id: Mapping[int, Sequence[Seen]]

    def __call__(self) -> Seen:
        there = [id_ for id_ in self.ids if id_ in self.by_id]
        what = f"post {self.post}" if _is_number(self.post) else "what stands at this address"
        if not there:
            raise NoMention(
                f"{what} is no mention that is kept; `listener correct --find WORDS` shows their numbers"
            )
        if len(there) > 1:
            raise SeveralMeant(
                f"several posts stand at this address; give the number of one: {_listed(there)}"
            )
        seen = self._of_brand(self.by_id[there[0]], what)
        if seen.erased:
            raise NoMention(f"{what} was taken back by its author: nobody can read it any more")
        return seen

    def _of_brand(self, found: Sequence[Seen], what: str) -> Seen:
        names = [seen.brand for seen in found]
        if self.brand is None:
            if len(found) > 1:
                raise SeveralMeant(f"{what} is a mention of {_listed(names)}; name the brand that you mean")
            return found[0]
        meant = brand_of(self.brand, self.brands)
        name = self.brand if meant is None else meant.name
        for seen in found:
            if seen.brand == name:
                return seen
        raise NoMention(f"{what} is no mention of {self.brand[:40]!r}, but of {_listed(names)}")


def corrected(store: Rows, brands: Iterable[Brand], post: str, brand: str | None) -> Correction:
    """Find the correction of a post, by its number or address, also of one edited since. Raises NoMention."""
    ids = [int(post)] if _is_number(post) else browse.ids_at(store, [post]).get(post, [])
    found = [c for c in corrections.all_corrections(store, fallen=True) if c.post_id in ids]
    if brand is not None:
        meant = brand_of(brand, brands)
        found = [c for c in found if c.brand == (brand if meant is None else meant.name)]
    if not found:
        raise NoMention("there is no such correction; `listener correct --list` shows them")
    if len(found) > 1:
        raise SeveralMeant(
            f"there are corrections of {_listed(sorted(c.brand for c in found))}; name the brand that you mean"
        )
    return found[0]


def to_json(one: Correction, zone: ZoneInfo | None = None) -> dict[str, object]:
    """A correction as the commands and the API show it, without its text."""
    return {
        "id": one.post_id,
        "brand": one.brand,
        "label": one.label,
        "engine_label": one.engine_label,
        "engine": one.engine,
        "language": one.language,
        "source": one.source,
        "sampled": one.sampled,
        "at": iso(one.at, zone),
        "by": one.by,
        "stands": one.stands,
    }


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18


def _listed(names: Sequence[object]) -> str:
    return ", ".join(map(str, names))


def search(store: Rows, words: str, brand: str | None, most: int) -> list[Seen]:
    """The newest mentions in whose text all these words stand, whatever case and accents."""
    asked = fold(words).split()
    found: list[Seen] = []
    for seen in _newest_first(store, brand):
        text = fold(f"{seen.title or ''} {seen.text}")
        if all(word in text for word in asked):
            found.append(seen)
            if len(found) == most:
                break
    return found


def _newest_first(store: Rows, brand: str | None) -> Iterator[Seen]:
    after = None
    while page := browse.mentions(store, Filter(brand, after=after), _PAGE):
        yield from page
        after = (page[-1].published_at, page[-1].id, page[-1].brand)


@dataclass(frozen=True, slots=True)
class _Said:
    line: int
    post: str
    brand: str | None
    label: Label
    by: str | None


@dataclass(frozen=True, slots=True)
class Readable:
    """The rows of a file: those whose mention was found, and why the others (by line) are left out."""

    said: Sequence[tuple[_Said, Seen]]
    bad: Sequence[tuple[int, str]]


@dataclass
class Written:
    """What became of the rows of a file: those written, those that said nothing new, and the bad ones by line."""

    new: int = 0
    known: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)


def read_rows(
    store: Rows, brands: Sequence[Brand], rows: Iterable[tuple[int, Row | BadRow]], by: str | None
) -> Readable:
    """Read the corrections of a file, with the columns id or url, label, and perhaps brand and by; find their mentions.

    It looks at every post where addresses are given, so it is not for a transaction that others wait for.
    """
    said: list[_Said] = []
    bad: list[tuple[int, str]] = []
    for line, row in rows:
        try:
            said.append(_said(line, row, by))
        except NoMention as why:
            bad.append((line, str(why)))
    found: list[tuple[_Said, Seen]] = []
    for one, mention in zip(said, _mentions(store, brands, [(s.post, s.brand) for s in said]), strict=True):
        try:
            found.append((one, mention()))
        except NoMention as why:
            bad.append((one.line, str(why)))
    return Readable(found, bad)


def write_rows(db: Transaction, readable: Readable, *, sampled: bool, now: int) -> Written:
    """Write what `read_rows` found.

    A row that says what stands already changes nothing, so that a file may be given again; of rows on the same
    mention the last one stands. What is no mention any more since it was read is a bad row.
    """
    written = Written(bad=list(readable.bad))
    standing = {(c.brand, c.post_id): (c.label, c.by) for c in corrections.all_corrections(db)}
    for one, seen in readable.said:
        if standing.get((seen.brand, seen.id)) == (one.label, one.by):
            written.known += 1
        elif corrections.record(db, seen.brand, seen.id, one.label, sampled=sampled, by=one.by, now=now):
            standing[seen.brand, seen.id] = (one.label, one.by)
            written.new += 1
        else:
            written.bad.append((one.line, str(no_more(seen))))
    written.bad.sort()
    return written


def no_more(seen: Seen) -> NoMention:
    """What to say where a mention fell away between being found and being corrected."""
    return NoMention(f"post {seen.id} is no mention of {seen.brand} any more")


def _said(line: int, row: Row | BadRow, by: str | None) -> _Said:
    if isinstance(row, BadRow):
        raise NoMention(str(row))
    # Half surrogate pairs, which JSON can hold, would end the writing of all rows.
    cells = {name: "" if value is None else clean(str(value)).strip() for name, value in row.items()}
    post = cells.get("id") or cells.get("url")
    if not post:
        raise NoMention("needs an id or a url")
    if not cells.get("label"):
        raise NoMention(f"needs a label: {', '.join(LABELS)}")
    return _Said(line, post, cells.get("brand") or None, label_of(cells["label"]), cells.get("by") or by)
