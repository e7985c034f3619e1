"""The files that OpenFace's commands write for one input.

``NAME.csv``; ``NAME_of_details.txt``, which says what was read and written; and, where asked for,
``NAME_aligned/``, ``NAME.hog`` and ``NAME.avi`` (or ``NAME.jpg`` of a picture).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import cv2

from prosopon.compat.openface2 import hog
from prosopon.compat.openface2.aligned import Aligner
from prosopon.compat.openface2.arguments import Arguments
from prosopon.errors import OutputError
from prosopon.geometry import Camera
from prosopon.types import AnyArray, Column, FaceTable, Frame, UInt8Array
from prosopon.writers.base import Output, PartialFile, output_errors, write_bytes
from prosopon.writers.draw import draw_faces
from prosopon.writers.openface2 import PARTS, Writer
from prosopon.writers.overlay import OverlayVideo

# OpenFace's histograms are those of the face that its action units are told from.
_HOG_SCALE, _HOG_SIZE = 0.7, 112


class Recorder(Output):
    """Writes what ``arguments`` ask for; use it as a context manager.

    target: folder and NAME; schema: of the tables; face_shape: see :class:`Aligner`;
    fps: of the tracked video, None for a picture.
    """

    def __init__(
        self,
        arguments: Arguments,
        target: Path,
        schema: Sequence[Column],
        face_shape: AnyArray,
        fps: float | None,
    ) -> None:
        self.path = target.with_name(target.name + ".csv")
        self._arguments, self._target, self._schema = arguments, target, schema
        self._picture = fps is None
        self._table: Writer | None = None
        self._lines: list[str] = []
        asked = arguments.outputs
        self._align = Aligner(
            face_shape,
            arguments.scale,
            arguments.size,
            masked=arguments.masked,
            grey=arguments.grey,
        )
        self._align_hog = Aligner(face_shape, _HOG_SCALE, _HOG_SIZE, masked=True, grey=False)
        self._hog = self._video = None
        self._tracked = self._named(f".{arguments.picture_format}" if fps is None else ".avi")
        self._folder = target.with_name(target.name + "_aligned")
        with ExitStack() as stack:
            if "hogalign" in asked:
                self._hog = stack.enter_context(_HogFile(self._named(".hog")))
                self._lines.append(f"Output HOG:{self._hog.path.name}")
            if "tracked" in asked:
                kind = "image" if self._picture else "video"
                self._lines.append(f"Output {kind}:{self._tracked.name}")
            if "tracked" in asked and fps is not None:
                self._clock = 1 / Fraction(fps).limit_denominator(1001)
                video = OverlayVideo(self._tracked, self._clock, container="avi")
                self._video = stack.enter_context(video)
            if "simalign" in asked:
                self._lines.append(f"Output aligned directory:{self._folder.name}")
                with output_errors(self._folder):
                    self._folder.mkdir(parents=True, exist_ok=True)
            self._stack = stack.pop_all()

    @property
    def needs_pictures(self) -> bool:
        """Whether :meth:`frame` has something to write."""
        return bool(self._arguments.outputs - set(PARTS))

    def frame(self, frame: Frame, faces: FaceTable) -> None:
        """Write what is drawn or cut out of ``frame``, whose rows are ``faces``."""
        asked = self._arguments.outputs
        image = frame.color()
        for row in range(len(faces)):
            found = bool(faces["success"][row])
            points = faces["landmarks"][row]
            if self._hog is not None:
                self._hog.write(found, self._align_hog(image, points))
            if "simalign" in asked and (found or self._arguments.bad_aligned):
                face_id = max(int(faces["face_id"][row]), 0)
                stem = f"face_det_{face_id:06d}"
                if not self._picture:
                    stem = f"frame_det_{face_id:02d}_{frame.index + 1:06d}"
                path = self._folder / f"{stem}.{self._arguments.aligned_format}"
                _write_picture(path, self._align(image, points))
        if self._video is not None:
            # As OpenFace does: one picture a frame, at a constant rate.
            time = float(frame.index * self._clock)
            self._video.write(replace(frame, time=time), faces)
        elif "tracked" in asked:
            drawn = image.copy()
            draw_faces(drawn, faces)
            _write_picture(self._tracked, drawn)

    def rows(self, table: FaceTable) -> None:
        """Write rows of the table. A picture without a face has none, and no file."""
        if self._table is None:
            if self._picture and not len(table):
                return
            parts = self._arguments.outputs & set(PARTS)
            separator = ", " if self._arguments.spaced else ","
            writer = Writer(
                self.path, self._schema, parts, picture=self._picture, separator=separator
            )
            self._table = self._stack.enter_context(writer)
        self._table.write(table)

    def details(self, source: Path | None, camera: Camera) -> None:
        """Write ``NAME_of_details.txt``. source: the input; None for a camera."""
        lines = ["Input:webcam"]
        if source is not None:
            lines = [f"Input:{source}", f"Input full path:{source.resolve()}"]
        values = (camera.fx, camera.fy, camera.cx, camera.cy)
        lines.append("Camera parameters:" + ",".join(f"{value:g}" for value in values))
        lines += self._lines
        if self._table is not None:
            lines.append(f"Output csv:{self.path.name}")
            for name, part in _DETAILS.items():
                lines.append(f"{name}: {int(part in self._arguments.outputs)}")
            (empty,) = self._table.notes().values()
            if isinstance(empty, list) and empty:
                lines.append("Not measured:" + ",".join(empty))
        write_bytes(self._named("_of_details.txt"), ("\n".join(lines) + "\n").encode())

    def close(self) -> None:
        self._stack.close()

    def discard(self) -> None:
        error = OutputError("not completed")  # tells every part that it is to go
        self._stack.__exit__(OutputError, error, None)

    def _named(self, ending: str) -> Path:
        return self._target.with_name(self._target.name + ending)


_DETAILS = {
    "Gaze": "gaze",
    "AUs": "aus",
    "Landmarks 2D": "2Dfp",
    "Landmarks 3D": "3Dfp",
    "Pose": "pose",
    "Shape parameters": "pdmparams",
}


class _HogFile(Output):
    """``NAME.hog``; appears when it is complete."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._partial = PartialFile(path)
        with output_errors(path):
            self._file: BinaryIO = self._partial.part.open("wb")

    def write(self, found: bool, face: UInt8Array) -> None:
        with output_errors(self.path):
            self._file.write(hog.record(found, face))

    def close(self) -> None:
        with output_errors(self.path):
            self._file.close()
        self._partial.commit()

    def discard(self) -> None:
        self._file.close()
        self._partial.discard()


def _write_picture(path: Path, image: UInt8Array) -> None:
    try:
        done, encoded = cv2.imencode(path.suffix, image)
    except cv2.error:
        done, encoded = False, None
    if not done or encoded is None:
        raise OutputError(f"{path}: can't be encoded as {path.suffix}; use bmp, jpg or png")
    write_bytes(path, encoded.tobytes())
