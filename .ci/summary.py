"""Print every skipped test with its reason, and the totals of all test stages in one closing line."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree


def cases(report: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (test, outcome, reason) of one JUnit report that our own pytest has just written."""
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314
        name = f"{case.get('classname')}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            yield name, "failed", ""
        elif (skip := case.find("skipped")) is not None:
            yield name, "skipped", skip.get("message", "")
        else:
            yield name, "passed", ""


def main(reports: list[Path]) -> int:
    """Return 0 when every report is there, something ran, and nothing failed."""
    absent = [report for report in reports if not report.exists()]
    for report in absent:
        print(f"NO REPORT: {report.stem} ended before its tests did")
    counts: Counter[str] = Counter()
    skips: Counter[tuple[str, str]] = Counter()
    for report in reports:
        if report in absent:
            continue
        for name, outcome, reason in cases(report):
            counts[outcome] += 1
            if outcome == "skipped":
                skips[(name.partition("[")[0], reason)] += 1
    for (name, reason), times in sorted(skips.items()):
        print(f"SKIPPED: {name}{f' ({times} times)' if times > 1 else ''}: {reason}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return int(bool(absent) or counts["failed"] > 0 or counts["passed"] == 0)


if __name__ == "__main__":
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))
