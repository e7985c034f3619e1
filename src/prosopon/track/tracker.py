"""Which face is which, from one frame to the next.

A face is followed by its own landmarks: they say where to look in the next frame, and the
network's confidence says whether the face was still there. The tracker holds the state and the
rules; it runs no network. One frame goes::

    tracker.begin(luma.size, cells_of(luma))          # has there been a cut?
    tracks = tracker.expected()                       # where to look
    …network…
    tracker.follow(landmarks, scores, glances, look)  # what was found there
    …detector, when tracker.wants_detection()…
    new = tracker.unclaimed(detections)               # which detections are nobody's
    …network…
    tracker.admit(landmarks, scores, look)            # newcomers, or lost faces that are back

Who a face is, is decided in ``identities.py``. ``look`` shows it what faces look like, when it
asks: landmarks (n, 68, 2) px → embeddings (n, d) of length 1. Without it, places alone tell who is
back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prosopon.geometry import iou
from prosopon.track.boxes import areas, bounds, covered, inside
from prosopon.track.cuts import CutFinder
from prosopon.track.identities import Identities, Look, Track
from prosopon.track.memory import Likeness
from prosopon.types import FloatArray, UInt8Array

__all__ = ["Look", "TrackSettings", "Tracker"]

DOUBLE = 0.7
"""Of two followed faces, the share of the smaller that the other covers when both are one."""
ANCHOR_EVERY = 3072
"""Frames between anchors, at which every face is found anew: two minutes of video.

What is seen after an anchor doesn't depend on what was seen before, unless a face is followed that
the detector doesn't see. So a long video can be measured in spans at once; see ``spans.py``.
"""


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """Rules of tracking.

    detect_every: frames between detector runs that look for newcomers; search_every: the same
    while a face has lately been lost; follow_score: confidence below which a followed face is lost;
    admit_score: confidence that a newcomer needs; patience: frames for which a lost face is
    searched for and, where nothing is known of its looks, keeps its identity; overlap: boxes that
    share more than this (IoU) are the same face; max_faces: most faces at once, the largest first;
    None: no limit.
    """

    detect_every: int = 15
    search_every: int = 5
    follow_score: float = 0.3
    admit_score: float = 0.55
    patience: int = 30
    overlap: float = 0.35
    max_faces: int | None = None


class Tracker:
    """State of all faces of one source.

    likeness: what the pack's embeddings say, if it has any; number: frames of the source before the
    first that the tracker is shown.
    """

    def __init__(
        self, settings: TrackSettings, likeness: Likeness | None = None, number: int = 0
    ) -> None:
        self.settings = settings
        self._number = number - 1  # of the frame in hand
        self._active: list[Track] = []
        self._identities = Identities(likeness, settings.patience)
        self._is_cut = CutFinder()
        self._area = 1.0  # px², of the picture
        self._since_detection = settings.detect_every
        self._since_loss = settings.patience + 1

    @property
    def ids(self) -> list[int]:
        """Identities of the faces that are followed, in the order of :meth:`expected`."""
        return [track.person.face_id for track in self._active]

    @property
    def confidences(self) -> list[float]:
        """Probability of each of :attr:`ids`, when the face was last recognised."""
        return [track.confidence for track in self._active]

    def begin(self, area: float, cells: UInt8Array) -> None:
        """Start a frame of ``area`` px², with what ``cells_of`` says of it.

        After a cut everybody is to be found and recognised anew.
        """
        self._number += 1
        self._area = area
        # Where nothing is known of looks, to follow on is the better guess.
        if self._is_cut(cells) and self._identities.by_looks:
            self._lose(self._active)
            self._active = []
            self._identities.cut()

    def expected(self) -> FloatArray:
        """(n, 68, 2) px: where the landmarks of each followed face should now be."""
        if not self._active:
            return np.empty((0, 68, 2), dtype=np.float32)
        return np.stack([track.expected() for track in self._active])

    def follow(
        self,
        landmarks: FloatArray,
        scores: FloatArray,
        glances: FloatArray | None = None,
        look: Look | None = None,
    ) -> list[int]:
        """Take over what the network found at the expected places.

        glances: (n, k) small pictures of the crops. Returns the rows that are kept, in order; the
        others are lost or doubles.
        """
        self._since_detection += 1
        self._since_loss += 1
        self._identities.age()
        doubles = self._doubles(landmarks)
        for lost, kept in doubles.items():
            self._identities.settle_double(
                self._active[kept], self._active[lost], landmarks[kept], look
            )
        rows = []
        for row in range(len(self._active)):
            if row not in doubles and scores[row] >= self.settings.follow_score:
                rows.append(row)
        self._lose([track for row, track in enumerate(self._active) if row not in rows])
        self._active = [self._active[row] for row in rows]
        for row, track in zip(rows, self._active, strict=True):
            track.move(landmarks[row])
            if glances is not None:
                track.compare(glances[row])
        self._identities.review(self._active, look)
        self._identities.forget(self._active)
        return rows

    def _lose(self, tracks: list[Track]) -> None:
        self._identities.lose(tracks)
        if tracks:
            self._since_detection = self.settings.detect_every
            self._since_loss = 0

    def _doubles(self, landmarks: FloatArray) -> dict[int, int]:
        """Rows that have run onto another's face, or onto a part of it → the row of that other."""
        if len(landmarks) < 2:
            return {}
        boxes = bounds(landmarks)
        sizes = areas(boxes)
        over = covered(boxes) > DOUBLE
        # A part of a face yields to the whole; of two that are alike, the older keeps the face.
        order = sorted(
            range(len(landmarks)),
            key=lambda row: (
                bool((over[row] & (sizes > 2 * sizes[row])).any()),
                -self._active[row].age,
            ),
        )
        doubles: dict[int, int] = {}
        for place, row in enumerate(order):
            others = [k for k in order[:place] if over[row, k] and k not in doubles]
            if others:
                doubles[row] = others[0]
        return doubles

    def is_anchor(self) -> bool:
        """Whether everybody is to be found anew in this frame, see :meth:`anchor`."""
        return self._number > 0 and self._number % ANCHOR_EVERY == 0

    def wants_detection(self) -> bool:
        """Whether the detector should look at this frame."""
        limit = self.settings.max_faces
        if limit is not None and len(self._active) >= limit:
            return False
        every = self.settings.detect_every
        if self._since_loss <= self.settings.patience:
            every = min(every, self.settings.search_every)
        return not self._active or self._since_detection >= every

    def unclaimed(self, boxes: FloatArray) -> list[int]:
        """Rows of detected boxes (n, 4), best first, that no followed face covers."""
        self._since_detection = 0
        if not len(boxes):
            return []
        free = list(range(len(boxes)))
        if self._active:
            claimed = bounds(np.stack([track.landmarks for track in self._active]))
            centers = (boxes[:, :2] + boxes[:, 2:]) / 2
            followed_sizes, sizes = areas(claimed), areas(boxes)
            free = []
            for row, overlaps in enumerate(iou(boxes, claimed)):
                followed = (overlaps > self.settings.overlap).any()
                # A small detection within a followed face is a part of it.
                part = inside(centers[row], claimed) & (sizes[row] < 2 * followed_sizes)
                if not (followed or part.any()):
                    free.append(row)
        return self._largest(free, boxes, len(self._active))

    def _largest(self, rows: list[int], boxes: FloatArray, held: int = 0) -> list[int]:
        """As many of ``rows`` as may be followed beside ``held`` others."""
        limit = self.settings.max_faces
        if limit is None:
            return rows
        sizes = areas(boxes)
        return sorted(rows, key=lambda row: -float(sizes[row]))[: max(0, limit - held)]

    def admit(
        self, landmarks: FloatArray, scores: FloatArray, look: Look | None = None
    ) -> list[int]:
        """Start following newly found faces (n, 68, 2); returns the rows taken.

        One who is like somebody seen before, or shows up where somebody was lost, takes up that
        identity again.
        """
        taken: list[int] = []
        for row in range(len(landmarks)):
            if scores[row] < self.settings.admit_score:
                continue
            box = bounds(landmarks[row : row + 1])
            slipped = self._slipped(box)
            followed = [track.landmarks for track in self._active]
            rivals = followed + [landmarks[other] for other in taken]
            if rivals and iou(box, bounds(np.stack(rivals))).max() > self.settings.overlap:
                continue
            if slipped is not None:
                slipped.landmarks = landmarks[row]
                slipped.velocity = np.zeros(2, dtype=np.float32)
                continue
            taken.append(row)
        if taken:
            found = landmarks[taken]
            self._active += self._identities.admit(found, self._active, self._area, look)
        return taken

    def anchored(self, boxes: FloatArray) -> list[int]:
        """Rows of detected boxes (n, 4), best first, by which to anchor."""
        # Whatever there was before, searching goes on in one way from here.
        self._since_detection = self._since_loss = 0
        return self._largest(list(range(len(boxes))), boxes)

    def anchor(
        self, landmarks: FloatArray, scores: FloatArray, look: Look | None = None
    ) -> tuple[list[int], list[int]]:
        """Follow faces found anew (n, 68, 2) in the place of those that were followed there.

        Returns the rows taken, and which of the followed faces were not found and are followed on,
        after those.
        """
        taken: list[int] = []
        for row in range(len(landmarks)):
            box = bounds(landmarks[row : row + 1])
            again = taken and iou(box, bounds(landmarks[taken])).max() > self.settings.overlap
            if scores[row] >= self.settings.admit_score and not again:
                taken.append(row)
        owners: list[Track | None] = [None] * len(taken)
        left = list(range(len(self._active)))
        if taken and left:
            followed = bounds(np.stack([track.landmarks for track in self._active]))
            overlaps = iou(bounds(landmarks[taken]), followed)
            for place in np.argsort(-overlaps, axis=None, kind="stable"):
                row, column = divmod(int(place), overlaps.shape[1])
                if overlaps[row, column] <= self.settings.overlap:
                    break
                if owners[row] is None and column in left:
                    owners[row] = self._active[column]
                    left.remove(column)
        if self.settings.max_faces is not None:
            most = max(0, self.settings.max_faces - len(taken))
            self._identities.lose([self._active[column] for column in left[most:]])
            left = left[:most]
        kept = [self._active[column] for column in left]
        found = landmarks[taken]
        tracks = self._identities.anchor(found, owners, self._active, self._area, look)
        self._active = tracks + kept
        return taken, left

    def _slipped(self, box: FloatArray) -> Track | None:
        """The track that follows only a part of the face in ``box``, if there is one."""
        for track in self._active:
            own = bounds(track.landmarks[None])
            center = np.asarray(own.reshape(2, 2).mean(0))
            if inside(center, box)[0] and 2 * areas(own)[0] < areas(box)[0]:
                return track
        return None
