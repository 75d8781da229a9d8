"""Whether a request was signed by one who knows the secret, as Standard Webhooks describes (standardwebhooks.com).

The official library is not used: it takes the time from the clock of the machine, fails in many ways on headers that
are not well formed, and is as long as this file. The tests sign with it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

TOLERANCE = 300
"""Seconds that a signature's time may lie from now, before and after; what was recorded is worthless later."""
SHORTEST_KEY = 16
_PREFIX = "whsec_"
_STAMP = re.compile(r"[0-9]{1,12}")
_MOST_SIGNATURES = 20


@dataclass(frozen=True, slots=True)
class Signed:
    """The three headers of a signed request."""

    identity: str
    stamp: str
    signatures: str

    def in_time(self, now: float) -> bool:
        """Tell whether it was signed just now; a signature without a usable time never was."""
        stamp = self.stamp
        return _STAMP.fullmatch(stamp) is not None and abs(now - int(stamp)) <= TOLERANCE

    def fits(self, keys: Sequence[bytes], body: bytes) -> bool:
        """Tell whether one of its signatures was made with one of the keys."""
        content = f"{self.identity}.{self.stamp}.".encode("utf-8", "surrogateescape") + body
        wanted = [hmac.new(key, content, hashlib.sha256).digest() for key in keys]
        given = [_digest(part) for part in self.signatures.split(" ")[:_MOST_SIGNATURES]]
        # Every pair is compared, in constant time: the time it takes tells nothing about the right answer.
        return bool(self.identity) and sum(hmac.compare_digest(a, b) for a in wanted for b in given) > 0


def _digest(part: str) -> bytes:
    version, _, signature = part.partition(",")
    if version != "v1":
        return b""
    try:
        return base64.b64decode(signature.encode("ascii", "replace"), validate=True)
    except binascii.Error:
        return b""


def key_of(secret: str) -> bytes:
    """Return the key: base64 after whsec_, with or without padding, or any other text as it stands.

    Raises ValueError where it is shorter than a key may be.
    """
    text = secret.strip()
    key = text.encode()
    if text.startswith(_PREFIX):
        encoded = text.removeprefix(_PREFIX).rstrip("=")
        try:
            key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("after whsec_ comes base64, and this is none") from None
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"a secret has at least {SHORTEST_KEY} bytes")
    return key
