"""AU12 against people's answers to "does this person smile?".

Data: a Parquet file of ``image`` (encoded tight face crops), ``source``, ``name``, ``person`` and
``smile`` (0, 1 or null), ``glasses`` (the same) and ``pose_bin`` (1 to 5, 3 frontal); the rows
of source ``muxspace`` with an answer are used. The whole
picture is given as the box. The figure that counts is that of the held-out people (fold 0 of
``person``), of whom nothing was learned; the other people's pictures may have been seen in
training, though never their smile answers.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prosopon.types import AnyArray, FaceTable
from prosopon_eval.data import decode_image, fold, map_faces, read_rows, whole_picture
from prosopon_eval.metrics import bootstrap_by_group, roc_auc
from prosopon_eval.report import Figure, Protocol, Scores
from prosopon_eval.slices import by_label, luminance_thirds, skin_luminance, slice_figures

if TYPE_CHECKING:
    from prosopon import Analyzer

SOURCE = "muxspace"
POSES: dict[object, str] = {i: f"{i} of 5" + " (frontal)" * (i == 3) for i in range(1, 6)}


def au12(faces: FaceTable, column: str) -> float:
    """AU12 in ``column`` of the one face; 0 where none was measured, as a user would see it."""
    k = faces.au_names.index("AU12")
    value = float(faces[column][0, k]) if len(faces) else 0.0
    return 0.0 if np.isnan(value) else value


def statistic(rows: AnyArray) -> float:
    """ROC AUC of rows (n, 2) of score and answer."""
    return roc_auc(rows[:, 0], rows[:, 1])


def figure(name: str, scores: AnyArray, smiles: AnyArray, people: AnyArray) -> Figure:
    """ROC AUC of scores (n,) for smiles (n,), with its interval over people."""
    pairs = np.stack([scores, smiles], axis=1)
    interval = bootstrap_by_group(pairs, people, statistic)
    return Figure(name, statistic(pairs), "", len(pairs), *interval)


def run(analyzer: Analyzer, path: Path) -> Scores:
    """AUC of AU12's intensity and of its presence, on held-out people and on all."""
    where = [("source", "=", SOURCE), ("smile", "in", (0, 1))]
    rows = read_rows(path, ["image", "name", "person", "smile", "glasses", "pose_bin"], where)

    def measure(row: dict[str, Any]) -> FaceTable:
        image = decode_image(row["image"], row["name"])
        return analyzer.image(image, boxes=whole_picture(image))

    tables = map_faces(measure, rows, "smile")
    smiles = np.array([row["smile"] for row in rows])
    people = np.array([row["person"] for row in rows])
    held_out = np.array([fold(person) == 0 for person in people])
    subsets = {"held-out people": held_out, "all people": np.ones(len(rows), dtype=bool)}
    columns = {"AU12 intensity": "au", "AU12 presence": "au_presence"}
    scores = {name: np.array([au12(t, column) for t in tables]) for name, column in columns.items()}
    attributes = (
        by_label("glasses", [row["glasses"] for row in rows], {0: "none", 1: "worn"}),
        by_label("pose label", [row["pose_bin"] for row in rows], POSES),
        luminance_thirds(np.array([_luminance(t, r) for t, r in zip(tables, rows, strict=True)])),
    )
    return Scores(
        tuple(
            figure(f"{name} AUC, {subset}", scores[name][chosen], smiles[chosen], people[chosen])
            for subset, chosen in subsets.items()
            if chosen.any()
            for name in columns
        ),
        # Of everybody: a hundred held-out people to a group would say little.
        slices=slice_figures(
            "AU12 intensity AUC, all people",
            "",
            np.stack([scores["AU12 intensity"], smiles], axis=1),
            people,
            attributes,
            statistic,
        ),
    )


def _luminance(faces: FaceTable, row: dict[str, Any]) -> float:
    if not len(faces):
        return float("nan")
    return skin_luminance(decode_image(row["image"], row["name"]), faces["landmarks"][0])


PROTOCOL = Protocol("AU12 against people's smile labels, boxes given: ROC AUC", run, needs=("au",))
