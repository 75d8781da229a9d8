"""Makes the int8 copy of a classifier that torch holds: ONNX, weights as whole numbers of one byte, no torch after."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sentiment.onnx import MODEL, TOKENIZER

_PLAIN = "plain.onnx"
# The layers that hold nearly all of the weights; the sums and norms between them stay as they are.
_QUANTISED = ["MatMul", "Gemm", "Gather"]


class CannotConvert(Exception):
    """There is no copy of this model; the message says why."""


def write_int8(
    model: Any, tokenizer: Any, folder: Path, samples: Sequence[str], *, seven_bits: bool | None = None
) -> None:
    """Write MODEL and TOKENIZER into the folder.

    `model` and `tokenizer` are as the transformers library gives them; the model should be loaded with
    attn_implementation="eager", which makes the plainest graph and the fastest copy. Scales are one for each row of
    weights, found once, and one for each layer's input, found anew for each text. `seven_bits`: whether the weights
    keep to seven bits, which every processor can multiply; None asks this one. Raises CannotConvert, also where the
    written tokenizer reads one of the `samples` otherwise than the original does.
    """
    _write_tokenizer(tokenizer, folder / TOKENIZER, samples)
    with _silence():
        try:
            export(_logits_of(model), folder / _PLAIN)
            narrow = not multiplies_bytes() if seven_bits is None else seven_bits
            quantise(folder / _PLAIN, folder / MODEL, seven_bits=narrow)
        # What torch, onnx and onnxruntime raise for a layer or a size that they cannot write.
        except (RuntimeError, ValueError, TypeError, NotImplementedError, ImportError, KeyError) as error:
            raise CannotConvert(f"it cannot be written as ONNX ({_first_line(error)})") from error
        finally:
            (folder / _PLAIN).unlink(missing_ok=True)


def _write_tokenizer(tokenizer: Any, file: Path, samples: Sequence[str]) -> None:
    from tokenizers import Tokenizer

    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise CannotConvert(
            "its tokenizer exists in Python only, and the copy needs one of the tokenizers library"
        )
    if tokenizer.pad_token is None:
        raise CannotConvert("its tokenizer has no token to fill up with")
    file.write_text(backend.to_str(), encoding="utf-8")
    written = Tokenizer.from_file(str(file))
    written.no_padding()
    written.no_truncation()
    if any(written.encode(text).ids != list(tokenizer(text)["input_ids"]) for text in samples):
        raise CannotConvert("its tokenizer reads texts otherwise once it is written down")


def _logits_of(model: Any) -> Any:
    import torch

    class Logits(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model.float()

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.model(input_ids=input_ids, attention_mask=attention_mask).logits

    return Logits()


def export(model: Any, file: Path) -> None:
    """Write a torch module that makes logits of `input_ids` and `attention_mask` as ONNX, float32, for any lengths."""
    import torch

    # Two texts of different length: what is 1 or equal in the sample would be taken for a constant.
    ids = torch.full((2, 12), 5, dtype=torch.int64)
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    torch.onnx.export(
        model.eval(),
        (ids, mask),
        str(file),
        dynamo=True,
        external_data=False,
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_shapes={"input_ids": free, "attention_mask": free},
        verbose=False,
    )


def quantise(
    source: Path,
    target: Path,
    *,
    seven_bits: bool,
    operators: Sequence[str] = _QUANTISED,
    but: Sequence[str] = (),
) -> None:
    """Write a copy of an ONNX file with one byte a weight in these operators, `but` not in some nodes."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph = onnx.load(str(source))
    # The exporter writes shapes with names of its own, over which the quantiser's inference of shapes fails.
    del graph.graph.value_info[:]
    _forget(graph)
    onnx.save(graph, str(source))
    quantize_dynamic(
        str(source),
        str(target),
        op_types_to_quantize=list(operators),
        nodes_to_exclude=list(but),
        per_channel=True,
        reduce_range=seven_bits,
        weight_type=QuantType.QInt8,
        # Where inference does not know an operator, numbers are taken for what they are.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def _forget(model: Any) -> None:
    """Take out what the exporter notes of where it ran: paths and code of the machine that made the file."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""


def multiplies_bytes(file: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this processor multiplies bytes without overflow (VNNI, AMX, or ARM): seven bits must do elsewhere.

    Without those instructions x86 adds pairs of products in 16 bits, and large ones are cut off without a word.
    """
    try:
        said = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "vnni" in said or "amx_int8" in said or "asimd" in said


@contextmanager
def _silence() -> Iterator[None]:
    """Keep back what the libraries tell of their own work; what matters is raised."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _first_line(error: Exception) -> str:
    line = (str(error) or type(error).__name__).strip().splitlines()[0]
    # Torch colours its errors for a terminal.
    return re.sub("\x1b\\[[0-9;]*m", "", line)[:200]
