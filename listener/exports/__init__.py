"""Registry of the forms in which mentions are handed on: a new one is one module here and one line in FORMATS."""

from __future__ import annotations

from collections.abc import Mapping

FORMATS: Mapping[str, str] = {
    "csv": "listener.exports.as_csv",
    "jsonl": "listener.exports.as_jsonl",
    "parquet": "listener.exports.as_parquet",
}
