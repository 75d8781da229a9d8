"""What we are made of is told truly: licences, the bill of materials, and one version in all places."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from email.message import Message
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import components
import licences
import pytest
import release_notes
import sbom
from components import Package, UnknownLicence
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import get_spdx_licensing
from packageurl import PackageURL

from listener import __version__

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    return sbom.bom(components.locked(), components.version())


def test_the_page_of_licences_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert licences.main(["--check"]) == 0, capsys.readouterr().err


def test_every_licence_is_an_spdx_expression() -> None:
    spdx = get_spdx_licensing()
    found = {package.licence for package in components.locked()}
    found |= {package.licence for packages in components.optional().values() for package in packages}
    found |= {taken.licence for taken in components.third_party()}
    assert [licence for licence in found if spdx.validate(licence, strict=True).errors] == []


def test_a_package_that_nobody_knows_fails_it(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("no-such-package==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8")
    with pytest.raises(UnknownLicence, match="no-such-package"):
        components.locked(lock)


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        ({"License-Expression": "MIT OR Apache-2.0", "License": "whatever"}, "MIT OR Apache-2.0"),
        ({"Classifier": "License :: OSI Approved :: MIT License", "License": "MIT"}, "MIT"),
        ({"Classifier": "License :: OSI Approved :: MIT License", "License": "ISC"}, None),
        ({"Classifier": "License :: OSI Approved :: BSD License"}, None),
        ({"License": "GPL"}, None),
        ({}, None),
    ],
)
def test_what_metadata_mean(lines: dict[str, str], licence: str | None) -> None:
    said = Message()
    for name, text in lines.items():
        said[name] = text
    assert components.licence_of("some-package", cast(Any, SimpleNamespace(metadata=said))) == licence


def test_what_goes_with_the_gpl() -> None:
    assert licences.goes_with_gpl("CNRI-Python OR MIT") and not licences.goes_with_gpl("CNRI-Python AND MIT")
    for strange in ("GPL-2.0-only", "MIT AND (ISC OR MIT)"):
        with pytest.raises(UnknownLicence):
            licences.goes_with_gpl(strange)


def test_the_bill_is_valid_by_the_published_schema(bill: dict[str, Any]) -> None:
    judge = JsonStrictValidator(SchemaVersion.V1_6)
    assert judge.validate_str(sbom.written(bill)) is None
    spoiled = copy.deepcopy(bill)
    spoiled["components"][0]["licenses"] = [{"license": {"id": "No-Such-Licence"}}]
    assert judge.validate_str(sbom.written(spoiled)) is not None


def test_the_bill_holds_the_whole_lock(bill: dict[str, Any]) -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    libraries = [one for one in bill["components"] if one["type"] == "library"]
    pinned = set(re.findall(r"^([a-z0-9.-]+)(?:\[.*\])?==([^\s;]+)", text, re.MULTILINE))
    assert {(one["name"], one["version"]) for one in libraries} == pinned
    hashes = [h["content"] for one in libraries for h in one["externalReferences"][0]["hashes"]]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", text))
    for one in libraries:
        url = PackageURL.from_string(one["purl"])
        assert (url.type, url.name, url.version) == ("pypi", one["name"], one["version"])


def test_the_bill_is_the_same_wherever_it_is_made(bill: dict[str, Any], tmp_path: Path) -> None:
    assert sbom.main([str(tmp_path / "made" / "sbom.json")]) == 0
    assert (tmp_path / "made" / "sbom.json").read_text(encoding="utf-8") == sbom.written(bill)
    other = [Package("some-package", "1.0", "MIT", ("0" * 64,)), *components.locked()[1:]]
    assert sbom.bom(other, components.version())["serialNumber"] != bill["serialNumber"]


def test_the_newest_version_of_the_changelog_is_this_one(capsys: pytest.CaptureFixture[str]) -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    (newest, day), *_ = release_notes.versions(changelog)
    assert newest == components.version() == __version__
    assert re.fullmatch(r"Unreleased|\d{4}-\d\d-\d\d", day)
    assert release_notes.main([__version__]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("### ") and "## [" not in printed


def test_notes_of_one_version_among_others(capsys: pytest.CaptureFixture[str]) -> None:
    changelog = "# Changelog\n\n## [0.2.0] - 2026-12-24\n\n- New.\n\n## [0.1.0] - 2026-11-30\n\n- First.\n"
    assert release_notes.notes(changelog, "0.2.0") == "- New.\n"
    assert release_notes.notes(changelog, "0.1.0") == "- First.\n"
    assert release_notes.notes(changelog, "0.3.0") is None
    assert (release_notes.main([]), release_notes.main(["9.9.9"])) == (2, 1)
    assert "no version 9.9.9; there are 0.1.0" in capsys.readouterr().err


def test_the_version_that_the_program_says() -> None:
    program = Path(sys.executable).with_name("listener")
    said = subprocess.run(
        [program, "--version"], capture_output=True, text=True, timeout=30, check=True
    ).stdout
    assert said == f"listener, version {components.version()}\n"
