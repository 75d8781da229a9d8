"""History judged again by another engine: all of it, once, whatever ends it in between, beside whoever writes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from commandline import CommandLine
from pages import tone

from alerts import judging
from alerts.rules import Look, Rule, RuleOptions
from listener.collectors.post import Page, Post
from listener.pipeline import Pipeline
from listener.rejudging import rejudge
from sentiment.tone import Label, Text, Tone
from storage import ledger, rejudging
from storage.base import Row
from storage.lock import DaemonLock
from storage.mention import Brand, Heard, Source
from storage.rejudging import Rejudging
from storage.sqlite import SqliteStore

NOW = 1_790_000_000
SINCE = NOW - 86_400
SOURCE = Source("hackernews", "hackernews", 600)
ACME, BOLT = Brand("Acme", own=True, handles={"hackernews": "acme"}), Brand("Bolt")
BRANDS = (ACME, BOLT)
LISTENER = Path(sys.executable).with_name("listener")
CONFIG = """timezone: UTC
brands: [{name: Acme, own: true}, {name: Bolt}]
storage: {url: "sqlite:///listener.db"}
sentiment: {engine: vader}
"""


class Says:
    """An engine that says what its one word is, and remembers what it was asked."""

    def __init__(self, label: Label, name: str = "says-1") -> None:
        self.name = name
        self.label = label
        self.asked: list[str] = []

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        self.asked += [text.text for text in texts]
        p = tone(self.label)
        return [Tone(self.label, p.p_negative, p.p_neutral, p.p_positive, self.name) for _ in texts]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    yield opened
    opened.close()


def hear(store: SqliteStore, engine: Says, *posts: Post, live: bool = True) -> None:
    page = Page(posts, {"at": NOW}, Heard(SINCE, NOW))
    store.commit(Pipeline(BRANDS, engine).keep(page, SOURCE, NOW, live=live))


def post(native_id: str, text: str, at: int = NOW - 3_600, **more: object) -> Post:
    return Post(native_id, text, at, **more)  # type: ignore[arg-type]


def again(
    store: SqliteStore, engine: Says, brand: str | None = None, size: int = 2
) -> tuple[Rejudging, list[int]]:
    with store.writing() as db:
        begun = rejudging.begin(db, engine.name, brand, SINCE, NOW)
    told: list[int] = []
    done, _ = rejudge(
        store, Pipeline(BRANDS, engine), begun, lambda: NOW, lambda done, _: told.append(done.judged), size
    )
    return done, told


def labels(store: SqliteStore) -> list[Row]:
    return store.rows(
        """SELECT b.name, p.native_id, m.label, e.name FROM mentions m JOIN brands b ON b.id = m.brand_id
        JOIN posts p ON p.id = m.post_id JOIN engines e ON e.id = m.engine_id ORDER BY 1, 2"""
    )


def test_every_mention_is_judged_anew_masked_and_own_posts_are_not(store: SqliteStore) -> None:
    old, new = Says("positive"), Says("negative", "says-2")
    hear(
        store,
        old,
        post("1", "Acme and Bolt"),
        post("2", "Acme here", author="acme"),
        post("3", "we like Bolt @ann", author="acme"),
    )
    done, told = again(store, new)
    assert labels(store) == [
        ("Acme", "1", -1, "says-2"),
        ("Bolt", "1", -1, "says-2"),
        ("Bolt", "3", -1, "says-2"),
    ]
    assert set(new.asked) == {"brand and brand", "we like brand @user"}
    assert (done.judged, done.changed, told) == (3, 3, [2, 3])


def test_doing_it_twice_changes_nothing(store: SqliteStore) -> None:
    hear(store, Says("positive"), *[post(str(n), "Acme") for n in range(5)])
    again(store, Says("negative", "says-2"))
    first = labels(store), store.rows("SELECT * FROM mentions")
    done, _ = again(store, Says("negative", "says-2"))
    assert (done.judged, done.changed) == (5, 0)
    assert (labels(store), store.rows("SELECT * FROM mentions")) == first


def test_one_brand_alone_can_be_judged_again(store: SqliteStore) -> None:
    hear(store, Says("positive"), post("1", "Acme and Bolt"), post("2", "Bolt"))
    done, _ = again(store, Says("negative", "says-2"), "Acme")
    assert labels(store) == [
        ("Acme", "1", -1, "says-2"),
        ("Bolt", "1", 1, "says-1"),
        ("Bolt", "2", 1, "says-1"),
    ]
    assert done.judged == 1


def fires(store: SqliteStore, when: str) -> bool:
    options = RuleOptions.model_validate(
        {"name": "r", "when": when, "brand": "Acme", "over": "1d", "min_n": 3}
    )
    from zoneinfo import ZoneInfo

    with store.writing() as db:
        db.run("UPDATE sources SET active = 1, lateness = 0")
    found = judging.look(Look(store, BRANDS, ZoneInfo("UTC"), NOW), [Rule.of(options, "Acme")])
    return [item.transition.kind for item in found] == ["fired"]


def test_no_rule_fires_by_what_was_judged_again(store: SqliteStore) -> None:
    hear(store, Says("positive"), *[post(str(n), "Acme") for n in range(10)])
    assert not fires(store, "negative_share > 0.4")
    again(store, Says("negative", "says-2"))
    assert not fires(store, "negative_share > 0.4")
    # It is no less loud for that.
    assert fires(store, "mentions >= 10")


def test_what_comes_in_after_it_makes_a_rule_fire(store: SqliteStore) -> None:
    hear(store, Says("positive"), *[post(str(n), "Acme") for n in range(10)])
    new = Says("negative", "says-2")
    again(store, new)
    hear(store, new, *[post(f"new {n}", "Acme") for n in range(3)])
    assert fires(store, "negative_share > 0.4")


# As a command, in a process of its own


def many(folder: Path, number: int) -> None:
    """A store that another engine has judged, with replies, own posts and posts on both brands."""
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    rng = random.Random(number)
    moods = ["I love it", "it is awful", "it is here", "bad and good", "great, thanks", "what a horrible day"]
    posts = [
        Post(
            str(n),
            f"{rng.choice(['Acme', 'Bolt', 'Acme and Bolt', 'kettles'])}: {rng.choice(moods)} {n} " * 4,
            NOW - rng.randrange(80_000),
        )
        for n in range(number)
    ]
    store = SqliteStore(folder / "listener.db")
    for start in range(0, number, 500):
        hear(store, Says("positive"), *posts[start : start + 500])
    store.close()


def start(folder: Path) -> subprocess.Popen[str]:
    command = [LISTENER, "rejudge", "--since", "2026-09-01", "--json"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcome(folder: Path) -> tuple[list[Row], list[Row]]:
    store = SqliteStore(folder / "listener.db")
    try:
        everything = store.rows(
            "SELECT brand_id, post_id, label, p_negative, p_positive, engine_id, live FROM mentions ORDER BY 1, 2"
        )
        return everything, store.rows("SELECT position, judged, pairs, done_at > 0 FROM rejudgings")
    finally:
        store.close()


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_killed_and_begun_again_it_comes_to_the_same(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
        many(folder, 12_000)
    ended, _ = start(whole).communicate(timeout=60)
    rng, positions = random.Random(3), []
    for _ in range(8):
        with start(killed) as process:
            assert process.stderr is not None
            process.stderr.readline()
            time.sleep(rng.uniform(0.05, 0.4))
            os.kill(process.pid, signal.SIGKILL)
        _, rows = outcome(killed)
        positions.append(rows[0][0])
    last = start(killed)
    out, told = last.communicate(timeout=60)
    assert last.returncode == 0
    assert positions == sorted(positions)
    # Otherwise the kills would have come before or after all the work.
    assert 0 < positions[-1] < 12_000 or len({*positions}) > 2
    assert "done before" in told or positions[0] == positions[-1]
    assert outcome(killed) == outcome(whole)
    assert json.loads(out)["changes"] == json.loads(ended)["changes"]


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_it_works_beside_a_writer(tmp_path: Path) -> None:
    """Another program commits all the while; neither waits for ever, and what came in meanwhile is judged by it."""
    many(tmp_path, 6_000)
    store = SqliteStore(tmp_path / "listener.db")
    came = 0
    with start(tmp_path) as process:
        while process.poll() is None:
            hear(store, Says("neutral", "vader-beside"), post(f"beside {came}", "Acme is here"))
            came += 1
    assert (process.returncode, came > 3) == (0, True)
    found = dict(
        store.rows("SELECT e.name, count(*) FROM mentions m JOIN engines e ON e.id = m.engine_id GROUP BY 1")
    )
    store.close()
    assert "says-1" not in found


# As a person types it


@pytest.fixture
def kept(line: CommandLine) -> CommandLine:
    line.configure(CONFIG)
    store = SqliteStore(line.folder / "listener.db")
    hear(
        store, Says("positive"), post("1", "Acme is awful"), post("2", "I love Acme"), post("3", "Bolt, Acme")
    )
    store.close()
    return line


def test_it_says_which_labels_changed(kept: CommandLine) -> None:
    ran = kept.good("rejudge", "--since", "2026-09-01")
    assert "judging again by vader-3.3.2 from Tue 1 Sep, 00:00 on: 3 posts to look at" in ran.err
    assert "4 mentions judged again by vader-3.3.2; 3 of them have another label now." in ran.out
    assert "  positive -> neutral: 2\n  positive -> negative: 1" in ran.out
    told = kept.good("rejudge", "--since", "2026-09-01", "--brand", "bolt", "--json").json()
    assert (told["brand"], told["judged"], told["changed"], told["changes"]) == ("Bolt", 1, 0, [])


def test_the_numbers_say_that_the_engine_changed_until_that(kept: CommandLine) -> None:
    store = SqliteStore(kept.folder / "listener.db")
    hear(store, Says("neutral", "vader-9"), post("9", "Acme is here", NOW - 60))
    store.close()
    asked = ("kpi", "negative_share", "--since", "2026-09-01", "--until", "2026-10-01")
    out = kept.good(*asked).out
    assert (
        "The tone of what is said of Acme is judged by another engine, vader-9, from Mon 21 Sep, 14:12 on"
        in out
    )
    kept.good("rejudge", "--since", "2026-09-01")
    assert "another engine" not in kept.good(*asked).out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--since", "soon"), "is no time"),
        (("--since", "7d", "--brand", "Nobody"), "there is no brand 'Nobody'"),
        ((), "Missing option '--since'"),
    ],
)
def test_mistakes_are_usage(kept: CommandLine, arguments: tuple[str, ...], says: str) -> None:
    ran = kept("rejudge", *arguments)
    assert (ran.code, says in ran.err) == (2, True)


def test_beside_a_daemon_with_another_engine_it_is_refused(
    kept: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("listener.commands.rejudge._PATIENCE", 0.3)
    with DaemonLock(kept.folder / "listener.db"):
        with SqliteStore(kept.folder / "listener.db").writing() as db:
            ledger.keep_engine(db, "says-1")
        ran = kept("rejudge", "--since", "2026-09-01")
        assert (ran.code, "still judges by says-1, not by vader-3.3.2; send it SIGHUP" in ran.err) == (
            1,
            True,
        )
    assert kept("rejudge", "--since", "2026-09-01").code == 0
