"""Mentions handed on: what is in each row, whole files or none, and the same numbers from them again."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import CommandLine

from listener.exports import as_csv
from listener.exports.columns import COLUMNS
from storage import exporting, retention
from storage.base import Rows, StoreError
from storage.exporting import Wanted
from storage.mention import Heard, Kept, KeptPost, Mention, Reading, Source
from storage.sqlite import Reader, SqliteStore

CONFIG = """
timezone: Europe/Madrid
brands:
  - {name: Acme, own: true, query: acme, handles: {forum: acmehq}}
  - {name: Globex, query: globex}
sources: {}
sentiment: {engine: vader}
storage: {url: "sqlite:///listener.db"}
"""
# Two brands in one post; a question that is answered, one by a robot, one never; a reply that names nobody.
HISTORY = [
    {"id": "1", "text": '=HYPERLINK("acme") globex great', "created_at": "2026-11-20T08:00:00Z", "author": "@ann"},
    {"id": "2", "text": "@acmehq acme broke", "created_at": "2026-11-20T09:00:00Z", "author": "bob", "thread": "t2"},
    {"id": "3", "text": "sorry, globex", "created_at": "2026-11-20T09:30:00Z", "author": "acmehq", "thread": "t2"},
    {"id": "4", "text": "thanks!", "created_at": "2026-11-20T10:00:00Z", "author": "bob", "in_reply_to": "3"},
    {"id": "5", "text": "-acme\nis \"bad\",\r\n'quoted'", "created_at": "2026-11-21T09:00:00Z", "author": "'=x"},
    {"id": "6", "text": "acme? help", "created_at": "2026-11-21T10:00:00Z", "author": "cy", "thread": "t6",
     "inbound": True},
    {"id": "7", "text": "a robot", "created_at": "2026-11-21T10:00:10Z", "author": "acmehq", "thread": "t6",
     "automatic": True},
    {"id": "8", "text": "we will look", "created_at": "2026-11-21T12:00:00Z", "author": "acmehq", "thread": "t6"},
    {"id": "9", "text": "@acmehq acme anybody?", "created_at": "2026-11-22T10:00:00Z", "author": "di"},
    {"id": "10", "text": "globex " + "long " * 39_990, "created_at": "2026-11-22T11:00:00Z", "author": "ed"},
]  # fmt: skip
KPIS = (
    "mentions",
    "share_of_voice",
    "positive_mentions",
    "negative_share",
    "net_sentiment",
    "first_response_time",
)


@pytest.fixture
def line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[CommandLine]:
    made = CommandLine(tmp_path, monkeypatch, capsys)
    made.configure(CONFIG)
    yield made


@pytest.fixture
def heard(line: CommandLine) -> CommandLine:
    line.file("history.jsonl", "".join(json.dumps(row) + "\n" for row in HISTORY))
    line.good("import", "history.jsonl", "--source", "forum")
    return line


def numbers(line: CommandLine) -> list[object]:
    asked = ("--since", "2026-11-20", "--until", "2026-11-23", "--by", "day", "--by", "source")
    return [
        *line.good("kpi", "--json", *KPIS, *asked[:4]).json(),
        *line.good("kpi", "--json", *KPIS, *asked).json(),
    ]


def records(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def exported(line: CommandLine, *arguments: str) -> list[dict[str, object]]:
    out = line.good("export", "mentions", "--format", "jsonl", *arguments).out
    return [json.loads(one) for one in out.splitlines()]


@pytest.mark.parametrize(
    ("name", "more"),
    [("out.csv", ()), ("out.csv", ("--raw",)), ("out.csv", ("--bom",)), ("out.jsonl", ())],
    ids=["csv", "raw", "bom", "jsonl"],
)
def test_what_was_exported_counts_the_same_in_an_empty_store(
    heard: CommandLine, name: str, more: tuple[str, ...]
) -> None:
    before = numbers(heard)
    heard.good("export", "mentions", "--conversations", "--out", name, *more)
    rows = exported(heard, "--conversations")
    (heard.folder / "listener.db").unlink()
    heard.good("import", name)
    assert numbers(heard) == before
    # Not only the numbers: every word, name, tie and direction.
    for row, again in zip(rows, exported(heard, "--conversations"), strict=True):
        assert {**row, "post": 0, "story": 0, "fetched_at": 0} == {
            **again,
            "post": 0,
            "story": 0,
            "fetched_at": 0,
        }


def test_the_numbers_compared_are_numbers_of_all_that_there_is(heard: CommandLine) -> None:
    found = {(one["kpi"], one["brand"]): one for one in heard.good(
        "kpi", "--json", *KPIS, "--since", "2026-11-20", "--until", "2026-11-23").json()}  # fmt: skip
    assert (found["mentions", "Acme"]["value"], found["mentions", "Globex"]["value"]) == (5, 3)
    # The robot stopped no clock; two of three were answered.
    response = found["first_response_time", "Acme"]
    assert (response["n"], response["value"]) == (3, 7200)


def test_a_row_a_mention_and_conversations_only_when_asked(heard: CommandLine) -> None:
    kinds = [
        (row["id"], row["kind"], row["brand"], row["inbound"], row["same_post"]) for row in exported(heard)
    ]
    assert kinds == [
        ("1", "mention", "Acme", None, None),
        ("1", "mention", "Globex", None, True),
        ("2", "mention", "Acme", True, None),
        ("3", "mention", "Globex", None, None),
        ("5", "mention", "Acme", None, None),
        ("6", "mention", "Acme", True, None),
        ("9", "mention", "Acme", True, None),
        ("10", "mention", "Globex", None, None),
    ]
    others = [
        (row["id"], row["kind"], row["brand"], row["inbound"], row["automatic"])
        for row in exported(heard, "--conversations")
        if row["kind"] != "mention"
    ]
    assert others == [
        ("3", "own", "Acme", False, None),
        ("4", "reply", None, None, None),
        ("7", "own", "Acme", False, True),
        ("8", "own", "Acme", False, None),
    ]


def test_only_what_was_asked_for(heard: CommandLine) -> None:
    assert [row["id"] for row in exported(heard, "--brand", "globex")] == ["1", "3", "10"]
    window = ("--since", "2026-11-21T09:00:00Z", "--until", "2026-11-22T10:00:00Z")
    assert [row["id"] for row in exported(heard, *window)] == ["5", "6"]
    assert [row["id"] for row in exported(heard, "--source", "forum", *window)] == ["5", "6"]
    assert heard("export", "mentions", "--source", "forun").code == 2
    assert heard("export", "mentions", "--since", "2026-11-22", "--until", "2026-11-21").code == 2


def test_no_cell_begins_as_a_formula_does(heard: CommandLine) -> None:
    rows = records(heard.good("export", "mentions", "--conversations").out)
    assert [
        cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t"))
    ] == []
    assert rows[0]["text"] == '\'=HYPERLINK("acme") globex great' and rows[0]["author"] == "'@ann"
    assert [row["guarded"] for row in rows if row["id"] in {"1", "8"}] == ["true", "true", ""]
    raw = records(heard.good("export", "mentions", "--raw").out)
    assert raw[0]["text"].startswith("=HYPERLINK") and {row["guarded"] for row in raw} == {""}


@pytest.mark.parametrize(
    "text", ["", "a", "'", "'a", "=1", "'=1", "''=1", "＝1", "\t", "-5", "'-", "\r=", "a=1"]
)
def test_a_guard_can_be_taken_away_again(text: str) -> None:
    assert as_csv.unguarded(str(as_csv.guard(text))) == text
    assert as_csv.guard(-0.5) == -0.5


def test_a_sign_before_a_formula_stays_where_no_export_put_it(line: CommandLine) -> None:
    line.file("mine.csv", "id,text,brand\n1,'=acme,Acme\n")
    line.good("import", "mine.csv")
    assert exported(line)[0]["text"] == "'=acme"


def test_a_second_row_of_the_same_id_adds_a_brand_only_where_it_says_so(line: CommandLine) -> None:
    line.file("twice.csv", "id,text,brand\n1,first,Acme\n1,second,Globex\n")
    line.file(
        "joined.csv",
        "id,text,brand,same_post\n2,first,Acme,\n2,first,Globex,yes\n2,first,Globex,yes\n3,other,Globex,yes\n",
    )
    line.good("import", "twice.csv")
    line.good("import", "joined.csv")
    assert sorted((row["id"], row["brand"]) for row in exported(line)) == [
        ("1", "Acme"),
        ("2", "Acme"),
        ("2", "Globex"),
        ("3", "Globex"),
    ]


def test_a_post_of_two_brands_is_not_cut_at_the_end_of_a_page(line: CommandLine) -> None:
    rows = [f"{number // 2},acme globex,{brand},{again}" for number, (brand, again) in
            enumerate([("Acme", ""), ("Globex", "true")] * 502)]  # fmt: skip
    line.file("many.csv", "id,text,brand,same_post\n" + "\n".join(rows) + "\n")
    assert "502 new posts kept with 1\u202f004 mentions" in line.good("import", "many.csv").out


def test_what_is_known_beside_the_words(line: CommandLine) -> None:
    source = Source("hackernews", "hackernews")
    posts = [
        KeptPost("a", "acme", 1_000_000, 1_000_060, author="ann", author_id="7", followers=12, title="Acme",
                 mentions=(Mention("Acme"),), tags=("care",)),
        KeptPost("b", "acme", 1_000_001, 1_000_060, mentions=(Mention("Acme"),)),
        KeptPost("c", "acme", 1_000_002, 90_000_000, mentions=(Mention("Acme"),)),
    ]  # fmt: skip
    store = SqliteStore(line.folder / "listener.db")
    store.register([], [source])
    with store.writing() as db:
        db.run("INSERT INTO brands (name) VALUES ('Acme')")
    store.commit(Kept(source, posts, None, Heard(1_000_000, 1_000_010), at=1_000_060, readings=[
        Reading("a", 1_000_100, {"likes": 3}), Reading("a", 1_000_200, {"likes": 5, "views": 9})]))  # fmt: skip
    store.commit(Kept(source, [], None, None, at=1_000_300, deleted=["b"]))
    with store.writing() as db:
        retention.expire(db, {1: 50_000_000}, 60_000_000)
        db.run(
            "INSERT INTO corrections (brand_id, post_id, label, at) SELECT brand_id, post_id, -1, 1 FROM mentions"
        )
        # Said of other words than those that stand there now.
        db.run("UPDATE posts SET edited_at = 5 WHERE native_id = 'c'")
    store.close()
    first, second, third = exported(line)
    assert (third["label"], third["corrected"], third["edited_at"]) == (None, False, "1970-01-01T00:00:05Z")
    assert (first["counters"], first["tags"], first["label"], first["engine_label"], first["corrected"]) == (
        {"likes": 5, "views": 9}, ["care"], "negative", None, True)  # fmt: skip
    assert (first["text"], first["no_text_because"], first["live"]) == (None, "expired", True)
    assert (second["text"], second["no_text_because"], second["author"]) == (None, "taken back", None)
    assert (third["text"], third["no_text_because"]) == ("acme", None)


def test_a_file_is_for_its_owner_alone_and_says_what_it_is(heard: CommandLine) -> None:
    told = heard.good(
        "export", "mentions", "--brand", "Acme", "--since", "2026-11-20T00:00:00Z", "--out", "a.csv"
    )
    assert told.out.startswith("a.csv: 5 mentions.\n") and not told.err
    meta = json.loads((heard.folder / "a.csv.meta.json").read_text())
    assert meta.pop("exported_at").endswith("Z")
    assert meta == {"listener": "0.1.0", "format": "csv", "rows": 5, "mentions": 5, "asked": {
        "since": "2026-11-20T00:00:00Z", "until": None, "brands": ["Acme"], "sources": None,
        "conversations": False}}  # fmt: skip
    assert {stat.S_IMODE(file.stat().st_mode) for file in heard.folder.glob("a.csv*")} == {0o600}


def test_a_file_is_replaced_only_by_a_whole_one(heard: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    heard.file("a.csv", "as before")
    (heard.folder / "link.csv").symlink_to("a.csv")
    rows = exporting.rows

    def torn(*given: object) -> Iterator[exporting.Exported]:
        yield next(rows(*given))  # type: ignore[arg-type]
        raise StoreError("the disk failed")

    with monkeypatch.context() as patched:
        patched.setattr(exporting, "rows", torn)
        assert heard("export", "mentions", "--out", "a.csv").code == 1
    assert (heard.folder / "a.csv").read_text() == "as before"
    assert [file.name for file in heard.folder.iterdir() if file.name.startswith((".a", "a.csv."))] == []
    heard.good("export", "mentions", "--out", "link.csv")
    assert (heard.folder / "link.csv").is_symlink() and (heard.folder / "a.csv").read_text() != "as before"


def test_all_is_of_one_moment(heard: CommandLine) -> None:
    reader, store = Reader(heard.folder / "listener.db"), SqliteStore(heard.folder / "listener.db")
    with reader.snapshot() as snapshot:
        found = exporting.rows(snapshot, Wanted(), 1)
        next(found)
        late = KeptPost("late", "acme", 1_800_000_000, 1_800_000_000, mentions=(Mention("Acme"),))
        store.commit(Kept(Source("forum", "import"), [late]))
        assert len(list(found)) == 7
    assert exporting.count(reader, Wanted()) == 9 == len(list(exporting.rows(reader, Wanted(), 1)))
    reader.close()
    store.close()


def test_a_command_reads_what_was_there_when_it_began(
    heard: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = exporting.count

    def meanwhile(store: Rows, wanted: Wanted) -> int:
        found = count(store, wanted)
        writer = SqliteStore(heard.folder / "listener.db")
        late = KeptPost("late", "acme", 1_800_000_000, 1_800_000_000, mentions=(Mention("Acme"),))
        writer.commit(Kept(Source("forum", "import"), [late]))
        writer.close()
        return found

    monkeypatch.setattr(exporting, "count", meanwhile)
    assert "late" not in [row["id"] for row in exported(heard)]
    assert "late" in [row["id"] for row in exported(heard)]


def test_pages_of_any_size_are_the_same_rows(line: CommandLine) -> None:
    store = SqliteStore(line.folder / "listener.db")
    with store.writing() as db:
        db.run_many("INSERT INTO brands (name) VALUES (?)", [("Acme",), ("Globex",)])
    both, one = (Mention("Acme"), Mention("Globex")), (Mention("Globex"),)
    posts = [
        KeptPost(
            str(number), "words", 1_000_000 + number // 5, 1_000_100, mentions=both if number % 3 else one
        )
        for number in range(40)
    ]
    store.commit(Kept(Source("forum", "import"), posts))
    found = [
        [(row.post.native_id, row.brand) for row in exporting.rows(store, Wanted(), size)]
        for size in (1, 7, 500)
    ]
    store.close()
    assert (
        found[0]
        == found[1]
        == found[2]
        == [(post.native_id, m.brand) for post in posts for m in post.mentions]
    )


@pytest.mark.slow
def test_a_reader_that_leaves_is_no_error(heard: CommandLine) -> None:
    listener = f"{sys.executable} -m listener export mentions --format jsonl"
    command = f"set -o pipefail; {listener} | head -c 100"
    ran = subprocess.run(
        ["bash", "-c", command], cwd=heard.folder, env=os.environ, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stderr, len(ran.stdout)) == (0, b"", 100)


def test_what_cannot_be_is_refused_with_what_to_do(heard: CommandLine) -> None:
    for arguments, words in [
        (("mentions", "--out", "/dev/null"), "no plain file"),
        (("mentions", "--format", "parquet"), "--out FILE.parquet"),
        (("mentions", "--bom", "--out", "a.jsonl"), "for CSV"),
        (("--author", "ann"), "--out FILE"),
        ((), "listener export mentions"),
        (("--author", "ann", "mentions"), "write --author after"),
    ]:
        ran = heard("export", *arguments)
        assert (ran.code, words in ran.err) == (2, True), ran
    assert heard("export", "mentions", "--out", "none/a.csv").code == 1


def test_parquet_says_the_same_to_another_reader(heard: CommandLine) -> None:
    pytest.importorskip("duckdb")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = exported(heard, "--conversations")
    heard.good("export", "mentions", "--conversations", "--out", "it's.parquet")
    table = parquet.read_table(heard.folder / "it's.parquet")
    assert table.schema.names == list(COLUMNS)
    for row, found in zip(rows, table.to_pylist(maps_as_pydicts="strict"), strict=True):
        for name in ("created_at", "fetched_at"):
            assert found[name].utcoffset().total_seconds() == 0
            found[name] = found[name].strftime("%Y-%m-%dT%H:%M:%SZ")
        assert found == row
    told = json.loads(table.schema.metadata[b"listener"])
    assert (told["listener"], told["rows"], told["mentions"]) == ("0.1.0", 12, 8)
    assert stat.S_IMODE((heard.folder / "it's.parquet").stat().st_mode) == 0o600
    assert [file.name for file in heard.folder.iterdir() if file.name.startswith(".")] == []


def test_without_the_extra_parquet_names_it(heard: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    ran = heard("export", "mentions", "--out", "a.parquet")
    assert ran.code == 1 and "pip install 'listener[parquet]'" in ran.err
