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
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prosopon.geometry import iou
from prosopon.types import AnyArray, FaceTable
from prosopon_eval.data import decode_image, fold, map_faces, read_rows
from prosopon_eval.metrics import bootstrap_by_group, ced_area, failure_rate, normalised_mean_error
from prosopon_eval.report import Figure, Protocol, Scores

if TYPE_CHECKING:
    from prosopon import Analyzer

FAILURE = 10.0  # % of the distance of the outer eye corners
AREA_LIMIT = 8.0
MIN_OVERLAP = 0.1  # IoU of the points' bounding boxes, below which another face was found


def picture_error(faces: FaceTable, truth: AnyArray) -> float:
    """NME in % of the face nearest to ``truth`` (68, 2); infinite when there is none."""
    found = faces["landmarks"][faces["success"] == 1]
    if not len(found):
        return float("inf")
    distances = np.linalg.norm(found - truth, axis=2).mean(axis=1)
    nearest = found[[int(distances.argmin())]]
    if iou(_bounds(nearest), _bounds(truth[None]))[0, 0] < MIN_OVERLAP:
        return float("inf")
    return 100 * float(normalised_mean_error(nearest, truth[None])[0])


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
    rows = read_rows(path, ["image", "source", "name", "landmarks"])

    def measure(row: dict[str, Any]) -> FaceTable:
        return analyzer.image(decode_image(row["image"], row["name"]))

    tables = map_faces(measure, rows, "landmarks68")
    errors = np.array(
        [
            picture_error(faces, np.array(row["landmarks"], dtype=np.float32).reshape(68, 2))
            for faces, row in zip(tables, rows, strict=True)
        ]
    )
    groups = np.array([f"{r['source']}/{photograph(r['name'], r['source'])}" for r in rows])
    sources = np.array([row["source"] for row in rows])
    unseen = np.array([fold(row["name"]) % 2 == 0 for row in rows])
    subsets = {"all": np.ones(len(rows), dtype=bool), "unseen by the map": unseen}
    subsets |= {str(source): sources == source for source in np.unique(sources)}
    return Scores(
        tuple(
            figure
            for name, chosen in subsets.items()
            if chosen.any()
            for figure in figures(errors[chosen], groups[chosen], name)
        )
    )


def _mean_of_found(errors: AnyArray) -> float:
    found = errors[np.isfinite(errors)]
    return float(found.mean()) if len(found) else float("nan")


def _bounds(points: AnyArray) -> AnyArray:
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)


PROTOCOL = Protocol("68 points on photographs, detector included: NME by outer eye corners", run)
