"""Head rotation against the pose that the hand-marked 68 points imply.

Data as for ``landmarks68``. The reference is a fit of the pack's 3D face, identity and expression
included, to the 68 human points, without anything of the network; it is told, as the pack's
rotation is, relative to the line of sight. What made earlier references wrong is left out:

- the camera: these pictures are cut out of photographs, so that a focal length guessed from their
  size would put the camera a hand's breadth from the face, and pitch wrong by ten degrees; the
  reference takes a long lens, FOCAL times the guess;
- the jaw: people mark the outline of the head, which is no fixed place of it; those 17 marks hardly
  count (JAW mm of error);
- the face: the average one fits nobody; the modes take up the rest.

It is no ground truth: another focal length or error of the jaw moves its pitch by one or two
degrees, and marks alone tell a single face's pitch and yaw to about four. Pictures whose face was
missed are left out and counted. ``docs/geometry.md`` compares the zero with other tools'.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from prosopon.errors import PackError
from prosopon.fit import FaceModel, fit_alone, load_model
from prosopon.geometry import Camera, euler_from_rotation, rotation_from_euler
from prosopon.types import AnyArray
from prosopon_eval.data import map_faces
from prosopon_eval.metrics import bootstrap_by_group, euler_error, rotation_error
from prosopon_eval.protocols.landmarks68 import nearest_face, read
from prosopon_eval.report import Figure, Protocol, Scores
from prosopon_eval.slices import slice_figures, yaw_bins

if TYPE_CHECKING:
    from prosopon import Analyzer

AXES = ("pitch", "yaw", "roll")
FOCAL = 4.0
JAW, INNER = 30.0, 1.5  # mm


def reference(model: FaceModel, points: AnyArray, sizes: AnyArray) -> AnyArray:
    """Rotations (n, 3, 3), head → line of sight, of faces marked at points (n, 68, 2) px.

    sizes (n, 2): width and height of the pictures, px.
    """
    error = np.r_[np.full(17, JAW), np.full(51, INNER)]
    out = []
    for marks, (width, height) in zip(points.astype(float), sizes, strict=True):
        guess = Camera.default(int(width), int(height))
        camera = replace(guess, fx=FOCAL * guess.fx, fy=FOCAL * guess.fy)
        euler = fit_alone(model, marks[None], camera, error)["pose_euler"]
        out.append(rotation_from_euler(euler.astype(float))[0])
    return np.array(out)


def run(analyzer: Analyzer, path: Path) -> Scores:
    """Mean absolute difference and mean difference (bias) of every axis, and the angle."""
    data = read(path)
    file = analyzer.pack.face_model_file
    if file is None:
        raise PackError(f"{analyzer.pack.folder}: this pack has no 3D face to fit to the marks")
    tables = map_faces(lambda i: analyzer.image(data.image(i)), range(len(data.rows)), "pose68")
    rows = [nearest_face(t, points) for t, points in zip(tables, data.points, strict=True)]
    found = np.array([i for i, row in enumerate(rows) if row is not None], dtype=int)
    missed = Figure("faces missed", float(len(rows) - len(found)), "count", len(rows))
    if not len(found):
        return Scores((missed,))
    sizes = np.array([data.image(i).shape[1::-1] for i in found])
    b = reference(load_model(file.path), data.points[found], sizes)
    measured = [cv2.Rodrigues(tables[i]["pose_r"][rows[i]].astype(np.float64))[0] for i in found]
    a = np.stack(measured)
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


PROTOCOL = Protocol(
    "head rotation against a fit of the 68 marked points: degrees per axis",
    run,
    needs=("landmarks", "pose_r"),
)
