"""Layers into pictures, and pictures into a video with their true values kept beside."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import av
import numpy as np

from prosopon.types import AnyArray, Column, FaceTable, FloatArray, UInt8Array

Truth = TypeVar("Truth")


def lay(picture: FloatArray, image: AnyArray, alpha: AnyArray, corner: AnyArray) -> None:
    """Lay a premultiplied image over the part of the picture that it covers, in place.

    picture, image: (h, w) or (h, w, channels); alpha: 0–1, of the image's height and width;
    corner: (2,) int, x and y in the picture of the image's first pixel.
    """
    low = np.maximum(corner, 0)
    high = np.minimum(corner + image.shape[1::-1], picture.shape[1::-1])
    if (low >= high).any():
        return
    there = np.s_[low[1] : high[1], low[0] : high[0]]
    low, high = low - corner, high - corner
    here = np.s_[low[1] : high[1], low[0] : high[0]]
    picture[there] = image[here] + (1 - alpha[here]) * picture[there]


def write_movie(
    path: Path,
    frames: Iterable[tuple[UInt8Array, Truth]],
    rate: int,
    crf: int,
    preset: str = "veryfast",
) -> list[Truth]:
    """Write pictures, (h, w) luminance or (h, w, 3) RGB, as H.264; what came beside them.

    crf, preset: of x264; a smaller one and a slower one look better.
    """
    truths: list[Truth] = []
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", Fraction(rate))
        stream.pix_fmt, stream.options = "yuv420p", {"crf": str(crf), "preset": preset}
        for picture, truth in frames:
            if not truths:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, "gray" if picture.ndim == 2 else "rgb24")
            container.mux(stream.encode(frame))
            truths.append(truth)
        container.mux(stream.encode())
    return truths


def write_with_rows(
    path: Path,
    frames: Iterable[tuple[UInt8Array, FaceTable]],
    schema: tuple[Column, ...],
    rate: int,
    crf: int,
    preset: str = "veryfast",
) -> None:
    """As :func:`write_movie`, with the true rows in NAME_truth.csv beside NAME.mp4."""
    tables = write_movie(path, frames, rate, crf, preset)
    FaceTable.concat(tables, schema).write(path.with_name(f"{path.stem}_truth.csv"))
