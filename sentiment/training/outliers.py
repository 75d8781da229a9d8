"""Keeps apart what bytes cannot hold: the few numbers of a layer's input that are many times as large as all others.

One channel of 1,536 may reach 60 where the others stay below 5; one scale for all then leaves these a few steps. They
go through a small product of their own, in floating point, as in Dettmers et al. 2022, "LLM.int8()".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

MOST = 16
"""Channels of one layer that are kept apart at most."""
_LARGE = 1.5
"""How many times as large as the largest of the others a channel is that is kept apart."""
_WORTH = 3.0
"""How many times as large the largest must be for a layer to be worth it."""
APART = "apart"
"""How the names of the nodes begin that do it: they are not to be quantised."""


def part(graph: Any, inputs: Iterable[dict[str, Any]]) -> list[str]:
    """Change an ONNX model in place; return the names of the small products, which are to stay in floating point.

    `inputs` are what a session is given, one text each: from them it is read how large every channel becomes.
    """
    constants = {one.name: one for one in graph.graph.initializer}
    products = [
        node
        for node in graph.graph.node
        if node.op_type == "MatMul" and node.input[1] in constants and len(constants[node.input[1]].dims) == 2
    ]
    peaks = _peaks(graph, list(dict.fromkeys(node.input[0] for node in products)), inputs)
    kept = []
    for number, node in enumerate(products):
        channels = _outliers(peaks[node.input[0]])
        if channels:
            weights = numpy_helper.to_array(constants[node.input[1]])
            _split(graph, node, channels, weights, f"{APART}{number}")
            kept.append(f"{APART}{number}_product")
    return kept


def _peaks(graph: Any, names: list[str], inputs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The largest size of each channel of these values, over all texts and tokens."""
    watched = onnx.ModelProto()
    watched.CopyFrom(graph)
    watched.graph.output.extend(
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names
    )
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    found: dict[str, Any] = {}
    for given in inputs:
        for name, values in zip(names, session.run(names, given), strict=True):
            most = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            found[name] = np.maximum(found.get(name, most), most)
    return found


def _outliers(peaks: Any) -> list[int]:
    order = np.argsort(-peaks)
    usual = peaks[order[min(MOST, len(order) - 1)]]
    if peaks[order[0]] < _WORTH * usual:
        return []
    return [int(channel) for channel in order[:MOST] if peaks[channel] > _LARGE * usual]


def _split(graph: Any, node: Any, channels: list[int], weights: Any, name: str) -> None:
    """x W becomes (x without the channels) W + (the channels of x) (their rows of W)."""
    others = np.ones(weights.shape[0], np.float32)
    others[channels] = 0
    graph.graph.initializer.extend(
        [
            numpy_helper.from_array(others, f"{name}_others"),
            numpy_helper.from_array(np.array(channels, np.int64), f"{name}_channels"),
            numpy_helper.from_array(np.ascontiguousarray(weights[channels]), f"{name}_rows"),
        ]
    )
    x, y = node.input[0], node.output[0]
    node.input[0], node.output[0] = f"{name}_usual", f"{name}_most"
    at = next(place for place, one in enumerate(graph.graph.node) if one is node or one.name == node.name)
    before = [
        helper.make_node("Mul", [x, f"{name}_others"], [f"{name}_usual"], f"{name}_mask"),
        helper.make_node("Gather", [x, f"{name}_channels"], [f"{name}_large"], f"{name}_pick", axis=-1),
        helper.make_node("MatMul", [f"{name}_large", f"{name}_rows"], [f"{name}_few"], f"{name}_product"),
    ]
    for place, one in enumerate(before):
        graph.graph.node.insert(at + place, one)
    total = helper.make_node("Add", [f"{name}_most", f"{name}_few"], [y], f"{name}_sum")
    graph.graph.node.insert(at + len(before) + 1, total)
