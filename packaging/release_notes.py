"""Prints what CHANGELOG.md says of one version, for the page of its release: `make notes VERSION=0.1.0`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
_HEADING = re.compile(r"^## \[([^\]]+)\](?: - (\S+))?$", re.MULTILINE)


def versions(changelog: str) -> list[tuple[str, str]]:
    """Each version with its day, or "Unreleased", the newest first."""
    return _HEADING.findall(changelog)


def notes(changelog: str, version: str) -> str | None:
    """The section of a version without its heading; None where there is none."""
    for match in _HEADING.finditer(changelog):
        if match[1] == version:
            rest = changelog[match.end() :]
            following = _HEADING.search(rest)
            return rest[: following.start() if following else None].strip() + "\n"
    return None


def main(arguments: list[str]) -> int:
    """Print one version's notes. Exit 0 good, 1 where it is not there, 2 where none was named."""
    changelog = CHANGELOG.read_text(encoding="utf-8")
    known = ", ".join(version for version, _ in versions(changelog))
    if len(arguments) != 1 or not arguments[0]:
        print(f"notes: name a version: make notes VERSION=0.1.0; there are {known}", file=sys.stderr)
        return 2
    text = notes(changelog, arguments[0].removeprefix("v"))
    if text is None:
        print(f"notes: CHANGELOG.md has no version {arguments[0]}; there are {known}", file=sys.stderr)
        return 1
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
