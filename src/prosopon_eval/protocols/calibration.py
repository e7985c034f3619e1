"""Are the landmarks as uncertain as they say? Coverage of the predicted regions.

Data as for ``landmarks68``. ``landmark_sigma`` is the expected distance of a point from its true
place. If errors are Gaussian and round, their distance follows Rayleigh's law, and the true point
lies within σ·√(−4/π · ln(1 − p)) with probability p. Calibrated is who reaches just that: less
coverage is overconfidence, more is false modesty. (The network learns by an exponential law of the
distance, which fits the scale but not the shape: measured, hardly any point is that close.) People
mark points some per cent apart, along the jaw most, and that counts as error here. Missed faces
are left out.

"Rescaled" is what one factor a point would mend: the mean distance over the mean σ of each of the
68 points on the pictures with an odd fold, applied to the even ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prosopon.types import AnyArray
from prosopon_eval.data import fold, map_faces
from prosopon_eval.metrics import bootstrap_by_group, spearman
from prosopon_eval.protocols.landmarks68 import nearest_face, read
from prosopon_eval.report import Figure, Protocol, Scores, Slice

if TYPE_CHECKING:
    from prosopon import Analyzer

LEVELS = (50, 90)  # %
ALL_LEVELS = (10, 30, 50, 70, 90)  # of the reliability table
PARTS = {
    "jaw": slice(0, 17),
    "brows": slice(17, 27),
    "nose": slice(27, 36),
    "eyes": slice(36, 48),
    "mouth": slice(48, 68),
}


def inside(distance: AnyArray, sigma: AnyArray, level: float) -> AnyArray:
    """Whether each distance is within the region that should hold ``level`` % of the points."""
    return np.asarray(distance <= sigma * np.sqrt(-4 / np.pi * np.log(1 - level / 100)))


def run(analyzer: Analyzer, path: Path) -> Scores:
    """Coverage of the 50 % and 90 % regions, error over σ, and whether σ ranks the pictures."""
    data = read(path)
    distances, sigmas, people, fitting = [], [], [], []
    tables = map_faces(
        lambda i: analyzer.image(data.image(i)), range(len(data.rows)), "calibration"
    )
    pictures = zip(tables, data.points, data.photographs, data.names, strict=True)
    for faces, points, photograph, name in pictures:
        row = nearest_face(faces, points)
        if row is not None:
            distances.append(np.linalg.norm(faces["landmarks"][row] - points, axis=1))
            sigmas.append(faces["landmark_sigma"][row])
            people.append(photograph)
            fitting.append(fold(str(name)) % 2 == 1)
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
    rescaled = reliability(distance, sigma, groups, np.array(fitting))
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
        slices=(
            *(
                Slice("part of the face", name, coverage(level, part))
                for name, part in PARTS.items()
                for level in LEVELS
            ),
            *rescaled,
        ),
    )


def reliability(
    distance: AnyArray, sigma: AnyArray, groups: AnyArray, fitting: AnyArray
) -> tuple[Slice, ...]:
    """Coverage of every level before and after one factor a point, on the pictures not fitted on.

    distance, sigma: (n, 68) px; groups: (n,); fitting: (n,) bool. Empty when either half is.
    """
    if fitting.all() or not fitting.any():
        return ()
    factor = distance[fitting].sum(axis=0) / sigma[fitting].sum(axis=0)
    scored = ~fitting

    def share(values: AnyArray) -> float:
        return 100 * float(values.mean())

    def figure(name: str, sigma: AnyArray, level: int) -> Figure:
        values = inside(distance[scored], sigma[scored], level)
        interval = bootstrap_by_group(values, groups[scored], share, n=200)
        return Figure(name, share(values), "%", len(values), *interval)

    return tuple(
        Slice("points within the region of", f"{level} %", figure(name, scale, level))
        for level in ALL_LEVELS
        for name, scale in (("as told", sigma), ("rescaled", sigma * factor))
    )


PROTOCOL = Protocol(
    "uncertainty of the landmarks: coverage of the 50 % and 90 % regions",
    run,
    needs=(
        "landmarks",
        "landmark_sigma",
    ),
)
