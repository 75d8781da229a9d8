"""History that people bring: CSV or JSON Lines rows, read one by one, kept in pages, bad ones told with their lines."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from listener.asking import brand_of
from listener.collectors.plain import decoded
from listener.collectors.post import Post, plausible
from listener.exports.as_csv import unguarded
from listener.pipeline import Named, Pipeline, clean
from storage.mention import Brand, Committed, Heard, Kept, KeptPost, Mention, Source

FIELDS = (
    "text",
    "id",
    "created_at",
    "author",
    "brand",
    "url",
    "source",
    "in_reply_to",
    "thread",
    "inbound",
    "language",
    "automatic",
    "same_post",
    "guarded",
)
PAGE = 500
_ALL_PAGES = 10_000
_SHOWN = 20
_LONGEST_CELL = 2**20
_DELIMITERS = ",;\t|"
_MILLISECONDS = 100_000_000_000
"""From here on (the year 5138 in seconds) a number of a time counts milliseconds."""
_TRUE = frozenset({"true", "1", "yes", "y", "t"})
_FALSE = frozenset({"false", "0", "no", "n", "f"})

Row = Mapping[str, object]


class BadRow(Exception):
    """A row that cannot be kept; the message says why, without its text."""


@dataclass
class Report:
    """What became of the rows. `bad` holds (line, reason) of the first ones, `bad_rows` counts all."""

    rows: int = 0
    kept: int = 0
    mentions: int = 0
    doubles: int = 0
    unmatched: int = 0
    bad_rows: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)
    unknown_brands: Counter[str] = field(default_factory=Counter)
    added: list[str] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        """Count a bad row; the first ones are told with their lines."""
        self.bad_rows += 1
        if len(self.bad) < _SHOWN:
            self.bad.append((line, reason))


@dataclass(frozen=True, slots=True)
class Wish:
    """How to read a file: the default source, column names by field, the zone of times without one."""

    source: str
    columns: Mapping[str, str]
    zone: ZoneInfo


def rows(path: Path) -> Iterator[tuple[int, Row | BadRow]]:
    """Yield (line number, row) of a CSV (by its ending or first line) or JSON Lines file.

    Undecodable bytes become U+FFFD rather than stopping the file. Raises OSError.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        if is_json(path):
            yield from _json_rows(file)
        else:
            yield from _csv_rows(file, path)


def is_json(path: Path) -> bool:
    """Whether a file is JSON Lines, by its ending or its first sign. Raises OSError."""
    if path.suffix.lower() in {".jsonl", ".ndjson", ".json"}:
        return True
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.read(200).lstrip()[:1] == "{"


def delimiter_of(first: str) -> str:
    """What separates the columns, by the first line alone.

    csv.Sniffer looks at the rows too, and what people write there misleads it.
    """
    return max(_DELIMITERS, key=lambda sign: len(next(csv.reader([first], delimiter=sign), [])))


def _json_rows(lines: Iterable[str]) -> Iterator[tuple[int, Row | BadRow]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            yield number, BadRow(f"is no JSON ({error.args[0].split(':')[0]})")
            continue
        except RecursionError:
            yield number, BadRow("is no JSON that can be read: nested too deep")
            continue
        yield number, row if isinstance(row, dict) else BadRow("is no JSON object")


def _csv_rows(file: Iterable[str], path: Path) -> Iterator[tuple[int, Row | BadRow]]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as sample:
        first = sample.readline()
    # The module's own limit is shorter than the longest text that is kept.
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.DictReader(file, delimiter=delimiter_of(first))
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield reader.line_num, BadRow(f"is no CSV ({error})")
            continue
        if row is None:
            return
        if None in row:
            yield reader.line_num, BadRow("has more cells than the first line has names")
            continue
        yield reader.line_num, {name: value for name, value in row.items() if value is not None}


def post_of(row: Row, wish: Wish) -> tuple[str, Post]:
    """Turn a row into (source, post). Raises BadRow."""

    def cell(name: str) -> str | None:
        value = row.get(wish.columns.get(name, name))
        if isinstance(value, dict | list):
            raise BadRow(f"{name} is a list or an object instead of a text")
        if value is None or not str(value).strip():
            return None
        return unguarded(str(value)) if guarded else str(value)

    guarded = flag_of(row, wish, "guarded")

    text = cell("text")
    if text is None:
        column = wish.columns.get("text", "text")
        raise BadRow(f"has no text in column {column!r}; --map text=COLUMN names another")
    created = cell("created_at")
    published_at = None if created is None else _time(created, wish.zone)
    source = cell("source") or wish.source
    author = cell("author")
    native_id = cell("id") or _hash(source, author, created, text)
    return source, Post(
        native_id=native_id,
        text=clean(decoded(text)),
        published_at=published_at,
        author=author,
        url=cell("url"),
        language=cell("language"),
        in_reply_to=cell("in_reply_to"),
        thread=cell("thread"),
        automatic=flag_of(row, wish, "automatic") or False,
    )


def flag_of(row: Row, wish: Wish, name: str) -> bool | None:
    """Read a field that is true or false, None where it is empty. Raises BadRow.

    `inbound`: True says that a customer wrote to the brand, False that the brand itself wrote; `automatic`: its robot
    did. `same_post`: the row before is the same post for another brand. `guarded`: cells were made safe for
    spreadsheets by `listener export`.
    """
    value = row.get(wish.columns.get(name, name))
    if value is None or value == "":
        return None
    text = str(value).strip().casefold()
    if text not in _TRUE | _FALSE:
        raise BadRow(f"{name} is {text[:20]!r}, neither true nor false")
    return text in _TRUE


def _hash(*parts: str | None) -> str:
    return hashlib.sha256("\0".join(part or "" for part in parts).encode("utf-8", "replace")).hexdigest()[:32]


def _time(text: str, zone: ZoneInfo) -> int:
    """ISO 8601, seconds since 1970, or the format of mails; without an offset it is read in `zone`."""
    stripped = text.strip()
    try:
        if stripped.replace(".", "", 1).isdigit() and len(stripped) >= 9:
            number = float(stripped)
            return int(number / 1000 if number >= _MILLISECONDS else number)
        try:
            moment = datetime.fromisoformat(stripped)
        except ValueError:
            moment = parsedate_to_datetime(stripped)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())
    except (ValueError, TypeError, OverflowError):
        raise BadRow(f"created_at {stripped[:40]!r} is no time; write 2026-11-21T08:00:00Z") from None


class Importer:
    """Reads rows into pages and hands them to the store. One page at a time, so that a file of any size fits."""

    def __init__(
        self,
        brands: Sequence[Brand],
        pipeline: Pipeline,
        commit: Callable[[Kept], Committed],
        add_brand: Callable[[str], Brand | None] | None,
        now: int,
    ) -> None:
        """`add_brand` makes a competitor of a brand that is not known, or None of what can be no name.

        Without it such rows are refused.
        """
        self._brands = list(brands)
        self._pipeline = pipeline
        self._commit = commit
        self._add_brand = add_brand
        self._now = now
        self._pages: dict[str, list[Named]] = {}
        self._spans: dict[str, Heard] = {}
        self._folded: dict[str, Brand | None] = {}
        self._waiting = 0
        self.report = Report()

    def run(self, found: Iterable[tuple[int, Row | BadRow]], wish: Wish) -> Report:
        """Keep all rows; what cannot be kept is counted in the report."""
        for line, row in found:
            self.report.rows += 1
            try:
                if isinstance(row, BadRow):
                    raise row
                self._take(row, wish)
            except BadRow as bad:
                self.report.refuse(line, str(bad))
        self._flush_all()
        return self.report

    def _take(self, row: Row, wish: Wish) -> None:
        source, post = post_of(row, wish)
        inbound = flag_of(row, wish, "inbound")
        again = flag_of(row, wish, "same_post") or False
        named = _brand_in(row, wish)
        if named is None:
            found = self._pipeline.name(post, _source(source), self._now)
            if found.stays_out:
                self.report.unmatched += 1
                return
            if inbound is False and not _written_by_one(found.mentions):
                raise BadRow("inbound is false, but which brand wrote it is not said: add a column brand")
        else:
            brand = self._brand(named)
            if brand is None:
                self.report.unknown_brands[named[:100]] += 1
                return
            found = self._pipeline.name_as(post, _source(source), self._now, brand.name)
        found = replace(found, mentions=_directed(found.mentions, inbound, automatic=post.automatic))
        self._put(source, found, again=again)
        if post.published_at is not None and plausible(post.published_at, self._now):
            span = self._spans.get(source, Heard(post.published_at, post.published_at))
            self._spans[source] = Heard(
                min(span.since, post.published_at), max(span.until, post.published_at)
            )

    def _put(self, source: str, found: Named, *, again: bool) -> None:
        """Add a post to its page, or where its row says that it is the `same_post`, its brand to the post before."""
        page = self._pages.setdefault(source, [])
        before = page[-1] if page else None
        if again and before is not None and before.post.native_id == found.post.native_id:
            page[-1] = _joined(before, found)
            return
        # Only now, for the next row may have named another brand of the last post.
        self._waiting += 1
        if len(page) >= PAGE:
            self._flush(source)
        elif self._waiting % _ALL_PAGES == 0:
            # A file whose every row names another source would otherwise be held in memory whole.
            self._flush_all()
        self._pages.setdefault(source, []).append(found)

    def _brand(self, text: str) -> Brand | None:
        if text not in self._folded:
            brand = brand_of(text, self._brands)
            if brand is None and self._add_brand is not None:
                brand = self._add_brand(text)
                if brand is not None:
                    self._brands.append(brand)
                    self.report.added.append(brand.name)
            self._folded[text] = brand
        return self._folded[text]

    def _flush_all(self) -> None:
        for source in list(self._pages):
            self._flush(source)

    def _flush(self, source: str) -> None:
        posts: list[KeptPost] = self._pipeline.judge(self._pages.pop(source))
        # Rows without any time stand at the time of the import, so that is what was heard.
        span = self._spans.get(source, Heard(self._now, self._now))
        committed = self._commit(
            Kept(_source(source), posts, None, span, live=False, definitions=self._pipeline.definitions)
        )
        self.report.kept += committed.posts
        self.report.mentions += committed.mentions
        self.report.doubles += len(posts) - committed.posts


def _source(name: str) -> Source:
    return Source(name, "import")


def _written_by_one(mentions: Sequence[Mention]) -> bool:
    """Whether it is clear which brand wrote a post: one of its accounts did, or it names no other."""
    return len(mentions) == 1 or sum(mention.own for mention in mentions) == 1


def _brand_in(row: Row, wish: Wish) -> str | None:
    value = row.get(wish.columns.get("brand", "brand"))
    text = "" if value is None else str(value).strip()
    return (unguarded(text) if flag_of(row, wish, "guarded") else text) or None


def _joined(one: Named, other: Named) -> Named:
    """A post with the brands that two rows name; of a brand that both name, the first row's word."""
    brands = {mention.brand for mention in one.mentions}
    more = tuple(mention for mention in other.mentions if mention.brand not in brands)
    return replace(one, mentions=one.mentions + more)


def _directed(mentions: tuple[Mention, ...], inbound: bool | None, *, automatic: bool) -> tuple[Mention, ...]:
    """Put in what the row says of its direction. A post by one brand that names others stays a mention of those."""
    if inbound is None:
        return mentions
    if inbound:
        return tuple(replace(mention, addressed=True, own=False) for mention in mentions)
    only = len(mentions) == 1
    own = tuple(replace(mention, addressed=False, own=mention.own or only) for mention in mentions)
    return tuple(replace(mention, automatic=automatic and mention.own) for mention in own)
