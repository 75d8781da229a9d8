"""What an engine costs: a process of its own that loads it, judges the same texts when told to, and says what it took.

`python -m benchmarks.tone_cost NAME OPTIONS`: the first line of standard input holds the texts; each line after it asks
for one turn; at the end of input the last answer tells memory and size.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from typing import Any

from sentiment.tone import Text

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sentiment"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
BATCH = 512
"""Texts that `listener tone` judges at a time."""
_CODE = (".py", ".pyc")


@dataclass(frozen=True, slots=True)
class Cost:
    """Texts a second of CPU time, seconds to the first judgement, peak memory and installed size in MB."""

    speed: float
    load: float
    peak: float
    size: float


def measure(
    engines: Mapping[str, Mapping[str, object]], texts: Sequence[Text], repeats: int
) -> dict[str, Cost]:
    """Judge the texts with each engine in turns, best of `repeats`; `engines` are names with their options.

    A process for each: what one has loaded is not in another's memory. In turns, because the machine's noise comes
    and goes. CPU time counts every thread, so an engine that takes two cores is not called twice as fast for it.
    """
    with ExitStack() as running:
        processes = {
            name: running.enter_context(_started(name, options, texts)) for name, options in engines.items()
        }
        loads = {name: _answer(process) for name, process in processes.items()}
        turns = [{name: _ask(process, "turn") for name, process in processes.items()} for _ in range(repeats)]
        ends = {name: _ask(process, "end") for name, process in processes.items()}
    return {
        name: Cost(
            len(texts) / min(turn[name]["seconds"] for turn in turns),
            loads[name]["load"],
            ends[name]["peak"],
            ends[name]["size"],
        )
        for name in engines
    }


@contextmanager
def _started(
    name: str, options: Mapping[str, object], texts: Sequence[Text]
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.tone_cost", name, json.dumps(dict(options))]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD},
    )
    try:
        _tell(process, json.dumps([asdict(text) for text in texts]))
        yield process
    finally:
        process.kill()
        process.communicate()


def _tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _answer(process: subprocess.Popen[str]) -> dict[str, float]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended before it answered")
    answer: dict[str, float] = json.loads(line)
    return answer


def _ask(process: subprocess.Popen[str], word: str) -> dict[str, float]:
    _tell(process, word)
    return _answer(process)


# ---- in the process that is measured


def _serve(name: str, options: Mapping[str, Any]) -> None:
    opened = _watched()
    texts = [
        Text(**{**fields, "spans": _spans(fields["spans"]), "others": _spans(fields["others"])})
        for fields in json.loads(input())
    ]
    began = time.perf_counter()
    from sentiment.engines import load

    engine = load(name, options)
    # Some engines read their word lists when the first text comes.
    engine.judge([Text("a first text")])
    _say(load=time.perf_counter() - began)
    while input() == "turn":
        _say(seconds=_seconds(lambda: _judge_all(engine.judge, texts)))
    _say(peak=_peak(), size=(_imported() + _data(opened)) / 1e6)


def _spans(pairs: Sequence[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((start, end) for start, end in pairs)


def _say(**figures: float) -> None:
    print(json.dumps(figures), flush=True)


def _seconds(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _judge_all(judge: Callable[[Sequence[Text]], object], texts: Sequence[Text]) -> None:
    for first in range(0, len(texts), BATCH):
        judge(texts[first : first + BATCH])


def _watched() -> set[Path]:
    """Return the set of our own data files that are opened from now on: the engine's weights and word lists."""
    opened: set[Path] = set()

    def see(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            path = Path(arguments[0])
            if path.is_relative_to(PACKAGE) and path.suffix not in _CODE:
                opened.add(path)

    sys.addaudithook(see)
    return opened


def _peak() -> float:
    # Not what getrusage says: that begins with the peak of the process that started this one.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def _data(opened: Iterable[Path]) -> int:
    # What a library in C opens is not seen: it lies beside what is.
    folders = {path.parent for path in opened}
    files = {path for folder in folders for path in folder.iterdir() if path.is_file()}
    return sum(path.stat().st_size for path in files if path.suffix not in _CODE)


def _imported() -> int:
    """Bytes of every distribution of which a module is loaded: what must be installed for the engine."""
    tops = {name.split(".")[0] for name in sys.modules}
    providers = packages_distributions()
    names = {provider for top in tops for provider in providers.get(top, ()) if provider != "listener"}
    files = (Path(str(file.locate())) for name in names for file in distribution(name).files or ())
    return sum(path.stat().st_size for path in files if path.is_file())


if __name__ == "__main__":
    _serve(sys.argv[1], json.loads(sys.argv[2]))
