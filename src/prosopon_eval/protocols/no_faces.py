"""Faces reported where there are none, through the whole pipeline at its default settings.

Data: a Parquet file of ``image`` (encoded photographs without faces) and ``name``. Only pictures
of fold 0 to 4 count: the others may have been trained on.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prosopon.types import AnyArray, FaceTable
from prosopon_eval.data import decode_image, fold, map_faces, read_rows
from prosopon_eval.metrics import bootstrap_by_group
from prosopon_eval.report import Figure, Protocol, Scores

if TYPE_CHECKING:
    from prosopon import Analyzer

HELD_OUT_FOLDS = range(5)


def run(analyzer: Analyzer, path: Path) -> Scores:
    """False faces per hundred pictures, and pictures with any."""
    rows = [r for r in read_rows(path, ["image", "name"]) if fold(r["name"]) in HELD_OUT_FOLDS]

    def measure(row: dict[str, Any]) -> FaceTable:
        return analyzer.image(decode_image(row["image"], row["name"]))

    counts = np.array([len(faces) for faces in map_faces(measure, rows, "no_faces")])
    pictures = np.arange(len(counts))

    def rate(values: AnyArray) -> float:
        return 100 * float(values.mean())

    return Scores(
        tuple(
            Figure(
                name, rate(values), unit, len(values), *bootstrap_by_group(values, pictures, rate)
            )
            for name, unit, values in (
                ("false faces per 100 pictures", "", counts),
                ("pictures with a false face", "%", counts > 0),
            )
        )
    )


PROTOCOL = Protocol("photographs without faces: false faces per 100, whole pipeline", run)
