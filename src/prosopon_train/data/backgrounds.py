"""Adapter of photographs without faces (``backgrounds.parquet``), and negatives cut from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from prosopon.crop import from_boxes
from prosopon.detect import FaceDetector
from prosopon.geometry import square_similarity
from prosopon.types import AnyArray, FloatArray, UInt8Array
from prosopon_train.data.cutting import cut
from prosopon_train.data.photographs import FOLDS, Photograph, decode_luma, fold, records
from prosopon_train.data.schema import NETWORK_SIZE


def read(path: Path, *, test: bool) -> Iterator[Photograph]:
    """The half kept for the false-alarm test (``test``), or the half that may be trained on."""
    for row, record in records(path, ("image", "source", "name")):
        if (fold(record["name"]) < FOLDS // 2) != test:
            continue
        luma = decode_luma(record["image"], f"{path.name}, row {row}")
        yield Photograph(luma, row, record["source"], record["name"], record["name"])


def negatives(
    path: Path, per_image: int, generator: np.random.Generator
) -> Iterator[dict[str, AnyArray | float | str]]:
    """``per_image`` random squares of every trainable photograph, as examples with face = 0."""
    for photograph in read(path, test=False):
        height, width = photograph.luma.shape
        for index in range(per_image):
            side = min(height, width) * np.exp(generator.uniform(np.log(0.15), np.log(0.9)))
            center = generator.uniform((side / 2, side / 2), (width - side / 2, height - side / 2))
            angle = generator.normal(0, 0.3)
            crop = square_similarity(
                center[None], np.array([side]), np.array([angle]), NETWORK_SIZE
            )[0]
            yield _negative(photograph, photograph.luma, crop, str(index))


def false_faces(
    path: Path, detector: FaceDetector, enlargements: tuple[float, ...] = (1.0, 2.5)
) -> Iterator[dict[str, AnyArray | float | str]]:
    """What ``detector`` takes for a face in the trainable photographs, as examples with face = 0.

    The hardest negatives there are for the network's face score: give a detector whose threshold
    is low. Every photograph is looked at in each of the sizes.
    """
    for photograph in read(path, test=False):
        for scale in enlargements:
            luma = np.asarray(cv2.resize(photograph.luma, None, fx=scale, fy=scale), np.uint8)
            found = detector(luma)
            crops = from_boxes(found.boxes, NETWORK_SIZE, found.points)
            for index, crop in enumerate(crops.matrices):
                yield _negative(photograph, luma, crop, f"false@{scale}.{index}")


def _negative(
    photograph: Photograph, luma: UInt8Array, crop: FloatArray, name: str
) -> dict[str, AnyArray | float | str]:
    return {
        "image": cut(luma, crop)[0],
        "face": 0.0,
        "person": photograph.name,
        "source": photograph.source,
        "name": f"{photograph.name}#{name}",
    }
