"""A pack of kind ``openface3`` of a few kilobytes whose answers are known.

For pictures of 64 × 64 px the detector sees two faces, of scores 0.9 and 0.6, whatever they show;
the landmark network says the crop's centre for all 98 points; and the multitask network says the
mean of the standardised face plus 0, 1, … 17.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from prosopon.compat.openface3.networks import METADATA_KEY
from prosopon.packs import sha256

SIDE = 64
PRIORS = 2 * (8 * 8 + 4 * 4 + 2 * 2)
KINDS = ("detector", "landmarks", "multitask")
BOXES = np.array([[4, 4, 20, 20], [28, 28, 60, 60]], np.float32)
"""Of the two faces: priors of side 16 at (12, 12) and of side 32 at (44, 44), unmoved."""
SCORES = (0.9, 0.6)


def detector_values() -> npt.NDArray[np.float32]:
    """(1, PRIORS, 15)."""
    values = np.zeros((1, PRIORS, 15), np.float32)
    # Rows, columns, sides of the finest level: cell centres lie at 4, 12, 20 … px.
    for (row, side), score in zip(((1, 0), (5, 1)), SCORES, strict=True):
        values[0, (row * 8 + row) * 2 + side, 4] = score
    return values


def write_network(path: Path, kind: str) -> Path:
    """One of the three networks."""
    constant = {
        "detector": detector_values(),
        "landmarks": np.zeros((1, 98, 2), np.float32),
        "multitask": np.arange(18, dtype=np.float32)[None],
    }[kind]
    axes = [0, 1, 2, 3] if kind != "multitask" else [1, 2, 3]
    rank = [1] * constant.ndim if kind != "multitask" else [-1, 1]
    nodes = [
        helper.make_node("ReduceMean", ["pictures", "axes"], ["mean"], keepdims=0),
        helper.make_node("Reshape", ["mean", "rank"], ["shaped"]),
        helper.make_node("Mul", ["shaped", "share"], ["shift"]),
        helper.make_node("Add", ["shift", "constant"], ["values"]),
    ]
    share = np.array([1 if kind == "multitask" else 0], np.float32)
    initializers = {
        "axes": np.array(axes),
        "rank": np.array(rank),
        "share": share,
        "constant": constant,
    }
    batch: list[int | str] = [1 if kind == "detector" else "n"]
    graph = helper.make_graph(
        nodes,
        "fake",
        [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, [*batch, 3, "h", "w"])],
        [helper.make_tensor_value_info("values", TensorProto.FLOAT, [*batch, *constant.shape[1:]])],
        [numpy_helper.from_array(value, name) for name, value in initializers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {METADATA_KEY: kind})
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def write_pack(folder: Path) -> Path:
    """A whole pack in ``folder``; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    networks = ""
    for kind in KINDS:
        path = write_network(folder / f"{kind}.onnx", kind)
        networks += f'[networks.{kind}]\nfile = "{path.name}"\nsha256 = "{sha256(path)}"\n'
    (folder / "CARD.md").write_text("# fake\n")
    (folder / "pack.toml").write_text(
        f"""format = 1
kind = "openface3"
name = "openface3"
version = "3.0"
license = "research-only"
terms = "none, it measures nothing"
summary = "A pack for tests"
card = "CARD.md"

{networks}"""
    )
    return folder
