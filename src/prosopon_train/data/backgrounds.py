"""Adapter of photographs without faces (``backgrounds.parquet``), and negatives cut from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prosopon.geometry import square_similarity
from prosopon.types import AnyArray
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
            yield {
                "image": cut(photograph.luma, crop)[0],
                "face": 0.0,
                "person": photograph.name,
                "source": photograph.source,
                "name": f"{photograph.name}#{index}",
            }
