"""Gaze of people who look into the lens: how far from the line of sight it is measured.

Data: a Parquet file of ``image`` (encoded), ``source``, ``name`` and ``person``; the rows listed in
``gaze_portraits.csv`` are used: portraits chosen by eye, on enlargements of the eyes and without
any network's opinion, in which both eyes plainly look at the viewer. People accept a few degrees
beside the lens as "at me", and a portrait's eyes are easier than most: this is no measured gaze.

The pictures are crops of unknown place in the original, but looking into the lens is gaze
(0, 0, −1) relative to the line of sight wherever the face stands, so that nothing need be known of
it. Of the tight crops of ``muxspace`` the whole picture is given as the box; in the others the face
nearest to the middle counts. ``held_out`` marks people of fold 0, of whom nothing was learned.
"""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prosopon.errors import InputError
from prosopon.geometry import gaze_angles
from prosopon.types import AnyArray, FaceTable
from prosopon_eval.data import decode_image, map_faces, read_rows, whole_picture
from prosopon_eval.metrics import angular_error, bootstrap_by_group
from prosopon_eval.report import Figure, Protocol, Scores
from prosopon_eval.slices import (
    by_label,
    luminance_thirds,
    marked_yaw,
    skin_luminance,
    slice_figures,
    yaw_bins,
)

if TYPE_CHECKING:
    from prosopon import Analyzer

LENS = np.array([0.0, 0.0, -1.0])
TIGHT = "muxspace"


def portraits() -> dict[tuple[str, str], bool]:
    """The list: (source, name) → whether the person is held out."""
    with (files("prosopon_eval.protocols") / "gaze_portraits.csv").open(encoding="utf-8") as file:
        return {(r["source"], r["name"]): r["held_out"] == "1" for r in csv.DictReader(file)}


def middle_row(faces: FaceTable, width: int, height: int) -> int | None:
    """Row of the measured face whose box is nearest to the middle of the picture."""
    measured = np.flatnonzero(faces["success"] == 1)
    if not len(measured):
        return None
    box = faces["box"][measured]
    away = np.linalg.norm((box[:, :2] + box[:, 2:]) / 2 - (width / 2, height / 2), axis=1)
    return int(measured[away.argmin()])


def run(analyzer: Analyzer, path: Path) -> Scores:
    """Median and mean angle to the lens, of all and of held-out people; mean yaw and pitch."""
    listed = portraits()
    columns = ["image", "source", "name", "person"]
    sources = sorted({source for source, _ in listed})
    rows = [
        row
        for row in read_rows(path, columns, [("source", "in", sources)])
        if (row["source"], row["name"]) in listed
    ]
    if not rows:
        raise InputError(f"{path}: has none of the listed portraits; it is the data of another one")
    images = [decode_image(row["image"], row["name"]) for row in rows]

    def measure(i: int) -> FaceTable:
        tight = rows[i]["source"] == TIGHT
        return analyzer.image(images[i], boxes=whole_picture(images[i]) if tight else None)

    tables = map_faces(measure, range(len(rows)), "gaze_portraits")
    gaze, points = np.full((len(rows), 3), np.nan), np.full((len(rows), 68, 2), np.nan)
    luminance = np.full(len(rows), np.nan)
    chosen = [middle_row(t, *im.shape[1::-1]) for t, im in zip(tables, images, strict=True)]
    for i, (faces, row) in enumerate(zip(tables, chosen, strict=True)):
        if row is not None:
            both = faces["gaze"][row].sum(axis=0)
            gaze[i] = both / np.linalg.norm(both)
            points[i] = faces["landmarks"][row]
            luminance[i] = skin_luminance(images[i], points[i])
    found = np.isfinite(gaze).all(axis=1)
    missed = Figure("faces missed", float((~found).sum()), "count", len(rows))
    if not found.any():
        return Scores((missed,))
    people = np.array([row["person"] for row in rows])[found]
    held_out = np.array([listed[row["source"], row["name"]] for row in rows])[found]
    angles = angular_error(gaze[found], LENS)
    head = np.array(
        [f["pose_euler"][r] for f, r in zip(tables, chosen, strict=True) if r is not None]
    )
    attributes = (
        yaw_bins(marked_yaw(points[found])),
        by_label("source", [rows[i]["source"] for i in np.flatnonzero(found)], _names(sources)),
        luminance_thirds(luminance[found]),
    )
    return Scores(
        (
            *angle_figures(angles, people, "all"),
            *(angle_figures(angles[held_out], people[held_out], "held-out people")),
            *gaze_figures(gaze[found], head, people),
            missed,
        ),
        slices=slice_figures(
            "angle to the lens, median", "deg", angles, people, attributes, median
        ),
    )


def _names(sources: list[str]) -> dict[object, str]:
    return {source: source for source in sources}


def median(values: AnyArray) -> float:
    """Median of (n,)."""
    return float(np.median(values))


def mean(values: AnyArray) -> float:
    """Mean of (n,)."""
    return float(np.mean(values))


def angle_figures(angles: AnyArray, people: AnyArray, subset: str) -> list[Figure]:
    """Median and mean of angles (n,) in degrees; none without rows."""
    return [
        Figure(
            f"angle to the lens, {name}, {subset}",
            statistic(angles),
            "deg",
            len(angles),
            *bootstrap_by_group(angles, people, statistic),
        )
        for name, statistic in (("median", median), ("mean", mean))
        if len(angles)
    ]


def gaze_figures(gaze: AnyArray, head: AnyArray, people: AnyArray) -> list[Figure]:
    """Mean yaw and pitch in degrees of gaze (n, 3), and how much of the head's (n, 3) leaks in.

    head: pitch, yaw, roll in rad. Whoever looks into the lens with a turned head has gaze 0: the
    slope of the gaze's yaw on the head's is 0 where eyes are read, 1 where the head is taken for
    the gaze.
    """
    angles = np.degrees(gaze_angles(gaze))
    means = [
        Figure(
            f"{name}, mean",
            mean(angles[:, k]),
            "deg",
            len(angles),
            *bootstrap_by_group(angles[:, k], people, mean),
        )
        for k, name in enumerate(("yaw", "pitch"))
    ]
    slopes = []
    for k, (name, axis) in enumerate((("yaw", 1), ("pitch", 0))):
        pairs = np.stack([np.degrees(head[:, axis]), angles[:, k]], axis=1).astype(np.float64)
        interval = bootstrap_by_group(pairs, people, slope)
        slopes.append(
            Figure(f"{name}, degrees a degree of the head", slope(pairs), "", len(pairs), *interval)
        )
    return [*means, *slopes]


def slope(rows: AnyArray) -> float:
    """Slope of the regression of the second column of (n, 2) on the first; NaN where constant."""
    x, y = rows[:, 0] - rows[:, 0].mean(), rows[:, 1] - rows[:, 1].mean()
    spread = float(x @ x)
    return float(x @ y) / spread if spread > 0 else float("nan")


PROTOCOL = Protocol(
    "portraits of people who look into the lens: angle between gaze and lens",
    run,
    needs=(
        "gaze",
        "pose_euler",
    ),
)
