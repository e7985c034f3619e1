"""Labels the photographs that the detector learns from, once::

    python -m prosopon_train.detector_prepare --data DATA --teachers TEACHERS --mesh MESH -o OUT

DATA holds the parquet files, TEACHERS the YuNet model, MESH the files ``teacher_*.npz`` of
``prosopon_train.teachers.facelandmarker`` and ``pointmap.npz``. Writes ``OUT/train/*.npz`` and
``OUT/test/*.npz`` (people held out) of :mod:`prosopon_train.data.cutouts`. Five minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from prosopon.types import AnyArray, FloatArray
from prosopon_train.data import cutouts, faces, ferplus, landmarks68
from prosopon_train.data.photographs import Photograph
from prosopon_train.teachers import pointmap, yunet

YUNET = "face_detection_yunet_2026may.onnx"
# Collection → how YuNet looks at it: tight crops want air, small ones enlargement.
LONG_SIDE = {"fairface": 400, "interfaces": 400, "muxspace": 160, "ferplus": 128}
PADDING = {"fairface": 0.1, "interfaces": 0.1, "muxspace": 0.35, "ferplus": 0.35}
MOST_FERPLUS = 16_000  # of 48 px faces more teach little


def fit_five_point_map(teacher: yunet.YuNet, path: Path) -> yunet.FivePointMap:
    """The map from YuNet's five points to the 68, from the half of the marked photographs."""
    found, marked = [], []
    for photograph in landmarks68.read(path):
        if not landmarks68.in_fitting_half(photograph.name):
            continue
        points = np.asarray(photograph.labels["landmarks"])
        five, _ = teacher(photograph.luma, 256, 0.15)
        true_five = cutouts.five_points(points[None])
        distance = np.linalg.norm(five - true_five, axis=2).mean(1)
        eyes = np.linalg.norm(true_five[0, 0] - true_five[0, 1])
        if len(five) and distance.min() < 0.4 * eyes:
            found.append(five[distance.argmin()])
            marked.append(points)
    return yunet.fit(np.array(found), np.array(marked))


def mesh_landmarks(folder: Path, kind: str) -> dict[int, FloatArray]:
    """Row of the collection's file → the mesh teacher's 68 points (68, 2) px."""
    point_map = pointmap.PointMap.load(folder / "pointmap.npz")
    out: dict[int, AnyArray] = {}
    for path in sorted(folder.glob(f"teacher_{kind}.*.npz")):
        with np.load(path) as data:
            seen = data["success"]
            points = pointmap.landmarks_68(point_map, data["points"][seen])
            out.update(zip(data["row"][seen].tolist(), points, strict=True))
    return out


def photographs(data: Path, source: str, *, test: bool) -> Iterable[Photograph]:
    """The held-out (``test``) or trainable photographs of one collection."""
    if source != "ferplus":
        return faces.read(data / "faces.parquet", [source], test=test)
    rows: Iterator[Photograph] = ferplus.read(data / "ferplus.parquet", test=test)
    return islice(rows, MOST_FERPLUS // (10 if test else 1))


def main() -> None:
    """Label every collection and write its two halves."""
    parser = argparse.ArgumentParser(description=__doc__.split("::")[0])
    for name in ("data", "teachers", "mesh"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    teacher = yunet.YuNet(options.teachers / YUNET)
    five_map = fit_five_point_map(teacher, options.data / "landmarks68_research.parquet")
    for source in LONG_SIDE:
        kind = "ferplus" if source == "ferplus" else "faces"
        mesh = mesh_landmarks(options.mesh, kind)
        for half in ("train", "test"):
            labelled = cutouts.collect(
                photographs(options.data, source, test=half == "test"),
                teacher,
                five_map,
                mesh,
                long_side=LONG_SIDE[source],
                padding=PADDING[source],
            )
            cutouts.save(options.out / half / f"{source}.npz", labelled)
            sure = sum(int(c.sure.sum()) for c in labelled)
            print(f"{source} {half}: {len(labelled)} pictures, {sure} faces", flush=True)


if __name__ == "__main__":
    main()
