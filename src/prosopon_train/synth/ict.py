"""From the public ICT-FaceKit folder of OBJ files to the compact rig that ``synth.rig`` reads.

    prosopon-train rig ICT-FaceKit/FaceXModel rig.npz

The folder (https://github.com/ICT-VGL/ICT-FaceKit, MIT licence) holds ``generic_neutral_mesh.obj``,
``identity000.obj`` … ``identity099.obj`` (the neutral head moved by one unit of a mode) and an OBJ
for every expression shape, ``browDown_L.obj`` and so on: whole heads of one topology. What is kept
of them is what they differ in.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prosopon.errors import InputError, OutputError
from prosopon.types import AnyArray

NEUTRAL = "generic_neutral_mesh"
IDENTITIES = tuple(f"identity{k:03}" for k in range(100))
_SIDED = (
    "PupilDilate browDown browInnerUp browOuterUp cheekPuff cheekRaiser cheekSquint eyeBlink "
    "eyeLookDown eyeLookIn eyeLookOut eyeLookUp eyeSquint eyeWide mouthDimple mouthFrown "
    "mouthLowerDown mouthPress mouthSmile mouthStretch mouthUpperUp noseSneer"
).split()
_UNSIDED = (
    "jawForward jawLeft jawOpen jawRight mouthClose mouthFunnel mouthLeft mouthPucker mouthRight "
    "mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper"
).split()
EXPRESSIONS = tuple(sorted([*_UNSIDED, *(f"{name}_{side}" for name in _SIDED for side in "LR")]))
VERTICES, POLYGONS = 26719, 26384  # by the model's documentation


@dataclass(frozen=True, slots=True)
class Mesh:
    """One OBJ file. vertices (n, 3) cm; uv (m, 2); corners (k, 4) vertex and uv_corners (k, 4) uv
    indices from 0, a triangle's last corner given twice."""

    vertices: AnyArray
    uv: AnyArray
    corners: AnyArray
    uv_corners: AnyArray


def convert(folder: Path, out: Path) -> None:
    """Write the rig of ``folder`` to ``out``: what ``prosopon_train.synth.rig.load_rig`` reads.

    Raises InputError when files are missing, broken, or of another model; OutputError when ``out``
    can't be written.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: not a folder; give FaceXModel of ICT-FaceKit")
    names = (NEUTRAL, *IDENTITIES, *EXPRESSIONS)
    if missing := [name for name in names if not (folder / f"{name}.obj").is_file()]:
        some = ", ".join(f"{name}.obj" for name in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise InputError(f"{folder}: lacks {some}{more}; give the whole FaceXModel of ICT-FaceKit")
    neutral = read_mesh(folder / f"{NEUTRAL}.obj")
    size = len(neutral.vertices), len(neutral.corners)
    if size != (VERTICES, POLYGONS):
        raise InputError(
            f"{folder / NEUTRAL}.obj: {size[0]} vertices and {size[1]} polygons instead of "
            f"{VERTICES} and {POLYGONS}; give the full ICT-FaceKit model"
        )

    def moves(shapes: tuple[str, ...]) -> AnyArray:
        """(shapes, n, 3) float16: how far every vertex moves."""
        parts = []
        for shape in shapes:
            vertices = read_vertices(folder / f"{shape}.obj")
            if vertices.shape != neutral.vertices.shape:
                raise InputError(
                    f"{folder / shape}.obj: {len(vertices)} vertices, but {NEUTRAL}.obj has "
                    f"{len(neutral.vertices)}; take all files from one release"
                )
            parts.append((vertices - neutral.vertices).astype(np.float16))
        return np.stack(parts)

    _write(
        out,
        neutral=neutral.vertices,
        quads=neutral.corners,
        uv=neutral.uv,
        uvquads=neutral.uv_corners,
        identity=moves(IDENTITIES),
        expression=moves(EXPRESSIONS),
        names=np.array(EXPRESSIONS),
    )


def read_vertices(path: Path) -> AnyArray:
    """The vertices (n, 3) float32 of an OBJ file.

    Raises InputError when there are none or a line is no vertex.
    """
    return _numbers(path, _lines(path), b"v ", 3)


def read_mesh(path: Path) -> Mesh:
    """An OBJ file of triangles and quads whose corners are ``vertex/uv`` or ``vertex/uv/normal``.

    Raises InputError when it is anything else.
    """
    lines = _lines(path)
    corners = []
    for line in lines:
        if line.startswith(b"f "):
            try:
                polygon = [tuple(int(k) for k in c.split(b"/")[:2]) for c in line.split()[1:]]
                polygon = [(vertex - 1, uv - 1) for vertex, uv in polygon]
            except ValueError:
                raise InputError(f"{path}: {line!r} is no polygon with uv; get it again") from None
            if len(polygon) not in (3, 4):
                raise InputError(f"{path}: a polygon of {len(polygon)} corners; expected 3 or 4")
            corners.append([*polygon, polygon[-1]][:4])
    if not corners:
        raise InputError(f"{path}: holds no polygons; get the file again")
    indices = np.array(corners, np.int32)
    vertices, uv = _numbers(path, lines, b"v ", 3), _numbers(path, lines, b"vt ", 2)
    within = indices.min() >= 0 and indices.max(axis=(0, 1))[0] < len(vertices)
    if not within or indices[..., 1].max() >= len(uv):
        raise InputError(f"{path}: a polygon names a vertex that is not there; get the file again")
    return Mesh(vertices, uv, indices[..., 0], indices[..., 1])


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror or error})") from error


def _numbers(path: Path, lines: list[bytes], key: bytes, width: int) -> AnyArray:
    """The first ``width`` numbers (n, width) float32 of the lines that start with ``key``."""
    kept = [line.split()[1 : width + 1] for line in lines if line.startswith(key)]
    try:
        values = np.array(kept, np.float32)
    except ValueError:
        values = np.empty(0, np.float32)
    if values.shape != (len(kept), width) or not len(kept):
        raise InputError(
            f"{path}: no OBJ with lines of {key.decode().strip()!r} and {width} numbers; "
            "get the file again"
        )
    return values


def _write(path: Path, **arrays: AnyArray) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"{path}: can't be written ({error.strerror or error})") from error
