"""What can be told of age bands and gender labels without any other label: found, and consistent.

Data: a Parquet file of ``image``, ``source``, ``name``, ``age_band`` and ``gender_name``; the rows
of source ``fairface`` are used (Kärkkäinen & Joo, WACV 2021), pictures of one face each. A face
counts as found when it covers the middle of the picture. Consistency is the mean distance between
the 68 points and those of the mirrored picture, mirrored back, over the distance of the outer eye
corners: a network that is unsure of a face is moved by mirroring. It is not an error, and the
pictures may have been seen in training, without labels.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prosopon.types import AnyArray, FaceTable, UInt8Array
from prosopon_eval.data import decode_image, map_faces, read_rows
from prosopon_eval.metrics import bootstrap_by_group, normalised_mean_error
from prosopon_eval.report import Figure, Protocol, Scores
from prosopon_eval.slices import by_label, luminance_thirds, skin_luminance, slice_figures
from prosopon_train.teachers.pointmap import MIRROR_68

if TYPE_CHECKING:
    from prosopon import Analyzer

SOURCE = "fairface"
AGES = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70+")
GENDERS = ("Female", "Male")


def middle_face(faces: FaceTable, image: UInt8Array) -> AnyArray | None:
    """Points (68, 2) px of the face that covers the picture's middle; None when none does."""
    height, width = image.shape[:2]
    low, high = faces["box"][:, :2], faces["box"][:, 2:]
    middle = np.array([width / 2, height / 2])
    covers = ((low <= middle) & (middle <= high)).all(axis=1) & (faces["success"] == 1)
    return faces["landmarks"][covers.argmax()] if covers.any() else None


def mirrored_back(points: AnyArray, width: int) -> AnyArray:
    """Points (68, 2) px of a mirrored picture as points of the picture itself."""
    return np.stack([width - 1 - points[MIRROR_68, 0], points[MIRROR_68, 1]], axis=1)


def run(analyzer: Analyzer, path: Path) -> Scores:
    """Faces found, and the difference of the points under mirroring."""
    columns = ["image", "name", "age_band", "gender_name"]
    rows = read_rows(path, columns, [("source", "=", SOURCE)])
    images = [decode_image(row["image"], row["name"]) for row in rows]
    tables = map_faces(analyzer.image, images, "fairface")
    mirrored = map_faces(
        analyzer.image, (np.ascontiguousarray(image[:, ::-1]) for image in images), "fairface"
    )
    difference, luminance = np.full((2, len(rows)), np.nan)
    found = np.zeros(len(rows), dtype=bool)
    for i, (image, plain, flipped) in enumerate(zip(images, tables, mirrored, strict=True)):
        a, b = middle_face(plain, image), middle_face(flipped, image)
        found[i] = a is not None
        if a is not None:
            luminance[i] = skin_luminance(image, a)
        if a is not None and b is not None:
            back = mirrored_back(b, image.shape[1])
            difference[i] = 100 * normalised_mean_error(back[None], a[None])[0]
    attributes = (
        by_label("age band", [r["age_band"] for r in rows], {a: a for a in AGES}),
        by_label("gender label", [r["gender_name"] for r in rows], {g: g.lower() for g in GENDERS}),
    )
    both = np.isfinite(difference)
    chosen = tuple(a.rows(both) for a in (*attributes, luminance_thirds(luminance)))
    pictures = np.arange(len(rows))

    def share(values: AnyArray) -> float:
        return 100 * float(values.mean())

    def median(values: AnyArray) -> float:
        return float(np.median(values)) if len(values) else float("nan")

    name = "difference under mirroring, median"
    return Scores(
        (
            Figure(
                "faces found",
                share(found),
                "%",
                len(found),
                *bootstrap_by_group(found, pictures, share),
            ),
            Figure(
                name,
                median(difference[both]),
                "%",
                int(both.sum()),
                *(
                    bootstrap_by_group(difference[both], pictures[both], median)
                    if both.any()
                    else ()
                ),
            ),
        ),
        slices=(
            *slice_figures("faces found", "%", found, pictures, attributes, share),
            *slice_figures(name, "%", difference[both], pictures[both], chosen, median),
        ),
    )


PROTOCOL = Protocol(
    "pictures with age and gender labels: found, and same when mirrored", run, needs=("landmarks",)
)
