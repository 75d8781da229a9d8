"""A preview: what is heard of real servers is counted, judged and explained, and the store, the cursor and the channels
are left alone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from commandline import CommandLine
from jetstream_stub import JetstreamStub, commit, did
from servers import FaultServer, Reply

from listener.collectors.post import Page, Post
from listener.config import Config, load
from listener.engine import judge_of
from listener.pipeline import Pipeline
from listener.previewing import Heard, examples, listen, rules_tried
from storage.mention import Heard as Stretch
from storage.mention import Source
from storage.sqlite import Reader, SqliteStore

BRANDS = [
    {"name": "Acme", "own": True, "query": 'acme NOT "acme street"', "handles": {"feeds": "acme_help"}},
    {"name": "Globex"},
]


def feed(*texts: str, author: str = "ana") -> bytes:
    now = time.time()
    items = [
        {
            "id": str(number),
            "content_text": text,
            "authors": [{"name": author}],
            "date_published": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 60 * number)),
        }
        for number, text in enumerate(texts)
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": items}).encode()


def settings(server: FaultServer, *names: str, **more: Any) -> dict[str, Any]:
    urls = [{"url": server.url(f"/{name}"), "name": name} for name in names]
    return {
        "brands": BRANDS,
        "storage": {"url": "sqlite:///kept.db"},
        "sources": {"feeds": {"urls": urls, "allow_private": True}},
        **more,
    }


def configured(folder: Path, told: dict[str, Any]) -> Config:
    file = folder / "config.yaml"
    file.write_text(json.dumps(told))
    return load(file, {"X_TOKEN": "T0PSECRET"})


async def heard_of(config: Config, folder: Path, seconds: float = 10) -> list[Heard]:
    with closing(SqliteStore(folder / "preview.db", unmatched=0)) as store:
        return await listen(config, judge_of(config).engine, store, time.time, seconds)


async def test_what_was_read_is_counted_judged_and_explained(server: FaultServer, tmp_path: Path) -> None:
    texts = (
        "I love Acme, wonderful! And Globex too.",
        "Acme is terrible, I hate it",
        "12 Acme Street",
        "nobody here",
        "xyzzy acme",
    )
    server.script("/good", Reply(body=feed(*texts), headers={"Content-Type": "application/feed+json"}))
    server.script("/own", Reply(body=feed("Acme here", author="acme_help")))
    server.script("/gone", Reply(404))
    config = configured(tmp_path, settings(server, "good", "own", "gone"))
    found = {one.source.name: one for one in await heard_of(config, tmp_path)}
    good = found["good"]
    assert (good.read, good.mentions, good.failure, good.cut) == (5, 4, None, False)
    assert good.tones["Acme"]["positive"] == 1 and good.tones["Acme"]["negative"] == 1
    assert good.tones["Acme"].total() == 3 and good.tones["Globex"].total() == 1
    # What a brand's own account writes is no mention of it.
    assert (found["own"].read, found["own"].mentions) == (1, 0)
    assert found["gone"].failure is not None and "404" in found["gone"].failure
    newest, *_ = examples(list(found.values()), config.brands[0], 2)
    assert newest.post.text == texts[0]
    assert [newest.post.text[s.start : s.end] for s in newest.explanation.spans] == ["Acme"]


async def test_a_post_that_comes_twice_counts_once(server: FaultServer, tmp_path: Path) -> None:
    twice = json.loads(feed("I love Acme"))
    twice["items"] *= 2
    server.script("/good", Reply(body=json.dumps(twice)))
    server.script("/again", Reply(body=feed("I love Acme")))
    (good, again) = await heard_of(configured(tmp_path, settings(server, "good", "again")), tmp_path)
    assert (good.mentions, again.mentions) == (1, 1)


async def test_a_source_that_does_not_end_is_left_when_the_time_is_over(
    server: FaultServer, tmp_path: Path
) -> None:
    server.script("/hangs", Reply(hang=True))
    server.script("/good", Reply(body=feed("Acme")))
    config = configured(tmp_path, settings(server, "hangs", "good"))
    found = {one.source.name: one for one in await heard_of(config, tmp_path, 0.5)}
    assert (found["hangs"].cut, found["hangs"].read) == (True, 0)
    assert (found["good"].cut, found["good"].mentions) == (False, 1)


async def test_a_stream_is_read_for_so_long_and_what_it_let_pass_is_counted(tmp_path: Path) -> None:
    async with JetstreamStub() as stub:
        sources = {
            "bluesky": {
                "urls": [stub.stream],
                "api": stub.api,
                "allow_private": True,
                "profiles": False,
                "counters": False,
            }
        }
        config = configured(tmp_path, {"brands": [{"name": "Acme", "own": True}], "sources": sources})
        listening = asyncio.create_task(heard_of(config, tmp_path, 1.5))
        await stub.listeners()
        now = time.time_ns() // 1_000
        await stub.say(*(commit(did(2), f"k{n}", now + n, text="nothing") for n in range(5)))
        await stub.say(commit(did(2), "hit", now + 9, text="I love Acme"))
        (found,) = await listening
    assert (found.streams, found.cut, found.failure) == (True, True, None)
    assert (found.read, found.mentions, found.tones["Acme"]["positive"]) == (6, 1, 1)


async def test_what_costs_money_is_not_asked(server: FaultServer, tmp_path: Path) -> None:
    x = {"token": "${X_TOKEN}", "daily_budget": 5, "url": server.url(), "allow_private": True}
    config = configured(tmp_path, {"brands": BRANDS, "sources": {"x": x}})
    (found,) = await heard_of(config, tmp_path)
    assert found.failure is None and "costs money" in found.left_out
    assert server.requests == []


def test_rules_are_led_through_what_was_heard(tmp_path: Path) -> None:
    rules = [
        {"name": "angry", "when": "negative_share > 40%", "over": "1h", "min_n": 5},
        {"name": "calm", "when": "negative_share > 40%", "over": "1h", "min_n": 50},
    ]
    config = configured(tmp_path, {"brands": BRANDS, "alerts": {"rules": rules}})
    now = int(time.time())
    source = Source("feed", "feeds")
    posts = [Post(str(n), "Acme is terrible, I hate it", now - 5_000 + n) for n in range(20)]
    pipeline = Pipeline(config.brands, judge_of(config).engine)
    with closing(SqliteStore(tmp_path / "preview.db", unmatched=0)) as store:
        store.register(config.brands, [source])
        page = Page(posts, {"at": 1}, Stretch(now - 2 * 86_400, now), first=True)
        store.commit(pipeline.keep(page, source, now))
        with closing(Reader(store.path)) as reader:
            tried = {rule.name: found for rule, found in rules_tried(config, reader, now).items()}
    assert len(tried["angry"].episodes) == 1 and tried["angry"].episodes[0].brand == "Acme"
    assert tried["calm"].episodes == ()


# ---- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def rooms(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


async def test_the_store_the_cursor_and_the_channels_are_left_alone(
    server: FaultServer, line: CommandLine, rooms: Path
) -> None:
    server.script("/good", Reply(body=feed("I love Acme"), headers={"ETag": '"one"'}))
    server.script("/hook", Reply(200))
    told = settings(
        server,
        "good",
        channels={"webhook": {"url": server.url("/hook")}},
        alerts={
            "rules": [
                {"name": "any", "when": "mentions > 0", "over": "1h", "min_n": 1, "channels": ["webhook"]}
            ]
        },
        digest={"channels": ["webhook"]},
    )
    line.configure(json.dumps(told))
    store = line.folder / "kept.db"
    ran = await asyncio.to_thread(line, "preview")
    assert ran.code == 0, ran
    assert sorted(path.name for path in line.folder.iterdir()) == ["config.yaml"]
    await asyncio.to_thread(line.good, "check")
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in line.folder.iterdir()}
    assert store.name in before
    ran = await asyncio.to_thread(line, "preview", "--json")
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in line.folder.iterdir()}
    assert after == before
    # Heard again from the beginning, as if for the first time.
    assert ran.json()["sources"][0]["mentions"] == 1
    assert not any("If-None-Match" in seen.headers for seen in server.seen("/good"))
    assert server.seen("/hook") == []
    assert list(rooms.iterdir()) == []


async def test_it_is_told_on_a_terminal_with_what_failed_and_without_strangers_control_characters(
    server: FaultServer, line: CommandLine, rooms: Path
) -> None:
    evil = "I love \x1b]0;owned\x07Acme\u202e\r\nFAKE LINE \x9b31m"
    server.script("/good", Reply(body=feed(evil)))
    server.script("/gone", Reply(404))
    line.configure(json.dumps(settings(server, "good", "gone", digest={"channels": ["console"]})))
    ran = await asyncio.to_thread(line, "preview", "--seconds", "5")
    assert ran.code == 1
    assert "not everything was heard: gone" in ran.err
    assert "1 positive" in ran.out and "[Acme]" in ran.out and "404" in ran.out
    assert "THE LETTER would begin" in ran.out and "Nothing was stored" in ran.out
    assert not {c for c in ran.out if c in "\x1b\x07\x9b\r\u202e"}
    assert not any(text.startswith("FAKE") for text in ran.out.splitlines())
    assert list(rooms.iterdir()) == []


async def test_silence_has_no_rule_and_no_letter(server: FaultServer, line: CommandLine, rooms: Path) -> None:
    server.script("/gone", Reply(404))
    line.configure(json.dumps(settings(server, "gone", digest={"channels": ["console"]})))
    ran = await asyncio.to_thread(line, "preview")
    assert ran.code == 1
    assert "LETTER" not in ran.out and "RULES" not in ran.out
    assert json.loads((await asyncio.to_thread(line, "preview", "--json")).out)["letter"] == []


@pytest.mark.slow
@pytest.mark.parametrize(("sign", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
async def test_who_is_told_to_end_leaves_no_post_behind(
    server: FaultServer, tmp_path: Path, sign: signal.Signals, code: int
) -> None:
    server.script("/hangs", Reply(hang=True))
    configured(tmp_path, settings(server, "hangs"))
    rooms = tmp_path / "temporary"
    rooms.mkdir()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "listener", "preview", "--seconds", "60"),
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(rooms)},
        stderr=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    await server.got("/hangs", timeout=30)
    assert len(list(rooms.iterdir())) == 1
    process.send_signal(sign)
    assert await asyncio.wait_for(process.wait(), 20) == code
    assert list(rooms.iterdir()) == []
