"""The file that a backup is: a plain tar with the store, config.yaml and, last, a manifest with the hashes of both.

Plain, because `tar xf` opens it where nothing else is at hand, and because `listener erase` then finds what was erased
in it as in any other file.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from storage.base import StoreError

STORE, CONFIG, KEY, MANIFEST = "listener.db", "config.yaml", "listener.db.key", "manifest.json"
"""The files in a backup. The manifest comes last: a file that was cut short has none."""
FORMAT = 1
_MOST = 10_000_000
"""Bytes of config.yaml, the key and the manifest that are read at most: the file may be anybody's."""
_CHUNK = 1 << 20

Progress = Callable[[int, int], None]
"""Told how many bytes are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `made_at` in seconds UTC; `migrations`: the store's, oldest first; `counts`: rows by table.

    `sha256`: hex digests by file. `version`: of the program that made it.
    """

    version: str
    made_at: int
    migrations: tuple[str, ...]
    counts: Mapping[str, int]
    sha256: Mapping[str, str]
    format: int = FORMAT


def silent(done: int, of: int) -> None:
    """Progress that nobody looks at."""


class _Hashed:
    """A file that is hashed while it is read."""

    def __init__(self, file: BinaryIO, size: int, progress: Progress) -> None:
        self._file, self._size, self._progress = file, size, progress
        self._done = 0
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._hash.update(chunk)
        self._done += len(chunk)
        self._progress(self._done, self._size)
        return chunk

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def pack(
    part: BinaryIO,
    store: Path,
    members: Mapping[str, bytes],
    describe: Callable[[Mapping[str, str]], Manifest],
    progress: Progress,
) -> Manifest:
    """Write a backup into an open file, down to the disk. `describe` makes the manifest of the files' hashes."""
    hashes: dict[str, str] = {}
    with tarfile.open(fileobj=part, mode="w", format=tarfile.GNU_FORMAT) as tar:
        with store.open("rb") as file:
            size = store.stat().st_size
            hashed = _Hashed(file, size, progress)
            tar.addfile(_entry(STORE, size), hashed)
            hashes[STORE] = hashed.hexdigest()
        for name, content in members.items():
            hashes[name] = hashlib.sha256(content).hexdigest()
            tar.addfile(_entry(name, len(content)), io.BytesIO(content))
        manifest = describe(hashes)
        said = json.dumps(asdict(manifest), indent=1).encode() + b"\n"
        tar.addfile(_entry(MANIFEST, len(said)), io.BytesIO(said))
    part.flush()
    os.fsync(part.fileno())
    return manifest


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


class Backup:
    """A backup that is read. Raises StoreError where it is none, was cut short, or a newer program made its form."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._tar = tarfile.open(path, mode="r:")  # noqa: SIM115
        except FileNotFoundError:
            raise StoreError(f"{path}: there is no such file") from None
        except tarfile.TarError as error:
            raise StoreError(f"{path} is no backup of Listener ({error})") from None
        except OSError as error:
            raise StoreError(f"{path} cannot be read ({error.strerror})") from None
        try:
            self.manifest = self._manifest()
        except BaseException:
            self._tar.close()
            raise

    def __enter__(self) -> Backup:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    @property
    def size(self) -> int:
        """Bytes of the store in it."""
        return self._found(STORE).size

    def _found(self, name: str) -> tarfile.TarInfo:
        try:
            found = self._tar.getmember(name)
        except (KeyError, tarfile.TarError):
            raise StoreError(
                f"{self.path} is no whole backup of Listener: it has no {name}; it may have been cut short"
            ) from None
        if not found.isreg():
            raise StoreError(f"{self.path} is no backup of Listener: its {name} is no file")
        return found

    def _small(self, name: str) -> bytes:
        found = self._found(name)
        if found.size > _MOST:
            raise StoreError(f"{self.path} is no backup of Listener: its {name} is too large")
        file = self._tar.extractfile(found)
        assert file is not None
        return file.read()

    def _manifest(self) -> Manifest:
        said = self._small(MANIFEST)
        try:
            fields = json.loads(said)
            if fields["format"] > FORMAT:
                raise StoreError(
                    f"{self.path} was made by a newer Listener ({fields.get('version')}); restore it with that version"
                )
            manifest = Manifest(**{**fields, "migrations": tuple(fields["migrations"])})
            assert isinstance(manifest.made_at, int)
        except (ValueError, TypeError, KeyError, AssertionError):
            raise StoreError(f"{self.path} is no backup of Listener: its manifest cannot be read") from None
        self._found(STORE)
        return manifest

    def holds(self, name: str) -> bool:
        """Whether the backup says that it has a file of this name."""
        return name in self.manifest.sha256

    def read(self, name: str) -> bytes:
        """A small file of the backup, as it was put in. Raises StoreError."""
        content = self._small(name)
        self._check(name, hashlib.sha256(content).hexdigest())
        return content

    def extract(self, target: Path, progress: Progress = silent) -> None:
        """Write the store into a file, down to the disk, and compare it with its hash. Raises StoreError."""
        found = self._found(STORE)
        file = self._tar.extractfile(found)
        assert file is not None
        hashed = _Hashed(file, found.size, progress)  # type: ignore[arg-type]
        with new_file(target) as copy:
            try:
                while chunk := hashed.read(_CHUNK):
                    copy.write(chunk)
            except tarfile.TarError:
                raise StoreError(f"{self.path} was cut short; take another backup") from None
            copy.flush()
            os.fsync(copy.fileno())
        self._check(STORE, hashed.hexdigest())

    def _check(self, name: str, found: str) -> None:
        if self.manifest.sha256.get(name) != found:
            raise StoreError(
                f"{self.path} is damaged: {name} in it is not what was put in (SHA-256 differs); take another backup"
            )


def is_backup(path: Path) -> bool:
    """Whether a file is a backup, whole and of a form that is known."""
    try:
        with Backup(path):
            return True
    except StoreError:
        return False


def new_file(path: Path) -> BinaryIO:
    """Make a file that only its owner may read (mode 0600). Raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
