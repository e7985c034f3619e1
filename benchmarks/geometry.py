"""Errors of head pose, place and 3D landmarks before a known camera.

    python benchmarks/geometry_scenes.py RIG scenes.npz
    python benchmarks/geometry.py scenes.npz

Each scene is run as a video, with the camera's true intrinsics and with guessed ones. "without
fit" is the default table. Angles are head → camera; "landmarks" is the mean distance of the 51
inner landmarks after the faces' centres are laid together, "place" that of the centres.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

import prosopon
from prosopon.geometry import (
    Camera,
    euler_from_rotation,
    rotation_from_euler,
    sight_rotation,
)
from prosopon.sources import Source
from prosopon.types import AnyArray, FaceTable, Frame


class Pictures(Source):
    """Grey pictures as the frames of a video."""

    kind = "video"

    def __init__(self, luma: AnyArray, rate: float) -> None:
        super().__init__()
        self._luma, self._rate = luma, rate

    def __iter__(self) -> Iterator[Frame]:
        for i, luma in enumerate(self._luma):
            yield Frame(luma, i, i / self._rate, lambda: luma)  # noqa: B023


def errors(table: FaceTable, truth: dict[str, AnyArray], scene: int) -> dict[str, AnyArray]:
    """Errors of each measured frame: pitch, yaw, roll (deg), place (3,) and landmarks (mm)."""
    rows = np.flatnonzero(table["success"] == 1)
    frames = table["frame"][rows]
    apparent = rotation_from_euler(table["pose_euler"][rows].astype(float))
    real = truth["landmarks"][scene][frames]
    to_camera = truth["rotation"][scene][frames]
    # Both in the camera's axes, the measured one by its own line of sight.
    middle = table["pose_t"][rows] + apparent @ [0.0, 36.0, -5.0]
    if "landmarks_3d" in table:
        middle = table["landmarks_3d"][rows].mean(1)
    measured = sight_rotation(middle) @ apparent
    angles = euler_from_rotation(measured) - euler_from_rotation(to_camera)
    out = {
        axis: np.degrees((angles[:, k] + np.pi) % (2 * np.pi) - np.pi)
        for k, axis in enumerate(("pitch", "yaw", "roll"))
    }
    off = table["pose_t"][rows] - truth["translation"][scene][frames]
    out |= {"x": off[:, 0], "y": off[:, 1], "z %": 100 * off[:, 2] / real[:, :, 2].mean(1)}
    if "landmarks_3d" in table:
        shape, true_shape = table["landmarks_3d"][rows][:, 17:], real[:, 17:]
        shape = shape - shape.mean(1, keepdims=True)
        true_shape = true_shape - true_shape.mean(1, keepdims=True)
        out["landmarks"] = np.linalg.norm(shape - true_shape, axis=2).mean(1)
        stable = table["landmarks_stable"][rows][:, [27, 28, 36, 45]]
        out["wobble"] = np.repeat(stable.std(0).mean(), len(rows))
    out["jitter"] = np.repeat(np.std(np.diff(angles, 2, axis=0)) / 6**0.5 * 180 / np.pi, len(rows))
    return out


@click.command()
@click.argument("scenes", type=click.Path(exists=True, path_type=Path))
@click.option("--pack", default="default", show_default=True)
def main(scenes: Path, pack: str) -> None:
    """Print a line for each camera and setting."""
    with np.load(scenes) as file:
        truth = {name: file[name] for name in file.files}
    lens = np.unique(truth["cameras"], axis=0)
    height, width = truth["luma"].shape[2:]
    guess = Camera.default(width, height)
    for name, fit in (("without fit", False), ("fit", True)):
        for known in (True, False):
            parts = []
            for focal, distance in lens:
                camera = replace(guess, fx=float(focal), fy=float(focal)) if known else guess
                analyzer = prosopon.Analyzer(pack, intrinsics=camera, fit=fit)
                here = []
                for scene in np.flatnonzero((truth["cameras"] == (focal, distance)).all(1)):
                    source = Pictures(truth["luma"][scene], 25.0)
                    table = FaceTable.concat(analyzer.tables(source), analyzer.schema)
                    here.append(errors(table, truth, int(scene)))
                joined = {key: np.concatenate([h[key] for h in here]) for key in here[0]}
                parts.append(joined)
                print(_line(f"{name}, {'true' if known else 'guessed'} f, {focal} px", joined),
                      f"{distance} cm")  # fmt: skip
            total = {key: np.concatenate([p[key] for p in parts]) for key in parts[0]}
            print(_line(f"{name}, {'true' if known else 'guessed'} f, all", total))


def _line(name: str, values: dict[str, AnyArray]) -> str:
    cells = (
        f"{key} {np.abs(v).mean():.2f} ({v.mean():+.2f})"
        if key not in ("landmarks", "wobble", "jitter")
        else f"{key} {v.mean():.2f}"
        for key, v in values.items()
    )
    return f"{name:32} " + "  ".join(cells)


if __name__ == "__main__":
    main()
