"""Pictures with faces marked by 68 points: what the detector's training pictures are made of.

:func:`collect` labels the photographs once (YuNet for all faces of a picture, the mesh teacher's
better points where it saw the same face); :func:`save` and :func:`load` keep the result. Every face
is 68 iBUG points, so that its box can be derived exactly after any turn of the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prosopon.crop import face_boxes
from prosopon.geometry import iou
from prosopon.types import AnyArray, FloatArray, UInt8Array
from prosopon_train.data.photographs import Photograph
from prosopon_train.teachers import yunet

SURE_SCORE = 0.7
_SAME_FACE = 0.55


@dataclass(frozen=True, slots=True)
class Cutout:
    """A picture and the faces in it.

    luma (h, w) uint8; points (n, 68, 2) px; sure (n,) bool: False where the teacher hesitates,
    a place that may be neither rewarded nor punished; alpha (h, w) uint8 where the outline of
    the head is known (synthetic heads), else None; source: name of the collection.
    """

    luma: UInt8Array
    points: FloatArray
    sure: AnyArray
    source: str
    alpha: UInt8Array | None = None


def five_points(points: AnyArray) -> FloatArray:
    """Eye centres, nose tip and mouth corners of 68 points: (n, 68, 2) → (n, 5, 2)."""
    parts = [
        points[:, 36:42].mean(1),
        points[:, 42:48].mean(1),
        points[:, 30],
        points[:, 48],
        points[:, 54],
    ]
    return np.stack(parts, axis=1).astype(np.float32)


def label(
    photograph: Photograph,
    teacher: yunet.YuNet,
    five_map: yunet.FivePointMap,
    mesh_points: AnyArray | None,
    *,
    long_side: int,
    padding: float,
) -> Cutout:
    """Faces of one photograph; ``mesh_points`` (68, 2) px are the mesh teacher's of one face.

    The mesh teacher's points replace those of the face they fall on; where they fall on none, the
    two teachers disagree and the place counts as unsure.
    """
    five, scores = teacher(photograph.luma, long_side, padding)
    points = yunet.landmarks_68(five_map, five)
    sure = scores >= SURE_SCORE
    if mesh_points is not None:
        overlap = iou(face_boxes(points), face_boxes(mesh_points[None]))[:, 0]
        if len(overlap) and overlap.max() >= _SAME_FACE:
            points[overlap.argmax()] = mesh_points
            sure[overlap.argmax()] = True
        else:
            points = np.concatenate([points, mesh_points[None]])
            sure = np.append(sure, False)
    return Cutout(photograph.luma, points.astype(np.float32), sure, photograph.source)


def collect(
    photographs: Iterable[Photograph],
    teacher: yunet.YuNet,
    five_map: yunet.FivePointMap,
    mesh_points: Mapping[int, AnyArray],
    *,
    long_side: int,
    padding: float,
) -> list[Cutout]:
    """:func:`label` for all photographs; those without any face are left out.

    mesh_points: row of the photograph → (68, 2) px.
    """
    found = (
        label(p, teacher, five_map, mesh_points.get(p.row), long_side=long_side, padding=padding)
        for p in photographs
    )
    return [cutout for cutout in found if cutout.sure.any()]


def save(path: Path, cutouts: Sequence[Cutout]) -> None:
    """Write cutouts (without alpha) to one ``.npz`` file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez(
            file,
            pixels=np.concatenate([c.luma.ravel() for c in cutouts]),
            shapes=np.array([c.luma.shape for c in cutouts]),
            counts=np.array([len(c.points) for c in cutouts]),
            points=np.concatenate([c.points for c in cutouts]),
            sure=np.concatenate([c.sure for c in cutouts]),
            sources=np.array([c.source for c in cutouts]),
        )


def load(path: Path) -> list[Cutout]:
    """Read what :func:`save` wrote."""
    with np.load(path) as data:
        pixels, shapes, counts = data["pixels"], data["shapes"], data["counts"]
        points, sure, sources = data["points"], data["sure"], data["sources"]
    pixel_ends = np.cumsum(shapes.prod(1))
    face_ends = np.cumsum(counts)
    return [
        Cutout(
            pixels[end - h * w : end].reshape(h, w),
            points[last - count : last],
            sure[last - count : last],
            str(source),
        )
        for end, (h, w), last, count, source in zip(
            pixel_ends, shapes, face_ends, counts, sources, strict=True
        )
    ]


def load_heads(path: Path) -> list[Cutout]:
    """Rendered heads from an ``.npz`` of luma (n, h, w), alpha (n, h, w), points68 (n, 68, 2)."""
    with np.load(path) as data:
        luma, alpha, points = data["luma"], data["alpha"], data["points68"]
    if alpha.dtype != np.uint8:
        alpha = np.round(np.clip(alpha, 0, 1) * 255).astype(np.uint8)
    sure = np.ones(1, bool)
    return [
        Cutout(image, p[None].astype(np.float32), sure, "synthetic", matte)
        for image, matte, p in zip(luma, alpha, points, strict=True)
    ]
