"""Files in every encoding and wrapping that programs use, and those that are no table."""

from __future__ import annotations

import io
import zipfile

import pytest

from listener.imports import sheet
from listener.imports.sheet import Unreadable, sheets

TEXT = "Día,Año\r\n2026-11-01,ñ\r\n"


def packed(*members: tuple[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "UTF-8"),
        (TEXT.encode("utf-8-sig"), "UTF-8"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        (TEXT.encode("cp1252"), "Windows-1252"),
    ],
)
def test_any_encoding(content: bytes, encoding: str) -> None:
    (only,) = sheets("x.csv", content)
    assert only.encoding == encoding
    assert [(record.line, record.cells) for record in only.records(",")] == [
        (1, ("Día", "Año")),
        (2, ("2026-11-01", "ñ")),
    ]


def test_a_line_that_names_the_delimiter_is_no_row_and_keeps_its_number() -> None:
    (only,) = sheets("x.csv", 'sep=;\n"a";"b"\n1;2\n'.encode("utf-16"))
    assert only.delimiter == ";"
    assert [(record.line, record.blank) for record in only.records(";")] == [
        (1, True),
        (2, False),
        (3, False),
    ]


def test_lines_inside_of_cells_count() -> None:
    (only,) = sheets("x.csv", b'a,"b\nc"\nd,e\n')
    assert [record.line for record in only.records(",")] == [2, 3]


def test_a_row_that_is_no_csv_is_told_and_the_next_is_read() -> None:
    content = b"a,b\n" + b"x" * 140_000 + b",1\nc,2\n"
    records = list(sheets("x.csv", content)[0].records(","))
    assert [bool(record.broken) for record in records] == [False, True, False]
    assert records[2].cells == ("c", "2")


def test_the_table_with_a_row_a_day_comes_first_out_of_a_zip() -> None:
    content = packed(
        ("a/Queries.csv", "q"), ("notes.pdf", b"%PDF"), ("a/Dates.csv", "d"), ("Filters.csv", "f")
    )
    assert [one.name for one in sheets("x.zip", content)] == ["Dates.csv", "Filters.csv", "Queries.csv"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b" \r\n", "empty"),
        (b"\xd0\xcf\x11\xe0 old", "save each sheet as CSV"),
        (packed(("[Content_Types].xml", "<x/>"), ("xl/workbook.xml", "<x/>")), "save each sheet as CSV"),
        (packed(("a.pdf", "x")), "without a CSV"),
        (b"PK\x03\x04 broken", "cannot be opened"),
        (b"PNG\x00\x00\x01\x02\x03 abc", "no text"),
        (b"\xff\xfe\x00", "damaged"),
        (b"\xef\xbb\xbfa\xff", "damaged"),
    ],
)
def test_what_is_no_table_is_refused_with_a_remedy(content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        sheets("x.csv", content)


def test_a_zip_bomb_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "LARGEST", 1000)
    assert sheets("x.zip", packed(("a.csv", "x" * 1000)))
    with pytest.raises(Unreadable, match="more than"):
        sheets("x.zip", packed(("a.csv", "x" * 1001)))
