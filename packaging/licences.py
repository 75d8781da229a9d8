"""Writes docs/licences.md: who made what we use, under which licence. `make licences`; --check only compares."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from components import ROOT, Package, UnknownLicence, locked, optional, third_party

PAGE = ROOT / "docs" / "licences.md"

# Whether software under it may become part of a work under GPL-3.0, as the Free Software Foundation's list of licences
# says it (https://www.gnu.org/licenses/license-list.html).
WITH_GPL = {
    "0BSD": True,
    "Apache-2.0": True,
    "BSD-2-Clause": True,
    "BSD-3-Clause": True,
    "CC0-1.0": True,
    "CNRI-Python": False,
    "ISC": True,
    "MIT": True,
    "MPL-2.0": True,
    "OFL-1.1": False,
    "PSF-2.0": True,
    "Zlib": True,
}
# Whoever changes such a file hands on the changed file under the same licence; what uses it stays free to choose.
SAME_LICENCE_FOR_FILES = {"MPL-2.0", "OFL-1.1"}


def goes_with_gpl(expression: str) -> bool:
    """Whether an SPDX expression allows it: all parts of an AND must, of an OR one. Raises UnknownLicence."""
    if " OR " in expression and " AND " in expression:
        raise UnknownLicence(f"{expression}: AND and OR in one; say in packaging/licences.py what it means")
    known = [WITH_GPL.get(part) for part in parts(expression)]
    if None in known:
        raise UnknownLicence(
            f"{expression}: add it to packaging/licences.py, and say whether it goes with GPL-3.0"
        )
    return any(known) if " OR " in expression else all(known)


def parts(expression: str) -> list[str]:
    """The licences that an SPDX expression names."""
    return [part.strip("() ") for part in re.split(r" AND | OR ", expression)]


def _table(packages: Iterable[Package]) -> list[str]:
    answers = {True: "yes", False: "no"}
    rows = [
        f"| {package.name} | {package.version} | {package.licence} | {answers[goes_with_gpl(package.licence)]} |"
        for package in packages
    ]
    return ["| package | version | licence | with GPL-3.0 |", "|---|---|---|---|", *rows, ""]


def page() -> str:
    """The whole page. Raises UnknownLicence."""
    default, extras, taken = locked(), optional(), third_party()
    everything = {package.name: package for packages in (default, *extras.values()) for package in packages}
    against = sorted(p.name for p in everything.values() if not goes_with_gpl(p.licence))
    files = sorted(p.name for p in everything.values() if SAME_LICENCE_FOR_FILES & set(parts(p.licence)))
    lines = [
        "# Licences",
        "",
        "Written by `make licences` from what the lock holds and what the packages say of themselves; a test compares,",
        "and a package whose licence nobody knows fails it. Listener itself: [Apache-2.0](../LICENSE). For programs,",
        "`make sbom` writes a bill of materials (CycloneDX 1.6) with versions, hashes and licences.",
        "",
        f"* Nothing here obliges you to open your own code. {', '.join(files)} want that whoever changes their files",
        "  hands these on under the same licence.",
        f"* Not to be made part of a work under GPL-3.0: {', '.join(against) or 'no package'}; nor the fonts,",
        "  which may lie beside one.",
        "",
        "## The default install",
        "",
        *_table(default),
        "## Extras",
        "",
        "What each brings beside the default install, on Linux with Python 3.11. `torch` (BSD-3-Clause) is in no lock:",
        "which build fits depends on your machine.",
        "",
    ]
    for extra, packages in extras.items():
        lines += [f"### {extra}", "", *_table(packages)]
    lines += ["## In this repository", "", "| folder | what | licence |", "|---|---|---|"]
    lines += [
        f"| [third_party/{one.folder}](../third_party/{one.folder}/README.md) | {one.title} | {one.licence} |"
        for one in taken
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or compare it with --check. Exit 0 good, 1 stale or unknown."""
    try:
        text = page()
    except UnknownLicence as error:
        print(f"licences: {error}", file=sys.stderr)
        return 1
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if "--check" in arguments:
        if text != old:
            print("licences: docs/licences.md is not what the packages say; make licences", file=sys.stderr)
        return int(text != old)
    PAGE.write_text(text, encoding="utf-8")
    print("licences: docs/licences.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
