"""Files that are whole or not there: written in a private folder beside their place, then put there at once."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(out: Path) -> Iterator[Path]:
    """A file to write, which becomes `out` (mode 0600) when all went well, and is gone otherwise. Raises OSError.

    Its folder is its own, and nobody else's may look into it: other programs may write there with modes of theirs.
    """
    # What a link leads to is replaced, not the link.
    place = out.resolve()
    folder = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent))
    made = folder / place.name
    try:
        made.touch()
        yield made
        made.chmod(0o600)
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.replace(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
