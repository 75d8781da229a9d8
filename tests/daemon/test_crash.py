"""What a crash leaves: a report to show to others, and nowhere a post's text or a secret."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from house import House, MakeHouse, feeds, until
from servers import FaultServer
from town import Board, Item

from listener import __version__

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(60)]

WORDS = "Morvane gossip zanzibarquux\n[ERROR] \x1b[31mlqqk"
PASSWORD = "p4ssw0rd-of-the-hook"
# A mistake of ours: a post's text and a secret in what it says, in a group, a cause, a note, and a local.
BROKEN = """
import os, sys, threading, time
from listener.pipeline import Pipeline

def keep(self, page, source, now, *, live=True):
    # A thread of ours that hangs keeps nobody waiting.
    threading.Thread(target=time.sleep, args=(60,)).start()
    text = next((event.text for event in page.events), None)
    try:
        int(f"{text} {os.environ['HOOK']}")
    except ValueError as error:
        wrong = KeyError(text)
        wrong.add_note(text)
        raise ExceptionGroup(text, [wrong, OSError(28, text)]) from error

Pipeline.keep = keep
from listener.cli import main
sys.argv[0] = "listener"
main()
"""


def launch(house: House, script: str, *options: str) -> subprocess.Popen[bytes]:
    broken = house.folder / "broken.py"
    broken.write_text(script, encoding="utf-8")
    with (house.folder / "err").open("wb") as err, (house.folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, broken, "run", "--config", house.config, *options],
            stderr=err,
            stdout=out,
            env={**os.environ, **house.environment},
        )
    house.process = process
    return process


def everything_written(house: House) -> str:
    """All that the run has written, but the store and what the test itself put there."""
    own = {"config.yaml", "broken.py"}
    files = [path for path in house.folder.rglob("*") if path.is_file() and path.name not in own]
    return "\n".join(
        path.read_text(encoding="utf-8", errors="replace") for path in files if "listener.db" not in path.name
    )


@pytest.mark.parametrize("form", ["json", "text"])
async def test_a_mistake_of_ours_leaves_a_report_without_texts_and_secrets(
    server: FaultServer, new_house: MakeHouse, form: str
) -> None:
    board = Board(server, "/feed", [Item(WORDS, "a", 1_700_000_000)])
    hook = server.url(f"/hook/{PASSWORD}")
    house = new_house(
        sources=feeds({"town": board.url + "?key=f33dkey"}),
        channels={"webhook": {"url": "${HOOK}"}},
        environment={"HOOK": hook},
    )
    launch(house, BROKEN, "--log-format", form)
    assert await house.ended() == 1
    (report,) = (house.folder / "crashes").iterdir()
    assert report.stat().st_mode & 0o777 == 0o600
    written = everything_written(house)
    for secret in ("zanzibarquux", "lqqk", PASSWORD, hook, "f33dkey"):
        assert secret not in written
    text = report.read_text(encoding="utf-8")
    assert f"Listener {__version__}" in text
    assert "command:  listener run --config --log-format" in text
    # Types, places and causes of all three, and the number of the system's error in the system's words.
    assert text.index("ValueError") < text.index("and from this came") < text.index("ExceptionGroup of 2")
    assert re.search(r"in: +listener/\w+\.py:\d+ in \w+", text)
    assert "KeyError" in text and "OSError: [Errno 28] No space left on device" in text
    assert re.search(r"broken\.py:\d+ in keep", text)
    assert re.search(r"listener/listening\.py:\d+ in keep", text)
    assert '"name": "Morvane"' in text and '"url": "<secret>"' in text
    # The log says where it is.
    err = (house.folder / "err").read_text(encoding="utf-8")
    if form == "json":
        lines = [json.loads(line) for line in err.splitlines()]
        assert all(line["version"] == __version__ for line in lines)
        assert lines[-1]["event"] == "crashed" and lines[-1]["report"] == str(report.resolve())
        assert "KeyError" in lines[-1]["error"]
    else:
        assert f"version={__version__}" in err.splitlines()[0]
        assert str(report.resolve()) in err


async def test_a_fatal_signal_leaves_one_too_and_the_next_run_says_so(
    server: FaultServer, new_house: MakeHouse
) -> None:
    house = new_house(sources=feeds({"town": Board(server, "/feed", []).url}))
    await house.start()
    # Python writes where each thread is without stopping it: one that is at work may cut that short.
    await until(lambda: house.count("sources", "next_poll_at > 0") == 1, "the feed is read")
    await asyncio.sleep(1)
    crashes = house.folder / "crashes"
    assert [file.name for file in crashes.iterdir()] == [f"running-{house.process.pid}.txt"]  # type: ignore[union-attr]
    house.signal(signal.SIGSEGV)
    await house.ended()
    await house.start()
    (told,) = house.said("an earlier run was ended by a fatal signal")
    text = Path(told["report"]).read_text(encoding="utf-8")
    assert "Segmentation fault" in text and f"Listener {__version__}" in text and "runners.py" in text
    await until(lambda: len(list(crashes.iterdir())) == 2, "the next run keeps watch")
    assert await house.stop() < 1
    # What ends as it should leaves nothing.
    assert list(crashes.iterdir()) == [Path(told["report"])]
    assert Path(told["report"]).parent == crashes.resolve()
