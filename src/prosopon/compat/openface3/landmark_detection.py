"""``openface.landmark_detection``: the stacked hourglass behind the interface of OpenFace 3.0."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.compat.openface3.crop import SIZE, SquareCrop
from prosopon.compat.openface3.face_detection import read_picture
from prosopon.compat.openface3.networks import Network, NetworkKind
from prosopon.errors import InputError
from prosopon.types import AnyArray, FloatArray, UInt8Array


class LandmarkDetector:
    """Finds the 98 (WFLW) or 68 (300-W) landmarks that the checkpoint was trained for.

    model_path: a checkpoint, an ONNX file, or a pack (folder or name); device: ``cpu``, ``cuda``
    or another of ``prosopon doctor``; device_ids: accepted and not used, one device is;
    threads: of the network.
    """

    def __init__(
        self,
        model_path: str | Path,
        device: Any = "cpu",
        device_ids: Sequence[int] = (-1,),
        *,
        threads: int = 1,
    ) -> None:
        self._network = Network(model_path, NetworkKind.LANDMARKS, device, threads)
        self.device_ids = list(device_ids)

    @property
    def count(self) -> int:
        """Landmarks of a face: 98 or 68."""
        return self._network.rows

    def detect_landmarks(
        self,
        image: UInt8Array,
        dets: FloatArray | None,
        confidence_threshold: float = 0.5,
    ) -> list[FloatArray]:
        """Landmarks (points, 2) float32 px of each face of at least ``confidence_threshold``.

        image: (h, w, 3) uint8 BGR, which is left as it is; dets: (n, ≥ 5), as ``get_face`` tells.
        """
        if dets is None or not len(dets):
            return []
        faces = np.asarray(dets)
        if faces.ndim != 2 or faces.shape[1] < 5:
            raise InputError(f"dets: expected shape (n, 5 or more), got {faces.shape}")
        picture = read_picture(image)
        confident = faces[faces[:, 4] >= confidence_threshold]
        return [self._landmarks(picture, face) for face in confident]

    def _landmarks(self, picture: UInt8Array, face: AnyArray) -> FloatArray:
        crop = SquareCrop.around(face)
        points = self._network(crop.cut(picture))[0]
        return crop.to_image(((points + 1) * SIZE - 1) / 2)
