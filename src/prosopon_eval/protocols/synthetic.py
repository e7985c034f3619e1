"""Head rotation, gaze, action units and points on rendered people with exact labels.

Data: a folder of ``.npz`` shards of rendered faces (or one shard), as described in
``prosopon_train.data.schema``, whose people occur nowhere in training. Used are ``image``
(n, s, s) uint8 luminance, ``points`` (n, 78, 2) px, ``rotation`` (n, 3, 3) head → camera, ``gaze``
(n, 2, 3) unit vectors, ``eye_open`` (n, 2), ``visible`` (n, 78), ``au`` (n, 21) 0–5 and ``person``
(n,). NaN labels are left out. The true face box is given: this measures the network, not the
detector.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from prosopon.crop import face_boxes
from prosopon.errors import InputError
from prosopon.types import AnyArray, FaceTable
from prosopon_eval.data import map_faces
from prosopon_eval.metrics import (
    angular_error,
    bootstrap_by_group,
    euler_error,
    icc31,
    mean_absolute_error,
    normalised_mean_error,
    pearson,
    rotation_error,
)
from prosopon_eval.protocols.calibration import LEVELS, inside
from prosopon_eval.report import Figure, Protocol, Scores
from prosopon_train.data.schema import AU_NAMES

if TYPE_CHECKING:
    from prosopon import Analyzer

ARRAYS = ("image", "points", "rotation", "gaze", "eye_open", "visible", "au", "person")


def read(path: Path, names: Sequence[str] = ARRAYS) -> dict[str, AnyArray]:
    """The arrays ``names`` of one shard, or of all shards in a folder.

    Raises InputError when there are none or one lacks an array.
    """
    files = sorted(path.glob("*.npz")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path}: holds no .npz shards; render them first")
    parts = [_read_shard(file, names) for file in files]
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _read_shard(file: Path, names: Sequence[str]) -> dict[str, AnyArray]:
    try:
        with np.load(file, allow_pickle=False) as shard:
            return {name: shard[name] for name in names}
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{file}: not a shard of rendered faces ({error})") from error


def column(tables: list[FaceTable], name: str) -> AnyArray:
    """``name`` of the one face of every table, stacked; NaN where nothing was measured."""
    schema = next(c for c in tables[0].schema if c.name == name)
    return np.stack([t[name][0] if len(t) else schema.empty(1)[0] for t in tables])


def rotations(tables: list[FaceTable]) -> AnyArray:
    """Measured head rotation (n, 3, 3); NaN where there is none."""
    vectors = column(tables, "pose_r").astype(np.float64)
    return np.stack([cv2.Rodrigues(v)[0] if np.isfinite(v).all() else _NAN3 for v in vectors])


def error_figures(name: str, errors: AnyArray, people: AnyArray) -> list[Figure]:
    """Mean and median of errors (n,) in degrees over the rows that have one."""
    chosen = np.isfinite(errors)
    kept, groups = errors[chosen], people[chosen]
    statistics: dict[str, Callable[[AnyArray], float]] = {
        "mean": lambda e: float(e.mean()),
        "median": lambda e: float(np.median(e)),
    }
    return [
        Figure(
            f"{name}, {how}",
            statistic(kept) if len(kept) else float("nan"),
            "deg",
            len(kept),
            *(bootstrap_by_group(kept, groups, statistic) if len(kept) else ()),
        )
        for how, statistic in statistics.items()
    ]


def gaze_honesty(
    tables: list[FaceTable], truth: AnyArray, seen: AnyArray, people: AnyArray
) -> list[Figure]:
    """Share of open eyes whose error is in the regions that ``gaze_sigma`` tells, and error over σ.

    The regions are those of ``protocols.calibration``: of the exponential law of the error.
    """
    error = np.radians(angular_error(column(tables, "gaze").astype(np.float64), truth))
    rows = np.stack([error, column(tables, "gaze_sigma")], axis=2)
    chosen = np.isfinite(rows).all(axis=(1, 2)) & seen
    if not chosen.any():
        return []

    def ratio(rows: AnyArray) -> float:
        return float(rows[..., 0].sum() / rows[..., 1].sum())

    def within(level: int) -> Callable[[AnyArray], float]:
        return lambda rows: 100 * float(inside(rows[..., 0], rows[..., 1], level).mean())

    statistics = [(f"gaze within the {level} % region", "%", within(level)) for level in LEVELS]
    statistics.append(("gaze, error over expected error", "", ratio))
    return [
        Figure(
            name,
            how(rows[chosen]),
            unit,
            int(chosen.sum()),
            *bootstrap_by_group(rows[chosen], people[chosen], how, n=AU_DRAWS),
        )
        for name, unit, how in statistics
    ]


def au_figures(predicted: AnyArray, truth: AnyArray, people: AnyArray) -> list[Figure]:
    """ICC(3,1), r and mean absolute error of every unit that varies, and their means over units.

    predicted, truth: (n, 21) intensities 0–5; NaN is left out, unit by unit.
    """
    kept = [k for k in range(len(AU_NAMES)) if _varies(predicted[:, k], truth[:, k])]
    figures = []
    for what, statistic in AGREEMENTS.items():
        values = []
        for k in kept:
            known = np.isfinite(predicted[:, k]) & np.isfinite(truth[:, k])
            pairs = np.stack([predicted[known, k], truth[known, k]], axis=1).astype(np.float64)
            interval = bootstrap_by_group(pairs, people[known], statistic, n=AU_DRAWS)
            name = f"{AU_NAMES[k]} {what}"
            values.append(Figure(name, statistic(pairs), "", len(pairs), *interval))
        if kept:
            both = np.concatenate([predicted[:, kept], truth[:, kept]], axis=1).astype(np.float64)

            def over_units(rows: AnyArray, of: Callable[[AnyArray], float] = statistic) -> float:
                halves = rows.reshape(len(rows), 2, -1)
                known = [
                    halves[np.isfinite(halves[:, :, k]).all(1), :, k] for k in range(len(kept))
                ]
                return float(np.mean([of(pairs) for pairs in known]))

            interval = bootstrap_by_group(both, people, over_units, n=AU_DRAWS)
            name = f"AU {what}, mean of units"
            figures.append(Figure(name, over_units(both), "", len(truth), *interval))
        figures += values
    return figures


def _varies(predicted: AnyArray, truth: AnyArray) -> bool:
    known = np.isfinite(predicted) & np.isfinite(truth)
    return int(known.sum()) > 1 and float(np.ptp(truth[known])) > 0


def _agreement(rows: AnyArray) -> float:
    return icc31(rows[:, 0], rows[:, 1])


def _correlation(rows: AnyArray) -> float:
    # A head that never moves has no correlation with anything: that is 0, not unknown.
    return float(np.nan_to_num(pearson(rows[:, 0], rows[:, 1])))


def _deviation(rows: AnyArray) -> float:
    return mean_absolute_error(rows[:, 0], rows[:, 1])


AU_DRAWS = 200
AGREEMENTS: dict[str, Callable[[AnyArray], float]] = {
    "ICC(3,1)": _agreement,
    "MAE": _deviation,
    "r": _correlation,
}


def run(analyzer: Analyzer, path: Path) -> Scores:
    """Errors of rotation, gaze and points, agreement of action units."""
    data = read(path)
    boxes = face_boxes(data["points"][:, :68])

    def measure(i: int) -> FaceTable:
        return analyzer.image(data["image"][i], boxes=boxes[i : i + 1])

    tables = map_faces(measure, range(len(boxes)), "synthetic")
    people = data["person"]
    measured = rotations(tables)
    gaze = angular_error(column(tables, "gaze").astype(np.float64), data["gaze"]).mean(axis=1)
    # Under a shut lid there is no gaze to be seen.
    seen = np.asarray((data["eye_open"] > OPEN).all(axis=1))
    # Dark lenses, covers and the turned head's own nose hide open eyes.
    unhidden = seen & (data["visible"][:, PUPILS] != 0).all(axis=1)
    order = [tables[0].au_names.index(name) for name in AU_NAMES]
    euler = euler_error(measured, data["rotation"])
    points = data["points"][:, :68]
    nme = 100 * normalised_mean_error(column(tables, "landmarks"), points)
    missed = float(np.isnan(nme).sum())
    return Scores(
        (
            *error_figures("head rotation", rotation_error(measured, data["rotation"]), people),
            *(
                Figure(f"{axis}, mean", float(np.nanmean(values)), "deg", len(values))
                for axis, values in zip(("pitch", "yaw", "roll"), euler.T, strict=True)
            ),
            *error_figures("gaze, eyes open", gaze[seen], people[seen]),
            *error_figures("gaze, eyes open and unhidden", gaze[unhidden], people[unhidden]),
            *error_figures("gaze, all", gaze, people),
            *gaze_honesty(tables, data["gaze"], seen, people),
            *au_figures(column(tables, "au")[:, order], data["au"], people),
            Figure("NME median", float(np.nanmedian(nme)), "%", len(nme)),
            Figure("faces missed", missed, "count", len(nme)),
        )
    )


OPEN = 0.3  # of the eye's own opening at rest
PUPILS = slice(68, 70)  # of the points

_NAN3 = np.full((3, 3), np.nan)

PROTOCOL = Protocol(
    "rendered people: head rotation, gaze, action units, points; boxes given",
    run,
    needs=(
        "pose_r",
        "gaze",
        "au",
        "landmarks",
    ),
)
