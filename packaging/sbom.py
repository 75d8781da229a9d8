"""Writes the bill of materials of the default install, CycloneDX 1.6 as JSON: `make sbom`."""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import Any

from components import ROOT, Package, UnknownLicence, locked, third_party, version

_OURS = "pkg:pypi/listener"


def bom(packages: list[Package], release: str) -> dict[str, Any]:
    """The document (https://cyclonedx.org/docs/1.6/json). The same lock gives the same bytes, wherever it is made."""
    ours = f"{_OURS}@{release}"
    components = [
        {
            "type": "library",
            "bom-ref": package.purl,
            "name": package.name,
            "version": package.version,
            "licenses": _licences(package.licence),
            "purl": package.purl,
            # Hashes belong to files, and a package has one a platform: the installer takes one of these, and no other.
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": f"https://pypi.org/project/{package.name}/{package.version}/",
                    "hashes": [{"alg": "SHA-256", "content": content} for content in package.hashes],
                }
            ],
        }
        for package in packages
    ] + [
        {
            "type": "data",
            "bom-ref": f"third_party/{taken.folder}",
            "name": taken.title,
            "licenses": _licences(taken.licence),
        }
        for taken in third_party()
    ]
    # No date, and a number that follows from the content: two people who make it can compare.
    content = json.dumps([ours, components], sort_keys=True)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "pre-build"}],
            "component": {
                "type": "application",
                "bom-ref": ours,
                "name": "listener",
                "version": release,
                "licenses": _licences("Apache-2.0"),
                "purl": ours,
            },
        },
        "components": components,
        "dependencies": [{"ref": ours, "dependsOn": [component["bom-ref"] for component in components]}],
    }


def written(document: dict[str, Any]) -> str:
    """The document as text."""
    return json.dumps(document, indent=2) + "\n"


def _licences(expression: str) -> list[dict[str, Any]]:
    if " " in expression:
        return [{"expression": expression}]
    return [{"license": {"id": expression}}]


def main(arguments: list[str]) -> int:
    """Write the bill into the named file, or to standard output. Exit 0 good, 1 where a licence is unknown."""
    try:
        text = written(bom(locked(), version()))
    except UnknownLicence as error:
        print(f"sbom: {error}", file=sys.stderr)
        return 1
    if not arguments:
        sys.stdout.write(text)
        return 0
    target = Path(arguments[0])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    shown = target.relative_to(ROOT) if target.is_relative_to(ROOT) else target
    print(f"sbom: {shown}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
