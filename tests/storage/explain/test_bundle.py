"""Evidence files: the number comes out again by sqlite3 alone, the hash holds, and what was changed is noticed."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from explained import MARKET, WINDOW, ask, opened
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keeping import DAY, FORUM, HOUR, NEWS, T0, UTC, asks, keep, names, own, post, tone

from storage import rollups
from storage.base import StoreError
from storage.desk import corrections
from storage.explain import NoEvidence, Written, bundle, explain, verify, write
from storage.explain.recompute import WAITS, Plan, views
from storage.kpi import CARD, KPIS, Ask
from storage.mention import Kept, Mention
from storage.sqlite import SqliteStore

SHELL = shutil.which("sqlite3")
ARITHMETIC = [kpi for kpi in CARD if kpi not in WAITS] + [
    "negative_growth",
    "share_of_voice.positive",
]


@pytest.fixture
def filled(store: SqliteStore) -> SqliteStore:
    labels = ("positive", "negative", "neutral", "positive", "neutral", None)
    said = [
        post(
            f"a{n}",
            T0 + n,
            Mention("Acme", tone=tone(labels[n % 6], 0.5 + n / 100)),
            language=("en", "de", None)[n % 3],
        )
        for n in range(30)
    ]
    said += [
        post(f"b{n}", T0 + n, names("Bolt"), text="secret words", author="zoe of the sea") for n in range(12)
    ]
    said += [post("o", T0, names("Other")), post("after", T0 + DAY, names("Acme"))]
    keep(store, said, heard=WINDOW)
    keep(
        store, [post(f"c{n}", T0 - 1 - n, names("Acme", "positive")) for n in range(4)], heard=(T0 - DAY, T0)
    )
    keep(store, [post("worse", T0 - 9, names("Acme", "negative"))])
    keep(store, [post("f", T0 + 5, names("Acme", "positive"))], FORUM, heard=(T0, T0 + HOUR))
    return store


def made(store: SqliteStore, kpi: str, path: Path, asked: Ask | None = None) -> Written:
    return write(store, opened(store, kpi, asked), asked or ask(), path, version="0.1.0")


def correct(store: SqliteStore, native_id: str, label: str, *, sampled: bool = False, at: int = T0) -> None:
    (number,) = store.rows("SELECT id FROM posts WHERE native_id = ?", (native_id,))[0]
    with store.writing() as db:
        assert corrections.record(db, "Acme", number, label, sampled=sampled, by="eve", now=at)  # type: ignore[arg-type]


def by_python(path: Path, sql: str) -> list[tuple[object, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


@pytest.mark.parametrize("kpi", ARITHMETIC)
def test_the_number_comes_out_again(filled: SqliteStore, tmp_path: Path, kpi: str) -> None:
    correct(filled, "a1", "positive")
    correct(filled, "a5", "negative")
    value = opened(filled, kpi).value
    assert value.value is not None
    written = made(filled, kpi, tmp_path / "e.db")
    assert (written.complete, written.recomputed) == (True, bundle.OF_FACTS)
    ((answer, raw),) = by_python(tmp_path / "e.db", "SELECT value, raw_value FROM answer")
    assert answer == pytest.approx(value.value, rel=1e-12)
    if "raw_value" in value.more:
        assert raw == pytest.approx(value.more["raw_value"])
    found = verify(tmp_path / "e.db")
    assert (found.untouched, found.same, found.sha256) == (True, True, written.sha256)


@pytest.mark.skipif(SHELL is None, reason="there is no sqlite3 shell here")
@pytest.mark.parametrize("kpi", ["share_of_voice", "negative_share", "positive_growth"])
def test_the_shell_alone_gives_the_number_and_the_hash(filled: SqliteStore, tmp_path: Path, kpi: str) -> None:
    file = tmp_path / "e.db"
    written = made(filled, kpi, file)
    manifest = dict(by_python(file, "SELECT key, value FROM manifest"))

    def shell(command: object) -> str:
        line = str(command).replace("FILE", str(file))
        return subprocess.run(
            ["sh", "-c", line], capture_output=True, text=True, check=True, timeout=30
        ).stdout

    assert float(shell(manifest["answer_by"])) == pytest.approx(opened(filled, kpi).value.value)
    if shutil.which("sha256sum"):
        assert shell(manifest["hash_by"]).split()[0] == written.sha256 == manifest["sha256"]
    lines = shell('sqlite3 FILE "SELECT line FROM canonical"')
    assert hashlib.sha256(lines.encode()).hexdigest() == written.sha256


def test_an_estimate_without_a_correction_is_made_again(filled: SqliteStore, tmp_path: Path) -> None:
    value = opened(filled, "positive_share").value
    assert value.more["method"] == "adjusted"
    assert made(filled, "positive_share", tmp_path / "e.db").complete
    (share,) = by_python(tmp_path / "e.db", "SELECT positive, negative, net FROM estimate")
    for kpi, again in zip(("positive_share", "negative_share", "net_sentiment"), share, strict=True):
        assert again == pytest.approx(opened(filled, kpi).value.value, abs=1e-12)


def test_a_name_means_what_its_kpi_means_by_it(filled: SqliteStore, tmp_path: Path) -> None:
    # One author of three mentions of Bolt, nobody knows who wrote of Acme: people are not mentions.
    keep(filled, [post(f"d{n}", T0 + 50 + n, names("Acme"), author=f"ada{n % 2}") for n in range(5)])
    said = made(filled, "share_of_voice.authors", tmp_path / "a.db")
    assert (said.complete, by_python(tmp_path / "a.db", "SELECT value FROM answer")) == (True, [(2 / 3,)])
    part = made(filled, "mentions.indirect", tmp_path / "b.db")
    assert (part.complete, part.recomputed) == (False, bundle.OF_NUMBERS + "direct")
    assert by_python(tmp_path / "b.db", "SELECT value FROM answer") == [(36,)]
    assert verify(tmp_path / "b.db").same


def test_a_number_that_is_not_that_of_its_facts_does_not_claim_to_be(
    filled: SqliteStore, tmp_path: Path
) -> None:
    with filled.writing() as db:
        db.run("UPDATE rollups SET mentions = mentions + 1 WHERE label = 1")
    written = made(filled, "share_of_voice.positive", tmp_path / "e.db")
    assert (written.complete, written.recomputed) == (False, bundle.OF_NUMBERS + "own, market")
    assert verify(tmp_path / "e.db").same


def test_where_chance_drew_corrections_only_the_raw_value_is_made_again(
    filled: SqliteStore, tmp_path: Path
) -> None:
    for n in (1, 7, 13):
        correct(filled, f"a{n}", "positive", sampled=True, at=T0 + n)
    value = opened(filled, "negative_share").value
    written = made(filled, "negative_share", tmp_path / "e.db")
    assert (written.complete, written.recomputed) == (False, bundle.SAMPLED)
    ((answer, raw),) = by_python(tmp_path / "e.db", "SELECT value, raw_value FROM answer")
    assert (answer, raw) == (None, pytest.approx(value.more["raw_value"]))
    found = verify(tmp_path / "e.db")
    assert (found.remade, found.same, found.value) == (False, True, value.value)


def test_what_is_no_arithmetic_says_so(filled: SqliteStore, tmp_path: Path) -> None:
    opaque = replace(KPIS["mentions"], worked="")
    written = write(filled, explain(filled, opaque, ask()), ask(), tmp_path / "e.db", version="0.1.0")
    assert (written.complete, written.recomputed) == (False, bundle.NOT_BY_SQL)
    assert by_python(tmp_path / "e.db", "SELECT value FROM answer") == [(None,)]
    assert verify(tmp_path / "e.db").same


@pytest.mark.parametrize("kpi", WAITS)
def test_waits_for_an_answer_are_counted_again(store: SqliteStore, tmp_path: Path, kpi: str) -> None:
    said = [post(f"q{n}", T0 + n, asks("Acme"), thread=f"t{n}") for n in range(7)]
    said += [post(f"r{n}", T0 + 100 * n + 100, own("Acme"), thread=f"t{n}") for n in range(5)]
    said += [post(f"again{n}", T0 + HOUR, asks("Acme"), thread=f"t{n}") for n in range(4)]
    said += [post(f"last{n}", T0 + HOUR + 60 * n + 60, own("Acme"), thread=f"t{n}") for n in range(3)]
    keep(store, said, heard=WINDOW)
    value = opened(store, kpi).value
    assert value.value is not None
    written = made(store, kpi, tmp_path / "e.db")
    assert (written.complete, written.recomputed) == (True, bundle.OF_FACTS)
    assert by_python(tmp_path / "e.db", "SELECT value FROM answer") == [(pytest.approx(value.value),)]
    assert by_python(tmp_path / "e.db", "SELECT count(*) FROM waits") == [(value.n,)]
    assert verify(tmp_path / "e.db").same


def test_every_kpi_is_opened_and_proven_as_far_as_it_says(filled: SqliteStore, tmp_path: Path) -> None:
    promised = 0
    for kpi in KPIS:
        file = tmp_path / f"{kpi}.db"
        explained = opened(filled, kpi)
        assert json.dumps(explained.to_json())
        written = write(filled, explained, ask(), file, version="0.1.0")
        found = verify(file)
        assert found.untouched and found.same, kpi
        value = explained.value.value
        if value is not None and found.remade:
            assert found.answer == pytest.approx(value), kpi
        promised += written.complete
    assert promised >= len(ARITHMETIC)


def test_no_value_is_no_value(filled: SqliteStore, tmp_path: Path) -> None:
    written = made(filled, "share_of_voice", tmp_path / "e.db", ask("Other"))
    assert written.recomputed == "there is no value: a market of one brand"
    assert by_python(tmp_path / "e.db", "SELECT value FROM answer") == [(None,)]
    assert verify(tmp_path / "e.db").same


def test_the_same_store_and_question_give_the_same_bytes(filled: SqliteStore, tmp_path: Path) -> None:
    for name in ("one.db", "two.db"):
        made(filled, "positive_growth", tmp_path / name)
    assert (tmp_path / "one.db").read_bytes() == (tmp_path / "two.db").read_bytes()
    later = made(filled, "positive_growth", tmp_path / "later.db", ask(now=T0 + 10 * DAY))
    assert later.sha256 != verify(tmp_path / "one.db").sha256


def test_nobodys_words_are_in_it(filled: SqliteStore, tmp_path: Path) -> None:
    made(filled, "share_of_voice", tmp_path / "e.db")
    content = (tmp_path / "e.db").read_bytes()
    assert b"secret words" not in content and b"zoe of the sea" not in content
    assert b"b1" in content


def test_facts_are_those_of_the_market_in_the_window(filled: SqliteStore, tmp_path: Path) -> None:
    made(filled, "share_of_voice", tmp_path / "e.db")
    assert dict(by_python(tmp_path / "e.db", "SELECT brand, count(*) FROM facts GROUP BY 1")) == {
        "Acme": 31,
        "Bolt": 12,
    }
    assert by_python(tmp_path / "e.db", "SELECT DISTINCT period FROM facts") == [("now",)]
    made(filled, "positive_growth", tmp_path / "g.db")
    before = "SELECT count(*) FROM facts WHERE period = 'before'"
    assert by_python(tmp_path / "g.db", before) == [(5,)]


def test_a_growth_compares_only_what_was_heard_in_both_periods(filled: SqliteStore, tmp_path: Path) -> None:
    # The forum's positive mention stands in the file, and counts in no growth.
    assert opened(filled, "positive_growth").numbers == {"positive": 10, "positive_before": 4}
    assert made(filled, "positive_growth", tmp_path / "e.db").complete
    assert by_python(tmp_path / "e.db", "SELECT comparable, count(*) FROM facts WHERE source = 'forum'") == [
        (0, 1)
    ]
    assert by_python(tmp_path / "e.db", "SELECT value FROM answer") == [(1.5,)]


def test_coverage_and_gaps_stand_beside_the_facts(filled: SqliteStore, tmp_path: Path) -> None:
    made(filled, "mentions", tmp_path / "e.db")
    rows = by_python(
        tmp_path / "e.db", "SELECT source, seconds_heard, seconds_asked FROM coverage ORDER BY 1"
    )
    assert rows == [("forum", HOUR, DAY), ("news", DAY, DAY)]
    assert by_python(tmp_path / "e.db", "SELECT source, since FROM gaps") == [
        ("forum", "2023-11-15T01:00:00Z")
    ]


def test_many_facts_come_page_by_page(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.explain.facts._PAGE", 3)
    keep(store, [post(f"{n}", T0 + n // 4, names("Acme")) for n in range(10)], heard=WINDOW)
    assert made(store, "mentions", tmp_path / "e.db").facts == 10


def test_controls_in_ids_do_not_reach_the_shell(store: SqliteStore, tmp_path: Path) -> None:
    hostile = "x\x1b[31m\ny\x00\x9b"
    keep(
        store,
        [post(hostile, T0, names("Acme"), url=f"https://e.example/{hostile}", language="e\nn")],
        heard=WINDOW,
    )
    assert made(store, "negative_share", tmp_path / "e.db").complete
    for (line,) in by_python(tmp_path / "e.db", "SELECT line FROM canonical"):
        assert str(line).isprintable(), line


def test_evidence_is_not_written_over(filled: SqliteStore, tmp_path: Path) -> None:
    file = tmp_path / "e.db"
    file.write_text("mine")
    with pytest.raises(FileExistsError):
        made(filled, "mentions", file)
    assert file.read_text() == "mine"


def test_what_could_not_be_finished_leaves_no_file(
    filled: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> str:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(bundle, "digest", full)
    with pytest.raises(StoreError, match="disk is full; free some space"):
        made(filled, "mentions", tmp_path / "e.db")
    assert not (tmp_path / "e.db").exists()


# What was changed

CHANGES = [
    "UPDATE facts SET label = 'positive' WHERE label = 'negative'",
    "DELETE FROM facts WHERE post = (SELECT max(post) FROM facts)",
    "UPDATE coverage SET seconds_heard = seconds_asked",
    "DELETE FROM gaps",
    "UPDATE manifest SET value = '0.9' WHERE key = 'value'",
    "UPDATE queries SET definition = 'x'",
    "UPDATE engines SET positive_slope = '1.0'",
    "UPDATE numbers SET value = '1.0' WHERE name = 'judged'",
    "INSERT INTO manifest VALUES ('note', 'checked by eve')",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_row_is_noticed(filled: SqliteStore, tmp_path: Path, change: str) -> None:
    file = tmp_path / "e.db"
    with filled.writing() as db:
        db.run("INSERT INTO query_versions (brand_id, at, definition) VALUES (1, 0, 'acme')")
    made(filled, "negative_share", file)
    db = sqlite3.connect(file)
    assert db.execute(change).rowcount > 0
    db.commit()
    db.close()
    assert not verify(file).untouched


@pytest.mark.parametrize(
    "change",
    [
        "CREATE VIEW more AS SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON facts BEGIN SELECT 1; END",
        "DROP VIEW answer",
        "CREATE TABLE other (x)",
        "ALTER TABLE facts ADD COLUMN x",
    ],
)
def test_changed_views_are_not_even_read(filled: SqliteStore, tmp_path: Path, change: str) -> None:
    file = tmp_path / "e.db"
    made(filled, "mentions", file)
    db = sqlite3.connect(file)
    db.execute(change)
    db.close()
    with pytest.raises(NoEvidence, match=r"views|tables"):
        verify(file)


def told(**changed: object) -> str:
    plan = {"kpi": "mentions", "worked": "1", "counted": {}, "estimated": False, "value": True}
    return json.dumps(plan | changed)


@pytest.mark.parametrize(
    "plan",
    [
        "{",
        "7",
        '{"kpi": "mentions"}',
        told(counted={"a'; --": False}),
        told(worked="{own}", counted={"own": True}),
        told(worked="open({a}, {a})", counted={"a": False}),
        told(estimated="x"),
        told(worked="-" * 5_000 + "1"),
        told(worked=7),
        told(counted=[]),
    ],
)
def test_a_plan_that_is_none_is_refused(filled: SqliteStore, tmp_path: Path, plan: str) -> None:
    file = tmp_path / "e.db"
    made(filled, "mentions", file)
    db = sqlite3.connect(file)
    db.execute("UPDATE manifest SET value = ? WHERE key = 'plan'", (plan,))
    db.commit()
    db.close()
    with pytest.raises(NoEvidence):
        verify(file)


def test_a_plan_cannot_bring_sql_of_its_own(filled: SqliteStore, tmp_path: Path) -> None:
    file = tmp_path / "e.db"
    made(filled, "mentions", file)
    hostile = "x' || (SELECT 9) || 'y"
    plan = Plan("mentions", "", {hostile: False}, False, False)
    db = sqlite3.connect(file)
    for name in ("answer", "inputs", "canonical"):
        db.execute(f"DROP VIEW {name}")
    for definition in views(plan).values():
        db.execute(definition)
    said = told(worked="", counted={hostile: False}, value=False)
    db.execute("UPDATE manifest SET value = ? WHERE key = 'plan'", (said,))
    db.commit()
    db.close()
    with pytest.raises(NoEvidence, match="its plan is none"):
        verify(file)


def test_a_view_in_place_of_a_table_is_not_read(filled: SqliteStore, tmp_path: Path) -> None:
    file = tmp_path / "e.db"
    made(filled, "mentions", file)
    db = sqlite3.connect(file)
    db.execute("ALTER TABLE manifest RENAME TO kept")
    db.execute("CREATE VIEW manifest AS SELECT key, value FROM kept")
    db.close()
    with pytest.raises(NoEvidence, match="its tables are not those"):
        verify(file)


def test_other_files_are_no_evidence(filled: SqliteStore, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database")
    sqlite3.connect(tmp_path / "empty.db").close()
    for name in ("text", "empty.db", "nowhere"):
        with pytest.raises(NoEvidence):
            verify(tmp_path / name)
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(NoEvidence):
        verify(filled.path)


def test_verifying_writes_nothing(filled: SqliteStore, tmp_path: Path) -> None:
    file = tmp_path / "e.db"
    made(filled, "mentions", file)
    before = file.read_bytes()
    file.chmod(0o444)
    verify(file)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.glob("e.db*")] == ["e.db"]


# Whatever was said

said = st.lists(
    st.tuples(
        st.sampled_from(["positive", "neutral", "negative", None]),
        st.floats(0.34, 1),
        st.sampled_from(["en", "en-GB", "de", None]),
        st.sampled_from(["vader-3.3.2", "builtin-1", "other-1"]),
        st.sampled_from([None, None, None, "positive", "negative", "neutral"]),
    ),
    min_size=1,
    max_size=12,
)


@given(said, st.sampled_from(ARITHMETIC))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_said_and_corrected_by_hand_comes_out_again(
    store: SqliteStore, tmp_path: Path, said: list[tuple[object, ...]], kpi: str
) -> None:
    with store.writing() as db:
        for table in ("corrections", "mentions", "turns", "posts", "coverage"):
            db.run(f"DELETE FROM {table}")
        rollups.rebuild(db, UTC)
    posts = [
        post(f"{n}", T0 + n, Mention("Acme", tone=tone(label, p, engine)), language=language)  # type: ignore[arg-type]
        for n, (label, p, language, engine, _) in enumerate(said)
    ]
    store.commit(Kept(NEWS, posts))
    keep(store, [post("before", T0 - 1, names("Acme", "positive"))], heard=(T0 - DAY, T0 + DAY))
    for n, (*_, label) in enumerate(said):
        if label:
            correct(store, f"{n}", str(label), at=T0 + n)
    file = tmp_path / "e.db"
    file.unlink(missing_ok=True)
    value = opened(store, kpi, ask(brands=MARKET)).value
    written = made(store, kpi, file)
    found = verify(file)
    assert found.untouched and found.same
    assert written.complete or value.value is None
    assert found.answer == (None if value.value is None else pytest.approx(value.value, abs=1e-9))
