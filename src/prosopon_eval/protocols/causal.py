"""What one change of looks does to each measurement: skin tone, light, age-like texture, glasses.

Data: a folder of shards (or one) that ``prosopon-train synth --what causal`` has rendered: the same
person with the same expression, pose, gaze and camera, once as the base and once for each level of
each change; ``name`` is ``PERSON/ATTRIBUTE/LEVEL``. The true box is given.

A figure of a level is paired: the mean, over people, of the error in the changed picture less the
error in that person's base picture. 0 is what is wished for; an interval that leaves 0 out is a
dependence on looks. Emotion and valence have no truth here: told is how far they move, as half the
summed absolute change of the probabilities (0 to 100 %), and as the mean change of valence.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prosopon.crop import face_boxes
from prosopon.errors import InputError
from prosopon.types import AnyArray, FaceTable
from prosopon_eval.data import map_faces
from prosopon_eval.metrics import (
    angular_error,
    bootstrap_by_group,
    normalised_mean_error,
    rotation_error,
)
from prosopon_eval.protocols.synthetic import ARRAYS, OPEN, column, read, rotations
from prosopon_eval.report import Figure, Protocol, Scores, Slice
from prosopon_train.data.schema import AU_NAMES

if TYPE_CHECKING:
    from prosopon import Analyzer

BASE = "base"
UNITS = {  # of every figure, in the order told
    "landmarks, NME": "%",
    "head rotation": "deg",
    "gaze, eyes open": "deg",
    "lids": "",
    "action units, MAE": "",
    "emotion moves": "%",
    "valence moves": "",
}
MOVES = ("emotion moves", "valence moves")


def run(analyzer: Analyzer, path: Path) -> Scores:
    """Errors of the base pictures, and by how much every level of every change alters them."""
    data = read(path, (*ARRAYS, "name"))
    parts = [str(name).split("/") for name in data["name"]]
    if any(len(part) != 3 for part in parts):
        raise InputError(
            f"{path}: not faces with one thing changed; render them with "
            "'prosopon-train synth --what causal'"
        )
    boxes = face_boxes(data["points"][:, :68])

    def measure(i: int) -> FaceTable:
        return analyzer.image(data["image"][i], boxes=boxes[i : i + 1])

    tables = map_faces(measure, range(len(boxes)), "causal")
    people = np.array([part[0] for part in parts])
    levels = list(dict.fromkeys((part[1], part[2]) for part in parts))
    index = np.array([levels.index((part[1], part[2])) for part in parts])
    base = {people[i]: i for i in np.flatnonzero(index == levels.index((BASE, BASE)))}
    pair = np.array([base.get(person, -1) for person in people])
    errors = all_errors(tables, data)
    changed = {name: values - values[pair] for name, values in errors.items()}
    emotion, valence = column(tables, "emotion"), column(tables, "valence")
    changed["emotion moves"] = 50 * np.abs(emotion - emotion[pair]).sum(axis=1)
    changed["valence moves"] = valence - valence[pair]

    def figure(name: str, values: AnyArray, rows: AnyArray) -> Figure:
        kept = rows & np.isfinite(values) & (pair >= 0)
        unit, n = UNITS[name], int(kept.sum())
        if not n:
            return Figure(name, float("nan"), unit, 0)
        interval = bootstrap_by_group(values[kept], people[kept], mean)
        return Figure(name, mean(values[kept]), unit, n, *interval)

    return Scores(
        tuple(figure(name, errors[name], pair == np.arange(len(pair))) for name in errors),
        slices=tuple(
            Slice(attribute, level, figure(name, changed[name], index == k))
            for k, (attribute, level) in enumerate(levels)
            if attribute != BASE
            for name in UNITS
        ),
    )


def all_errors(tables: list[FaceTable], data: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """The error (n,) of every measurement that has a truth; NaN where one of them has no value."""
    order = [tables[0].au_names.index(name) for name in AU_NAMES]
    gaze = angular_error(column(tables, "gaze").astype(np.float64), data["gaze"]).mean(axis=1)
    seen = (data["eye_open"] > OPEN).all(axis=1)
    points = data["points"][:, :68]
    return {
        "landmarks, NME": 100 * normalised_mean_error(column(tables, "landmarks"), points),
        "head rotation": rotation_error(rotations(tables), data["rotation"]),
        "gaze, eyes open": np.where(seen, gaze, np.nan),
        "lids": np.abs(column(tables, "eye_open") - data["eye_open"]).mean(axis=1),
        "action units, MAE": np.abs(column(tables, "au")[:, order] - data["au"]).mean(axis=1),
    }


def mean(values: AnyArray) -> float:
    """Mean of (n,)."""
    return float(np.mean(values))


PROTOCOL = Protocol(
    "the same rendered face with only skin tone, light, age or glasses changed",
    run,
    needs=(
        "pose_r",
        "gaze",
        "au",
        "landmarks",
    ),
)
