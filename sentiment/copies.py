"""Int8 copies of classifiers: what lies in a copy's folder, and which one is the copy of a given model."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sentiment.onnx import MODEL, TOKENIZER
from sentiment.tone import EngineUnavailable

ABOUT = "about.json"

_HASHED_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Copy:
    """What is known of a copy beside its weights.

    `name` is the one that the original's judgements are kept under, with the hub's commit or the hash of its folder;
    `model` and `revision` are what was asked for. `labels` are the model's own, in the order of its logits;
    `max_tokens` is the longest text that it has positions for. `files`: a fingerprint of each file.
    """

    name: str
    model: str
    revision: str | None
    labels: tuple[str, ...]
    max_tokens: int
    files: Mapping[str, str]

    @property
    def engine(self) -> str:
        """The name that the copy's judgements are kept under: int8 does not say quite the same as the original."""
        return f"{self.name}-int8"


def fingerprint(*files: Path) -> str:
    """Hash each file's name, size, and both its ends: training changes all of the weights, reading them all is slow."""
    digest = hashlib.sha256()
    for path in sorted(files):
        size = path.stat().st_size
        digest.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(_HASHED_BYTES))
            file.seek(max(0, size - _HASHED_BYTES))
            digest.update(file.read(_HASHED_BYTES))
    return digest.hexdigest()[:12]


def is_copy(folder: Path) -> bool:
    """Whether a copy lies in the folder, or what is left of one."""
    return (folder / ABOUT).is_file()


def read(folder: Path) -> Copy:
    """Return what the folder holds. Raises EngineUnavailable where a file is missing, broken, or of another copy."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        copy = Copy(**{**about, "labels": tuple(about["labels"])})
        sound = all(fingerprint(folder / name) == copy.files[name] for name in (MODEL, TOKENIZER))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _broken(folder) from error
    if not sound:
        raise _broken(folder)
    return copy


def _broken(folder: Path) -> EngineUnavailable:
    return EngineUnavailable(
        f"the int8 copy in {folder} is not whole: make it again with `listener tone convert`, or delete the folder"
    )


def of_name(copies: Path, name: str) -> Path | None:
    """The folder of the copy that was made of exactly this model, by the name of its judgements."""
    folder = copies / _slug(name)
    return folder if is_copy(folder) and _about(folder).get("name") == name else None


def of_id(copies: Path, model: str, revision: str | None) -> Path | None:
    """The folder of the newest copy of a model on the hub, without asking the hub.

    It was made for the same branch or tag, or `revision` is its commit.
    """

    def fits(about: Mapping[str, object]) -> bool:
        commit = str(about.get("name")).rpartition("@")[2]
        same = about.get("revision") == revision or (revision or "").startswith(commit)
        return about.get("model") == model and same

    found = [folder for folder in _all(copies) if fits(_about(folder))]
    return max(found, key=lambda folder: (folder / ABOUT).stat().st_mtime_ns, default=None)


def _all(copies: Path) -> Iterator[Path]:
    if copies.is_dir():
        # What begins with a dot is not finished yet.
        yield from (path for path in copies.iterdir() if is_copy(path) and not path.name.startswith("."))


def _about(folder: Path) -> Mapping[str, object]:
    """What stands in a copy's description; nothing where it is broken, so that the copy of another model is no harm."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def make(copies: Path, copy: Copy, write: Callable[[Path], None]) -> Path:
    """Have `write` fill a folder with model and tokenizer, then put it in its place, whole or not at all.

    A copy of the same model that lies there is replaced. Returns its folder. Raises OSError and what `write` raises.
    """
    copies.mkdir(parents=True, exist_ok=True)
    place = copies / _slug(copy.name)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=copies) as making:
        new = Path(making) / "new"
        new.mkdir()
        write(new)
        files = {name: fingerprint(new / name) for name in (MODEL, TOKENIZER)}
        about = json.dumps(asdict(copy) | {"files": files}, indent=2)
        (new / ABOUT).write_text(about + "\n", encoding="utf-8")
        # A folder cannot be renamed over a full one; in between there is none, and the original judges.
        if place.exists():
            place.rename(Path(making) / "old")
        new.rename(place)
    return place


def size(folder: Path) -> int:
    """Bytes of all files in the folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _slug(name: str) -> str:
    return re.sub(r"[^\w.@-]+", "_", name)
