"""`python -m benchmarks.erasing`: erase a thousand of a hundred thousand posts beside a running daemon, then look at
every byte that it left on the disk."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from storage.sqlite import Reader

_KEY = b"benchmark of erasing, 32 bytes.."
_ENVIRONMENT = {**os.environ, "ERASING_SECRET": "whsec_" + base64.b64encode(_KEY).decode()}
_WORDS = (
    "the",
    "lid",
    "of",
    "our",
    "new",
    "kettle",
    "broke",
    "again",
    "yesterday",
    "and",
    "nobody",
    "answers",
)
_PAGE = 500
_MARK = re.compile(rb"(?:zt|zn|za|zh)[0-9a-f]{16}")
_PATIENCE = 180
_OF_ONE_AUTHOR = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it. Times in seconds, `megabytes` of the whole folder."""

    posts: int
    erased: int
    by_event: int
    by_command: int
    edited: int
    seen_before: int
    marks: int
    found_after: tuple[str, ...]
    """Files with the mark that they still hold."""
    others_kept: int
    longest: int
    megabytes: float
    keeping: float
    events: float
    command: float

    def lines(self) -> Iterator[str]:
        """The figures, a line each."""
        yield f"{self.posts} posts kept in {self.keeping:.1f} s, {self.edited} of them edited since"
        yield f"{self.by_event} erased by events ({1e3 * self.events / max(self.by_event, 1):.2f} ms each), "
        yield f"{self.by_command} by commands ({self.command:.1f} s each, with its proof)"
        yield f"last byte gone {self.longest} s after the news, at the latest"
        after = f"{len(self.found_after)} after ({self.megabytes:.0f} MB)"
        yield f"{self.seen_before} of {self.marks} marks of them on the disk before, {after}"
        yield f"{self.others_kept} posts can still be read"


def _post(number: int, chance: random.Random, longer: int = 0) -> dict[str, object]:
    """A post whose every part bears a mark of its own: text (its beginning and its end), name, account, hashtag."""
    mark = _mark(number)
    writer = _mark(number // _OF_ONE_AUTHOR)
    middle = " ".join(chance.choices(_WORDS, k=chance.randint(2, 60 + longer)))
    # One in ten speaks of nobody, and stands in the sample.
    name = "somebody" if number % 10 == 9 else "Acme"
    return {
        "id": f"post-{number}",
        "text": f"zt{mark} {name}: {middle} #zh{mark} zt{mark}",
        "author": f"zn{writer}",
        "author_id": f"za{writer}",
        "url": f"https://forum.example/zt{mark}",
    }


def _mark(number: int) -> str:
    return hashlib.sha256(f"{number}".encode()).hexdigest()[:16]


class _Door:
    """The daemon's /ingest, spoken to as Standard Webhooks ask."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc

    def send(self, items: Sequence[Mapping[str, object]]) -> None:
        with closing(http.client.HTTPConnection(self._host, timeout=60)) as line:
            for first in range(0, len(items), _PAGE):
                body = json.dumps(items[first : first + _PAGE]).encode()
                identity, stamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
                signed = hmac.digest(_KEY, f"{identity}.{stamp}.".encode() + body, "sha256")
                signature = "v1," + base64.b64encode(signed).decode()
                headers = {"webhook-id": identity, "webhook-timestamp": stamp, "webhook-signature": signature}
                line.request("POST", "/ingest", body, headers)
                answer = line.getresponse()
                said = answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"{answer.status}: {said[:500]!r}")


@contextmanager
def _daemon(folder: Path) -> Iterator[str]:
    """The real daemon on this folder; gives where it serves."""
    log = folder.with_name("log")
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "listener", "run", "--config", folder / "config.yaml"],
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=_ENVIRONMENT,
        )
    try:
        yield _serving(process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _serving(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text(encoding="utf-8").splitlines():
            if line.startswith("{") and line.endswith("}") and json.loads(line).get("event") == "serving":
                return str(json.loads(line)["url"])
        time.sleep(0.05)
    raise RuntimeError(log.read_text(encoding="utf-8"))


def _listener(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "listener", *arguments, "--config", folder / "config.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_ENVIRONMENT)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def _marks(folder: Path) -> dict[bytes, set[str]]:
    """Every mark in every byte of the folder, with the files in which it stands."""
    found: dict[bytes, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        for mark in set(_MARK.findall(path.read_bytes())) if path.is_file() else ():
            found.setdefault(mark, set()).add(path.name)
    return found


def measure(posts: int, erasures: int, folder: Path, seed: int = 1) -> Figures:
    """Keep posts, edit one in twenty, erase some by events and by commands, and look for what they said."""
    chance = random.Random(seed)
    data = folder / "data"
    data.mkdir(parents=True)
    (data / "config.yaml").write_text(
        json.dumps(
            {
                "brands": [{"name": "Acme", "own": True}],
                "sources": {"ingest": {"secret": "${ERASING_SECRET}"}},
                "storage": {"url": "sqlite:///listener.db"},
                "dashboard": {"port": 0},
            }
        )
    )
    with _daemon(data) as url:
        door = _Door(url)
        started = time.monotonic()
        door.send([_post(number, chance) for number in range(posts)])
        keeping = time.monotonic() - started
        edited = chance.sample(range(posts), posts // 20)
        # What grows moves its neighbours: of these moves the file remembers more than it should.
        door.send([{"type": "edit", **_post(number, chance, 200)} for number in edited])
        authors = chance.sample(range(posts // _OF_ONE_AUTHOR), max(erasures // 200, 1))
        by_command = {n for one in authors for n in range(_OF_ONE_AUTHOR * one, _OF_ONE_AUTHOR * (one + 1))}
        by_event = chance.sample(sorted(set(range(posts)) - by_command), erasures - len(by_command))
        before = _marks(data)
        started = time.monotonic()
        door.send([{"type": "delete", "id": f"post-{number}"} for number in by_event])
        events = time.monotonic() - started
        started = time.monotonic()
        for one in authors:
            _listener(data, "erase", "--author", f"zn{_mark(one)}", "--yes")
        command = (time.monotonic() - started) / len(authors)
        longest = _settled(data)
        after = _marks(data)
        kept = _readable(data)
    gone = {f"{kind}{_mark(number)}".encode() for number in [*by_event, *by_command] for kind in ("zt", "zh")}
    gone |= {f"{kind}{_mark(one)}".encode() for one in authors for kind in ("zn", "za")}
    left = tuple(f"{name}: {mark.decode()}" for mark in sorted(gone & after.keys()) for name in after[mark])
    size = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
    return Figures(
        posts, erasures, len(by_event), len(by_command), len(edited), len(gone & before.keys()), len(gone), left,
        kept, longest, size / 1e6, keeping, events, command,
    )  # fmt: skip


def _settled(data: Path) -> int:
    """Wait until the daemon says that no byte is left; return the seconds that the longest erasure took."""
    deadline = time.monotonic() + _PATIENCE
    with closing(Reader(data / "listener.db")) as reader:
        while reader.rows("SELECT 1 FROM erasures WHERE settled_at IS NULL"):
            if time.monotonic() > deadline:
                raise RuntimeError("the daemon did not say that it is settled")
            time.sleep(0.2)
        return int(reader.rows("SELECT coalesce(max(settled_at - at), 0) FROM erasures")[0][0])


def _readable(data: Path) -> int:
    with closing(Reader(data / "listener.db")) as reader:
        kept = reader.rows(
            "SELECT (SELECT count(*) FROM posts WHERE text <> ''), (SELECT count(*) FROM unmatched)"
        )
        return int(sum(kept[0]))


@click.command()
@click.option("--posts", default=100_000, show_default=True, help="Posts that are kept.")
@click.option("--erasures", default=1_000, show_default=True, help="How many of them are erased.")
def main(posts: int, erasures: int) -> None:
    """Erase beside a running daemon, and look at every byte."""
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(posts, erasures, Path(folder))
    for line in figures.lines():
        click.echo(line)
    if figures.found_after:
        raise SystemExit("\n".join(figures.found_after[:20]))


if __name__ == "__main__":
    main()
