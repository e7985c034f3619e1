"""The faces of one frame: detector, crops, network and tracker, in their order.

Only what the next frame depends on is worked out here: landmarks and confidence. All else waits as
raw outputs for ``prosopon.decoding``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from prosopon.appearance import Appearance
from prosopon.crop import cut, face_boxes, from_boxes, from_landmarks
from prosopon.detect import FaceDetector
from prosopon.errors import InputError
from prosopon.geometry import invert_similarity, iou
from prosopon.heads.landmarks import points_in_image
from prosopon.heads.quality import confidence
from prosopon.network import FaceNetwork
from prosopon.track.cuts import cells_of
from prosopon.track.tracker import Tracker, TrackSettings
from prosopon.types import AnyArray, Crops, Detections, FloatArray, Frame, UInt8Array

# A detection's box is rough: its crop is corrected by its own landmarks this many times. Pictures
# on their own have the time for a mirrored view in the last.
STILL_REFINEMENTS = 2
NEWCOMER_REFINEMENTS = 1
# Crops of pictures on their own that share a pass of the network, which costs each a third less;
# and how much of pictures (px) waits for that.
SHARED_CROPS = 16
_SHARED_PIXELS = 32_000_000
# A detection that scores up to this much less than the threshold is shown to the network as well,
# and is a face if the network is that much surer of it than it need be of others.
SECOND_CHANCE = 0.2


@dataclass(frozen=True, slots=True)
class RawFaces:
    """Undecoded measurements of n faces in one frame; every array has n rows."""

    raw: FloatArray  # the network's outputs
    to_image: FloatArray  # (n, 2, 3) crop px → image px
    angles: FloatArray  # rad, in-plane rotation taken out by the crop
    contrast: FloatArray
    sharpness: FloatArray
    glance: FloatArray  # (n, 256), the crop at 1/8 of its side

    def __len__(self) -> int:
        return len(self.raw)

    def take(self, rows: Sequence[int] | AnyArray) -> RawFaces:
        """Some of the rows."""
        index = np.asarray(rows, dtype=int)
        return RawFaces(*(getattr(self, name)[index] for name in self.__slots__))

    @classmethod
    def concat(cls, parts: Sequence[RawFaces]) -> RawFaces:
        """All rows of ``parts``."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__slots__))


class Sight(Protocol):
    """All that may be asked of a frame. Every answer depends on the picture and the question alone.

    area: px²; cells: what ``prosopon.track.cuts`` sees of the picture.
    """

    @property
    def area(self) -> float: ...
    @property
    def cells(self) -> UInt8Array: ...

    def followed(self, landmarks: FloatArray) -> RawFaces:
        """The faces where landmarks (n, 68, 2) px are expected."""

    def detections(self) -> Detections:
        """What the detector finds."""

    def newcomers(self, found: Detections, rows: Sequence[int]) -> RawFaces:
        """Some of the detections, measured."""

    def look(self, landmarks: FloatArray) -> FloatArray:
        """Embeddings (n, d) of the faces at landmarks (n, 68, 2) px."""


class Measurer:
    """Finds and measures the faces of frames; it holds no state of a source.

    network: takes crops of ``size`` px; detector: gives what scores up to SECOND_CHANCE under
    ``threshold`` as well; tracking: who is admitted; appearance: None where the pack has no
    embedding.
    """

    def __init__(
        self,
        network: FaceNetwork,
        size: int,
        detector: FaceDetector,
        threshold: float,
        tracking: TrackSettings,
        appearance: Appearance | None,
    ) -> None:
        self._network, self._size = network, size
        self._detector, self._threshold = detector, threshold
        self._tracking = tracking
        self._appearance = appearance

    def given(self, luma: UInt8Array, boxes: Sequence[Sequence[float]] | AnyArray) -> RawFaces:
        """A face for each of ``boxes`` (n, 4) px, in order. InputError: they are no boxes."""
        try:
            boxes = np.asarray(boxes, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise InputError(f"boxes: expected numbers of shape (n, 4): {error}") from error
        if boxes.shape == (0,):  # a list without boxes
            boxes = boxes.reshape(0, 4)
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise InputError(f"boxes: expected shape (n, 4), got {boxes.shape}")
        if not (np.isfinite(boxes).all() and (boxes[:, 2:] > boxes[:, :2]).all()):
            raise InputError("boxes: expected x1 > x0 and y1 > y0 in every row")
        crops = from_boxes(boxes, self._size)
        return self._refine([(luma, crops)], STILL_REFINEMENTS, mirrored=True)

    def still(self, luma: UInt8Array) -> RawFaces:
        """Faces of a picture (h, w) on its own, largest score first."""
        return self._stills([(luma, self._detector(luma))])[0]

    def stills(
        self, frames: Iterable[Frame], together: int = SHARED_CROPS
    ) -> Iterator[tuple[Frame, RawFaces]]:
        """The same of many pictures, of which up to ``together`` wait for each other."""
        waiting: list[tuple[Frame, Detections]] = []
        for frame in frames:
            waiting.append((frame, self._detector(frame.luma)))
            crops = max(len(waiting), sum(len(found) for _, found in waiting))
            pixels = sum(one.luma.size for one, _ in waiting)
            if crops >= together or pixels >= _SHARED_PIXELS:
                yield from self._measured(waiting)
                waiting = []
        if waiting:
            yield from self._measured(waiting)

    def _measured(
        self, waiting: Sequence[tuple[Frame, Detections]]
    ) -> Iterator[tuple[Frame, RawFaces]]:
        measured = self._stills([(frame.luma, found) for frame, found in waiting])
        return zip((frame for frame, _ in waiting), measured, strict=True)

    def _stills(self, pictures: Sequence[tuple[UInt8Array, Detections]]) -> list[RawFaces]:
        faces = self._refine(
            [(luma, from_boxes(f.boxes, self._size, f.points)) for luma, f in pictures],
            STILL_REFINEMENTS,
            mirrored=True,
        )
        ends = np.cumsum([len(found) for _, found in pictures])
        return [
            self._chosen(faces.take(range(end - len(found), end)), found)
            for end, (_, found) in zip(ends, pictures, strict=True)
        ]

    def _chosen(self, faces: RawFaces, found: Detections) -> RawFaces:
        """Those of a picture's detections that are faces, each once, largest score first."""
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

    def sight(self, luma: UInt8Array) -> Sight:
        """A frame (h, w), to be asked."""
        return _Picture(self, luma)

    def follow(self, sight: Sight, tracker: Tracker) -> list[RawFaces]:
        """Faces of the next frame of a video, in the order of ``tracker.ids``."""
        parts = []
        look = sight.look if self._appearance else None
        tracker.begin(sight.area, sight.cells)
        expected = tracker.expected()
        if len(expected):
            faces = sight.followed(expected)
            kept = tracker.follow(self._landmarks(faces), self._scores(faces), faces.glance, look)
            parts.append(faces if len(kept) == len(faces) else faces.take(kept))
        else:
            tracker.follow(expected, np.empty(0, dtype=np.float32))
        if tracker.is_anchor():
            found = sight.detections()
            rows = tracker.anchored(found.boxes)
            faces = sight.newcomers(found, rows)
            scores = self._scores(faces) - self._doubt(found.scores[rows])
            taken, kept = tracker.anchor(self._landmarks(faces), scores, look)
            parts = [faces.take(taken), *(part.take(kept) for part in parts)]
        elif tracker.wants_detection():
            found = sight.detections()
            rows = tracker.unclaimed(found.boxes)
            if rows:
                faces = sight.newcomers(found, rows)
                scores = self._scores(faces) - self._doubt(found.scores[rows])
                kept = tracker.admit(self._landmarks(faces), scores, look)
                parts.append(faces.take(kept))
        return parts

    def _refine(
        self, pictures: Sequence[tuple[UInt8Array, Crops]], times: int, mirrored: bool = False
    ) -> RawFaces:
        """Faces whose crops were corrected ``times``; at last seen mirrored as well, or not."""
        faces = self._run(pictures)
        ends = np.cumsum([len(crops) for _, crops in pictures])
        for left in range(times if len(faces) else 0, 0, -1):
            crops = from_landmarks(self._landmarks(faces), self._size)
            pictures = [
                (luma, _part(crops, end - len(before), end))
                for end, (luma, before) in zip(ends, pictures, strict=True)
            ]
            better = self._run(pictures, mirrored and left == 1)
            # A correction that loses the face was none.
            worse = self._scores(better) < np.minimum(self._scores(faces), 0.5)
            if worse.any():
                rows = np.arange(len(faces)) + np.where(worse, 0, len(faces))
                better = RawFaces.concat([faces, better]).take(rows)
            faces = better
        return faces

    def _run(
        self, pictures: Sequence[tuple[UInt8Array, Crops]], mirrored: bool = False
    ) -> RawFaces:
        """Crops of pictures (h, w), in one pass of the network."""
        network = self._network.both_ways if mirrored else self._network
        batches = [cut(luma, crops) for luma, crops in pictures]
        tensor = _joined([batch.tensor for batch in batches])
        return RawFaces(
            network(tensor),
            _joined([invert_similarity(crops.matrices) for _, crops in pictures]),
            _joined([crops.angles for _, crops in pictures]),
            _joined([batch.contrast for batch in batches]),
            _joined([batch.sharpness for batch in batches]),
            _glances(tensor),
        )

    def _landmarks(self, faces: RawFaces) -> FloatArray:
        points = faces.raw[:, self._network.slices["points"]]
        return points_in_image(points, faces.to_image, self._size)[:, :68]

    def _scores(self, faces: RawFaces) -> FloatArray:
        slices = self._network.slices
        return confidence(faces.raw[:, slices["face"]], faces.raw[:, slices["points_scale"]])

    def _doubt(self, detected: FloatArray) -> FloatArray:
        """How much more confidence detections of these scores need."""
        return np.where(detected < self._threshold, SECOND_CHANCE, 0).astype(np.float32)


class _Picture:
    """Answers by the networks. luma: (h, w)."""

    def __init__(self, measurer: Measurer, luma: UInt8Array) -> None:
        self._measurer, self._luma = measurer, luma
        self.area = float(luma.size)

    @property
    def cells(self) -> UInt8Array:
        return cells_of(self._luma)

    def followed(self, landmarks: FloatArray) -> RawFaces:
        one = self._measurer
        return one._run([(self._luma, from_landmarks(landmarks, one._size))])

    def detections(self) -> Detections:
        return self._measurer._detector(self._luma)

    def newcomers(self, found: Detections, rows: Sequence[int]) -> RawFaces:
        one = self._measurer
        crops = from_boxes(found.boxes[rows], one._size, found.points[rows])
        return one._refine([(self._luma, crops)], NEWCOMER_REFINEMENTS)

    def look(self, landmarks: FloatArray) -> FloatArray:
        appearance = self._measurer._appearance
        assert appearance is not None
        return appearance.in_frame(self._luma)(landmarks)


def _part(crops: Crops, start: int, end: int) -> Crops:
    return Crops(crops.matrices[start:end], crops.angles[start:end], crops.size)


def _joined(parts: Sequence[FloatArray]) -> FloatArray:
    """One array of several; of one, as in every frame of a video, itself."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _glances(tensor: FloatArray) -> FloatArray:
    """Crops (n, 1, s, s) as (n, 256): 16 × 16 px of each, to see whether it has changed."""
    small = [cv2.resize(crop[0], (16, 16), interpolation=cv2.INTER_AREA) for crop in tensor]
    return np.asarray(small, dtype=np.float32).reshape(len(tensor), 256)
