"""How still the points of a still face stand in a video, without smoothing.

Data as for ``landmarks68``. Each of PICTURES photographs, spread evenly over the data set, becomes
a video of FRAMES frames, every one with fresh Gaussian noise of NOISE grey levels, as of a camera;
it is followed by the tracker as any video. After SETTLE frames, in which the tracker finds its
crop, the jitter of a point is the root of the summed variances of its x and y, as a percentage of
the distance of the outer eye corners; that of a picture is the mean over its points.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from prosopon.sources.base import Source
from prosopon.types import AnyArray, FaceTable, Frame, UInt8Array
from prosopon_eval.data import map_faces
from prosopon_eval.metrics import OUTER_EYE_CORNERS, bootstrap_by_group
from prosopon_eval.protocols.landmarks68 import nearest_face, read
from prosopon_eval.report import Figure, Protocol, Scores

if TYPE_CHECKING:
    from prosopon import Analyzer

PICTURES = 40
FRAMES = 60
SETTLE = 10
NOISE = 2.0  # grey levels, standard deviation
RATE = 30.0  # frames per second


class StillVideo(Source):
    """A photograph as a video with fresh sensor noise in every frame.

    luma: (h, w) uint8; seed: of the noise, so that every run sees the same.
    """

    kind = "video"

    def __init__(self, luma: UInt8Array, seed: int) -> None:
        super().__init__()
        self._luma = luma
        self._seed = seed
        self.size = (luma.shape[1], luma.shape[0])
        self.frame_count_estimate = FRAMES

    def __iter__(self) -> Iterator[Frame]:
        generator = np.random.default_rng(self._seed)
        for i in range(FRAMES):
            noise = generator.normal(0, NOISE, self._luma.shape)
            luma = np.clip(np.round(self._luma + noise), 0, 255).astype(np.uint8)
            yield Frame(luma, i, i / RATE, partial(np.repeat, luma[:, :, None], 3, axis=2))


def jitter(points: AnyArray) -> float:
    """Jitter in % of the outer eye distance of points (frames, k, 2) px."""
    spread = np.sqrt(points.var(axis=0).sum(axis=1)).mean()
    right, left = points.mean(axis=0)[list(OUTER_EYE_CORNERS)]
    return 100 * float(spread / np.linalg.norm(left - right))


def followed(table: FaceTable, truth: AnyArray) -> AnyArray | None:
    """Points (frames, 68, 2) px of the marked face in the settled frames; None where it is lost."""
    settled = [np.flatnonzero(table["frame"] == i) for i in range(SETTLE, FRAMES)]
    points = []
    for rows in settled:
        frame = table.take(rows)
        row = nearest_face(frame, truth)
        if row is None:
            return None
        points.append(frame["landmarks"][row])
    return np.stack(points)


def run(analyzer: Analyzer, path: Path) -> Scores:
    """Mean and median jitter over pictures, and pictures whose face was lost in some frame."""
    data = read(path)
    chosen = np.unique(np.linspace(0, len(data.rows) - 1, PICTURES).round().astype(int))

    def measure(i: int) -> FaceTable:
        luma = np.asarray(cv2.cvtColor(data.image(i), cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        return FaceTable.concat(analyzer.tables(StillVideo(luma, seed=i)), analyzer.schema)

    tracks = [
        followed(table, data.points[i])
        for table, i in zip(map_faces(measure, chosen, "jitter"), chosen, strict=True)
    ]
    values = np.array([jitter(points) for points in tracks if points is not None])
    people = data.photographs[chosen[[points is not None for points in tracks]]]
    lost = Figure(
        "pictures where the face was lost", len(tracks) - len(values), "count", len(tracks)
    )
    if not len(values):
        return Scores((lost,))

    def mean(values: AnyArray) -> float:
        return float(values.mean())

    interval = bootstrap_by_group(values, people, mean)
    return Scores(
        (
            Figure("jitter, mean", mean(values), "%", len(values), *interval),
            Figure("jitter, median", float(np.median(values)), "%", len(values)),
            lost,
        )
    )


PROTOCOL = Protocol(
    "jitter of the points on a still face in noisy video, no smoothing", run, needs=("landmarks",)
)
