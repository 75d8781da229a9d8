"""What was erased, on paper beside the store: so that an older copy of it, put back one day, erases it again first.

The paper names nobody: it holds keyed hashes, made with a key that lies beside it and in no copy of the store.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from storage.base import StoreError
from storage.mention import Erasure

_HASHED = re.compile(r"hmac:[0-9a-f]{32}")
_KEY_BYTES = 32


def is_hashed(name: str) -> bool:
    """Whether an id is a keyed hash already."""
    return _HASHED.fullmatch(name) is not None


class Journal:
    """The file of erasures of one store, and the key of its hashes. Both are made when they are first needed."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ".erasures")
        self.key_path = database.with_name(database.name + ".key")
        self._hash = lru_cache(maxsize=20_000)(self._hash_anew)
        self._key: bytes | None = None

    def hashed(self, source: str, name: str) -> str:
        """Return what stands for an id of a source once nobody may read it: HMAC-SHA256, cut to 128 bits (RFC 2104).

        The same name has another hash in another source, so that hashes join no accounts. Raises StoreError.
        """
        return name if is_hashed(name) else self._hash(source, name)

    def _hash_anew(self, source: str, name: str) -> str:
        return "hmac:" + hmac.digest(self._known_key(), f"{source}\0{name}".encode(), "sha256")[:16].hex()

    def _known_key(self) -> bytes:
        if self._key is None:
            self._key = self._read_key() or self._make_key()
        return self._key

    def _read_key(self) -> bytes | None:
        try:
            found = self.key_path.read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"{self.key_path} cannot be read ({error}); check its owner") from error
        if not re.fullmatch(rf"[0-9a-f]{{{2 * _KEY_BYTES}}}", found):
            raise StoreError(f"{self.key_path} is damaged; put back the copy that you keep of it")
        return bytes.fromhex(found)

    def must_have_key(self) -> None:
        """Raise StoreError where there is no key, for a store that holds hashes already: nobody would match them."""
        if self._read_key() is None:
            raise StoreError(
                f"{self.key_path} is missing, and {self.key_path.stem} holds hashes made with it: of authors who "
                "object, and of posts that would be counted twice; put back your copy of the key"
            )

    def _make_key(self) -> bytes:
        if self.size():
            raise StoreError(
                f"{self.key_path} is missing, and without it nobody knows whose erasures {self.path.name} lists; put "
                "back your copy of the key, or move that list away if this store was never restored from a backup"
            )
        # Written aside and linked: another program that makes one at the same time sees a whole key, and the same.
        aside = self.key_path.with_name(f"{self.key_path.name}.{os.getpid()}")
        try:
            handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(_KEY_BYTES) + "\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(aside, self.key_path)
            except FileExistsError:
                pass
            finally:
                aside.unlink()
            keep_names(self.key_path.parent)
        except OSError as error:
            raise StoreError(
                f"{self.key_path} cannot be made ({error.strerror}); check its folder"
            ) from error
        made = self._read_key()
        assert made is not None
        return made

    def size(self) -> int:
        """How long the file is, in bytes: 0 where there is none."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, entries: Sequence[Erasure]) -> int:
        """Write entries so that they outlive a power failure; return how long the file is then. Raises StoreError."""
        # Also where a stranger has called a post like a hash: a list without a key would be taken for a lost key.
        self._known_key()
        lines = "".join(json.dumps(_told(entry)) + "\n" for entry in entries).encode()
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                size = os.fstat(handle).st_size
                # A line that a crash has cut short must not swallow the next one.
                cut = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
                left = b"\n" + lines if cut else lines
                while left:
                    # A disk that becomes full takes a part, and says so only when it is given the rest.
                    left = left[os.write(handle, left) :]
                os.fsync(handle)
                return os.fstat(handle).st_size
            finally:
                os.close(handle)
                if size == 0:
                    keep_names(self.path.parent)
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written ({error.strerror}), and nothing is erased that is not written there; "
                "check the disk and the file's owner"
            ) from error

    def entries(self, after: int = 0) -> Iterator[Erasure]:
        """The entries that begin at or after so many bytes, oldest first. Lines that cannot be read are passed over."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(after)
            for line in file:
                if (entry := _entry(line)) is not None:
                    yield entry


def _told(entry: Erasure) -> dict[str, object]:
    return {name: value for name, value in asdict(entry).items() if value is not None}


def _entry(line: bytes) -> Erasure | None:
    try:
        return Erasure(**json.loads(line))
    except (ValueError, TypeError):
        return None


def keep_names(folder: Path) -> None:
    """Let new names in a folder outlive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
