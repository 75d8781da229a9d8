"""kill -9 at any moment: what the cursor says is exactly what is kept, and nothing is kept twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage.sqlite import SqliteStore

TOTAL, PAGE, KILLS = 10_000, 500, 20

_CHILD = f"""
import sys, time
from pathlib import Path
from storage.mention import Heard, Kept, KeptPost, Mention, Source
from storage.sqlite import SqliteStore

store = SqliteStore(Path(sys.argv[1]))
source = Source("news", "feeds")
at = (store.cursor("news") or {{"at": 0}})["at"]
print("open", flush=True)
while at < {TOTAL}:
    posts = [KeptPost(str(n), f"post {{n}} on Acme", n, n, mentions=(Mention("Acme"),)) for n in range(at, at + {PAGE})]
    at += {PAGE}
    # Overlaps what is kept, as collectors do.
    store.commit(Kept(source, posts, {{"at": at}}, Heard(max(0, at - 2 * {PAGE}), at)))
    time.sleep(float(sys.argv[2]))
store.close()
print("done", flush=True)
"""


def _child(path: Path, pause: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _CHILD, str(path), str(pause)]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)


def _check(path: Path) -> int:
    store = SqliteStore(path)
    try:
        assert store.rows("PRAGMA integrity_check") == [("ok",)]
        cursor = (store.cursor("news") or {"at": 0})["at"]
        assert store.rows("SELECT count(*), count(DISTINCT native_id) FROM posts") == [(cursor, cursor)]
        assert store.rows("SELECT count(*) FROM mentions") == [(cursor,)]
        assert store.rows("SELECT coalesce(sum(items), 0) FROM sources") == [(cursor,)]
        expected = [(0, cursor)] if cursor else []
        assert store.rows("SELECT since, until FROM coverage") == expected
        return cursor
    finally:
        store.close()


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_twenty_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    rng = random.Random(20)
    path = tmp_path / "listener.db"
    reached = []
    for _ in range(KILLS):
        with _child(path, 0.02) as child:
            assert child.stdout is not None
            # Some die while they open or create the file, most while they write.
            if rng.random() > 0.2:
                child.stdout.readline()
                time.sleep(rng.uniform(0.0, 0.06))
            else:
                time.sleep(rng.uniform(0.05, 0.3))
            os.kill(child.pid, signal.SIGKILL)
        assert child.returncode in (-signal.SIGKILL, 0)
        reached.append(_check(path))
    assert reached == sorted(reached)
    with _child(path, 0.0) as child:
        assert child.stdout is not None
        assert child.stdout.read() == "open\ndone\n"
    assert _check(path) == TOTAL
    # Otherwise the kills would have come before or after all the work.
    assert len(set(reached)) > 4
