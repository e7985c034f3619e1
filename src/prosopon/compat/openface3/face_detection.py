"""``openface.face_detection``: RetinaFace behind the interface of OpenFace 3.0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from prosopon.compat.openface3.networks import Network, NetworkKind
from prosopon.compat.openface3.priors import decode, prior_boxes, suppress
from prosopon.errors import InputError
from prosopon.sources import read_image
from prosopon.types import AnyArray, FloatArray, UInt8Array

MEAN_BGR = (104.0, 117.0, 123.0)


class FaceDetector:
    """Finds faces.

    model_path: a checkpoint, an ONNX file, or a pack (folder or name); device: ``cpu``, ``cuda``
    or another of ``prosopon doctor``; confidence_threshold: least score of a row of ``dets``;
    nms_threshold: IoU over which the worse of two faces is dropped; vis_threshold: least score of
    the best face for there to be an answer; threads: of the network.
    """

    def __init__(
        self,
        model_path: str | Path,
        device: Any = "cpu",
        confidence_threshold: float = 0.02,
        nms_threshold: float = 0.4,
        vis_threshold: float = 0.5,
        *,
        threads: int = 1,
    ) -> None:
        self._network = Network(model_path, NetworkKind.DETECTOR, device, threads)
        self.confidence_threshold = confidence_threshold
        self.nms_threshold = nms_threshold
        self.vis_threshold = vis_threshold

    def get_face(
        self, image_path: str | Path | UInt8Array, resize: float = 1.0
    ) -> tuple[UInt8Array | None, FloatArray | None]:
        """The best face cut from a picture (h, w, 3) BGR, and all faces (n, 15) float32.

        image_path: a file, or a picture (h, w, 3) uint8 BGR; resize: the picture is scaled by it
        for detection, and results are told in the unscaled one. A face: x0, y0, x1, y1 px, score,
        five points x, y. Both are None where the best score is below ``vis_threshold``.
        InputError: the file can't be read.
        """
        faces, picture = self.detect_faces(image_path, resize)
        if not len(faces) or faces[0, 4] < self.vis_threshold:
            return None, None
        return cut_face(picture, faces[0]), faces

    def detect_faces(
        self, image_path: str | Path | UInt8Array, resize: float = 1.0
    ) -> tuple[FloatArray, UInt8Array]:
        """All faces (n, 15), best first, whatever their scores, and the picture (h, w, 3) BGR."""
        picture = read_picture(image_path)
        return self.detect(picture, resize), picture

    def detect(self, picture: UInt8Array, resize: float = 1.0) -> FloatArray:
        """All faces (n, 15) of a picture (h, w, 3) uint8 BGR, best first."""
        if not resize > 0:
            raise InputError(f"resize: expected a number above 0, got {resize}")
        scaled: AnyArray = picture
        if resize != 1:
            # In floating point, as the original does: rounding would move weak scores.
            scaled = cv2.resize(np.float32(picture), None, fx=resize, fy=resize)  # type: ignore[call-overload]
        height, width = scaled.shape[:2]
        values = self._network(cv2.dnn.blobFromImage(scaled, mean=MEAN_BGR))[0]
        rows = np.flatnonzero(values[:, 4] > self.confidence_threshold)
        faces = decode(values[rows], prior_boxes(height, width)[rows], (width, height))
        faces = faces[suppress(faces, self.nms_threshold)]
        faces[:, :4] /= resize
        faces[:, 5:] /= resize
        return faces


def read_picture(image: str | Path | UInt8Array) -> UInt8Array:
    """A file, or an array that is checked, as (h, w, 3) uint8 BGR."""
    if isinstance(image, str | Path):
        return read_image(Path(image)).color()
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise InputError(
            f"image: expected a path or (h, w, 3) uint8 BGR, got {image.dtype} {image.shape}"
        )
    return image


def cut_face(picture: UInt8Array, face: FloatArray) -> UInt8Array:
    """The pixels (h, w, 3) of a face's box; what lies outside the picture is left off.

    Corners are cut down to integers. A box that misses the picture gives its nearest pixel.
    """
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = face[:4].astype(int)
    left, top = min(max(x0, 0), width - 1), min(max(y0, 0), height - 1)
    return picture[top : max(y1, top + 1), left : max(x1, left + 1)]
