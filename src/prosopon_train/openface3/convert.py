"""From OpenFace 3.0's checkpoints to ONNX files, each compared with its network first."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from prosopon.compat.openface3.networks import METADATA_KEY, NetworkKind
from prosopon.errors import PackError
from prosopon.types import AnyArray
from prosopon_train.openface3 import mtl, star
from prosopon_train.openface3.checkpoint import load_network

OPSET = 17
PARITY = 1e-4
"""Largest difference between torch and ONNX Runtime that is accepted, relative above 1."""
ROUNDING = 4
"""A value may differ by so many times more than torch's own rounding has moved it: the place of a
landmark whose heat map is all but empty is a ratio of two tiny sums."""


def _example(kind: str) -> tuple[Tensor, Tensor, dict[int, str]]:
    """An input to trace with, another size to check with, and the axes that may vary."""
    generator = torch.manual_seed(0)

    def noise(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    if kind == "detector":
        # Sides that no stride divides: the pyramid must cope with every size.
        return noise(1, 3, 128, 160) * 60, noise(1, 3, 101, 205) * 60, {2: "height", 3: "width"}
    side = star.INPUT_SIZE if kind == "landmarks" else mtl.INPUT_SIZE
    return noise(1, 3, side, side), noise(2, 3, side, side), {0: "n"}


def convert(checkpoint: Path, target: Path) -> tuple[NetworkKind, float]:
    """Write ``checkpoint`` as ONNX to ``target``; returns its kind and the largest deviation.

    The output of the detector is (1, priors, 15), of the landmark network (n, points, 2), of the
    multitask network (n, 18). PackError: the file is refused, or the export deviates by more than
    PARITY.
    """
    kind, network = load_network(checkpoint)
    part = target.with_name(target.name + ".part")
    try:
        deviation = _export(kind, network, part)
        if not deviation <= PARITY:
            raise PackError(
                f"{checkpoint}: the ONNX export deviates by {deviation:.2g} (over {PARITY:g}); "
                "its values are unusual, check that it is a trained network"
            )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return NetworkKind(kind), deviation


def _export(kind: str, network: nn.Module, path: Path) -> float:
    example, other, axes = _example(kind)
    with warnings.catch_warnings():
        # The tracing exporter is deprecated in favour of one that wants a further package.
        warnings.simplefilter("ignore", DeprecationWarning)
        # Instance norm is said to be exported in training mode: it has no other.
        warnings.simplefilter("ignore", UserWarning)
        # Sizes that torch checks, and that are always the same here.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        torch.onnx.export(
            network,
            (example,),
            str(path),
            input_names=["pictures"],
            output_names=["values"],
            dynamic_axes={"pictures": axes},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {METADATA_KEY: kind})
    onnx.save(model, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    feeds = [example.numpy(), other.numpy()]
    found = [session.run(None, {"pictures": pictures})[0] for pictures in feeds]
    with torch.inference_mode():
        expected = [network(pictures).numpy() for pictures in (example, other)]
        exact = [network.double()(pictures.double()).numpy() for pictures in (example, other)]
    return max(map(_deviation, found, expected, exact))


def _deviation(found: AnyArray, expected: AnyArray, exact: AnyArray) -> float:
    """Largest relative difference of ``found`` from ``expected`` beyond its rounding.

    exact: the expected values in double precision. Values of one row of the last axis are made
    from the same sums.
    """
    scale = np.maximum(np.abs(exact), 1)
    rounding = (np.abs(expected - exact) / scale).max(-1, keepdims=True)
    unsure = np.where(rounding > PARITY / 10, rounding, 0)
    beyond = np.abs(found - expected) / scale - ROUNDING * unsure
    return max(float(beyond.max()), 0.0)
