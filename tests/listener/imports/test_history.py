"""Files that people bring, through `listener import`: every form of row, every kind of mistake, twice and shuffled."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from commandline import CommandLine, Ran

CONFIG = """timezone: Europe/Madrid
brands:
  - {name: Acme, own: true, aliases: {every: [AC], sv: [Akme]}, handles: {forum: acme_help}}
  - {name: Bolt}
"""
HEADER = "id,created_at,text,brand"


@pytest.fixture(autouse=True)
def _configured(line: CommandLine) -> None:
    line.configure(CONFIG)


def rows(line: CommandLine) -> list[tuple[Any, ...]]:
    """(source, native id, text, published_at, author) of everything kept, in order of the ids."""
    from storage.sqlite import Reader

    reader = Reader(line.folder / "data" / "listener.db")
    found = reader.rows(
        """SELECT s.name, p.native_id, p.text, p.published_at, p.author FROM posts p
        JOIN sources s ON s.id = p.source_id ORDER BY p.native_id"""
    )
    reader.close()
    return found


def kpis(line: CommandLine, *names: str, brand: str | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    chosen = ["--brand", brand] if brand else []
    found = line.good("kpi", *names, *chosen, "--json").json()
    return {(value["kpi"], value["brand"]): value for value in found}


def mentions(line: CommandLine) -> dict[str, int]:
    return {brand: value["value"] for (_, brand), value in kpis(line, "mentions").items()}


def imported(line: CommandLine, content: str | bytes, name: str = "rows.csv", *more: str) -> Ran:
    return line("import", line.file(name, content), *more)


def as_jsonl(records: Sequence[Mapping[str, object]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


# Forms


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_csv_with_any_of_the_usual_delimiters(line: CommandLine, sign: str) -> None:
    content = f"{HEADER}\n1,2026-01-02,hello,Acme\n2,2026-01-02,bye,Bolt\n".replace(",", sign)
    assert imported(line, content).code == 0
    assert mentions(line) == {"Acme": 1, "Bolt": 1}


def test_quotes_delimiters_and_line_ends_inside_a_cell(line: CommandLine) -> None:
    content = (
        f'{HEADER}\r\n1,2026-01-02,"a, b; ""c""\nnext, line",Acme\r\n'
        f"2,2026-01-02,\"it's 'quoted', and\",Acme\r\n"
    )
    assert imported(line, content).code == 0
    assert [row[2] for row in rows(line)] == ['a, b; "c"\nnext, line', "it's 'quoted', and"]


def test_what_rows_say_does_not_mislead_how_the_file_is_read(line: CommandLine) -> None:
    said = ["one; two; three; four", "a 'b', 'c', d", "x | y | z", 'say ""hi""']
    body = "".join(f'{number},2026-01-02,"{text}",Acme\n' for number, text in enumerate(said * 40))
    assert imported(line, f"{HEADER}\n{body}").code == 0
    assert {row[2] for row in rows(line)} == {text.replace('""', '"') for text in said}


def test_a_byte_order_mark_is_no_part_of_the_first_name(line: CommandLine) -> None:
    assert imported(line, f"\ufeff{HEADER}\n7,2026-01-02,hello,Acme\n").code == 0
    assert [row[1] for row in rows(line)] == ["7"]
    assert (
        imported(line, "\ufeff" + as_jsonl([{"id": "8", "text": "x", "brand": "acme"}]), "b.jsonl").code == 0
    )
    assert [row[1] for row in rows(line)] == ["7", "8"]


def test_json_lines_by_ending_or_by_first_sign(line: CommandLine) -> None:
    record = {"id": 1, "text": "a", "brand": "Acme", "created_at": "2026-01-02T00:00:00Z", "likes": [1]}
    assert imported(line, "\n" + as_jsonl([record]), "x.ndjson").code == 0
    assert imported(line, as_jsonl([{**record, "id": 2}]), "noending").code == 0
    assert [row[1] for row in rows(line)] == ["1", "2"]


def test_columns_are_mapped_and_others_ignored(line: CommandLine) -> None:
    content = "Key,When,Body,About,junk\n1,2026-01-02,hello,Acme,x\n"
    maps = ["id=Key", "created_at=When", "text=Body", "brand=About"]
    assert imported(line, content, "x.csv", *(part for pair in maps for part in ("--map", pair))).code == 0
    assert mentions(line)["Acme"] == 1


@pytest.mark.parametrize("pair", ["id", "id=", "nonsense=Key", "=Key"])
def test_a_wrong_map_is_told_with_the_fields_there_are(line: CommandLine, pair: str) -> None:
    ran = imported(line, f"{HEADER}\n1,2026-01-02,a,Acme\n", "x.csv", "--map", pair)
    assert ran.code == 2
    assert "FIELD=COLUMN" in ran.err and "in_reply_to" in ran.err


@pytest.mark.parametrize(
    ("written", "zone", "at"),
    [
        ("2026-01-02T03:04:05Z", None, 1767323045),
        ("2026-01-02T03:04:05+01:00", None, 1767319445),
        ("2026-01-02 03:04:05", None, 1767319445),
        ("2026-07-02 03:04:05", None, 1782954245),
        ("2026-01-02 03:04:05", "America/New_York", 1767341045),
        ("2026-01-02", "UTC", 1767312000),
        ("1767323045", None, 1767323045),
        ("1767323045.9", None, 1767323045),
        ("1767323045123", None, 1767323045),
        ("Fri, 02 Jan 2026 03:04:05 +0000", None, 1767323045),
    ],
)
def test_times(line: CommandLine, written: str, zone: str | None, at: int) -> None:
    more = ["--timezone", zone] if zone else []
    content = as_jsonl([{"id": "1", "created_at": written, "text": "x", "brand": "Acme"}])
    assert imported(line, content, "x.jsonl", *more).code == 0
    assert [row[3] for row in rows(line)] == [at]


def test_rows_without_any_time_count_at_the_time_of_the_import(line: CommandLine) -> None:
    imported(line, as_jsonl([{"id": "1", "text": "x", "brand": "Acme"}]), "x.jsonl")
    (value,) = line.good("kpi", "mentions", "--brand", "acme", "--until", "2099-01-01", "--json").json()
    assert (value["value"], value["reason"]) == (1, None)


def test_an_unknown_zone_is_wrong_usage(line: CommandLine) -> None:
    ran = imported(line, f"{HEADER}\n1,2026-01-02,a,Acme\n", "x.csv", "--timezone", "Mars")
    assert (ran.code, "no time zone" in ran.err) == (2, True)


# Brands


@pytest.mark.parametrize("written", ["Acme", "ACME", " acme ", "ac", "akme", "acme_help", "@ACME_HELP"])
def test_brand_is_a_name_an_alias_or_a_handle_in_any_case(line: CommandLine, written: str) -> None:
    record = {"id": "1", "text": "x", "brand": written, "created_at": "2026-01-02"}
    assert imported(line, as_jsonl([record]), "x.jsonl").code == 0
    assert mentions(line)["Acme"] == 1


def test_brand_stands_instead_of_the_query(line: CommandLine) -> None:
    records = [{"id": "1", "text": "only bolt is named", "brand": "Acme", "created_at": "2026-01-02"}]
    imported(line, as_jsonl(records), "x.jsonl")
    assert mentions(line) == {"Acme": 1, "Bolt": 0}


def test_rows_without_a_brand_are_matched_and_what_matches_nothing_is_counted(line: CommandLine) -> None:
    records = [
        {"id": "1", "text": "acme and bolt", "created_at": "2026-01-02"},
        {"id": "2", "text": "nobody", "brand": " ", "created_at": "2026-01-02"},
    ]
    ran = imported(line, as_jsonl(records), "x.jsonl")
    assert mentions(line) == {"Acme": 1, "Bolt": 1}
    assert "1 row left out: no brand named" in ran.out


def test_unknown_brands_are_refused_and_counted_by_value(line: CommandLine) -> None:
    names = ["Zeta"] * 3 + ["\x1b[2JEta"] + ["Acme"]
    records = [{"id": str(n), "text": "x", "brand": name} for n, name in enumerate(names)]
    ran = imported(line, as_jsonl(records), "x.jsonl")
    assert ran.code == 0
    assert "4 rows of unknown brands refused: Zeta (3), " in ran.err
    assert "Eta (1)" in ran.err and "\x1b" not in ran.err, "a name steers no terminal"
    assert "--add-brands" in ran.err
    assert len(rows(line)) == 1


# Identity


def test_of_rows_with_the_same_id_the_first_wins(line: CommandLine) -> None:
    records = [{"id": "1", "text": text, "brand": "Acme"} for text in ("first", "second")]
    ran = imported(line, as_jsonl(records), "x.jsonl")
    assert [row[2] for row in rows(line)] == ["first"]
    assert "2 rows read; 1 new post kept with 1 mention" in ran.out


def test_the_same_id_far_apart_and_the_same_id_of_two_sources(line: CommandLine) -> None:
    records = [{"id": str(n), "text": f"t{n}", "brand": "Acme", "source": "a"} for n in range(1200)]
    records += [{"id": "3", "text": "late", "brand": "Acme", "source": "a"}]
    records += [{"id": "3", "text": "elsewhere", "brand": "Acme", "source": "b"}]
    dated = [{**record, "created_at": "2026-01-02"} for record in records]
    imported(line, as_jsonl(dated), "x.jsonl")
    assert {row[2] for row in rows(line) if row[1] == "3"} == {"t3", "elsewhere"}
    assert mentions(line)["Acme"] == 1201


def test_rows_without_an_id_are_told_apart_by_source_author_time_and_text(line: CommandLine) -> None:
    plain = {"text": "x", "author": "ann", "created_at": "2026-01-02", "brand": "Acme", "source": "a"}
    others = [
        {**plain, **change}
        for change in (
            {},
            {"text": "y"},
            {"author": "bob"},
            {"created_at": "2026-01-03"},
            {"source": "b"},
            {"url": "https://other.example"},
        )
    ]
    imported(line, as_jsonl(others), "x.jsonl")
    assert mentions(line)["Acme"] == 5
    again = imported(line, as_jsonl(others[::-1]), "x.jsonl")
    assert "no new posts kept" in again.out
    assert mentions(line)["Acme"] == 5


def test_importing_twice_and_shuffled_changes_nothing(line: CommandLine) -> None:
    rng = random.Random(5)
    records = [
        {
            "id": str(n),
            "text": f"words {n} acme",
            "created_at": f"2026-01-{n % 28 + 1:02}T10:00:00Z",
            "brand": rng.choice(["Acme", "Bolt"]),
            "author": f"a{n % 7}",
            "in_reply_to": str(n - 1) if n % 3 else "",
            "inbound": n % 3 != 2,
        }
        for n in range(700)
    ]
    imported(line, as_jsonl(records), "x.jsonl")
    first = line.good("kpi", "--json", "--since", "2026-01-01", "--until", "2026-02-01").out
    for _ in range(2):
        rng.shuffle(records)
        assert imported(line, as_jsonl(records), "x.jsonl").code == 0
        assert line.good("kpi", "--json", "--since", "2026-01-01", "--until", "2026-02-01").out == first


def test_an_order_of_its_own_gives_the_same_numbers_in_a_fresh_store(line: CommandLine) -> None:
    rng = random.Random(6)
    records = []
    for talk in range(60):
        for turn in range(rng.randint(1, 5)):
            records.append(
                {
                    "id": f"{talk}-{turn}",
                    "text": "acme",
                    "brand": "Acme",
                    "created_at": 1_767_300_000 + talk * 5000 + turn * rng.randint(1, 900),
                    "in_reply_to": f"{talk}-{turn - 1}" if turn else None,
                    "inbound": turn % 2 == 0,
                }
            )
    numbers = []
    for attempt in range(3):
        line.configure(CONFIG + f"storage: {{url: 'sqlite:///data/{attempt}.db'}}\n")
        imported(line, as_jsonl(records), "x.jsonl")
        found = line.good("kpi", "--json", "--since", "2026-01-01", "--until", "2026-02-01").json()
        numbers.append([(value["kpi"], value["brand"], value["value"], value["n"]) for value in found])
        rng.shuffle(records)
    assert numbers[0] == numbers[1] == numbers[2]


# Mistakes


def test_bad_rows_are_told_with_their_lines_and_do_not_stop_the_rest(line: CommandLine) -> None:
    content = "\n".join(
        [
            json.dumps({"id": "1", "text": "good", "brand": "Acme", "created_at": "2026-01-02"}),
            "{not json",
            "[1, 2]",
            json.dumps({"id": "4", "brand": "Acme"}),
            json.dumps({"id": "5", "text": "  ", "brand": "Acme"}),
            json.dumps({"id": "6", "text": "SECRETWORD", "created_at": "yesterday", "brand": "Acme"}),
            json.dumps({"id": "7", "text": "x", "inbound": "perhaps", "brand": "Acme"}),
            json.dumps({"id": "8", "text": ["a"], "brand": "Acme"}),
            "[" * 100_000,
            '{"id": ' + "9" * 5000 + "}",
            "",
            json.dumps({"id": "12", "text": "good", "brand": "Acme", "created_at": "2026-01-02"}),
        ]
    )
    ran = imported(line, content, "x.jsonl")
    assert ran.code == 0
    told = {int(row.split()[1].rstrip(":")): row for row in ran.err.splitlines() if row.startswith("  line ")}
    assert set(told) == {2, 3, 4, 5, 6, 7, 8, 9, 10}
    assert "is no JSON" in told[2] and "no JSON object" in told[3] and "has no text" in told[4]
    assert "has no text" in told[5] and "'yesterday' is no time" in told[6] and "neither true" in told[7]
    assert "text is a list" in told[8] and "nested too deep" in told[9]
    assert "9 bad rows left out" in ran.err
    assert "SECRETWORD" not in ran.err + ran.out
    assert [row[1] for row in rows(line)] == ["1", "12"]


@pytest.mark.parametrize(
    ("content", "name", "more", "says"),
    [
        (
            "nr;Body;Date\n1;good;2026-01-02\n",
            "x.csv",
            (),
            'no column \'text\' in its first line, which names "nr", "Body", "Date"; '
            "say which one with --map text=COLUMN",
        ),
        ("id,text\n1,good\n", "x.csv", ("--map", "created_at=Dat"), "no column 'Dat' in its first line"),
        ("id,a\x1b[31mb\n1,good\n", "x.csv", (), "say which one with --map text=COLUMN"),
        ("id,text\n1,good\n".encode("utf-16"), "x.csv", (), "is UTF-16; save it as UTF-8"),
        (b"PK\x03\x04 and so on", "x.csv", (), "is a spreadsheet or an archive; save it as CSV"),
        (b"\x89PNG\r\n\x1a\n\0\0", "x.csv", (), "is no text"),
        ('\ufeff [{"text": "good"}]', "x.json", (), "is one list; write one object a line"),
        ("text\ngood\n", "x.csv", ("--source", " "), "--source needs a name"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_before_its_first_row(
    line: CommandLine, content: str | bytes, name: str, more: tuple[str, ...], says: str
) -> None:
    ran = imported(line, content, name, *more)
    assert (ran.code, says in ran.err, ran.out) == (2, True, ""), ran.err
    assert "\x1b" not in ran.err


def test_a_column_that_some_rows_of_json_lines_lack_is_no_reason_to_refuse_the_file(
    line: CommandLine,
) -> None:
    content = as_jsonl([{"id": "1", "Body": "good", "brand": "Acme"}, {"id": "2", "brand": "Acme"}])
    ran = imported(line, content, "x.jsonl", "--map", "text=Body", "--map", "author=Who")
    assert (ran.code, [row[1] for row in rows(line)]) == (0, ["1"])


def test_csv_rows_with_cells_too_many_or_too_few(line: CommandLine) -> None:
    content = f"{HEADER}\n1,2026-01-02,a,Acme\n2,2026-01-02,a,Acme,more\n3,2026-01-02\n4,2026-01-02,b,Acme\n"
    ran = imported(line, content)
    assert "line 3: has more cells than the first line has names" in ran.err
    assert "line 4: has no text" in ran.err
    assert [row[1] for row in rows(line)] == ["1", "4"]


def test_of_many_bad_rows_the_first_are_told_and_the_rest_counted(line: CommandLine) -> None:
    content = as_jsonl([{"id": "1", "text": "x", "brand": "Acme"}]) + "nonsense\n" * 50
    ran = imported(line, content, "x.jsonl")
    assert "and 30 more" in ran.err
    assert "50 bad rows" in ran.err


def test_invalid_utf_8_nul_and_half_characters_do_not_stop_a_row(line: CommandLine) -> None:
    content = b'{"id": "1", "text": "caf\xe9 \\u0000 \\ud800 end", "brand": "Acme"}\n'
    assert imported(line, content, "x.jsonl").code == 0
    ((_, _, text, _, _),) = rows(line)
    assert text == "caf\ufffd  ? end"


def test_a_text_of_100_kb_is_kept_whole(line: CommandLine) -> None:
    content = f"{HEADER}\n1,2026-01-02,{'x' * 100_000},Acme\n"
    assert imported(line, content).code == 0
    assert [len(row[2]) for row in rows(line)] == [100_000]


@pytest.mark.parametrize("written", ["1969-12-31", "2070-01-01", "0001-01-01", ""])
def test_a_time_that_cannot_be_stands_for_the_time_of_import(line: CommandLine, written: str) -> None:
    imported(line, as_jsonl([{"id": "1", "text": "x", "brand": "Acme", "created_at": written}]), "x.jsonl")
    ((_, _, _, at, _),) = rows(line)
    assert at > 1_700_000_000
    from storage.sqlite import Reader

    reader = Reader(line.folder / "data" / "listener.db")
    (heard,) = reader.rows("SELECT since, until FROM coverage")
    reader.close()
    assert heard == (at, at), "a broken clock must not claim that years were heard"


def test_a_file_of_nothing_but_mistakes_fails(line: CommandLine) -> None:
    ran = imported(line, "nonsense\n", "x.jsonl")
    assert (ran.code, "nothing was imported" in ran.err) == (1, True)
    assert imported(line, "", "x.csv").code == 1


def test_a_file_that_is_not_there_is_wrong_usage(line: CommandLine) -> None:
    assert line("import", "nowhere.csv").code == 2


# Conversations


def test_reopened_self_started_and_unanswered_conversations_by_hand(line: CommandLine) -> None:
    def row(thread: str, id_: str, at: int, inbound: bool) -> dict[str, object]:
        made = {"id": id_, "text": "words", "thread": thread, "inbound": inbound, "brand": "Acme"}
        return {**made, "created_at": 1_767_300_000 + at}

    records = [
        # Answered after 100 s; reopened a day later and answered after 10 s: the first wait counts, once.
        row("reopened", "a1", 0, True),
        row("reopened", "a2", 100, False),
        row("reopened", "a3", 86_400, True),
        row("reopened", "a4", 86_410, False),
        # The brand begins; the clock starts with the customer's first word and stops 300 s later.
        row("self-started", "b1", 50, False),
        row("self-started", "b2", 1_000, True),
        row("self-started", "b3", 1_300, False),
        # Never answered: has waited until the end of the file, 86 410 - 2 000 s.
        row("unanswered", "c1", 2_000, True),
        row("unanswered", "c2", 2_500, True),
        # The brand speaks to itself: no eligible post.
        row("monologue", "d1", 10, False),
        # Answered after 5 000 s.
        row("slow", "e1", 0, True),
        row("slow", "e2", 5_000, False),
    ]
    random.Random(2).shuffle(records)
    imported(line, as_jsonl(records), "x.jsonl")
    value = kpis(line, "first_response_time", brand="Acme")["first_response_time", "Acme"]
    # Waits 100, 300, 5000 and one censored: S = 3/4, 1/2, 1/4; exactly 0.5 from 300 to 5000.
    assert value["value"] == (300 + 5_000) / 2
    assert value["n"] == 4
    assert value["answered_share"] == 3 / 4
    assert value["within_target"] == 2 / 4
    assert value["p90"] is None
    assert mentions(line)["Acme"] == 6


def test_in_reply_to_ties_a_reply_to_its_question_too(line: CommandLine) -> None:
    records = [
        {"id": "1", "text": "q", "brand": "Acme", "inbound": "yes", "created_at": 1_767_300_000},
        {
            "id": "2",
            "text": "a",
            "brand": "Acme",
            "inbound": "no",
            "in_reply_to": "1",
            "created_at": 1_767_300_060,
        },
    ]
    imported(line, as_jsonl(records), "x.jsonl")
    assert kpis(line, "first_response_time", brand="Acme")["first_response_time", "Acme"]["value"] == 60


def test_a_handle_of_that_source_is_the_brand_itself_and_calling_it_asks_for_an_answer(
    line: CommandLine,
) -> None:
    records = [
        {"id": "1", "text": "@acme_help hello?", "author": "ann", "brand": "Acme", "thread": "t"},
        {"id": "2", "text": "hi", "author": "acme_help", "brand": "Acme", "thread": "t"},
    ]
    dated = [{**record, "created_at": 1_767_300_000 + 90 * n} for n, record in enumerate(records)]
    imported(line, as_jsonl(dated), "x.jsonl", "--source", "forum")
    assert mentions(line)["Acme"] == 1
    assert kpis(line, "first_response_time", brand="Acme")["first_response_time", "Acme"]["value"] == 90


def test_imports_never_fire_and_lay_nothing_out(line: CommandLine) -> None:
    line.configure(CONFIG + "alerts: {rules: [{name: any, when: mentions >= 1, over: 1d}]}\n")
    imported(line, as_jsonl([{"id": "1", "text": "x", "brand": "Acme"}]), "x.jsonl")
    line("once")
    found = line.good("alerts", "--json").json()
    assert (found["firing"], found["events"]) == ([], [])


def test_an_export_that_escapes_says_what_people_wrote(line: CommandLine) -> None:
    """Escaped twice, a title would show &amp;amp; in a letter, and a query for "R&D" would never match."""
    imported(
        line,
        as_jsonl([{"id": "1", "created_at": "2026-11-01T10:00:00Z", "text": "Acme R&amp;D &lt;3"}]),
        "a.jsonl",
    )
    ((_, _, text, _, _),) = rows(line)
    assert text == "Acme R&D <3"
