"""Identities over time: switches, fragments, IDF1 and MOTA on clips whose people are known.

Data: a folder of videos with ``NAME_truth.csv`` beside each ``NAME.mp4``: columns ``frame``,
``face_id``, ``box_x0 … box_y1`` (px, forehead included) and ``visible``, the share of the face that
is seen, as ``python -m prosopon_train.synth.crowd`` writes them. A true face that is seen by less
than SEEN counts neither as missed nor as false. Intervals come from drawing whole clips.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prosopon.errors import InputError
from prosopon.readers import read
from prosopon.sources import open_source
from prosopon.types import FaceTable
from prosopon_eval.data import map_faces
from prosopon_eval.metrics import bootstrap_by_group
from prosopon_eval.report import Figure, Protocol, Scores, Slice
from prosopon_eval.tracking import Counts, Faces, count, drop_unseen

if TYPE_CHECKING:
    from prosopon import Analyzer

SEEN = 0.6


def _total(counts: list[Counts]) -> Counts:
    return sum(counts, Counts())


MEASURES: tuple[tuple[str, str, Callable[[Counts], float]], ...] = (
    ("IDF1", "", lambda c: c.idf1),
    ("MOTA", "", lambda c: c.mota),
    ("id switches", "count", lambda c: c.switches),
    ("fragments", "count", lambda c: c.fragments),
    ("identities a person", "", lambda c: c.identities / max(c.people, 1)),
    ("faces found", "%", lambda c: 100 * c.matched / max(c.truth, 1)),
)


def faces_of(table: FaceTable) -> Faces:
    """The rows of a table that have a face."""
    rows = table["face_id"] >= 0
    return Faces(table["frame"][rows], table["face_id"][rows], table["box"][rows])


def score(truth: FaceTable, predicted: FaceTable) -> Counts:
    """Counts of one clip; hidden faces are left out."""
    return count(*drop_unseen(faces_of(truth), truth["visible"] >= SEEN, faces_of(predicted)))


def clips(path: Path) -> list[tuple[Path, Path]]:
    """Every video of a folder and its true rows. InputError: there are none."""
    found = [
        (table.with_name(table.name.replace("_truth.csv", ".mp4")), table)
        for table in sorted(path.glob("*_truth.csv"))
    ]
    if not found:
        raise InputError(
            f"{path}: holds no *_truth.csv; write scenes with python -m prosopon_train.synth.crowd"
        )
    return found


def run(analyzer: Analyzer, path: Path) -> Scores:
    """Figures over all clips, and of each scene: the part of a clip's name before the last dash."""

    def measure(clip: tuple[Path, Path]) -> FaceTable:
        video, _ = clip
        with open_source(video) as source:
            return FaceTable.concat(analyzer.tables(source), analyzer.schema)

    found = clips(path)
    counts = [
        score(read(table), predicted)
        for (_, table), predicted in zip(found, map_faces(measure, found, "tracking"), strict=True)
    ]
    scenes = np.array([video.stem.rpartition("-")[0] or video.stem for video, _ in found])
    order = np.arange(len(counts))
    figures, slices = [], []
    for name, unit, value in MEASURES:

        def over(rows: np.ndarray, value: Callable[[Counts], float] = value) -> float:
            return value(_total([counts[row] for row in rows]))

        interval = bootstrap_by_group(order, order, over) if unit != "count" else ()
        figures.append(Figure(name, over(order), unit, len(counts), *interval))
        for scene in np.unique(scenes):
            rows = np.flatnonzero(scenes == scene)
            slices.append(Slice("scene", scene, Figure(name, over(rows), unit, len(rows))))
    return Scores(tuple(figures), slices=tuple(slices))


PROTOCOL = Protocol("clips with known people: id switches, fragments, IDF1, MOTA", run)
