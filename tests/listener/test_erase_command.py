"""erase and export as a person types them: what is erased stands nowhere, and what is left is named."""

from __future__ import annotations

import html
import json
import shutil
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest
from commandline import CommandLine

from listener import proof
from storage import outbox, rollups
from storage.mention import Kept, KeptPost, Mention, Source
from storage.sqlite import SqliteStore

CONFIG = """timezone: UTC
brands: [{name: Acme, own: true}, {name: Bolt}]
storage: {url: "sqlite:///data/listener.db"}
"""
AT = int(time.time()) - 86_400
FORUM, NET = Source("forum", "hackernews"), Source("net", "mastodon")


def said(native_id: str, author: str, *brands: str, text: str = "") -> KeptPost:
    words = text or f"Acme: number {native_id} has rather {'many ' * 20} words of {author} on “it”"
    return KeptPost(
        native_id, words, AT, AT, author=author, author_id=f"account-of-{author}", title=f"title {native_id}",
        url=f"https://example.org/{native_id}", mentions=tuple(Mention(brand) for brand in brands or ("Acme",)),
    )  # fmt: skip


@pytest.fixture
def filled(line: CommandLine) -> CommandLine:
    line.configure(CONFIG)
    with closing(SqliteStore(line.folder / "data/listener.db")) as store:
        posts = [
            said("1", "annabel"),
            said("2", "benedict"),
            said("3", "annabel"),
            said("4", "dan", "Acme", "Bolt"),
        ]
        posts += [
            said("5", "benedict", "Bolt"),
            said("6", "eve", text="same words as another person wrote here"),
        ]
        store.commit(Kept(FORUM, posts, at=AT))
        store.commit(
            Kept(
                NET, [said("1", "annabel"), said("7", "fay", text="same words as another person wrote here")]
            )
        )
    return line


def database(line: CommandLine) -> Path:
    return line.folder / "data/listener.db"


def rows(line: CommandLine, sql: str) -> list[tuple[object, ...]]:
    with closing(SqliteStore(database(line))) as store:
        assert list(rollups.differences(store)) == []
        return store.rows(sql)


def holding(line: CommandLine, word: str) -> list[str]:
    found = [p for p in (line.folder / "data").rglob("*") if p.is_file() and word.encode() in p.read_bytes()]
    return sorted(path.name for path in found)


def test_an_author_is_erased_and_it_is_proved(filled: CommandLine) -> None:
    ran = filled.good("erase", "--author", "@Annabel", "--yes")
    assert "forum: annabel (account-of-annabel): 2 posts" in ran.out
    assert "3 posts erased" in ran.out and "it stands nowhere" in ran.out
    assert holding(filled, "annabel") == [] and holding(filled, "number 3 has") == []
    assert rows(filled, "SELECT count(*) FROM posts WHERE text = ''") == [(3,)]
    assert rows(filled, "SELECT count(*) FROM mentions") == [(8 + 1,)]
    # It is in the file no longer; when that was is known.
    assert rows(filled, "SELECT count(*), sum(settled_at >= at), sum(how = 'hand') FROM erasures") == [
        (2, 2, 2)
    ]
    assert "2 posts, 2 of them by hand" in filled.good("erase", "--report").out


def test_only_of_one_source_and_nothing_in_a_dry_run(filled: CommandLine) -> None:
    ran = filled.good("erase", "--author", "annabel", "--source", "forum", "--dry-run")
    assert ("2 posts" in ran.out, ran.err) == (True, "")
    assert "may be several people" in filled.good("erase", "--author", "annabel", "--dry-run").err
    assert holding(filled, "annabel") != []
    filled.good("erase", "--author", "account-of-annabel", "--source", "forum", "--yes")
    assert rows(filled, "SELECT text <> '' FROM posts WHERE author = 'annabel'") == [(1,)]


def test_files_that_still_hold_it_are_named_and_copies_removed_when_asked(filled: CommandLine) -> None:
    data = filled.folder / "data"
    shutil.copy(database(filled), data / "listener.db.before-0005_hear_all")
    shutil.copy(database(filled), data / "backup.sqlite")
    (data / "letter.html").write_text("<p>“Acme: number 1 has rather many many many many words")
    (data / "old.gz").write_bytes(b"packed")
    ran = filled("erase", "--author", "annabel", "--yes")
    assert ran.code == 1
    for name, remedy in (
        ("before-0005", "--purge-copies"),
        ("backup.sqlite", "a backup"),
        ("letter.html", "of somebody"),
    ):
        assert any(name in one and remedy in one for one in ran.out.splitlines()), ran.out
    assert "old.gz: not looked into (packed)" in ran.out
    assert (data / "listener.db.before-0005_hear_all").exists()
    told = filled("erase", "--author", "benedict", "--yes", "--purge-copies", "--json").json()
    assert [(Path(one["file"]).name, one["store"]) for one in told["left"]] == [("backup.sqlite", False)]
    assert not (data / "listener.db.before-0005_hear_all").exists()


def test_one_post_by_number_address_or_its_own_name(filled: CommandLine) -> None:
    filled.good("erase", "--id", "2", "--yes")
    filled.good("erase", "--id", "net:7", "--yes")
    filled.good("erase", "--id", "https://example.org/4", "--yes")
    assert rows(filled, "SELECT native_id FROM posts WHERE text = '' ORDER BY id") == [("2",), ("4",), ("7",)]
    ran = filled("erase", "--id", "net:70", "--yes")
    assert ran.code == 2 and "no such post" in ran.err


def test_what_others_wrote_as_well_is_theirs(filled: CommandLine) -> None:
    ran = filled.good("erase", "--id", "forum:6", "--yes")
    assert "others wrote as well" in ran.out
    assert holding(filled, "same words as another") == ["listener.db"]


def test_a_brand_goes_and_what_is_kept_for_others_stays(filled: CommandLine) -> None:
    ran = filled.good("erase", "--brand", "bolt", "--yes")
    assert "only the mention of Bolt goes" in ran.out and "Bolt is still listened for" in ran.out
    assert rows(filled, "SELECT native_id, text <> '' FROM posts WHERE id IN (4, 5)") == [("4", 1), ("5", 0)]
    named = (
        "SELECT p.native_id FROM mentions m JOIN posts p ON p.id = post_id JOIN brands b ON b.id = brand_id"
    )
    assert rows(filled, f"{named} WHERE b.name = 'Bolt'") == [("5",)]


def test_messages_that_quoted_it_are_listed(filled: CommandLine) -> None:
    with closing(SqliteStore(database(filled))) as store, store.writing() as db:
        outbox.put(db, ["slack", "email"], "angry-1", "alert", {}, [1], AT)
        outbox.put(db, ["email"], "other", "alert", {}, [2], AT)
        outbox.put(db, ["email"], "waits", "alert", {}, [1], AT)
        db.run("UPDATE outbox SET state = 'delivered', done_at = ? WHERE key <> 'waits'", (AT,))
    ran = filled.good("erase", "--author", "annabel", "--yes")
    listed = [one for one in ran.out.splitlines() if "It was quoted" in one]
    assert [(("slack" in one), "angry-1" in one) for one in listed] == [(True, True), (False, True)]


def test_who_objects_is_not_heard_again(filled: CommandLine) -> None:
    filled.good("erase", "--author", "annabel", "--object", "--yes")
    with closing(SqliteStore(database(filled))) as store:
        assert store.commit(Kept(FORUM, [said("20", "annabel"), said("21", "gil")], at=AT)).kept == ("21",)


def test_nothing_is_erased_without_a_yes_nor_by_half_a_question(filled: CommandLine) -> None:
    assert filled("erase", "--author", "annabel").code == 130
    assert filled("erase").code == 2
    assert filled("erase", "--author", "a", "--id", "1").code == 2
    assert filled("erase", "--id", "1", "--object").code == 2
    assert "nothing is held of 'nobody'" in filled("erase", "--author", "nobody", "--yes").err
    # % and _ are letters of a name here.
    assert filled("erase", "--author", "%", "--yes").code == 2
    assert holding(filled, "annabel") == ["listener.db"]


def test_everything_on_a_person_can_be_handed_out(filled: CommandLine) -> None:
    with closing(SqliteStore(database(filled))) as store, store.writing() as db:
        db.run("INSERT INTO corrections VALUES (1, 1, -1, 0, ?, NULL)", (AT,))
    out = filled.folder / "ann.json"
    ran = filled.good("export", "--author", "annabel", "--out", out)
    assert "forum: annabel: 2 posts" in ran.out
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "One name in several sources may be several people" in ran.err
    alone = filled.good(
        "export", "--author", "annabel", "--source", "forum", "--out", out.with_name("b.json")
    )
    assert alone.err == ""
    told = json.loads(out.read_text())
    first = next(one for one in told["posts"] if one["source"] == "forum" and one["id"] == "1")
    assert first["author_id"] == "account-of-annabel" and first["address"] == "https://example.org/1"
    assert first["mentions"][0]["brand"] == "Acme" and first["corrections"][0]["label"] == "negative"
    kept_until = time.strftime("%Y-%m-%d", time.gmtime(AT + 365 * 86_400))
    assert first["words_kept_until"].startswith(kept_until)
    key = (
        (filled.folder / "data/listener.db.key").read_text()
        if (filled.folder / "data/listener.db.key").exists()
        else "-"
    )
    assert key.strip() not in out.read_text() + ran.out or key == "-"
    assert filled("export", "--author", "annabel", "--out", out).code == 1
    assert filled("export", "--author", "nobody", "--out", filled.folder / "x.json").code == 2


def test_after_their_words_are_gone_they_are_still_told_that_they_are_counted(filled: CommandLine) -> None:
    from storage import retention

    with closing(SqliteStore(database(filled))) as store, store.writing() as db:
        assert retention.expire(db, retention.limits(db, {"default": 60}), AT + 3600) == 8
    out = filled.folder / "ann.json"
    filled.good("export", "--author", "account-of-annabel", "--out", out)
    assert json.loads(out.read_text())["mentions_without_words"] == {"forum": 2, "net": 1}
    key = (filled.folder / "data/listener.db.key").read_text().strip()
    assert key not in out.read_text()


@pytest.mark.parametrize("size", [0, 5, (1 << 20) - 4, (1 << 20) + 7])
def test_a_rest_is_found_wherever_it_lies(tmp_path: Path, size: int) -> None:
    text = "".join(chr(97 + n % 26) + str(n) for n in range(60)) + " naïve “quote” & more"
    wanted = proof.needles([text, "shortname"])
    for rest in (text.encode()[40:110], json.dumps(text).encode()[-70:], b"shortname"):
        (tmp_path / "f").write_bytes(b"." * size + rest + b"." * 33)
        assert proof.search(tmp_path, wanted).found, rest
    (tmp_path / "f").write_bytes(b"." * size + text.encode()[:20])
    assert not proof.search(tmp_path, wanted).found


@pytest.mark.parametrize("word", ["Tom & Jerry's", "“naïve”\tana"])
def test_short_words_are_found_as_json_and_html_write_them(tmp_path: Path, word: str) -> None:
    wanted = proof.needles([word])
    for form in (word, html.escape(word), json.dumps(word), json.dumps(word, ensure_ascii=False)):
        (tmp_path / "f").write_text(f"<p>{form}</p>", encoding="utf-8")
        assert proof.search(tmp_path, wanted).found, form
