"""How well identities are kept: CLEAR MOT and identity measures, on plain arrays.

A row is one face in one frame: ``frame`` (n,), ``face_id`` (n,), ``box`` (n, 4) x0 y0 x1 y1 px.

Conventions are those of TrackEval (Luiten & Hoffhues, github.com/JonathonLuiten/TrackEval) and of
py-motmetrics: boxes match at IoU ≥ 0.5; CLEAR MOT (Bernardin & Stiefelhagen, EURASIP JIVP 2008)
keeps a match from the frame before while it holds, and assigns the rest for the largest overlap;
the identity measures (Ristani et al., ECCV workshops 2016) assign whole identities one to one, for
the most matching rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from prosopon.errors import MissingExtraError
from prosopon.geometry import iou
from prosopon.types import AnyArray

MATCH = 0.5


@dataclass(frozen=True, slots=True)
class Faces:
    """Rows of a clip, in order of frames."""

    frame: AnyArray
    face_id: AnyArray
    box: AnyArray

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, rows: AnyArray) -> Faces:
        """Some of the rows: indices, or a mask."""
        return Faces(self.frame[rows], self.face_id[rows], self.box[rows])


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted over a clip; clips add up.

    truth, predicted: rows; matched: rows that match a face; switches: changes of the identity that
    matches a person; fragments: times that a person is lost and found again while there to be
    seen; identified: rows whose identity is right in the best one-to-one assignment; people,
    identities: different ids, true and predicted.
    """

    truth: int = 0
    predicted: int = 0
    matched: int = 0
    switches: int = 0
    fragments: int = 0
    identified: int = 0
    people: int = 0
    identities: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def mota(self) -> float:
        """1 − (misses + false faces + switches) / true rows; NaN without any."""
        errors = self.truth + self.predicted - 2 * self.matched + self.switches
        return 1 - errors / self.truth if self.truth else float("nan")

    @property
    def idf1(self) -> float:
        """2 · identified / (true + predicted rows); NaN without any."""
        rows = self.truth + self.predicted
        return 2 * self.identified / rows if rows else float("nan")


def drop_unseen(truth: Faces, seen: AnyArray, predicted: Faces) -> tuple[Faces, Faces]:
    """Leave out true rows that are not ``seen`` (n,), and predicted rows that match one of them.

    A face that is hidden is neither a miss when it isn't found nor false when it is.
    """
    kept = np.ones(len(predicted), bool)
    for rows, others in _frames(truth, predicted):
        overlaps = iou(truth.box[rows], predicted.box[others])
        for row, other in _assign(np.where(overlaps >= MATCH, overlaps, 0)):
            kept[others[other]] = seen[rows[row]]
    return truth.take(seen), predicted.take(kept)


def count(truth: Faces, predicted: Faces) -> Counts:
    """All counts of one clip."""
    people, who = np.unique(truth.face_id, return_inverse=True)
    identities, which = np.unique(predicted.face_id, return_inverse=True)
    matched = switches = fragments = 0
    together = np.zeros((len(people), len(identities)), int)
    last = np.full(len(people), -1)  # the identity that matched last
    before = np.full(len(people), -1)  # the identity that matched in the last frame
    tracked = np.ones(len(people), bool)  # in the last frame that the person was in
    for rows, others in _frames(truth, predicted):
        overlaps = iou(truth.box[rows], predicted.box[others])
        fits = overlaps >= MATCH
        together[who[rows][:, None], which[others][None]] += fits
        held = fits & (before[who[rows]][:, None] == which[others][None])
        # A match that holds outweighs any overlap.
        pairs = _assign(np.where(fits, overlaps + 1000.0 * held, 0))
        before[:] = -1
        found = np.zeros(len(people), bool)
        for row, other in pairs:
            person, identity = who[rows[row]], which[others[other]]
            matched += 1
            switches += int(last[person] not in (-1, identity))
            fragments += int(last[person] != -1 and not tracked[person])
            last[person] = before[person] = identity
            found[person] = True
        tracked[who[rows]] = found[who[rows]]
    identified = sum(int(together[pair]) for pair in _assign(together.astype(float)))
    return Counts(
        len(truth), len(predicted), matched, switches, fragments, identified,
        len(people), len(identities),
    )  # fmt: skip


def _frames(truth: Faces, predicted: Faces) -> Iterator[tuple[AnyArray, AnyArray]]:
    """Row numbers of both, for every frame that either has."""
    for frame in np.union1d(truth.frame, predicted.frame):
        yield np.flatnonzero(truth.frame == frame), np.flatnonzero(predicted.frame == frame)


def _assign(gain: AnyArray) -> list[tuple[int, int]]:
    """Pairs (row, column) of the greatest total gain; those that gain nothing are left out."""
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError:
        raise MissingExtraError("scipy", "eval", "scoring identities") from None
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if gain[r, c] > 0]
