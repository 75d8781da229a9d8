"""Files that are whole or not there: written beside their place for their owner alone, then put there at once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(out: Path) -> Iterator[Path]:
    """A file to write (mode 0600) that becomes `out` when all went well, and is gone otherwise. Raises OSError."""
    # What a link leads to is replaced, not the link.
    place = out.resolve()
    with scratch(place) as made:
        yield made
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.replace(place)


@contextmanager
def scratch(place: Path) -> Iterator[Path]:
    """A file beside `place` (mode 0600) that is gone afterwards. Raises OSError."""
    handle, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent)
    os.close(handle)
    made = Path(name)
    try:
        yield made
    finally:
        made.unlink(missing_ok=True)
