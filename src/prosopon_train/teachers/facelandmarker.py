"""Runs the MediaPipe FaceLandmarker bundle over a parquet file of face photographs.

A stage of its own, because mediapipe wants its own environment: it imports numpy, cv2, pyarrow
and mediapipe, nothing else of this project, and leaves its raw answers in one ``.npz`` file that
``prosopon_train.teachers.label`` turns into examples::

    python -m prosopon_train.teachers.facelandmarker face_landmarker.task faces.parquet out.npz

The file holds, one row per image in the parquet's order: ``name``, ``source`` (str), ``row``
(index in the parquet), ``size`` (n, 2) width and height in px, ``success`` (n,) bool, ``attempt``
(n,) int8 the index into PADDINGS that found the face, ``points`` (n, 478, 3) float32 in image px
(z on the scale of x, smaller is nearer the camera), ``blendshapes`` (n, 52) float32 in 0–1,
``matrix`` (n, 4, 4) float32 head → camera in MediaPipe's frame (x right, y up, z toward the
camera). ``blendshape_names`` (52,) names the columns.

Method: Kartynnik et al. 2019 (arXiv 1907.06724); Grishchenko et al. 2020 (arXiv 2006.10962).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

N_POINTS = 478
# fmt: off
BLENDSHAPE_NAMES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft",
    "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft",
    "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen",
    "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower",
    "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)
# fmt: on
# Share of the larger side that is added on every side. The detector wants some air around a
# face, which a tight crop lacks; which amount it likes differs from image to image.
PADDINGS = (0.25, 0.5, 0.0, 0.1, 0.8)
# Below this the mesh is fed from blurred pixels anyway, but the detector still gains by upscaling.
LEAST_SIDE = 192


@dataclass(frozen=True, slots=True)
class Answer:
    """What the teacher says of one image; ``points`` (478, 3) in px of that image."""

    attempt: int
    points: npt.NDArray[np.float32]
    blendshapes: npt.NDArray[np.float32]
    matrix: npt.NDArray[np.float32]


NOT_FOUND = Answer(
    -1,
    np.full((N_POINTS, 3), np.nan, np.float32),
    np.full(len(BLENDSHAPE_NAMES), np.nan, np.float32),
    np.full((4, 4), np.nan, np.float32),
)


def pad_and_scale(
    image: npt.NDArray[np.uint8], padding: float
) -> tuple[npt.NDArray[np.uint8], float, int]:
    """``image`` upscaled by a whole number to LEAST_SIDE, with a replicated border.

    Returns the new image, the scale and the border in px of the new image.
    """
    scale = max(1, -(-LEAST_SIDE // max(image.shape[:2])))
    larger = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    border = round(padding * max(larger.shape[:2]))
    padded = cv2.copyMakeBorder(larger, border, border, border, border, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8), float(scale), border


def open_landmarker(bundle: Path) -> Any:
    """The FaceLandmarker for single images, one face each."""
    from mediapipe.tasks.python import BaseOptions, vision

    return vision.FaceLandmarker.create_from_options(
        vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=bundle.read_bytes()),
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
            num_faces=1,
        )
    )


def ask(landmarker: Any, image: npt.NDArray[np.uint8]) -> Answer | None:
    """The teacher's answer for an RGB image, or None where no padding makes it find a face."""
    import mediapipe

    for attempt, padding in enumerate(PADDINGS):
        padded, scale, border = pad_and_scale(image, padding)
        result = landmarker.detect(
            mediapipe.Image(
                image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(padded)
            )
        )
        if not result.face_landmarks:
            continue
        h, w = padded.shape[:2]
        points = np.array([(p.x * w, p.y * h, p.z * w) for p in result.face_landmarks[0]])
        points[:, :2] -= border
        # Pixel centres: MediaPipe puts (0, 0) at the corner of the first pixel.
        points /= scale
        points[:, :2] -= 0.5
        return Answer(
            attempt,
            points.astype(np.float32),
            np.array([c.score for c in result.face_blendshapes[0]], np.float32),
            np.asarray(result.facial_transformation_matrixes[0], np.float32),
        )
    return None


def read_images(
    path: Path, sources: frozenset[str], part: int, parts: int
) -> Iterator[tuple[int, str, str, npt.NDArray[np.uint8]]]:
    """(row, source, name, RGB image) of every ``parts``-th row, of ``sources`` (empty: of all)."""
    row = -1
    for batch in pq.ParquetFile(path).iter_batches(256, columns=["image", "source", "name"]):
        for record in batch.to_pylist():
            row += 1
            if row % parts != part or (sources and record["source"] not in sources):
                continue
            image = cv2.imdecode(np.frombuffer(record["image"], np.uint8), cv2.IMREAD_COLOR)
            if image is None:
                raise ValueError(f"{path}, row {row}: not a picture that OpenCV can read")
            rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
            yield row, record["source"], record["name"], rgb


def run(bundle: Path, path: Path, out: Path, sources: frozenset[str], part: int, parts: int) -> int:
    """Ask the teacher about every image and write ``out``; returns the number of faces found."""
    landmarker = open_landmarker(bundle)
    records: list[dict[str, Any]] = []
    for row, source, name, image in read_images(path, sources, part, parts):
        answer = ask(landmarker, image)
        said = answer or NOT_FOUND
        records.append(
            {
                "row": row,
                "source": source,
                "name": name,
                "size": image.shape[1::-1],
                "success": answer is not None,
                "attempt": said.attempt,
                "points": said.points,
                "blendshapes": said.blendshapes,
                "matrix": said.matrix,
            }
        )
    if not records:
        raise ValueError(f"{path}: no row of {', '.join(sorted(sources))}, part {part}/{parts}")
    columns: dict[str, Any] = {
        key: np.array([record[key] for record in records]) for key in records[0]
    }
    temporary = out.with_suffix(".tmp")
    out.parent.mkdir(parents=True, exist_ok=True)
    with temporary.open("wb") as file:
        np.savez(
            file,
            blendshape_names=np.array(BLENDSHAPE_NAMES),
            **columns,
        )
    temporary.replace(out)
    return int(np.sum(columns["success"]))


def main() -> None:
    """Command line of the stage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("parquet", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--source", action="append", default=[], help="only rows of this source")
    parser.add_argument("--part", default="0/1", help="i/n: every n-th row, from the i-th")
    options = parser.parse_args()
    part, parts = (int(value) for value in options.part.split("/"))
    sources = frozenset(options.source)
    found = run(options.bundle, options.parquet, options.out, sources, part, parts)
    print(f"{options.out}: {found} faces found")


if __name__ == "__main__":
    main()
