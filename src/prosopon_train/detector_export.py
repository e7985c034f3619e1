"""Writes the trained detector as ONNX and proves that it answers as the network did::

python -m prosopon_train.detector_export RUN/latest.pt -o detector.onnx
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import torch

from prosopon.detect.cells import cell_centers, decode_cells
from prosopon.types import UInt8Array
from prosopon_train.export import halve
from prosopon_train.model.detector import PIXEL_SCALE, Detector, DetectorForExport, decode

INPUT = "luma"
OUTPUT = "faces"
_TOLERANCES = (1e-3, 0.05, 0.05)  # probability, px, px


def load(path: Path) -> Detector:
    """The averaged weights of a checkpoint."""
    net = Detector()
    net.load_state_dict(torch.load(path, weights_only=True)["average"])
    return net.eval()


def export(net: Detector, path: Path) -> None:
    """Write ``net`` to ``path``: input (1, 1, h, w) uint8 of any size that 64 divides."""
    size = {2: "height", 3: "width"}
    with warnings.catch_warnings():
        # The tracing exporter is deprecated in favour of one that wants a further package.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            DetectorForExport(net),
            (torch.zeros(1, 1, 128, 192, dtype=torch.uint8),),
            path,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: size, OUTPUT: {1: "cells"}},
            opset_version=17,
            dynamo=False,
        )


def check(net: Detector, path: Path, pictures: list[UInt8Array]) -> None:
    """Raise ValueError unless ``path``, decoded by ``prosopon.detect``, gives what ``net`` gives.

    pictures: (h, w) uint8, sides divisible by 64.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for picture in pictures:
        with torch.no_grad():
            maps = net(torch.from_numpy(picture)[None, None].float() * PIXEL_SCALE)
            logits, boxes, points = decode(maps)
        (values,) = session.run(None, {INPUT: picture[None, None]})
        found = decode_cells(values, cell_centers(*picture.shape))
        expected = (logits[0].sigmoid(), boxes[0], points[0])
        for limit, a, b in zip(_TOLERANCES, expected, found, strict=True):
            worst = float(np.abs(a.numpy() - b).max())
            if not worst <= limit:
                raise ValueError(f"{path}: differs from the network by {worst:.4g}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("::")[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    net = load(options.checkpoint)
    export(net, options.out)
    rng = np.random.default_rng(0)
    sizes = ((128, 192), (384, 640), (64, 64))
    check(net, options.out, [rng.integers(0, 256, size, dtype=np.uint8) for size in sizes])
    print(f"{options.out}: equal to the network")
    halve(options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB with weights as halves")


if __name__ == "__main__":
    main()
