"""Cuts the shard image out of a photograph: the network's crop with a margin around it."""

from __future__ import annotations

import cv2
import numpy as np

from prosopon.types import FloatArray, UInt8Array
from prosopon_train.data.schema import NETWORK_SIZE, SHARD_SIZE


def cut(luma: UInt8Array, crop: FloatArray) -> tuple[UInt8Array, FloatArray]:
    """The shard image (SHARD_SIZE², border replicated) around a crop of NETWORK_SIZE.

    crop: (2, 3) similarity from photograph to crop pixels, as in ``Crops.matrices``. Also returns
    the (2, 3) similarity from photograph to shard pixels.
    """
    matrix = np.array(crop, np.float32)
    matrix[:, 2] += (SHARD_SIZE - NETWORK_SIZE) / 2
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.7:
        # Bilinear sampling skips pixels here; a blur as wide as the step keeps them counted.
        luma = np.asarray(cv2.GaussianBlur(luma, (0, 0), 0.4 / scale), np.uint8)
    image = cv2.warpAffine(
        luma,
        matrix,
        (SHARD_SIZE, SHARD_SIZE),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(image, np.uint8), matrix
