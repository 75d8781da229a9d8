"""10,000 mentions from a feed through the default engine into SQLite, and all KPIs: as a user runs the commands."""

from __future__ import annotations

import html
import random
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BRANDS = ("Morvane", "Tessiq", "Brunnavik", "Caldrello")
_OPENINGS = (
    "Finally tried the new kettle by {brand} and",
    "Has anybody else noticed that {brand}",
    "Third week with {brand}:",
    "My neighbour swears by {brand}, but",
    "Honest question about {brand}:",
    "{brand} again.",
)
_BODIES = (
    "it works great, quiet and quick, I love it",
    "the lid broke after two days, what a terrible waste of money",
    "does the warranty cover the base or only the jug?",
    "support answered within minutes and was really helpful :)",
    "delivery took a month and nobody could say why, never again!!!",
    "it is a kettle. It boils water. Not bad, not special",
    "the app wants my address before it heats anything, no thanks",
    "prices went up again and the quality did not",
)
_ENDINGS = (
    "Photos tomorrow.",
    "Would buy it again.",
    "Returning it on Monday.",
    "Any advice?",
    "Number {n} is the one to get.",
    "",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall and CPU time, and the peak of memory in MB (of one process)."""

    wall: float
    cpu: float
    peak: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak))


def posts(count: int) -> list[str]:
    """Texts of about tweet length, no two the same."""
    rng = random.Random(11)
    found = []
    for n in range(count):
        opening, body, ending = (rng.choice(part) for part in (_OPENINGS, _BODIES, _ENDINGS))
        found.append(f"{opening} {body}. {ending} ({n})".format(brand=rng.choice(BRANDS), n=n))
    return found


def feed(texts: list[str], now: float) -> bytes:
    """An RSS feed of these texts, a minute apart, newest first."""
    items = [
        f"<item><guid isPermaLink='false'>m{n}</guid><link>http://127.0.0.1/p/{n}</link>"
        f"<pubDate>{formatdate(now - 60 * (len(texts) - n), usegmt=True)}</pubDate>"
        f"<author>user{n % 997}</author><description>{html.escape(text)}</description></item>"
        for n, text in enumerate(texts)
    ]
    head = "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>bench</title>"
    return (head + "".join(reversed(items)) + "</channel></rss>").encode()


@contextmanager
def served(body: bytes) -> Iterator[int]:
    """Serve a feed on a free port of this machine, with an ETag."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("If-None-Match") == '"1"'
            self.send_response(304 if known else 200)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", "0" if known else str(len(body)))
            self.end_headers()
            if not known:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def write_config(folder: Path, port: int, poll: str = "1s", dashboard: int = 0) -> Path:
    """A configuration of four brands that listens to the served feed only."""
    brands = "\n".join(f"  - {{name: {name}, own: {str(not n).lower()}}}" for n, name in enumerate(BRANDS))
    file = folder / "config.yaml"
    file.write_text(
        f"timezone: UTC\nbrands:\n{brands}\nsources:\n"
        f'  feeds: {{urls: ["http://127.0.0.1:{port}/feed"], poll: {poll}, allow_private: true}}\n'
        f"dashboard: {{port: {dashboard}}}\n"
    )
    return file


# A process of its own between us and what is measured: a child's peak of memory begins with that of its parent.
_LAUNCHER = """
import os, sys, time
quiet = os.open(os.devnull, os.O_WRONLY)
actions = [(os.POSIX_SPAWN_DUP2, quiet, 1), (os.POSIX_SPAWN_DUP2, quiet, 2)]
started = time.perf_counter()
pid = os.posix_spawn(sys.executable, sys.argv[1:], os.environ, file_actions=actions)
_, status, usage = os.wait4(pid, 0)
wall = time.perf_counter() - started
print(os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
"""


def spend(*arguments: str) -> Cost:
    """Run a command of listener as a process of its own and say what it cost. Raises RuntimeError if it fails."""
    command = [sys.executable, "-m", "listener", *arguments]
    launched = subprocess.run(
        [sys.executable, "-S", "-c", _LAUNCHER, *command], stdout=subprocess.PIPE, text=True, check=True
    )
    code, wall, cpu, peak = launched.stdout.split()
    if int(code):
        raise RuntimeError(f"{' '.join(arguments)} failed")
    return Cost(float(wall), float(cpu), float(peak))


def whole(folder: Path, port: int) -> Cost:
    """`listener once` and `listener kpi --json` on an empty store."""
    folder.mkdir()
    config = str(write_config(folder, port))
    return spend("once", "--config", config) + spend("kpi", "--json", "--config", config)


def floors(body: bytes, texts: list[str], folder: Path) -> dict[str, float]:
    """CPU seconds of each component alone, in this process: parsing, VADER, inserting the same columns."""
    import fastfeedparser
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    vader = SentimentIntensityAnalyzer()

    def insert() -> None:
        file = folder / "floor.db"
        for old in folder.glob("floor.db*"):
            old.unlink()
        db = sqlite3.connect(file, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(
            "CREATE TABLE post (id TEXT PRIMARY KEY, at INTEGER, text TEXT, author TEXT, label INTEGER)"
        )
        rows = [(f"m{n}", n, text, f"user{n % 997}", 0) for n, text in enumerate(texts)]
        for first in range(0, len(rows), 500):
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO post VALUES (?, ?, ?, ?, ?)", rows[first : first + 500])
            db.execute("COMMIT")
        db.close()

    parts = {
        "parse the feed": lambda: fastfeedparser.parse(body),
        "VADER": lambda: [vader.polarity_scores(text) for text in texts],
        "insert in 500s": insert,
    }
    cost = {}
    for name, work in parts.items():
        started = time.process_time()
        work()
        cost[name] = time.process_time() - started
    return cost


def measure(count: int, repeats: int, folder: Path) -> tuple[list[Cost], list[dict[str, float]], Cost]:
    """Costs of the whole and of the floors, taken in turns; and of a second poll where nothing is new."""
    texts = posts(count)
    body = feed(texts, time.time())
    costs, parts = [], []
    with served(body) as port:
        for n in range(repeats):
            costs.append(whole(folder / str(n), port))
            parts.append(floors(body, texts, folder))
        again = spend("once", "--config", str(folder / "0" / "config.yaml"))
    return costs, parts, again


def report(count: int, repeats: int, folder: Path) -> list[str]:
    """The lines that `make bench` prints."""
    costs, parts, again = measure(count, repeats, folder)
    best = min(costs, key=lambda cost: cost.cpu)
    floor = {name: min(part[name] for part in parts) for name in parts[0]}
    total = sum(floor.values())
    return [
        f"{count:,} mentions from a feed to KPIs (`listener once` and `listener kpi`), best of {repeats}:",
        f"  wall {min(c.wall for c in costs):.2f} s, CPU {best.cpu:.2f} s, peak memory {best.peak:.0f} MB"
        f"  (median CPU {statistics.median(c.cpu for c in costs):.2f} s)",
        *(f"  floor: {name} {seconds:.2f} s" for name, seconds in floor.items()),
        f"  ratio to the sum of the floors ({total:.2f} s CPU): {best.cpu / total:.2f}",
        f"  nothing new (304): wall {again.wall:.2f} s, CPU {again.cpu:.2f} s",
    ]
