"""OpenFace 3.0's networks in the place of ours: pictures and videos to tables.

Two ways. As written: each frame through detector, landmark network and multitask network, with no
tracking, so that ``face_id`` is a face's rank in its frame by score. With ``landmarks`` of a pack
of ours: that pack finds, follows and marks the faces, and OpenFace 3.0 reads emotion, gaze and
action units off them; the landmark network, which takes most of the time, does not run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.compat.openface3.face_detection import FaceDetector, cut_face, read_picture
from prosopon.compat.openface3.landmark_detection import LandmarkDetector
from prosopon.compat.openface3.multitask_model import ACTION_UNITS, MultitaskPredictor
from prosopon.errors import PackError
from prosopon.heads.emotion import HEAD as EMOTION
from prosopon.heads.landmarks import HEAD as LANDMARKS
from prosopon.packs import load_networks_pack
from prosopon.pipeline import Analyzer, Result
from prosopon.sources import SelectedSource, Selection, Source, open_source
from prosopon.types import FRAME_COLUMNS, AnyArray, Column, FaceTable, FloatArray, UInt8Array

CONFIDENCE = 0.5
"""Least score of a face, as OpenFace 3.0's own classes have it."""

# Places of the 68 points (Multi-PIE/iBUG order) among the 98 of WFLW; the last two are the pupils.
_JAW, _BROWS, _NOSE = range(0, 33, 2), (*range(33, 38), *range(42, 47)), range(51, 60)
_EYES = (60, 61, 63, 64, 65, 67, 68, 69, 71, 72, 73, 75)
IBUG_OF_WFLW = np.array([*_JAW, *_BROWS, *_NOSE, *_EYES, *range(76, 96)])
PUPILS_OF_WFLW = [96, 97]

_MEASURED = (
    EMOTION.columns[0],
    Column(
        "gaze_angle",
        (2,),
        ("gaze_yaw", "gaze_pitch"),
        "rad",
        "gaze as OpenFace 3.0 tells it, in its own signs",
    ),
    Column(
        "au",
        (len(ACTION_UNITS),),
        ACTION_UNITS,
        "0–1",
        "likeness to each action unit, as OpenFace 3.0 tells it",
    ),
)
_POINTS = Column(
    "points",
    (5, 2),
    tuple(f"point_{axis}_{i}" for axis in "xy" for i in range(5)),
    "px",
    "eyes, nose tip and mouth corners of the detector",
    decimals=2,
    planar=True,
)
# Columns of our packs that need nothing but landmarks and head pose.
_FROM_LANDMARKS = ("landmarks", "landmarks_98", "landmark_sigma", "pupils", "quality")


class OpenFace3Analyzer:
    """Measures faces with a pack of kind ``openface3``; the interface is that of Analyzer.

    pack: name or folder; landmarks: None for its own, or a pack of ours whose landmarks and
    tracking are used; device, threads: of the networks; max_faces: at most so many, best first.
    Raises PackError, DeviceError.
    """

    def __init__(
        self,
        pack: str | Path = "openface3",
        landmarks: str | Path | None = None,
        device: str = "cpu",
        threads: int = 1,
        precision: str | None = None,
        max_faces: int | None = None,
    ) -> None:
        self.pack = load_networks_pack(pack)
        if precision not in (None, "fp32"):
            raise PackError(f"precision {precision!r} is not in this pack; there are: fp32")
        folder = self.pack.folder
        self._multitask = MultitaskPredictor(folder, device, threads=threads)
        self._ours: Analyzer | None = None
        if landmarks is not None:
            self._ours = Analyzer(landmarks, device=device, threads=threads, max_faces=max_faces)
            columns: tuple[Column, ...] = tuple(
                column
                for column in self._ours.schema
                if column in FRAME_COLUMNS
                or column.name in _FROM_LANDMARKS
                or column.name.startswith("pose_")
            )
        else:
            self._detector = FaceDetector(folder, device, CONFIDENCE, threads=threads)
            self._landmarks = LandmarkDetector(folder, device, threads=threads)
            kept = ("landmarks", "landmarks_98", "pupils")
            names = kept if self._landmarks.count == 98 else kept[:1]
            points = (column for column in LANDMARKS.columns if column.name in names)
            columns = (*FRAME_COLUMNS, _POINTS, *points)
        self._max_faces = max_faces
        self._threads = threads
        self.schema = (*columns, *_MEASURED)
        self.settings: dict[str, Any] = {
            "device": device,
            "threads": threads,
            "precision": "fp32",
            "max_faces": max_faces,
            "landmarks": None if landmarks is None else str(landmarks),
        }

    def image(self, image: str | Path | UInt8Array) -> FaceTable:
        """All faces of one image, a file or a BGR (h, w, 3) array; no rows when there is none."""
        picture = read_picture(image)
        if self._ours is not None:
            return self._read(picture, self._ours.image(picture))
        return self._measure(picture, 0, 0.0, keep_empty=False)

    def video(
        self,
        path: str | Path,
        *,
        start: float | str = 0.0,
        end: float | str | None = None,
        every: int = 1,
        fps: float | None = None,
    ) -> Iterator[Result]:
        """The faces of each frame of a video, animated image, folder or image file, in order.

        start, end, every, fps: which frames, as for :meth:`prosopon.Analyzer.video`.
        """
        selection = Selection.parse(start, end, every, fps)
        with SelectedSource(open_source(path, threads=self._threads), selection) as source:
            yield from self.frames(source)

    def frames(self, source: Source) -> Iterator[Result]:
        """The faces of each frame of an open source, one frame at a time."""
        if self._ours is not None:
            for result in self._ours.frames(source):
                found = self._read(result.frame.color(), result.faces)
                yield Result(result.index, result.time, found, result.frame)
            return
        for frame in source:
            faces = self._measure(frame.color(), frame.index, frame.time)
            yield Result(frame.index, frame.time, faces, frame)

    def tables(self, source: Source) -> Iterator[FaceTable]:
        """The rows of an open source, a table a frame."""
        return (result.faces for result in self.frames(source))

    def _measure(
        self, picture: UInt8Array, index: int, time: float, keep_empty: bool = True
    ) -> FaceTable:
        """One frame as written: detector, landmarks, multitask."""
        faces = self._detector.detect(picture)[: self._max_faces]
        found = len(faces)
        total = max(found, 1) if keep_empty else found
        data = {column.name: column.empty(total) for column in self.schema}
        data["frame"][:], data["time"][:] = index, time
        data["face_id"][:], data["confidence"][:] = -1, 0
        if found:
            data["face_id"][:] = np.arange(found)
            data["success"][:] = 1
            data["confidence"][:] = faces[:, 4]
            data["box"][:] = faces[:, :4]
            data["points"][:] = faces[:, 5:].reshape(-1, 5, 2)
            points = np.stack(self._landmarks.detect_landmarks(picture, faces, CONFIDENCE))
            if self._landmarks.count == 98:
                data["landmarks_98"][:] = points
                data["pupils"][:] = points[:, PUPILS_OF_WFLW]
                points = points[:, IBUG_OF_WFLW]
            data["landmarks"][:] = points
            data |= self._heads(picture, faces[:, :4])
        return FaceTable(self.schema, data)

    def _read(self, picture: UInt8Array, faces: FaceTable) -> FaceTable:
        """Emotion, gaze and action units of faces that a pack of ours has found."""
        data = {c.name: faces[c.name] for c in self.schema if c not in _MEASURED}
        data |= {column.name: column.empty(len(faces)) for column in _MEASURED}
        rows = np.flatnonzero(np.isfinite(faces["box"]).all(axis=1))
        if len(rows):
            for name, values in self._heads(picture, faces["box"][rows]).items():
                data[name][rows] = values
        return FaceTable(self.schema, data)

    def _heads(self, picture: UInt8Array, boxes: FloatArray) -> dict[str, AnyArray]:
        """What the multitask network says of each box."""
        emotion, gaze, units = self._multitask.predict_many(
            [cut_face(picture, box) for box in boxes]
        )
        odds = np.exp(emotion - emotion.max(axis=1, keepdims=True))
        shares = odds / odds.sum(axis=1, keepdims=True)
        return {"emotion": shares, "gaze_angle": gaze, "au": units}
