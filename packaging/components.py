"""What Listener is made of: every package of the lock and of the extras, and third_party/, each with its licence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]

# What packages write where the specification wants an SPDX expression, and what it means for those that we use: seen
# in their licence files where the words alone leave it open.
_MEANT = {
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "mit": "MIT",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "mpl-2.0": "MPL-2.0",
    "mpl-2.0 and mit": "MPL-2.0 AND MIT",
    "psf-2.0": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
}
# Read in the licence file of the package, because its metadata say too little, nothing, or something else.
_READ = {
    "click-default-group": "BSD-3-Clause",
    "cronsim": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "mpmath": "BSD-3-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "requests-oauthlib": "ISC",
    "resvg-py": "MIT",
    "shellingham": "ISC",
    "sympy": "BSD-3-Clause",
}
# How the licence files in third_party/ begin to say what they are.
_TEXTS = {
    "Permission is hereby granted, free of charge, to any person obtaining a copy": "MIT",
    "This Font Software is licensed under the SIL Open Font License, Version 1.1.": "OFL-1.1",
}


class UnknownLicence(Exception):
    """Nobody has said yet under which licence something is; the message says what to do."""


@dataclass(frozen=True)
class Package:
    """One package. `hashes` are the SHA-256 of all its files that the lock admits; `licence` is an SPDX expression."""

    name: str
    version: str
    licence: str
    hashes: tuple[str, ...] = ()

    @property
    def purl(self) -> str:
        """The package URL, <https://github.com/package-url/purl-spec>."""
        return f"pkg:pypi/{self.name}@{self.version.replace('+', '%2B')}"


@dataclass(frozen=True)
class Taken:
    """A folder of third_party/: what it is, and under which licence."""

    folder: str
    title: str
    licence: str


def locked(lock: Path = ROOT / "requirements.lock") -> list[Package]:
    """The packages of the default install, with hashes. Raises UnknownLicence."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    found = [
        (match[1], match[2], tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", match[0])))
        for match in re.finditer(r"^([a-z0-9][a-z0-9.-]*)(?:\[[^\]]*\])?==([^\s;]+).*$", text, re.MULTILINE)
    ]
    licences = _licences(name for name, _, _ in found)
    return [Package(name, version, licences[name], hashes) for name, version, hashes in found]


def optional() -> dict[str, list[Package]]:
    """What each extra brings beside the default install, as installed here. torch is left to the machine it is for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    default = {package.name for package in locked()}
    found = {}
    for extra, wants in project["optional-dependencies"].items():
        names = sorted(_closure(wants) - default - {"torch"})
        licences = _licences(names)
        found[extra] = [Package(name, distribution(name).version, licences[name]) for name in names]
    return found


def third_party() -> list[Taken]:
    """The folders of third_party/. Raises UnknownLicence."""
    found = []
    for page in sorted((ROOT / "third_party").glob("*/README.md")):
        words = " ".join((page.parent / "LICENSE").read_text(encoding="utf-8").split())
        # The OFL goes on in words of the MIT licence: what is said first names it.
        places = {words.index(start): licence for start, licence in _TEXTS.items() if start in words}
        if not places:
            raise UnknownLicence(
                f"{page.parent.name}: its LICENSE is none that packaging/components.py knows"
            )
        title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        found.append(Taken(page.parent.name, title, places[min(places)]))
    return found


def version() -> str:
    """Listener's own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def licence_of(name: str, said: Distribution) -> str | None:
    """The SPDX expression of an installed package, by PEP 639 or what its older metadata mean; None if unknown."""
    if name in _READ:
        return _READ[name]
    if expression := said.metadata.get("License-Expression"):
        return str(expression)
    classified = [
        line.rsplit(" :: ", 1)[-1]
        for line in said.metadata.get_all("Classifier") or ()
        if line.startswith("License :: ")
    ]
    # A field may hold a whole licence; its first line names it.
    field = (said.metadata.get("License") or "").strip().split("\n")[0]
    meant = {_MEANT.get(words.strip().lower()) for words in (field, *classified) if words}
    return meant.pop() if len(meant) == 1 else None


def _licences(names: Iterable[str]) -> dict[str, str]:
    found, unknown = {}, []
    for name in names:
        try:
            licence = licence_of(name, distribution(name))
        except PackageNotFoundError:
            licence = None
        if licence is None:
            unknown.append(name)
        else:
            found[name] = licence
    if unknown:
        raise UnknownLicence(
            f"no licence is known of {', '.join(unknown)}: install what the lock holds, or read its licence file and "
            "write it into packaging/components.py"
        )
    return found


def _closure(wants: Iterable[str]) -> set[str]:
    """The names of these requirements and of all that they require on this machine."""
    found: set[str] = set()
    waiting = list(_names(wants, ""))
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if name != "torch":
            waiting += _names(distribution(name).requires or (), "")
    return found


def _names(wants: Iterable[str], extra: str) -> Iterator[str]:
    for want in map(Requirement, wants):
        if want.marker is None or want.marker.evaluate({"extra": extra}):
            yield canonicalize_name(want.name)
