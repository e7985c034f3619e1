"""The only module that wires stages: source → detect → track → crop → network → heads → table.

Per frame, only what the next frame depends on is computed: crop, network, the landmarks and the
confidence that tracking needs. Everything else is decoded for many frames at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from prosopon.calibration import Intrinsics
from prosopon.crop import cut, face_boxes, from_boxes, from_landmarks
from prosopon.detect import FaceDetector
from prosopon.errors import InputError, PackError
from prosopon.fit import FaceModel, Fitter, fit_columns, load_model
from prosopon.geometry import Camera, invert_similarity, iou
from prosopon.heads import Context, load_heads
from prosopon.heads.landmarks import points_in_image
from prosopon.heads.quality import confidence
from prosopon.network import FaceNetwork
from prosopon.packs import load_pack
from prosopon.session import create_session
from prosopon.sources import SelectedSource, Selection, Source, open_source
from prosopon.track.memory import Likeness
from prosopon.track.tracker import Look, Tracker, TrackSettings
from prosopon.types import (
    FRAME_COLUMNS,
    IDENTITY_CONFIDENCE,
    AnyArray,
    Crops,
    FaceTable,
    FloatArray,
    Frame,
    UInt8Array,
)

# A detection's box is rough: its crop is corrected by its own landmarks this many times. Pictures
# on their own have the time for a mirrored view in the last.
STILL_REFINEMENTS = 2
NEWCOMER_REFINEMENTS = 1
# A detection that scores up to this much less than the threshold is shown to the network as well,
# and is a face if the network is that much surer of it than it need be of others.
SECOND_CHANCE = 0.2
CHUNK_FRAMES = 64


@dataclass(frozen=True, slots=True)
class Result:
    """One frame's faces.

    index, time (s): of the frame in its source; faces: one row per face, or one row with
    ``success`` 0; frame: the picture itself, valid until the next result is asked for.
    """

    index: int
    time: float
    faces: FaceTable
    frame: Frame


@dataclass(frozen=True, slots=True)
class _Faces:
    """Undecoded measurements of n faces in one frame; every array has n rows."""

    raw: FloatArray  # the network's outputs
    to_image: FloatArray  # (n, 2, 3) crop px → image px
    angles: FloatArray  # rad, in-plane rotation taken out by the crop
    contrast: FloatArray
    sharpness: FloatArray
    glance: FloatArray  # (n, 256), the crop at 1/8 of its side

    def __len__(self) -> int:
        return len(self.raw)

    def take(self, rows: Sequence[int] | AnyArray) -> _Faces:
        """Some of the rows."""
        index = np.asarray(rows, dtype=int)
        return _Faces(*(getattr(self, name)[index] for name in self.__slots__))

    @classmethod
    def concat(cls, parts: Sequence[_Faces]) -> _Faces:
        """All rows of ``parts``."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__slots__))


@dataclass(slots=True)
class _Pending:
    """Measurements of several frames of one size that wait for decoding."""

    size: tuple[int, int]
    parts: list[_Faces] = field(default_factory=list)
    frames: list[tuple[int, float, list[int]]] = field(default_factory=list)
    certainties: list[float] = field(default_factory=list)  # of the identities


@dataclass(slots=True)
class Memory:
    """All that the next frame of a source depends on besides its picture. Can be pickled.

    tracker: who is followed and remembered; fitter: the shapes of people, if they are fitted.
    """

    tracker: Tracker
    fitter: Fitter | None


class Analyzer:
    """Measures faces in images, videos and cameras with one model pack.

    pack: name or folder; device: see ``prosopon.session.DEVICES``; threads: of the networks;
    precision: of the network ("fp32", "int8"), by default the pack's choice; intrinsics: the
    camera's, by default guessed from the picture's size as OpenFace 2 does; max_faces: follow at
    most so many, largest first; detect_every: frames between searches for newcomers;
    min_confidence: least score of a detection, by default the pack's; fit: fit the pack's 3D face
    to the landmarks, which adds the columns of ``prosopon.fit`` and measures the pose again.

    Raises PackError, DeviceError. An Analyzer holds no state of a source and may be used again;
    it is not meant for several threads at once.
    """

    def __init__(
        self,
        pack: str | Path = "default",
        device: str = "cpu",
        threads: int = 1,
        precision: str | None = None,
        intrinsics: Camera | Intrinsics | None = None,
        max_faces: int | None = None,
        detect_every: int = 15,
        min_confidence: float | None = None,
        fit: bool = False,
    ) -> None:
        self.pack = load_pack(pack)
        spec = self.pack.network
        self._size = spec.size
        network = spec.file(precision).path
        session = create_session(network, device=device, threads=threads)
        self._network = FaceNetwork(session, spec.outputs)
        given = session.get_outputs()[0].shape[-1]
        if given != self._network.width:
            raise PackError(
                f"{network}: gives {given} values a face, but pack.toml describes "
                f"{self._network.width}; reinstall prosopon or add the pack again"
            )
        detector = self.pack.detector
        self._threshold = detector.threshold if min_confidence is None else min_confidence
        self._detector = FaceDetector(
            create_session(detector.file.path, device=device, threads=threads),
            threshold=max(self._threshold - SECOND_CHANCE, 0.05),
            nms=detector.nms,
            long_side=detector.long_side,
        )
        self._face_shape = self.pack.face_shape()
        self._heads = load_heads(set(spec.outputs))
        self._likeness: Likeness | None = None
        if (looks := self.pack.embedding) is not None:
            self._likeness = Likeness(looks.slope, looks.middle)
            self._embedding = create_session(looks.file.path, device=device, threads=threads)
        self._intrinsics = intrinsics or Intrinsics()
        self._model = self._face_model() if fit else None
        self._threads = threads
        self._tracking = TrackSettings(detect_every=detect_every, max_faces=max_faces)
        fitted = () if self._model is None else fit_columns(self._model)
        frame_columns = (*FRAME_COLUMNS, IDENTITY_CONFIDENCE)
        self.schema = (*frame_columns, *(c for head in self._heads for c in head.columns), *fitted)
        self.settings: dict[str, Any] = {
            "device": device,
            "threads": threads,
            "precision": precision or spec.precision,
            "max_faces": max_faces,
            "detect_every": detect_every,
            "min_confidence": self._threshold,
            "intrinsics": None if intrinsics is None else asdict(intrinsics),
            "fit": fit,
        }

    # ---- what users call

    def image(
        self,
        image: str | Path | UInt8Array,
        boxes: Sequence[Sequence[float]] | AnyArray | None = None,
    ) -> FaceTable:
        """All faces of one image, largest score first; no rows when there is none.

        image: a file, or a BGR (h, w, 3) or grey (h, w) uint8 array. boxes (n, 4): faces already
        found, x0 y0 x1 y1 px; one row for each, in order. A box may fill the image.
        """
        if isinstance(image, str | Path):
            with open_source(image) as source:
                if source.kind != "image":
                    raise InputError(f"{image}: not an image file; use video() or analyze()")
                luma = next(iter(source)).luma
        else:
            luma = _luminance(image)
        faces = self._still(luma, boxes)
        pending = _Pending((luma.shape[1], luma.shape[0]))
        pending.parts.append(faces)
        pending.frames.append((0, 0.0, list(range(len(faces)))))
        pending.certainties += [np.nan] * len(faces)
        return self._decode(pending, self._fitter(share=False), keep_empty=False)

    def video(
        self,
        path: str | Path,
        *,
        start: float = 0.0,
        end: float | None = None,
        every: int = 1,
        fps: float | None = None,
    ) -> Iterator[Result]:
        """The faces of each frame of a video, animated image, folder or image file, in order.

        start, end, every, fps: which frames, see :class:`prosopon.sources.Selection`; they keep
        their numbers and times.
        """
        selection = Selection(start, end, every, fps)
        with SelectedSource(open_source(path, threads=self._threads), selection) as source:
            yield from self.frames(source)

    def frames(self, source: Source) -> Iterator[Result]:
        """The faces of each frame of an open source, one frame at a time."""
        memory = self.begin(source)
        for frame, pending in self._measure(source, memory.tracker, frames=1):
            yield Result(frame.index, frame.time, self._decode(pending, memory.fitter), frame)

    def begin(self, source: Source) -> Memory:
        """What is known before the first frame of ``source``: nobody."""
        return Memory(
            Tracker(self._tracking, self._likeness), self._fitter(share=not _is_still(source))
        )

    def tables(
        self, source: Source, frames: int = CHUNK_FRAMES, memory: Memory | None = None
    ) -> Iterator[FaceTable]:
        """The rows of an open source in tables of several frames each: the quickest way.

        memory: of the frames before, where ``source`` begins in the middle; it is kept up to the
        last table that was given.
        """
        memory = memory or self.begin(source)
        for _, pending in self._measure(source, memory.tracker, frames=frames):
            yield self._decode(pending, memory.fitter)

    # ---- stages

    def _measure(
        self, source: Source, tracker: Tracker, frames: int
    ) -> Iterator[tuple[Frame, _Pending]]:
        """Measure every frame; yield when ``frames`` of them wait, or their size changes."""
        still = _is_still(source)
        pending: _Pending | None = None
        frame: Frame | None = None
        for frame in source:
            if pending is not None and pending.size != frame.size:
                yield frame, pending
                pending = None
            if pending is None:
                pending = _Pending(frame.size)
            if still:
                parts = [self._still(frame.luma, None)]
                ids = list(range(len(parts[0])))
                pending.certainties += [np.nan] * len(ids)
            else:
                parts = self._follow(frame.luma, tracker)
                ids = tracker.ids
                pending.certainties += tracker.confidences
            pending.parts.extend(parts)
            pending.frames.append((frame.index, frame.time, ids))
            if len(pending.frames) >= frames:
                yield frame, pending
                pending = None
        if pending is not None and frame is not None:
            yield frame, pending

    def _still(self, luma: UInt8Array, boxes: Any | None) -> _Faces:
        """Faces of a picture on its own."""
        if boxes is not None:
            given = np.asarray(boxes, dtype=np.float32)
            if given.ndim != 2 or given.shape[1] != 4:
                raise InputError(f"boxes: expected shape (n, 4), got {given.shape}")
            if (given[:, 2:] <= given[:, :2]).any():
                raise InputError("boxes: expected x1 > x0 and y1 > y0 in every row")
            return self._refine(luma, from_boxes(given, self._size), STILL_REFINEMENTS, True)
        found = self._detector(luma)
        crops = from_boxes(found.boxes, self._size, found.points)
        faces = self._refine(luma, crops, STILL_REFINEMENTS, mirrored=True)
        scores = self._scores(faces) - self._doubt(found.scores)
        own = face_boxes(self._landmarks(faces))
        overlaps = iou(own, own)
        limit = self._tracking.max_faces
        kept: list[int] = []
        for row in np.argsort(-scores, kind="stable"):
            seen = scores[row] >= self._tracking.admit_score
            if seen and not (kept and overlaps[row, kept].max() > self._tracking.overlap):
                kept.append(int(row))
        if limit is not None:
            areas = np.prod(own[:, 2:] - own[:, :2], axis=1)
            kept = sorted(kept, key=lambda row: -float(areas[row]))[:limit]
        return faces.take(kept)

    def _follow(self, luma: UInt8Array, tracker: Tracker) -> list[_Faces]:
        """Faces of the next frame of a video, in the order of ``tracker.ids``."""
        parts = []
        look = self._look(luma)
        tracker.begin(luma)
        expected = tracker.expected()
        if len(expected):
            faces = self._run(luma, from_landmarks(expected, self._size))
            kept = tracker.follow(self._landmarks(faces), self._scores(faces), faces.glance, look)
            parts.append(faces if len(kept) == len(faces) else faces.take(kept))
        else:
            tracker.follow(expected, np.empty(0, dtype=np.float32))
        if tracker.wants_detection():
            found = self._detector(luma)
            rows = tracker.unclaimed(found.boxes)
            if rows:
                crops = from_boxes(found.boxes[rows], self._size, found.points[rows])
                faces = self._refine(luma, crops, NEWCOMER_REFINEMENTS)
                scores = self._scores(faces) - self._doubt(found.scores[rows])
                kept = tracker.admit(self._landmarks(faces), scores, look)
                parts.append(faces.take(kept))
        return parts

    def _refine(self, luma: UInt8Array, crops: Crops, times: int, mirrored: bool = False) -> _Faces:
        """Faces whose crops were corrected ``times``; at last seen mirrored as well, or not."""
        faces = self._run(luma, crops)
        for left in range(times if len(crops) else 0, 0, -1):
            crops = from_landmarks(self._landmarks(faces), self._size)
            better = self._run(luma, crops, mirrored and left == 1)
            # A correction that loses the face was none.
            worse = self._scores(better) < np.minimum(self._scores(faces), 0.5)
            if worse.any():
                rows = np.arange(len(faces)) + np.where(worse, 0, len(faces))
                better = _Faces.concat([faces, better]).take(rows)
            faces = better
        return faces

    def _run(self, luma: UInt8Array, crops: Crops, mirrored: bool = False) -> _Faces:
        batch = cut(luma, crops)
        network = self._network.both_ways if mirrored else self._network
        return _Faces(
            network(batch.tensor),
            invert_similarity(crops.matrices),
            crops.angles,
            batch.contrast,
            batch.sharpness,
            _glances(batch.tensor),
        )

    def _look(self, luma: UInt8Array) -> Look | None:
        """Landmarks (n, 68, 2) → what these faces look like in this frame, if the pack can tell."""
        spec = self.pack.embedding
        if spec is None:
            return None

        def look(landmarks: FloatArray) -> FloatArray:
            batch = cut(luma, from_landmarks(landmarks, spec.size, spec.scale))
            vectors: FloatArray = self._embedding.run(None, {"crops": batch.tensor})[0]
            return vectors

        return look

    def _landmarks(self, faces: _Faces) -> FloatArray:
        points = faces.raw[:, self._network.slices["points"]]
        return points_in_image(points, faces.to_image, self._size)[:, :68]

    def _scores(self, faces: _Faces) -> FloatArray:
        slices = self._network.slices
        return confidence(faces.raw[:, slices["face"]], faces.raw[:, slices["points_scale"]])

    def _doubt(self, detected: FloatArray) -> FloatArray:
        """How much more confidence detections of these scores need."""
        return np.where(detected < self._threshold, SECOND_CHANCE, 0).astype(np.float32)

    # ---- decoding

    def _face_model(self) -> FaceModel:
        """What a fit needs of the pack."""
        if self.pack.face_model_file is None or "rotation_scale" not in self.pack.network.outputs:
            raise PackError(
                f"{self.pack.folder}: this pack has no 3D face to fit; leave fit out, or use "
                "the pack 'default'"
            )
        return load_model(self.pack.face_model_file.path)

    def _fitter(self, share: bool) -> Fitter | None:
        return None if self._model is None else Fitter(self._model, share)

    def _decode(
        self, pending: _Pending, fitter: Fitter | None, keep_empty: bool = True
    ) -> FaceTable:
        """All waiting measurements as a table; a frame without a face gets a row of its own."""
        ids = [ids for _, _, ids in pending.frames]
        counts = np.array([len(i) for i in ids])
        rows = np.maximum(counts, 1) if keep_empty else counts
        total = int(rows.sum())
        filled = np.repeat(counts > 0, rows)
        data = {column.name: column.empty(total) for column in self.schema}
        data["frame"][:] = np.repeat([index for index, _, _ in pending.frames], rows)
        data["time"][:] = np.repeat([time for _, time, _ in pending.frames], rows)
        data["face_id"][:] = -1
        data["confidence"][:] = 0
        if filled.any():
            data["face_id"][filled] = [i for frame in ids for i in frame]
            data["identity_confidence"][filled] = pending.certainties
            measured = self._decode_faces(pending, fitter, data["face_id"][filled])
            measured["success"] = measured["confidence"] >= self._tracking.follow_score
            for name, values in measured.items():
                data[name][filled] = values
        return FaceTable(self.schema, data)

    def _decode_faces(
        self, pending: _Pending, fitter: Fitter | None, ids: AnyArray
    ) -> dict[str, AnyArray]:
        faces = _Faces.concat(pending.parts)
        context = Context(
            outputs=self._network.split(faces.raw),
            to_image=faces.to_image,
            angles=faces.angles,
            crop_size=self._size,
            landmark_offset=self.pack.network.landmark_offset,
            camera=self._intrinsics.at(*pending.size),
            face_shape=self._face_shape,
            contrast=faces.contrast,
            sharpness=faces.sharpness,
        )
        measured: dict[str, AnyArray] = {}
        for head in self._heads:
            columns = head.decode(context)
            context.columns.update(columns)
            measured.update(columns)
        measured["box"] = face_boxes(context.columns["landmarks"])
        if fitter is not None:
            measured.update(fitter(context, ids))
        return measured


def _is_still(source: Source) -> bool:
    """Whether the pictures of a source have nothing to do with each other."""
    return source.kind in ("image", "images")


def _glances(tensor: FloatArray) -> FloatArray:
    """Crops (n, 1, s, s) as (n, 256): 16 × 16 px of each, to see whether it has changed."""
    small = [cv2.resize(crop[0], (16, 16), interpolation=cv2.INTER_AREA) for crop in tensor]
    return np.asarray(small, dtype=np.float32).reshape(len(tensor), 256)


def _luminance(image: UInt8Array) -> UInt8Array:
    """The (h, w) luminance of a BGR or grey picture that a user has handed over."""
    if not isinstance(image, np.ndarray):
        raise InputError(f"image: expected a path or an array, got {type(image).__name__}")
    if image.dtype != np.uint8 or image.size == 0:
        raise InputError(f"image: expected uint8 pixels, got {image.dtype} {image.shape}")
    if image.ndim == 2:
        return image
    if image.ndim == 3 and image.shape[2] == 3:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    raise InputError(f"image: expected shape (h, w, 3) BGR or (h, w) grey, got {image.shape}")


def analyze(
    path: str | Path | int,
    *,
    start: float = 0.0,
    end: float | None = None,
    every: int = 1,
    fps: float | None = None,
    **options: Any,
) -> FaceTable:
    """The whole of an image, folder or video as one table.

    start, end, every, fps: which frames, see :class:`prosopon.sources.Selection`; options as for
    :class:`Analyzer`.
    """
    selection = Selection(start, end, every, fps)
    analyzer = Analyzer(**options)
    opened = open_source(path, threads=options.get("threads", 1))
    with SelectedSource(opened, selection) as source:
        return FaceTable.concat(analyzer.tables(source), analyzer.schema)
