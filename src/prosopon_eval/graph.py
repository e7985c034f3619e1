"""Size and speed of a network file: parameters, multiply-adds, milliseconds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.errors import MissingExtraError
from prosopon.session import create_session

# What has weights for parameters, whether they are stored as floats or as 8-bit integers.
_CONVOLUTIONS = {"Conv", "ConvInteger", "QLinearConv"}
_PRODUCTS = {"MatMul", "Gemm", "MatMulInteger", "QLinearMatMul"}


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """parameters: stored numbers; multiply_adds: of one input; bytes: of the file."""

    parameters: int
    multiply_adds: int
    bytes: int


def network_size(path: Path, shape: tuple[int, ...]) -> NetworkSize:
    """Size of an ONNX network with one input, of ``shape``.

    Multiply-adds are those of convolutions and matrix products; the rest is small beside them.
    Raises MissingExtraError when the package onnx is absent.
    """
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("onnx", "eval", "prosopon_eval.card") from None
    model = onnx.load(path)
    dimensions = model.graph.input[0].type.tensor_type.shape.dim
    for dimension, value in zip(dimensions, shape, strict=True):
        dimension.dim_value = value
    graph = onnx.shape_inference.infer_shapes(model).graph
    shapes = {
        v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
        for v in (*graph.value_info, *graph.input, *graph.output)
    }
    shapes |= {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    weights = [tensor for tensor in graph.initializer if tensor.dims]
    return NetworkSize(
        parameters=sum(int(np.prod(tensor.dims)) for tensor in weights),
        multiply_adds=sum(_multiply_adds(node, shapes) for node in graph.node),
        bytes=path.stat().st_size,
    )


def _multiply_adds(node: Any, shapes: dict[str, list[int]]) -> int:
    output = int(np.prod(shapes.get(node.output[0], [0])))
    if node.op_type in _CONVOLUTIONS:
        kernel = shapes[node.input[3 if node.op_type == "QLinearConv" else 1]]
        return output * int(np.prod(kernel[1:]))
    if node.op_type in _PRODUCTS:
        inner = shapes[node.input[0]]
        transposed = any(a.name == "transA" and a.i for a in node.attribute)
        return output * inner[-2 if transposed else -1]
    return 0


def milliseconds(path: Path, shape: tuple[int, ...], runs: int = 100) -> tuple[float, float]:
    """Median and lower quartile of the time of one run on one thread of this machine, ms.

    shape: of the network's only input.
    """
    session = create_session(path)
    only = session.get_inputs()[0]
    kind = np.uint8 if only.type == "tensor(uint8)" else np.float32
    feed = {only.name: np.zeros(shape, dtype=kind)}
    times = np.empty(runs)
    for i in range(-10, runs):  # the first runs only warm up
        start = time.perf_counter()
        session.run(None, feed)
        times[max(i, 0)] = time.perf_counter() - start
    median, quartile = np.percentile(1000 * times, [50, 25])
    return float(median), float(quartile)
