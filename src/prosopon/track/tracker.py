"""Which face is which, from one frame to the next.

A face is followed by its own landmarks: they say where to look in the next frame, and the
network's confidence says whether the face was still there. The tracker holds the state and the
rules; it runs no network. One frame goes::

    tracks = tracker.expected()            # where to look
    …network…
    tracker.follow(landmarks, scores)      # what was found there
    …detector, when tracker.wants_detection()…
    new = tracker.unclaimed(detections)    # which detections are nobody's
    …network…
    tracker.admit(landmarks, scores)       # newcomers, or lost faces that are back
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prosopon.geometry import iou
from prosopon.types import FloatArray

DOUBLE = 0.7
"""Of two followed faces, the share of the smaller that the other covers when both are one."""


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """Rules of tracking.

    detect_every: frames between detector runs that look for newcomers;
    follow_score: confidence below which a followed face is lost;
    admit_score: confidence that a newcomer needs;
    patience: frames for which a lost face keeps its identity;
    overlap: boxes that share more than this (IoU) are the same face;
    max_faces: most faces at once, the largest first; None: no limit.
    """

    detect_every: int = 15
    follow_score: float = 0.3
    admit_score: float = 0.55
    patience: int = 30
    overlap: float = 0.35
    max_faces: int | None = None


@dataclass(slots=True)
class _Track:
    face_id: int
    landmarks: FloatArray  # (68, 2)
    velocity: FloatArray  # (2,) px per frame, of the centre
    age: int = 0
    missing: int = 0


class Tracker:
    """State of all faces of one source."""

    def __init__(self, settings: TrackSettings) -> None:
        self.settings = settings
        self._active: list[_Track] = []
        self._lost: list[_Track] = []
        self._next_id = 0
        self._since_detection = settings.detect_every

    @property
    def ids(self) -> list[int]:
        """Identities of the faces that are followed, in the order of :meth:`expected`."""
        return [track.face_id for track in self._active]

    def expected(self) -> FloatArray:
        """(n, 68, 2) px: where the landmarks of each followed face should now be."""
        if not self._active:
            return np.empty((0, 68, 2), dtype=np.float32)
        return np.stack([track.landmarks + track.velocity for track in self._active])

    def follow(self, landmarks: FloatArray, scores: FloatArray) -> list[int]:
        """Take over what the network found at the expected places.

        Returns the rows that are kept, in order; the others are lost or doubles.
        """
        self._since_detection += 1
        for track in self._lost:
            track.missing += 1
        self._lost = [t for t in self._lost if t.missing <= self.settings.patience]
        kept, active = [], []
        doubles = self._doubles(landmarks)
        for row, track in enumerate(self._active):
            if row in doubles:
                continue
            if scores[row] < self.settings.follow_score:
                track.missing = 1
                track.velocity = np.zeros(2, dtype=np.float32)
                self._lost.append(track)
                self._since_detection = self.settings.detect_every
                continue
            self._move(track, landmarks[row])
            kept.append(row)
            active.append(track)
        self._active = active
        return kept

    def _move(self, track: _Track, landmarks: FloatArray) -> None:
        # Half of the last step: full extrapolation overshoots when a head turns back.
        track.velocity = 0.5 * (landmarks.mean(0) - track.landmarks.mean(0))
        track.landmarks = landmarks
        track.age += 1
        track.missing = 0

    def _doubles(self, landmarks: FloatArray) -> set[int]:
        """Rows that have run onto another's face, or onto a part of it."""
        if len(landmarks) < 2:
            return set()
        boxes = _boxes(landmarks)
        areas = _areas(boxes)
        overlaps = iou(boxes, boxes)
        shared = overlaps * (areas[:, None] + areas) / (1 + overlaps)
        covered = shared / np.minimum(areas[:, None], areas) > DOUBLE
        doubles: set[int] = set()
        # A part of a face yields to the whole; of two that are alike, the older keeps the face.
        order = sorted(
            range(len(landmarks)),
            key=lambda row: (
                bool((covered[row] & (areas > 2 * areas[row])).any()),
                -self._active[row].age,
            ),
        )
        for place, row in enumerate(order):
            if any(covered[row, k] for k in order[:place] if k not in doubles):
                doubles.add(row)
        return doubles

    def wants_detection(self) -> bool:
        """Whether the detector should look at this frame."""
        limit = self.settings.max_faces
        if limit is not None and len(self._active) >= limit:
            return False
        return not self._active or self._since_detection >= self.settings.detect_every

    def unclaimed(self, boxes: FloatArray) -> list[int]:
        """Rows of detected boxes (n, 4), best first, that no followed face covers."""
        self._since_detection = 0
        if not len(boxes):
            return []
        free = list(range(len(boxes)))
        if self._active:
            claimed = _boxes(np.stack([track.landmarks for track in self._active]))
            centers = (boxes[:, :2] + boxes[:, 2:]) / 2
            sizes, areas = _areas(claimed), _areas(boxes)
            free = []
            for row, overlaps in enumerate(iou(boxes, claimed)):
                followed = (overlaps > self.settings.overlap).any()
                # A small detection within a followed face is a part of it.
                part = _inside(centers[row], claimed) & (areas[row] < 2 * sizes)
                if not (followed or part.any()):
                    free.append(row)
        if self.settings.max_faces is not None:
            areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
            free.sort(key=lambda row: -float(areas[row]))
            free = free[: max(0, self.settings.max_faces - len(self._active))]
        return free

    def admit(self, landmarks: FloatArray, scores: FloatArray) -> list[int]:
        """Start following newly found faces (n, 68, 2); returns the rows taken.

        A face that shows up where one was lost takes up that identity again.
        """
        taken = []
        for row in range(len(landmarks)):
            if scores[row] < self.settings.admit_score:
                continue
            box = _boxes(landmarks[row : row + 1])
            if self._active:
                others = _boxes(np.stack([track.landmarks for track in self._active]))
                if iou(box, others).max() > self.settings.overlap:
                    continue
                slipped = self._slipped(box, others)
                if slipped is not None:
                    slipped.landmarks = landmarks[row]
                    slipped.velocity = np.zeros(2, dtype=np.float32)
                    continue
            track = self._recall(box, landmarks[row])
            self._active.append(track)
            taken.append(row)
        return taken

    def _slipped(self, box: FloatArray, others: FloatArray) -> _Track | None:
        """The track that follows only a part of the face in ``box``, if there is one."""
        centers = (others[:, :2] + others[:, 2:]) / 2
        for track, center, area in zip(self._active, centers, _areas(others), strict=True):
            if _inside(center, box)[0] and 2 * area < _areas(box)[0]:
                return track
        return None

    def _recall(self, box: FloatArray, landmarks: FloatArray) -> _Track:
        still = np.zeros(2, dtype=np.float32)
        if self._lost:
            center = (box[0, :2] + box[0, 2:]) / 2
            size = float((box[0, 2:] - box[0, :2]).max())
            places = _boxes(np.stack([track.landmarks for track in self._lost]))
            centers = (places[:, :2] + places[:, 2:]) / 2
            sizes = (places[:, 2:] - places[:, :2]).max(1)
            distance = np.linalg.norm(centers - center, axis=1) / np.maximum(sizes, size)
            similar = np.abs(np.log(sizes / size)) < 0.5
            distance = np.where(similar, distance, np.inf)
            nearest = int(distance.argmin())
            if distance[nearest] < 0.75:
                track = self._lost.pop(nearest)
                track.landmarks, track.velocity, track.missing = landmarks, still, 0
                return track
        track = _Track(self._next_id, landmarks, still)
        self._next_id += 1
        return track


def _boxes(landmarks: FloatArray) -> FloatArray:
    return np.concatenate([landmarks.min(1), landmarks.max(1)], axis=1)


def _areas(boxes: FloatArray) -> FloatArray:
    return np.asarray(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))


def _inside(point: FloatArray, boxes: FloatArray) -> npt.NDArray[np.bool_]:
    return np.asarray(((point > boxes[:, :2]) & (point < boxes[:, 2:])).all(1))
