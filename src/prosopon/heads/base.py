"""What a head is, and what it is told when it decodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from prosopon.geometry import Camera
from prosopon.types import AnyArray, Column, FloatArray


@dataclass(frozen=True, slots=True)
class Context:
    """Everything known of n faces when their outputs are decoded.

    outputs: name → (n, size) raw network outputs;
    to_image: (n, 2, 3) similarities from crop pixels to image pixels;
    angles: (n,) rad, in-plane rotation that the crop took out; crop_size: px;
    landmark_offset: (x, y) in crop sides, the marks' convention of the pack;
    camera: intrinsics; face_shape: (68, 3) mm, mean face in the head's axes;
    contrast, sharpness: (n,), see ``prosopon.crop.CropBatch``;
    columns: what earlier heads have decoded.
    """

    outputs: Mapping[str, FloatArray]
    to_image: FloatArray
    angles: FloatArray
    crop_size: int
    landmark_offset: tuple[float, float]
    camera: Camera
    face_shape: FloatArray
    contrast: FloatArray
    sharpness: FloatArray
    columns: dict[str, AnyArray] = field(default_factory=dict)

    @property
    def pixel(self) -> FloatArray:
        """(n,) image pixels per crop pixel."""
        return np.hypot(self.to_image[:, 0, 0], self.to_image[:, 1, 0])

    @property
    def mark_offset(self) -> AnyArray:
        """(n, 1, 2) px by which the 68 landmarks are told beside where the picture shows them."""
        side = self.crop_size * self.pixel
        return side[:, None, None] * np.array(self.landmark_offset, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """One task: the outputs it reads, the columns it gives, and the function between them."""

    inputs: tuple[str, ...]
    columns: tuple[Column, ...]
    decode: Callable[[Context], dict[str, AnyArray]]


def sigmoid(values: FloatArray) -> FloatArray:
    """Logistic function, safe for large magnitudes."""
    return np.asarray(0.5 * (np.tanh(0.5 * values) + 1), dtype=np.float32)
