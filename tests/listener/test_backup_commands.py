"""backup and restore as a person types them."""

from __future__ import annotations

import tarfile
import time
from contextlib import closing
from pathlib import Path

import pytest
from commandline import CommandLine

from storage.mention import Kept, KeptPost, Mention, Source
from storage.sqlite import SqliteStore

CONFIG = """timezone: UTC
brands: [{name: Acme, own: true}]
storage: {url: "sqlite:///data/listener.db"}
channels: {console: {}, slack: {webhook: "${SLACK}"}}
"""
AT = int(time.time()) - 86_400


@pytest.fixture
def filled(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setenv("SLACK", "https://hooks.slack.com/services/T0/B0/nobody-may-read-this")
    line.configure(CONFIG)
    hear(line, "1")
    return line


def hear(line: CommandLine, native_id: str, **more: object) -> None:
    with closing(SqliteStore(line.folder / "data/listener.db")) as store:
        post = KeptPost(native_id, f"words {native_id}", AT, AT, mentions=(Mention("Acme"),))
        store.commit(Kept(Source("forum", "hackernews"), [post], at=AT, **more))  # type: ignore[arg-type]


def test_it_is_saved_and_put_back(filled: CommandLine) -> None:
    ran = filled.good("backup")
    (file,) = (filled.folder / "data/backups").iterdir()
    assert f"{file}: 1 post, 1 mention, 0." in ran.out.replace("\n", "") and ran.err == ""
    hear(filled, "2")
    asked = filled("restore", file, stdin=b"n\n")
    assert asked.code == 130 and "Put it in the place of" in asked.out
    back = filled.good("restore", file, "--yes").out
    assert "before: 2 posts, 2 mentions; kept as" in back and "now: 1 post, 1 mention in" in back
    assert "1 post from 1 source" in filled.good("check").out


def test_no_secret_is_in_it_and_the_key_only_when_asked(filled: CommandLine) -> None:
    hear(filled, "2", deleted=["1"])
    ran = filled.good("backup", "plain.tar")
    assert "The key is not in it" in ran.out
    assert "The key is not in it" not in filled.good("backup", "full.tar", "--with-key").out
    assert b"nobody-may-read-this" not in (filled.folder / "plain.tar").read_bytes()
    for name, held in (("plain.tar", False), ("full.tar", True)):
        with tarfile.open(filled.folder / name) as tar:
            assert ("listener.db.key" in tar.getnames()) is held


def test_on_a_new_machine_the_configuration_comes_back_too(filled: CommandLine) -> None:
    filled.good("backup", "b.tar")
    filled.config.unlink()
    (filled.folder / "data/listener.db").unlink()
    ran = filled.good("restore", "b.tar")
    assert "config.yaml was not there" in ran.out and filled.config.read_text() == CONFIG
    filled.config.write_text(CONFIG + "# mine\n")
    ran = filled.good("restore", "b.tar", "--yes")
    assert "stays as it is" in ran.out and filled.config.read_text().endswith("# mine\n")


def test_into_another_file_the_store_stays(filled: CommandLine) -> None:
    filled.good("backup", "b.tar")
    hear(filled, "2")
    filled.good("restore", "b.tar", "--to", "look.db")
    with closing(SqliteStore(filled.folder / "look.db")) as store:
        assert store.rows("SELECT count(*) FROM posts") == [(1,)]
    assert "2 posts from 1 source" in filled.good("check").out


def test_the_newest_few_are_kept(filled: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    from listener.commands import backup

    for day in range(4):
        monkeypatch.setattr(backup, "now", lambda day=day: AT + day * 86_400)
        ran = filled.good("backup", "--keep", "2")
    assert ran.out.count("removed listener-") == 1
    assert len(list((filled.folder / "data/backups").iterdir())) == 2
    assert filled("backup", "mine.tar", "--keep", "2").code == 2
    assert filled("backup", "b.tar").code == 0 and filled("backup", "b.tar").code == 1


def test_what_is_no_backup_is_told(filled: CommandLine) -> None:
    filled.file("x.tar", "nothing")
    for name, told in (("x.tar", "is no backup of Listener"), ("y.tar", "there is no such file")):
        ran = filled("restore", name, "--yes")
        assert ran.code == 1 and told in ran.err and Path(name).name in ran.err


def test_erase_names_the_backups_that_still_hold_it(filled: CommandLine) -> None:
    with closing(SqliteStore(filled.folder / "data/listener.db")) as store:
        said = KeptPost("9", "Acme is what I spoke of", AT, AT, author="annabel", mentions=(Mention("Acme"),))
        store.commit(Kept(Source("forum", "hackernews"), [said], at=AT))
    filled.good("backup")
    ran = filled("erase", "--author", "annabel", "--yes")
    assert ran.code == 1
    (told,) = (one for one in ran.out.splitlines() if "backups/listener-" in one)
    assert (
        ": a backup: remove it; where it is a backup and put back one day, the erasures are made again first"
        in told
    )
    # What is saved from now on holds nothing of it.
    filled.good("backup", "later.tar")
    assert b"annabel" not in (filled.folder / "later.tar").read_bytes()
