"""Asks a gaze network about photographs that the mesh teacher has already marked.

A stage of its own, in an environment with openvino (numpy, cv2 and pyarrow beside it)::

    python -m prosopon_train.teachers.gaze MODELS faces.parquet map.npz gaze.npz faces_*.npz

MODELS is the folder of Open Model Zoo's ``gaze-estimation-adas-0002`` and
``head-pose-estimation-adas-0001`` (Intel, Apache-2.0; the former's card gives 6.95° mean error).
The result holds ``gaze`` (rows of the parquet, 3) float32: a unit vector in the camera frame of
the *upright* crop, NaN where the eyes are not seen well enough.

Conventions of the network, found by trial: ``left_eye_image`` is the eye on the image's left,
y points up, z toward the camera is negative; its head yaw has our sign, its pitch the opposite.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from prosopon.crop import face_boxes, from_landmarks
from prosopon.geometry import apply_affine
from prosopon.types import FloatArray, UInt8Array
from prosopon_train.data.photographs import decode_luma, records
from prosopon_train.teachers import pointmap
from prosopon_train.teachers.label import Answers, Labels, label

_CROP = 512  # px: large enough that no eye loses pixels
_INPUT = 60  # px, both networks
_EYE_MARGIN = 1.8  # side of the eye's square over the distance of the eye's corners

# The network is asked twice, of the eyes and of their mirror image; answers further apart than
# this are noise.
WORST_DISAGREEMENT = np.radians(15)
FRONTAL_YAW = np.radians(45)
LEAST_OPEN = 0.4


class GazeTeacher:
    """The two networks; one instance per thread."""

    def __init__(self, models: Path) -> None:
        import openvino

        core = openvino.Core()
        core.set_property("CPU", {"INFERENCE_NUM_THREADS": 1})

        def load(name: str) -> Any:
            return core.compile_model(str(models / f"{name}.xml"), "CPU")

        self._gaze = load("gaze-estimation-adas-0002")
        self._head = load("head-pose-estimation-adas-0001")

    def __call__(self, luma: UInt8Array, points: FloatArray) -> FloatArray | None:
        """Gaze (3,) in the upright frame for points (78, 2) px, or None where it is unsure."""
        crops = from_landmarks(points[None, :68], _CROP)
        upright = cv2.warpAffine(
            luma, crops.matrices[0], (_CROP, _CROP), borderMode=cv2.BORDER_REPLICATE
        )
        seen = apply_affine(crops.matrices, points[None])[0]
        image = np.asarray(upright, np.uint8)
        yaw, pitch = self._head_angles(image, seen)
        right, left = (_eye(image, seen[corners]) for corners in ([36, 39], [42, 45]))
        direct = self._ask(right, left, yaw, pitch)
        mirrored = self._ask(left[:, ::-1], right[:, ::-1], -yaw, pitch) * (-1, 1, 1)
        if np.arccos(np.clip(direct @ mirrored, -1, 1)) > WORST_DISAGREEMENT:
            return None
        mean = direct + mirrored
        return np.asarray(mean / np.linalg.norm(mean), np.float32)

    def _head_angles(self, image: UInt8Array, points: FloatArray) -> tuple[float, float]:
        """Yaw and pitch in degrees, with the network's own signs."""
        box = face_boxes(points[None, :68])[0]
        x0, y0, x1, y1 = np.clip(box, 0, _CROP).astype(int)
        face = cv2.resize(image[y0:y1, x0:x1], (_INPUT, _INPUT), interpolation=cv2.INTER_AREA)
        answer = self._head({0: _tensor(np.asarray(face, np.uint8))})
        said = {output.any_name: float(answer[output].squeeze()) for output in self._head.outputs}
        return said["angle_y_fc"], said["angle_p_fc"]

    def _ask(self, right: UInt8Array, left: UInt8Array, yaw: float, pitch: float) -> FloatArray:
        """Unit gaze in our camera frame; ``right`` is the eye on the image's left."""
        answer = self._gaze(
            {
                "left_eye_image": _tensor(right),
                "right_eye_image": _tensor(left),
                "head_pose_angles": np.array([[yaw, pitch, 0.0]], np.float32),
            }
        )
        vector = answer[0][0] * (1, -1, 1)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


def _eye(image: UInt8Array, corners: FloatArray) -> UInt8Array:
    side = _EYE_MARGIN * float(np.linalg.norm(corners[1] - corners[0]))
    scale = _INPUT / side
    x, y = corners.mean(0)
    matrix = np.array([(scale, 0, _INPUT / 2 - x * scale), (0, scale, _INPUT / 2 - y * scale)])
    patch = cv2.warpAffine(image, matrix, (_INPUT, _INPUT), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(patch, np.uint8)


def _tensor(gray: UInt8Array) -> FloatArray:
    """(h, w) uint8 → (1, 3, h, w) float32, the three channels equal."""
    return np.repeat(gray[None, None], 3, axis=1).astype(np.float32)


def frontal(labels: Labels) -> list[bool]:
    """Rows whose two eyes are open and turned toward the camera."""
    forward = -labels.rotation[:, :, 2]
    yaw = np.abs(np.arctan2(forward[:, 0], -forward[:, 2]))
    good = labels.plausible & (yaw < FRONTAL_YAW) & (labels.eye_open.min(1) > LEAST_OPEN)
    return [bool(value) for value in good]


def run(
    models: Path,
    parquet: Path,
    point_map: Path,
    out: Path,
    answers: Sequence[Path],
    sources: Collection[str],
) -> tuple[int, int]:
    """Ask about every frontal face and write ``out``; returns how many were asked and said."""
    labels = label(Answers.load(answers), pointmap.PointMap.load(point_map))
    teacher = GazeTeacher(models)
    wanted = frontal(labels)
    gaze = np.full((len(wanted), 3), np.nan, np.float32)
    asked = 0
    for row, record in records(parquet, ("image", "source")):
        if not wanted[row] or record["source"] not in sources:
            continue
        luma = decode_luma(record["image"], f"{parquet.name}, row {row}")
        answer = teacher(luma, labels.points[row])
        asked += 1
        if answer is not None:
            gaze[row] = answer
    np.savez(out, gaze=gaze)
    return asked, int(np.isfinite(gaze[:, 0]).sum())


def main() -> None:
    """Command line of the stage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("models", "parquet", "point_map", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("answers", type=Path, nargs="+")
    parser.add_argument("--source", action="append", required=True)
    given = parser.parse_args()
    asked, said = run(
        given.models, given.parquet, given.point_map, given.out, given.answers, given.source
    )
    print(f"{given.out}: {said} of {asked} frontal faces")


if __name__ == "__main__":
    main()
