"""Are the landmarks as uncertain as they say? Coverage of the predicted regions.

Data as for ``landmarks68``. ``landmark_sigma`` is the expected distance of a point from its true
place. Under the exponential law of the distance that the network learns by, the true point lies
within σ·ln 2 in half of all cases and within σ·ln 10 in nine of ten. Calibrated is who reaches just
that: less coverage is overconfidence, more is false modesty. People mark points some per cent
apart, along the jaw most, and that counts as error here. Missed faces are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prosopon.types import AnyArray
from prosopon_eval.data import map_faces
from prosopon_eval.metrics import bootstrap_by_group, spearman
from prosopon_eval.protocols.landmarks68 import nearest_face, read
from prosopon_eval.report import Figure, Protocol, Scores, Slice

if TYPE_CHECKING:
    from prosopon import Analyzer

LEVELS = (50, 90)  # %
PARTS = {
    "jaw": slice(0, 17),
    "brows": slice(17, 27),
    "nose": slice(27, 36),
    "eyes": slice(36, 48),
    "mouth": slice(48, 68),
}


def inside(distance: AnyArray, sigma: AnyArray, level: float) -> AnyArray:
    """Whether each distance is within the region that should hold ``level`` % of the points."""
    return np.asarray(distance <= sigma * -np.log(1 - level / 100))


def run(analyzer: Analyzer, path: Path) -> Scores:
    """Coverage of the 50 % and 90 % regions, error over σ, and whether σ ranks the pictures."""
    data = read(path)
    distances, sigmas, people = [], [], []
    tables = map_faces(
        lambda i: analyzer.image(data.image(i)), range(len(data.rows)), "calibration"
    )
    for faces, points, photograph in zip(tables, data.points, data.photographs, strict=True):
        row = nearest_face(faces, points)
        if row is not None:
            distances.append(np.linalg.norm(faces["landmarks"][row] - points, axis=1))
            sigmas.append(faces["landmark_sigma"][row])
            people.append(photograph)
    if not distances:
        return Scores((Figure("faces missed", float(len(tables)), "count", len(tables)),))
    distance, sigma, groups = np.stack(distances), np.stack(sigmas), np.array(people)

    def share(values: AnyArray) -> float:
        return 100 * float(values.mean())

    def ratio(rows: AnyArray) -> float:
        return float(rows[..., 0].sum() / rows[..., 1].sum())

    def rank(rows: AnyArray) -> float:
        means = rows.mean(axis=1)
        return spearman(means[:, 0], means[:, 1])

    def coverage(level: int, part: slice) -> Figure:
        values = inside(distance[:, part], sigma[:, part], level)
        interval = bootstrap_by_group(values, groups, share)
        return Figure(
            f"points within the {level} % region", share(values), "%", len(values), *interval
        )

    pairs = np.stack([distance, sigma], axis=2)
    return Scores(
        (
            *(coverage(level, slice(0, 68)) for level in LEVELS),
            Figure(
                "distance over predicted distance",
                ratio(pairs),
                "",
                len(pairs),
                *bootstrap_by_group(pairs, groups, ratio),
            ),
            Figure(
                "rank correlation of the two over pictures",
                rank(pairs),
                "",
                len(pairs),
                *bootstrap_by_group(pairs, groups, rank, n=200),
            ),
            Figure("faces missed", float(len(tables) - len(pairs)), "count", len(tables)),
        ),
        slices=tuple(
            Slice("part of the face", name, coverage(level, part))
            for name, part in PARTS.items()
            for level in LEVELS
        ),
    )


PROTOCOL = Protocol("uncertainty of the landmarks: coverage of the 50 % and 90 % regions", run)
