"""From a trained network to the files of a pack: ONNX, parity, int8."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

from prosopon.types import AnyArray
from prosopon_train.data.schema import NETWORK_SIZE
from prosopon_train.model.network import FaceNetwork

OPSET = 17
PARITY = 1e-3
_TRUNK = ("/fine/", "/middle/", "/coarse/", "/squeeze/", "/eyes/", "/mouth/") + tuple(
    f"/close/{part}/body/" for part in ("eyes", "brows", "mouth")
)
_SINGLE = "/body/body.0/"  # of a close-up; reads a single channel
LARGE = 1024  # constants of fewer values are left as they are


def load_network(checkpoint: Path) -> FaceNetwork:
    """The averaged network of a ``final.pt`` or ``last.pt``, ready for inference."""
    state = torch.load(checkpoint, weights_only=True)
    model = FaceNetwork(**state["arguments"])
    model.load_state_dict(state["average"])
    return model.eval()


def export_onnx(model: nn.Module, path: Path, size: int = NETWORK_SIZE) -> float:
    """Write ``model`` to ``path`` with a free batch axis; returns the largest deviation from torch.

    size: side of its crop, px. Raises ValueError when that exceeds PARITY.
    """
    example = torch.randn(3, 1, size, size, generator=torch.manual_seed(0))
    with warnings.catch_warnings():
        # The tracing exporter is deprecated in favour of one that wants a further package.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            model,
            (example,),
            str(path),
            input_names=["crops"],
            output_names=["heads"],
            dynamic_axes={"crops": {0: "n"}, "heads": {0: "n"}},
            opset_version=OPSET,
            dynamo=False,
        )
    if isinstance(model, FaceNetwork):
        # What ``restore`` needs to build it again.
        described = onnx.load(path)
        helper.set_model_props(described, {"arguments": json.dumps(model.arguments)})
        onnx.save(described, path)
    onnx.checker.check_model(str(path))
    with torch.inference_mode():
        expected = model(example).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    deviation = float(np.abs(session.run(None, {"crops": example.numpy()})[0] - expected).max())
    if deviation > PARITY:
        raise ValueError(f"{path}: ONNX deviates from torch by {deviation:.2g} (> {PARITY})")
    return deviation


def halve(path: Path) -> None:
    """Store the large float32 constants of a model as float16, cast back when it is loaded.

    Half the file for a rounding of 1e-3 relative; ONNX Runtime folds the casts at once, so
    speed is unchanged.
    """
    model = onnx.load(path)
    casts, kept = [], []
    for constant in model.graph.initializer:
        values = numpy_helper.to_array(constant)
        if values.dtype != np.float32 or values.size < LARGE:
            kept.append(constant)
            continue
        half = f"{constant.name}_half"
        kept.append(numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [constant.name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def narrow(path: Path, keep: tuple[str, ...] = ("look.first", "marks")) -> None:
    """Store the weights of linear layers as int8 with a scale a row, multiplied when it is loaded.

    Computed in float32 as before; half the bytes of :func:`halve`. The layers ``keep``, whose
    rounding shows in the landmarks, are left alone.
    """
    model = onnx.load(path)
    weights = {
        node.input[1]
        for node in model.graph.node
        if node.op_type == "Gemm" and not node.input[1].startswith(keep)
    }
    added, kept = [], []
    for constant in model.graph.initializer:
        name, values = constant.name, numpy_helper.to_array(constant)
        if name not in weights or values.size < LARGE:
            kept.append(constant)
            continue
        scale = np.maximum(np.abs(values).max(1, keepdims=True), 1e-9) / 127
        steps = np.round(values / scale).astype(np.int8)
        kept += [
            numpy_helper.from_array(steps, f"{name}_steps"),
            numpy_helper.from_array(scale.astype(np.float32), f"{name}_scale"),
        ]
        added += [
            helper.make_node("Cast", [f"{name}_steps"], [f"{name}_float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}_float", f"{name}_scale"], [name]),
        ]
    nodes = [*added, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)


class _Calibration(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, crops: AnyArray) -> None:
        self._batches: Iterator[AnyArray] = iter(np.array_split(crops, max(1, len(crops) // 16)))

    def get_next(self) -> dict[str, AnyArray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"crops": batch}


def quantize(source: Path, target: Path, crops: AnyArray) -> None:
    """Static int8 (QDQ) of an fp32 model, calibrated on crops (n, 1, s, s) float32.

    The layers after the trunk stay in fp32: they are a small part of the time, and points need
    finer steps than 8 bits. So do the first convolutions of the crop and of every close-up, whose
    single input channel is slower in int8.
    """
    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    graph = onnx.load(prepared).graph
    kept = [
        node.name
        for node in graph.node
        if node.op_type not in ("Conv", "Add", "Relu")
        or not node.name.startswith(_TRUNK)
        or (node.name.startswith("/close/") and _SINGLE in node.name)
    ]
    quantize_static(
        str(prepared),
        str(target),
        _Calibration(crops),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        calibrate_method=CalibrationMethod.Percentile,
        extra_options={"CalibPercentile": 99.995},
        nodes_to_exclude=kept,
    )
    prepared.unlink()
