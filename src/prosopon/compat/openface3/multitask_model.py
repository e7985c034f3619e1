"""``openface.multitask_model``: emotion, gaze and action units behind OpenFace 3.0's interface."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.compat.openface3.face_detection import read_picture
from prosopon.compat.openface3.networks import Network, NetworkKind
from prosopon.compat.openface3.resize import resize_bilinear
from prosopon.types import FloatArray, UInt8Array

SIZE = 224  # px, side of the network's input
EMOTIONS = ("Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger", "Contempt")
ACTION_UNITS = ("AU01", "AU02", "AU04", "AU06", "AU09", "AU12", "AU25", "AU26")

# ImageNet, red green blue, for pixels from 0 to 255.
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None] * 255
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)[:, None, None] * 255


class MultitaskPredictor:
    """Reads emotion, gaze and action units off a face.

    model_path: a checkpoint, an ONNX file, or a pack (folder or name); device: ``cpu``, ``cuda``
    or another of ``prosopon doctor``; threads: of the network.
    """

    def __init__(self, model_path: str | Path, device: Any = "cpu", *, threads: int = 1) -> None:
        self._network = Network(model_path, NetworkKind.MULTITASK, device, threads)

    def predict(self, face: UInt8Array) -> tuple[Any, Any, Any]:
        """Emotion logits (1, 8), gaze (1, 2) and action units (1, 8) of a face (h, w, 3) BGR.

        In the order of EMOTIONS and ACTION_UNITS; gaze is yaw and pitch, rad. They are
        ``torch.Tensor`` where the script has imported torch, as scripts for OpenFace 3.0 have,
        and NumPy arrays where it has not.
        """
        emotion, gaze, units = self.predict_many([face])
        torch = sys.modules.get("torch")
        if torch is None:
            return emotion, gaze, units
        return torch.from_numpy(emotion), torch.from_numpy(gaze), torch.from_numpy(units)

    def predict_many(
        self, faces: Sequence[UInt8Array]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The same of n faces in one pass: (n, 8), (n, 2), (n, 8) float32 arrays."""
        if not faces:
            values = np.empty((0, 18), np.float32)
        else:
            values = self._network(np.stack([_prepare(read_picture(face)) for face in faces]))
        return values[:, :8].copy(), values[:, 8:10].copy(), values[:, 10:].copy()


def _prepare(face: UInt8Array) -> FloatArray:
    """(h, w, 3) BGR → (3, 224, 224) RGB, standardised."""
    planes = resize_bilinear(face.astype(np.float32), SIZE)[::-1]
    return np.asarray((planes - _MEAN) / _DEVIATION, np.float32)
