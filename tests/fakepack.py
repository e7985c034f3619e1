"""A model pack of a few kilobytes whose answers are known: for tests of everything around it.

The network says the same of every crop: a frontal, neutral face that fills it as a face should,
looking into the lens. Only its face score looks at the picture: a flat crop is no face.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from prosopon.packs import sha256

SIZE = 128
OUTPUTS = {
    "points": 156,
    "points_scale": 78,
    "rotation": 6,
    "rotation_scale": 1,
    "gaze": 6,
    "gaze_scale": 2,
    "au": 21,
    "au_presence": 21,
    "au_sides": 26,
    "eye_open": 2,
    "emotion": 8,
    "affect": 2,
    "face": 1,
}
EXTENT = 1 / 1.35
"""Half the larger side of the landmarks' bounding box, in units of half the crop's side."""


def layout() -> npt.NDArray[np.float64]:
    """(78, 2) points of the fake face, unit half a crop side, x right, y down."""
    turn = np.linspace(np.pi, 0, 17)
    jaw = np.c_[EXTENT * np.cos(turn), -0.2 + (EXTENT + 0.2) * np.sin(turn)]
    brows = [(x, -EXTENT) for x in (*np.linspace(-0.6, -0.15, 5), *np.linspace(0.15, 0.6, 5))]
    bridge = [(0, y) for y in np.linspace(-0.4, 0, 4)]
    nostrils = [(x, 0.1) for x in np.linspace(-0.15, 0.15, 5)]
    lids = np.array([(-1, 0), (-0.4, -0.4), (0.4, -0.4), (1, 0), (0.4, 0.4), (-0.4, 0.4)])
    pupils = [(-0.33, -0.4), (0.33, -0.4)]
    eyes = [lids * 0.13 + pupil for pupil in pupils]
    lips = [_ellipse(12, 0.28, 0.12), _ellipse(8, 0.2, 0.04)]
    brow_edges = [(x, -EXTENT + 0.05) for x in np.linspace(-0.6, 0.6, 8)]
    return np.concatenate([jaw, brows, bridge, nostrils, *eyes, *lips, pupils, brow_edges])


def _ellipse(count: int, width: float, height: float) -> npt.NDArray[np.float64]:
    """Points clockwise from the subject's right mouth corner."""
    turn = np.pi + np.arange(count) * 2 * np.pi / count
    return np.c_[width * np.cos(turn), 0.4 + height * np.sin(turn)]


def write_network(path: Path, au: float = 0.0) -> Path:
    """crops (n, 1, 128, 128) → heads (n, D). au: what every action unit's intensity reads, 0–1."""
    values = {name: np.zeros(size) for name, size in OUTPUTS.items()}
    values["points"] = layout().ravel()
    values["points_scale"][:] = np.log(0.01)
    values["rotation"][[0, 4]] = 1
    values["gaze"][[2, 5]] = -1
    values["au"][:] = au
    values["au_presence"][:] = -4
    values["eye_open"][:] = 4
    values["emotion"][0] = 5
    values["face"][:] = -5
    constant = np.concatenate([values[name] for name in OUTPUTS]).astype(np.float32)
    by_texture = np.zeros_like(constant)
    by_texture[-1] = 100.0

    initializers = {
        "constant": constant[None],
        "by_texture": by_texture[None],
        "axes": np.array([1, 2, 3]),
        "column": np.array([-1, 1]),
    }
    nodes = [
        helper.make_node("Mul", ["crops", "crops"], ["squares"]),
        helper.make_node("ReduceMean", ["squares", "axes"], ["texture"], keepdims=0),
        helper.make_node("Reshape", ["texture", "column"], ["texture_column"]),
        helper.make_node("Mul", ["texture_column", "by_texture"], ["scaled"]),
        helper.make_node("Add", ["scaled", "constant"], ["heads"]),
    ]
    crops = helper.make_tensor_value_info("crops", TensorProto.FLOAT, ["n", 1, SIZE, SIZE])
    return _save(path, nodes, initializers, crops, ("heads", ["n", len(constant)]))


def write_detector(path: Path) -> Path:
    """luma (1, 1, h, w) uint8 → faces (15, cells), of which only the last cell can be a face.

    That face takes the middle half of the picture. The logit of its score is the mean step between
    neighbours in a row, less 20 grey levels: noise has a face and a flat picture has none.
    """
    places = np.array([(0.4, 0.4), (0.6, 0.4), (0.5, 0.5), (0.42, 0.65), (0.58, 0.65)])
    initializers = {
        "first": np.array([0]),
        "second": np.array([1]),
        "minus_one": np.array([-1]),
        "end": np.array([np.iinfo(np.int64).max]),
        "x_axis": np.array([3]),
        "width_height": np.array([3, 2]),
        "one": np.array([1]),
        "column": np.array([15, 1]),
        "rows": np.array([15]),
        "twenty": np.array([20], np.float32),
        "quarter": np.array([0.25], np.float32),
        "middle": np.array([0.5, 0.5], np.float32),
        "to_center": np.array([-32.5, -32.5], np.float32),
        "places": places.astype(np.float32),
        "cells_of_64": np.array([85]),
        "pixels_of_64": np.array([64 * 64]),
    }
    nodes = [
        helper.make_node("Cast", ["luma"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Slice", ["x", "second", "end", "x_axis"], ["right"]),
        helper.make_node("Slice", ["x", "first", "minus_one", "x_axis"], ["left"]),
        helper.make_node("Sub", ["right", "left"], ["steps"]),
        helper.make_node("Abs", ["steps"], ["absolute"]),
        helper.make_node("ReduceMean", ["absolute"], ["mean"], keepdims=0),
        helper.make_node("Sub", ["mean", "twenty"], ["logit"]),
        helper.make_node("Shape", ["luma"], ["shape"]),
        helper.make_node("Gather", ["shape", "width_height"], ["size"]),
        helper.make_node("Cast", ["size"], ["wh"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["wh", "to_center"], ["cell"]),
        helper.make_node("Mul", ["wh", "middle"], ["box_center"]),
        helper.make_node("Sub", ["box_center", "cell"], ["center"]),
        helper.make_node("Mul", ["wh", "quarter"], ["half"]),
        helper.make_node("Log", ["half"], ["log_half"]),
        helper.make_node("Mul", ["places", "wh"], ["in_picture"]),
        helper.make_node("Sub", ["in_picture", "cell"], ["from_cell"]),
        helper.make_node("Reshape", ["from_cell", "minus_one"], ["points"]),
        helper.make_node("Concat", ["logit", "center", "log_half", "points"], ["face"], axis=0),
        helper.make_node("Reshape", ["face", "column"], ["face_cell"]),
        helper.make_node("ReduceProd", ["size"], ["pixels"], keepdims=1),
        helper.make_node("Div", ["pixels", "pixels_of_64"], ["blocks"]),
        helper.make_node("Mul", ["blocks", "cells_of_64"], ["cells"]),
        helper.make_node("Sub", ["cells", "one"], ["others"]),
        helper.make_node("Concat", ["rows", "others"], ["rest_shape"], axis=0),
        helper.make_node(
            "ConstantOfShape",
            ["rest_shape"],
            ["rest"],
            value=numpy_helper.from_array(np.array([-30], np.float32)),
        ),
        helper.make_node("Concat", ["rest", "face_cell"], ["faces"], axis=1),
    ]
    luma = helper.make_tensor_value_info("luma", TensorProto.UINT8, [1, 1, "h", "w"])
    return _save(path, nodes, initializers, luma, ("faces", [15, "cells"]))


def _save(
    path: Path,
    nodes: list[onnx.NodeProto],
    initializers: dict[str, npt.NDArray[np.generic]],
    source: onnx.ValueInfoProto,
    *targets: tuple[str, list[str | int]],
) -> Path:
    graph = helper.make_graph(
        nodes,
        "fake",
        [source],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, s) for name, s in targets],
        [numpy_helper.from_array(value, name) for name, value in initializers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def write_pack(folder: Path, name: str = "fake") -> Path:
    """A whole pack in ``folder``; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    network = write_network(folder / "network-fp32.onnx")
    detector = write_detector(folder / "detector.onnx")
    shape = folder / "face_shape.npy"
    np.save(shape, face_shape())
    (folder / "CARD.md").write_text(f"# {name}\n\nA pack for tests; it measures nothing.\n")
    starts = np.cumsum([0, *OUTPUTS.values()])
    outputs = "\n".join(
        f"{head} = [{start}, {size}]"
        for (head, size), start in zip(OUTPUTS.items(), starts, strict=False)
    )
    (folder / "pack.toml").write_text(
        f"""format = 1
name = "{name}"
version = "0.0.1"
license = "Apache-2.0"
terms = ""
summary = "A pack for tests"
card = "CARD.md"

[network]
size = {SIZE}
precision = "fp32"

[network.files.fp32]
file = "{network.name}"
sha256 = "{sha256(network)}"

[network.outputs]
{outputs}

[detector]
file = "{detector.name}"
sha256 = "{sha256(detector)}"
threshold = 0.5
nms = 0.4
long_side = 320

[face_shape]
file = "{shape.name}"
sha256 = "{sha256(shape)}"
"""
    )
    return folder


def face_shape() -> npt.NDArray[np.float64]:
    """(68, 3) mm: the layout at human size, bulging toward the camera (−z)."""
    x, y = layout()[:68].T * 100.0
    return np.c_[x, y, (x**2 + y**2) / 120.0]
