"""68 landmarks against hand-marked photographs, through the whole pipeline.

Data: a Parquet file of ``image`` (encoded), ``source``, ``name`` and ``landmarks`` (136 floats,
x y pairs in Multi-PIE order, px), as AFW, LFPW-train and HELEN-train of 300-W (Sagonas et al.,
ICCVW 2013). Nothing but the picture is given: the detector finds the face. Of several faces
found, the one whose points are nearest to the marked ones counts, if its box overlaps theirs;
otherwise the picture is a miss. Misses have no error of their own: they count as failures and
lower the area under the curve, and their number is reported beside the mean of the rest.

The map from the network's points to the 68 may be fitted on pictures with an odd fold; the
figures named "unseen by the map" are of the even ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prosopon.geometry import iou
from prosopon.types import AnyArray, FaceTable, FloatArray, UInt8Array
from prosopon_eval.data import decode_image, fold, map_faces, read_rows
from prosopon_eval.metrics import bootstrap_by_group, ced_area, failure_rate, normalised_mean_error
from prosopon_eval.report import Figure, Protocol, Scores
from prosopon_eval.slices import (
    luminance_thirds,
    marked_yaw,
    skin_luminance,
    slice_figures,
    yaw_bins,
)

if TYPE_CHECKING:
    from prosopon import Analyzer

FAILURE = 10.0  # % of the distance of the outer eye corners
AREA_LIMIT = 8.0
MIN_OVERLAP = 0.1  # IoU of the points' bounding boxes, below which another face was found


@dataclass(frozen=True, slots=True)
class MarkedPictures:
    """Rows of the data set: names, sources, photographs (n,) and true points (n, 68, 2) px."""

    rows: list[dict[str, Any]]
    names: AnyArray
    sources: AnyArray
    photographs: AnyArray
    points: FloatArray

    def image(self, i: int) -> UInt8Array:
        """The (h, w, 3) BGR picture of row ``i``."""
        return decode_image(self.rows[i]["image"], self.rows[i]["name"])


def read(path: Path) -> MarkedPictures:
    """The marked pictures in a Parquet file."""
    rows = read_rows(path, ["image", "source", "name", "landmarks"])
    return MarkedPictures(
        rows,
        np.array([row["name"] for row in rows]),
        np.array([row["source"] for row in rows]),
        np.array([f"{r['source']}/{photograph(r['name'], r['source'])}" for r in rows]),
        np.array([row["landmarks"] for row in rows], dtype=np.float32).reshape(-1, 68, 2),
    )


def nearest_face(faces: FaceTable, truth: AnyArray) -> int | None:
    """Row of the face whose points are nearest to ``truth`` (68, 2), if it is that face at all."""
    measured = np.flatnonzero(faces["success"] == 1)
    if not len(measured):
        return None
    found = faces["landmarks"][measured]
    nearest = int(np.linalg.norm(found - truth, axis=2).mean(axis=1).argmin())
    if iou(_bounds(found[[nearest]]), _bounds(truth[None]))[0, 0] < MIN_OVERLAP:
        return None
    return int(measured[nearest])


def picture_error(faces: FaceTable, truth: AnyArray) -> float:
    """NME in % of the face nearest to ``truth`` (68, 2); infinite when there is none."""
    row = nearest_face(faces, truth)
    if row is None:
        return float("inf")
    return 100 * float(normalised_mean_error(faces["landmarks"][[row]], truth[None])[0])


def photograph(name: str, source: str) -> str:
    """Key of the photograph that a crop was cut from: its faces are not independent."""
    return name if source.startswith("lfpw") else name.rpartition("_")[0] or name


def figures(errors: AnyArray, groups: AnyArray, subset: str) -> list[Figure]:
    """The figures of one subset from NMEs in % (n,), infinite where missed."""
    statistics: list[tuple[str, str, Callable[[AnyArray], float]]] = [
        ("NME mean", "%", _mean_of_found),
        ("NME median", "%", lambda e: float(np.median(e))),
        (f"failures over {FAILURE:.0f} %", "%", lambda e: 100 * failure_rate(e, FAILURE)),
        (f"area under curve to {AREA_LIMIT:.0f} %", "", lambda e: ced_area(e, AREA_LIMIT)),
    ]
    result = [
        Figure(
            f"{name}, {subset}",
            statistic(errors),
            unit,
            len(errors),
            *bootstrap_by_group(errors, groups, statistic),
        )
        for name, unit, statistic in statistics
    ]
    missed = float(np.isinf(errors).sum())
    return [*result, Figure(f"faces missed, {subset}", missed, "count", len(errors))]


def run(analyzer: Analyzer, path: Path) -> Scores:
    """NME by outer eye corners, failures, area under the curve, and misses, by subset."""
    data = read(path)
    tables = map_faces(
        lambda i: analyzer.image(data.image(i)), range(len(data.rows)), "landmarks68"
    )
    errors = np.array([picture_error(t, p) for t, p in zip(tables, data.points, strict=True)])
    unseen = np.array([fold(name) % 2 == 0 for name in data.names])
    subsets = {"all": np.ones(len(errors), dtype=bool), "unseen by the map": unseen}
    subsets |= {str(source): data.sources == source for source in np.unique(data.sources)}
    lumas = [skin_luminance(data.image(i), points) for i, points in enumerate(data.points)]
    return Scores(
        tuple(
            figure
            for name, chosen in subsets.items()
            if chosen.any()
            for figure in figures(errors[chosen], data.photographs[chosen], name)
        ),
        slices=slice_figures(
            "NME median",
            "%",
            errors,
            data.photographs,
            (yaw_bins(marked_yaw(data.points)), luminance_thirds(np.array(lumas))),
            lambda e: float(np.median(e)),
        ),
    )


def _mean_of_found(errors: AnyArray) -> float:
    found = errors[np.isfinite(errors)]
    return float(found.mean()) if len(found) else float("nan")


def _bounds(points: AnyArray) -> AnyArray:
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)


PROTOCOL = Protocol(
    "68 points on photographs, detector included: NME by outer eye corners",
    run,
    needs=("landmarks",),
)
