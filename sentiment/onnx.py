"""Runs a text classifier that lies in two files, `model.onnx` and `tokenizer.json`: with onnxruntime, without torch."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sentiment.tone import EngineUnavailable

MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"

_HALF_PAIR = re.compile("[\ud800-\udfff]")
# No token is worth reading far behind the last one that counts, and a tokenizer reads all that it is given.
_CHARACTERS_A_TOKEN = 32


def cleaned(text: str, max_tokens: int) -> str:
    """Return what a tokenizer can take: no half of a surrogate pair, and not much more than `max_tokens` can hold."""
    return _HALF_PAIR.sub("\ufffd", text[: _CHARACTERS_A_TOKEN * max_tokens])


def require(engine: str, packages: Sequence[str], extra: str) -> None:
    """Raise EngineUnavailable, naming the extra that brings it, where one of the packages is not installed."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise EngineUnavailable(
                f"the engine `{engine}` needs the package {package}: pip install 'listener[{extra}]'"
            )


class OnnxClassifier:
    """A model with the inputs `input_ids` and `attention_mask` (int64, [batch, length]) and logits as its one output.

    Each text goes through the model alone, without padding. Dynamic int8 takes one scale for all numbers of a layer,
    so texts that share a batch would change one another's probabilities; alone, a text always has the same ones.
    It costs nothing: on one thread, batches of 32 were slower, because their activations leave the cache.
    """

    def __init__(self, model: Path, tokenizer: Path, max_tokens: int = 128, threads: int = 1) -> None:
        """Load both files; `threads` texts are judged at the same time. Raises EngineUnavailable."""
        from tokenizers import Tokenizer

        self._session = _session(model)
        self._tokenizer = Tokenizer.from_str(_read(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._max_tokens = max_tokens
        self._threads = threads

    def logits(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the model's raw scores for each text, in the order of the texts; never raises for what one says."""
        if self._threads == 1 or len(texts) < 2:
            return [self._judge(text) for text in texts]
        # The longest first, so that no thread is left alone with a long one at the end.
        by_length = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        with ThreadPoolExecutor(self._threads, "onnx") as pool:
            rows = pool.map(self._judge, [texts[place] for place in by_length])
            found = dict(zip(by_length, rows, strict=True))
        return [found[place] for place in range(len(texts))]

    def _judge(self, text: str) -> list[float]:
        import numpy

        # A tokenizer without special tokens makes nothing of nothing, and no model takes a text of no tokens.
        numbers = self._tokenizer.encode(cleaned(text, self._max_tokens)).ids or [0]
        ids = numpy.array([numbers], dtype=numpy.int64)
        given: dict[str, Any] = {"input_ids": ids, "attention_mask": numpy.ones_like(ids)}
        (scores,) = self._session.run(None, {name: given[name] for name in self._inputs})
        row: list[float] = scores[0].tolist()
        return row


def _session(file: Path) -> Any:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    settings = onnxruntime.SessionOptions()
    # One thread a text, and several texts side by side: a short text is too little work to be shared out.
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    # What it has to say of a model's graph would stand among the lines of `listener tone`.
    settings.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(file), settings, providers=["CPUExecutionProvider"])
    # The library's errors have no ancestor of their own.
    except (
        failures.Fail,
        failures.InvalidArgument,
        failures.InvalidGraph,
        failures.InvalidProtobuf,
        failures.NoSuchFile,
        failures.NotImplemented,
        failures.RuntimeException,
    ) as error:
        raise EngineUnavailable(f"{file} cannot be read: {_first_line(error)}") from error


def _read(file: Path) -> str:
    """The file's JSON, whole: for a half file the tokenizers library has no error but Exception itself."""
    try:
        text = file.read_text(encoding="utf-8")
        json.loads(text)
    except (OSError, ValueError) as error:
        raise EngineUnavailable(f"{file} cannot be read: {_first_line(error)}") from error
    return text


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
