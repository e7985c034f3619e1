"""Head rotation against the pose that the hand-marked 68 points imply.

Data as for ``landmarks68``. The reference is a perspective fit (PnP) of the pack's mean face to the
68 human points under the default camera, expressed, as the pack's rotation is, relative to the
line of sight. It is no ground truth: an average face and a guessed camera err by some degrees
themselves, mostly in pitch. Pictures whose face was missed are left out and counted.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from prosopon.geometry import Camera, euler_from_rotation
from prosopon.types import AnyArray
from prosopon_eval.data import map_faces
from prosopon_eval.metrics import bootstrap_by_group, euler_error, rotation_error
from prosopon_eval.protocols.landmarks68 import nearest_face, read
from prosopon_eval.report import Figure, Protocol, Scores
from prosopon_eval.slices import slice_figures, yaw_bins

if TYPE_CHECKING:
    from prosopon import Analyzer

AXES = ("pitch", "yaw", "roll")


def fitted_rotation(points: AnyArray, shape: AnyArray, camera: Camera) -> AnyArray:
    """Rotation (3, 3), head → line of sight, of ``shape`` (68, 3) mm seen at ``points`` (68, 2) px.

    The fit is SQPnP (Terzakis & Lourakis, ECCV 2020).
    """
    matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
    _, vector, position = cv2.solvePnP(
        shape.astype(np.float64), points.astype(np.float64), matrix, None, flags=cv2.SOLVEPNP_SQPNP
    )
    sight = position[:, 0] / np.linalg.norm(position)
    # The least rotation that takes the line of sight to the optical axis (0, 0, 1).
    axis = np.cross(sight, [0, 0, 1])
    sine = np.linalg.norm(axis)
    turn = axis * (np.arctan2(sine, sight[2]) / sine if sine > 0 else 1.0)
    return np.asarray(cv2.Rodrigues(turn)[0] @ cv2.Rodrigues(vector)[0])


def run(analyzer: Analyzer, path: Path) -> Scores:
    """Mean absolute difference and mean difference (bias) of every axis, and the angle."""
    data = read(path)
    shape = analyzer.pack.face_shape()
    tables = map_faces(lambda i: analyzer.image(data.image(i)), range(len(data.rows)), "pose68")
    rows = [nearest_face(t, points) for t, points in zip(tables, data.points, strict=True)]
    found = np.array([i for i, row in enumerate(rows) if row is not None], dtype=int)
    missed = Figure("faces missed", float(len(rows) - len(found)), "count", len(rows))
    if not len(found):
        return Scores((missed,))
    reference, measured = [], []
    for i in found:
        height, width = data.image(i).shape[:2]
        reference.append(fitted_rotation(data.points[i], shape, Camera.default(width, height)))
        measured.append(cv2.Rodrigues(tables[i]["pose_r"][rows[i]].astype(np.float64))[0])
    a, b = np.stack(measured), np.stack(reference)
    euler, people = euler_error(a, b), data.photographs[found]
    signed = np.degrees(euler_from_rotation(a) - euler_from_rotation(b))
    signed = (signed + 180) % 360 - 180

    def mean(values: AnyArray) -> float:
        return float(values.mean())

    def figure(name: str, values: AnyArray) -> Figure:
        interval = bootstrap_by_group(values, people, mean)
        return Figure(name, mean(values), "deg", len(values), *interval)

    return Scores(
        (
            figure("mean of the three axes", euler.mean(axis=1)),
            *(figure(f"{axis}, mean", euler[:, k]) for k, axis in enumerate(AXES)),
            *(figure(f"{axis}, bias", signed[:, k]) for k, axis in enumerate(AXES)),
            figure("whole rotation, mean", rotation_error(a, b)),
            missed,
        ),
        slices=slice_figures(
            "mean of the three axes",
            "deg",
            euler.mean(axis=1),
            people,
            (yaw_bins(np.degrees(euler_from_rotation(b))[:, 1]),),
            mean,
        ),
    )


PROTOCOL = Protocol("head rotation against a fit of the 68 marked points: degrees per axis", run)
