"""The closing summary of `make test`: totals over all stages, every skip with its reason, and nothing glossed over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PASSED = '<testcase classname="a" name="works"/>'
FAILED = '<testcase classname="a" name="breaks"><failure message="no"/></testcase>'
SKIPPED = '<testcase classname="a" name="waits[1]"><skipped message="no torch here"/></testcase>'


def summary(folder: Path, **reports: str) -> tuple[int, list[str]]:
    paths = [folder / f"{name}.xml" for name in ("unit", "integration")]
    for path in paths:
        if path.stem in reports:
            path.write_text(f"<testsuites><testsuite>{reports[path.stem]}</testsuite></testsuites>")
    run = subprocess.run(
        [sys.executable, ROOT / ".ci" / "summary.py", *paths], capture_output=True, text=True, check=False
    )
    return run.returncode, run.stdout.splitlines()


def test_totals_of_both_stages_close_the_output(tmp_path: Path) -> None:
    code, lines = summary(tmp_path, unit=PASSED * 3, integration=PASSED)
    assert (code, lines) == (0, ["4 passed, 0 failed, 0 skipped"])


def test_a_failure_fails(tmp_path: Path) -> None:
    code, lines = summary(tmp_path, unit=PASSED + FAILED, integration=PASSED)
    assert code == 1 and lines[-1] == "2 passed, 1 failed, 0 skipped"


def test_skips_are_listed_with_their_reason(tmp_path: Path) -> None:
    code, lines = summary(tmp_path, unit=PASSED + SKIPPED * 2, integration=PASSED)
    assert code == 0
    assert lines == ["SKIPPED: a::waits (2 times): no torch here", "2 passed, 0 failed, 2 skipped"]


def test_a_stage_that_died_is_no_success(tmp_path: Path) -> None:
    code, lines = summary(tmp_path, unit=PASSED)
    assert code == 1 and lines[0].startswith("NO REPORT: integration")


def test_nothing_run_is_no_success(tmp_path: Path) -> None:
    code, lines = summary(tmp_path, unit="", integration="")
    assert code == 1 and lines == ["0 passed, 0 failed, 0 skipped"]
