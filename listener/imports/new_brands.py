"""Adds brands to config.yaml as a careful person would: comments kept, a copy first, checked before it is saved."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

from ruamel.yaml import YAML

from storage.mention import Brand


class BrandWriter:
    """Collects new competitors and appends them to the configuration in one go."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._names: list[str] = []

    def add(self, name: str) -> Brand:
        """Note a new competitor in the default market."""
        self._names.append(name)
        return Brand(name)

    def save(self) -> None:
        """Write the new brands into the file; the old one is kept beside it as config.yaml.bak."""
        if not self._names:
            return
        yaml = YAML(typ="rt")
        yaml.preserve_quotes = True
        yaml.width = 4096
        yaml.indent(mapping=2, sequence=4, offset=2)
        document = yaml.load(self._file.read_text(encoding="utf-8"))
        document["brands"].extend({"name": name} for name in self._names)
        text = io.StringIO()
        yaml.dump(document, text)
        shutil.copy2(self._file, self._file.with_name(self._file.name + ".bak"))
        # Replaced in one step, so that a crash leaves the old file or the new one, never half of one.
        new = self._file.with_name(self._file.name + ".new")
        new.write_text(text.getvalue(), encoding="utf-8")
        os.replace(new, self._file)
