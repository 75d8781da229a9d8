"""A copy of the store that is put back makes the erasures again before anything is read from it."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from keeping import FORUM, HOUR, NEWS, T0, names, post

from storage import objections, replaying, retention, rollups, unmentioning
from storage.base import StoreError
from storage.journal import Journal
from storage.mention import Erasure, Kept, SetAside, Unmatched
from storage.sqlite import SqliteStore


def said(native_id: str, author: str = "ann", *brands: str) -> object:
    mentions = [names(brand) for brand in brands or ("Acme",)]
    return post(native_id, T0, *mentions, text=f"words{native_id}", author=author, author_id=f"did:{author}")


def filled(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        sampled = Unmatched(post("s", T0, text="wordss", author="cid", author_id="did:cid"), True)
        store.commit(
            Kept(
                NEWS,
                [said("1"), said("2", "ben"), said("3", "ann"), said("4", "dan", "Acme", "Bolt")],  # type: ignore[list-item]
                unmatched=[sampled],
                set_aside=[SetAside("q", "E", json.dumps({"id": "q", "text": "wordsq"}))],
                at=T0,
            )
        )
        store.commit(Kept(FORUM, [said("1", "ann")], at=T0))  # type: ignore[list-item]


def backed_up(path: Path) -> Path:
    copy = path.with_name("copy")
    with closing(sqlite3.connect(path)) as here, closing(sqlite3.connect(copy)) as there:
        here.backup(there)
    return copy


def put_back(copy: Path, path: Path) -> None:
    shutil.copy(copy, path)
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def texts(path: Path) -> list[str]:
    with closing(SqliteStore(path)) as store:
        return [row[0] for row in store.rows("SELECT text FROM posts ORDER BY id")]


def test_a_restored_backup_erases_again_first(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    filled(path)
    copy = backed_up(path)
    with closing(SqliteStore(path)) as store:
        store.commit(Kept(NEWS, [], deleted=["2", "s", "q"], departed=["did:ann"], at=T0 + HOUR))
    put_back(copy, path)
    assert b"words2" in path.read_bytes()
    # Of the other source nobody took anything back: that it is the same name there says nothing.
    assert texts(path) == ["", "", "", "words4", "words1"]
    with closing(SqliteStore(path)) as store:
        assert store.rows("SELECT (SELECT count(*) FROM unmatched), (SELECT count(*) FROM quarantine)") == [
            (0, 0)
        ]
        assert store.rows("SELECT erased_at FROM posts WHERE native_id = '2'") == [(T0 + HOUR,)]
        assert list(rollups.differences(store)) == []
        store.checkpoint()
    assert [word for word in (b"words2", b"wordss", b"wordsq", b"words3") if word in path.read_bytes()] == []


def test_what_was_seen_is_not_done_again(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    filled(path)
    with closing(SqliteStore(path)) as store:
        store.commit(Kept(NEWS, [], departed=["did:ann"], at=T0 + HOUR))
        # Their account is back, and they write again.
        store.commit(Kept(NEWS, [said("9", "ann")], at=T0 + 2 * HOUR))  # type: ignore[list-item]
    assert texts(path)[-1] == "words9"


def test_mentions_that_were_taken_away_and_objections_are_replayed_as_well(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    filled(path)
    copy = backed_up(path)
    with closing(SqliteStore(path)) as store, store.writing() as db:
        unmentioning.unmention(db, 1, "Bolt", ["4"])
        db.write_down([Erasure(T0, "news", "mention", db.hashed("news", "4"), "Bolt")])
        hashes = [db.hashed("news", "did:ben")]
        objections.keep(db, 1, hashes, T0)
        db.write_down([Erasure(T0, "news", "objection", hashes[0])])
    put_back(copy, path)
    with closing(SqliteStore(path)) as store:
        assert store.rows(
            "SELECT count(*) FROM mentions m JOIN brands b ON b.id = brand_id WHERE name = 'Bolt'"
        ) == [(0,)]
        assert store.rows("SELECT text FROM posts WHERE native_id = '4'") == [("words4",)]
        assert list(rollups.differences(store)) == []
        done = store.commit(Kept(NEWS, [said("8", "ben"), said("9", "eve")], edits=[said("8", "ben")], at=T0))  # type: ignore[list-item]
        assert done.kept == ("9",)


def test_many_mentions_are_taken_away_together(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    with closing(SqliteStore(path)) as store:
        many = [said(str(number), "ann", "Acme", "Bolt") for number in range(300)]
        store.commit(Kept(NEWS, many, at=T0))  # type: ignore[arg-type]
        with store.writing() as db:
            db.write_down(
                [Erasure(T0, "news", "mention", db.hashed("news", str(n)), "Bolt") for n in range(300)]
            )
            db.run("DELETE FROM facts WHERE name = 'erasures_seen'")
            statements: list[str] = []
            store._connection.set_trace_callback(statements.append)
            replaying.replay(db, Journal(path))
        assert store.rows("SELECT count(*) FROM mentions") == [(300,)]
    # Were each taken away by itself, an erasure of 100,000 would keep the daemon from starting for hours.
    assert sum("DELETE FROM mentions" in statement for statement in statements) == 1


def test_a_line_of_the_journal_is_on_the_disk_before_anything_is_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "listener.db"
    filled(path)
    on_disk: list[tuple[bytes, str]] = []
    sync = os.fsync

    def told(handle: int) -> None:
        sync(handle)
        journal = Journal(path).path
        if journal.exists() and os.fstat(handle).st_ino == journal.stat().st_ino:
            # Another connection sees what was committed, and nothing more.
            with closing(sqlite3.connect(path)) as other:
                on_disk.append((journal.read_bytes(), other.execute("SELECT text FROM posts").fetchone()[0]))

    monkeypatch.setattr(os, "fsync", told)
    with closing(SqliteStore(path)) as store:
        store.commit(Kept(NEWS, [], deleted=["1"], at=T0))
    ((line, text),) = on_disk
    assert b'"post"' in line and text == "words1"


def test_a_disk_that_takes_only_a_part_of_the_journal_is_full(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "listener.db")
    entries = [Erasure(at, "news", "post", f"hmac:{at}") for at in range(100)]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(StoreError, match="nothing is erased that is not written there"):
            journal.append(entries)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert journal.size() == 1_000


def test_a_post_that_is_called_like_a_hash_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    filled(path)
    called = "hmac:" + "0" * 32
    with closing(SqliteStore(path)) as store:
        store.commit(Kept(NEWS, [said(called)], deleted=[called], at=T0))  # type: ignore[list-item]
        store.commit(Kept(NEWS, [], deleted=["1"], at=T0 + 1))
    assert texts(path) == ["", "words2", "words3", "words4", "words1", ""]


def test_the_journal_names_nobody_and_its_key_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    filled(path)
    with closing(SqliteStore(path)) as store:
        store.commit(
            Kept(NEWS, [], deleted=["2", "nothing"], departed=["did:ann", "did:nobody"], at=T0 + HOUR)
        )
        assert (
            store.rows("SELECT 1 FROM facts WHERE value = ?", (Journal(path).key_path.read_text().strip(),))
            == []
        )
    journal = path.with_name("listener.db.erasures")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [(line["kind"], line["source"], line["at"]) for line in lines] == [
        ("post", "news", T0 + HOUR),
        ("author", "news", T0 + HOUR),
    ]
    assert "ann" not in journal.read_text()
    assert stat.S_IMODE(Journal(path).key_path.stat().st_mode) == 0o600


def test_a_line_whose_commit_failed_is_followed_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    filled(path)
    with closing(SqliteStore(path)) as store:
        with pytest.raises(KeyError), store.writing() as db:
            db.write_down([Erasure(T0, "news", "post", db.hashed("news", "1"))])
            raise KeyError
        store.commit(Kept(NEWS, [], deleted=["2"], at=T0))
    assert texts(path) == ["", "", "words3", "words4", "words1"]


def test_a_cut_line_harms_no_other(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    journal = Journal(path)
    journal.append([Erasure(1, "news", "post", "hmac:1")])
    with journal.path.open("ab") as file:
        file.write(b'{"at": 2, "sour')
    journal.append([Erasure(3, "news", "post", "hmac:3")])
    assert [entry.at for entry in journal.entries()] == [1, 3]


def test_without_its_key_a_journal_is_no_reason_to_make_another_one(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    filled(path)
    copy = backed_up(path)
    with closing(SqliteStore(path)) as store:
        store.commit(Kept(NEWS, [], deleted=["2"], at=T0))
    put_back(copy, path)
    Journal(path).key_path.unlink()
    with pytest.raises(StoreError, match="put back your copy of the key"):
        SqliteStore(path)


@pytest.mark.parametrize("how", ["objection", "age"])
def test_hashes_without_their_key_are_not_taken_for_somebody_elses(tmp_path: Path, how: str) -> None:
    path = tmp_path / "listener.db"
    filled(path)
    with closing(SqliteStore(path)) as store, store.writing() as db:
        if how == "objection":
            objections.keep(db, 1, [db.hashed("news", "did:ben")], T0)
        else:
            retention.expire(db, {1: 1}, T0 + HOUR)
    SqliteStore(path).close()
    Journal(path).key_path.unlink()
    with pytest.raises(StoreError, match="put back your copy of the key"):
        SqliteStore(path)
