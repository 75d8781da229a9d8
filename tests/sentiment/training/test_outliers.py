"""Outliers of a layer's input go through a product of their own: the same in floating point, far nearer in bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="numpy is not installed")
onnx = pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from onnx import helper, numpy_helper  # noqa: E402

from sentiment.converting import quantise  # noqa: E402
from sentiment.training.outliers import APART, part  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
CHANNELS = 64


def layer() -> Any:
    """A model of one layer: y = x W."""
    weights = np.random.default_rng(1).normal(0, 0.1, (CHANNELS, 8)).astype(np.float32)
    kind = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], "layer")],
        "layer",
        [helper.make_tensor_value_info("x", kind, [None, None, CHANNELS])],
        [helper.make_tensor_value_info("y", kind, [None, None, 8])],
        [numpy_helper.from_array(weights, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def texts(large: float) -> list[Any]:
    chance = np.random.default_rng(2)
    found = [chance.normal(0, 1, (1, 5, CHANNELS)).astype(np.float32) for _ in range(20)]
    for one in found:
        one[:, :, 3] *= large
    return found


def run(model: Any, inputs: list[Any]) -> Any:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"x": one})[0] for one in inputs])


def error(model: Any, folder: Path, but: list[str]) -> float:
    onnx.save(model, str(folder / "plain.onnx"))
    quantise(folder / "plain.onnx", folder / "int8.onnx", seven_bits=True, operators=("MatMul",), but=but)
    plain, small = (run(str(folder / name), texts(100.0)) for name in ("plain.onnx", "int8.onnx"))
    return float(np.abs(plain - small).max())


def test_in_floating_point_nothing_changes_and_bytes_come_far_nearer(tmp_path: Path) -> None:
    together, apart = layer(), layer()
    names = part(apart, [{"x": one} for one in texts(100.0)])
    assert names == [f"{APART}0_product"]
    before, after = (run(model.SerializeToString(), texts(100.0)) for model in (together, apart))
    assert np.allclose(before, after, atol=1e-4)
    assert error(apart, tmp_path, names) < error(together, tmp_path, []) / 10


def test_where_all_numbers_are_alike_nothing_is_kept_apart() -> None:
    model = layer()
    assert part(model, [{"x": one} for one in texts(1.0)]) == []
    assert [node.name for node in model.graph.node] == ["layer"]
