"""Files as they come out of other programs, as rows with their lines: any encoding and delimiter, also in a ZIP."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

DELIMITERS = (",", ";", "\t", "|")
LARGEST = 256 * 1024 * 1024
"""Bytes of one table: it is held in memory, because only all of its rows say how it is written."""
_LONGEST_CELL = 128 * 1024
_TABLES = frozenset({".csv", ".tsv", ".txt"})
_FIRST = ("table data.csv", "dates.csv", "chart.csv", "overview.csv", "followerhistory.csv")
"""Of a ZIP that holds several tables, the one with a row a day or a post comes first: others hold the same again."""


class Unreadable(Exception):
    """The file is none that can be read; the message says what to do with it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row of cells; `broken` says why it is none. `line` is the last line of the file that it stands on."""

    line: int
    cells: tuple[str, ...]
    broken: str | None = None

    @property
    def blank(self) -> bool:
        return not self.broken and not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The text of one table. `delimiter` is set where the file itself names it in a line "sep=;"."""

    name: str
    text: str
    encoding: str
    delimiter: str | None = None

    def records(self, delimiter: str, most: int | None = None) -> Iterator[Record]:
        """Rows, at most `most` of them; a row that is no CSV comes as a broken one."""
        # That of the module is one for the whole program, and whoever read before may have set another.
        csv.field_size_limit(_LONGEST_CELL)
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=delimiter)
        count = 0
        while most is None or count < most:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield Record(reader.line_num, (), f"is no CSV ({error})")
                continue
            finally:
                count += 1
            if cells is None:
                return
            yield Record(reader.line_num, tuple(cells))


def sheets(name: str, content: bytes) -> list[Sheet]:
    """The tables in a file: itself, or those in a ZIP, the most telling one first. Raises Unreadable."""
    if not content.strip():
        raise Unreadable("is empty")
    if content.startswith(b"PK\x03\x04"):
        return _unpacked(content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("is an Excel workbook; open it and save each sheet as CSV")
    return [_sheet(name, content)]


def _unpacked(content: bytes) -> list[Sheet]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if "[Content_Types].xml" in archive.namelist():
                raise Unreadable("is an Excel workbook; open it and save each sheet as CSV")
            inside = [
                entry
                for entry in archive.infolist()
                if PurePosixPath(entry.filename).suffix.lower() in _TABLES
            ]
            # What the directory claims is only a claim: a bomb is stopped where it is read.
            found = [(entry.filename, _member(archive, entry)) for entry in sorted(inside, key=_rank)]
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise Unreadable(f"is a ZIP that cannot be opened ({error}); unpack it and import the CSV") from None
    if not found:
        raise Unreadable("is a ZIP without a CSV in it")
    return [_sheet(PurePosixPath(name).name, text) for name, text in found if text.strip()]


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as member:
        content = member.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Unreadable(f"holds a table of more than {LARGEST // 1024**2} MiB; import it in parts")
    return content


def _rank(entry: zipfile.ZipInfo) -> tuple[int, str]:
    name = PurePosixPath(entry.filename).name.casefold()
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def _sheet(name: str, content: bytes) -> Sheet:
    text, encoding = _decoded(content)
    first, _, rest = text.partition("\n")
    hint = first.strip().strip('"').casefold()
    if hint.startswith("sep=") and len(first.strip().strip('"')) == 5:
        # The line stays as an empty one, so that the numbers of the others are right.
        return Sheet(name, "\n" + rest, encoding, first.strip().strip('"')[4])
    return Sheet(name, text, encoding)


def _decoded(content: bytes) -> tuple[str, str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _strictly(content, "utf-16"), "UTF-16"
    if content.startswith(b"\xef\xbb\xbf"):
        return _strictly(content, "utf-8-sig"), "UTF-8"
    # Tables downloaded for Excel may come without the mark: every other byte of Latin letters is zero.
    start = content[:2000]
    if len(start) >= 4 and start[1::2].count(0) > len(start) // 4:
        return _strictly(content, "utf-16-le"), "UTF-16"
    if b"\0" in content:
        raise Unreadable("is no text; CSV is needed")
    try:
        return content.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        # What Excel saves as plain CSV on most computers in western Europe.
        return content.decode("cp1252", "replace"), "Windows-1252"


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable("is damaged: its first bytes promise Unicode, and others are none") from None
