"""Everyone seen so far in a source, and how likely a face is one of them.

Two kinds of evidence are added as natural logarithms of odds: what the face looks like (its
embedding against those kept of a person) and where it is (a person lost a moment ago is near
there). What is kept is bounded: VIEWS embeddings a person, PEOPLE persons.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from prosopon.types import FloatArray

VIEWS = 8
PEOPLE = 200
SAME_VIEW = 0.9
"""Cosine over which two embeddings of a person are one view."""
NEW = 0.3
"""Chance that a face that shows up belongs to nobody seen before, with everybody equal."""
ELSEWHERE = 0.1
"""Chance that somebody who was lost comes back anywhere in the picture."""
SPREAD, DRIFT = 0.3, 0.06
"""Standard deviation, in face sizes, of the place of a face lost now, and its growth a frame."""
MOST_ODDS = 8.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a cosine of embeddings says: log-odds ``slope`` · (cosine − ``middle``)."""

    slope: float
    middle: float

    def log_odds(self, cosine: float) -> float:
        """That two pictures with this cosine are of one person, against of two."""
        return float(np.clip(self.slope * (cosine - self.middle), -MOST_ODDS, MOST_ODDS))


@dataclass(slots=True, eq=False)
class Person:
    """Somebody with an identity. landmarks, velocity: where last seen, px, px per frame.

    missing: frames since then; cut_off: a cut has come between, so that the place says nothing.
    """

    face_id: int
    landmarks: FloatArray
    velocity: FloatArray
    missing: int = 0
    cut_off: bool = False
    views: list[FloatArray] = field(default_factory=list)

    def seen_at(self, landmarks: FloatArray, velocity: FloatArray) -> None:
        """Be in view, at these landmarks."""
        self.landmarks, self.velocity = landmarks, velocity
        self.missing, self.cut_off = 0, False

    def cosine(self, vector: FloatArray) -> float:
        """With the nearest of the views."""
        return float(max(view @ vector for view in self.views))

    def remember(self, vector: FloatArray) -> None:
        """Take in one more embedding; a view like one that is kept is merged with it."""
        cosines = [float(view @ vector) for view in self.views]
        nearest = int(np.argmax(cosines)) if cosines else -1
        if cosines and (cosines[nearest] > SAME_VIEW or len(self.views) == VIEWS):
            merged = 0.8 * self.views[nearest] + 0.2 * vector
            self.views[nearest] = merged / np.linalg.norm(merged)
        else:
            self.views.append(vector)

    def place_odds(self, landmarks: FloatArray, area: float) -> float:
        """Log-odds that who is at ``landmarks`` (68, 2) is this person, by place and size.

        area: of the picture, px². A normal distribution about the place where the face was going,
        the wider the longer it is gone, against anywhere in the picture.
        """
        if self.cut_off:
            return 0.0
        size = _size(self.landmarks)
        # A face that is lost goes on for a while, but not for ever.
        gone = self.velocity * min(self.missing, 15)
        step = np.linalg.norm(landmarks.mean(0) - self.landmarks.mean(0) - gone) / size
        growth = abs(np.log(_size(landmarks) / size))
        spread = SPREAD + DRIFT * self.missing
        anywhere = size**2 / area
        # The picture ends somewhere: nobody is less likely to be here than anywhere for that.
        extent = min(2 * np.pi * spread**2, 1 / anywhere)
        near = np.exp(-0.5 * (step**2 + (2 * growth) ** 2) / spread**2) / extent
        return float(np.log(((1 - ELSEWHERE) * near + ELSEWHERE * anywhere) / anywhere))


class Memory:
    """All persons of a source by identity; the ones longest gone are forgotten first."""

    def __init__(self) -> None:
        self.people: dict[int, Person] = {}
        self._next = 0

    def meet(self, landmarks: FloatArray) -> Person:
        """Somebody new."""
        person = Person(self._next, landmarks, np.zeros(2, dtype=np.float32))
        self.people[self._next] = person
        self._next += 1
        if len(self.people) > PEOPLE:
            self.forget(max(self.people.values(), key=lambda p: (p.missing, -p.face_id)))
        return person

    def forget(self, person: Person) -> None:
        """Drop somebody; nobody gets that identity again."""
        del self.people[person.face_id]


def _size(landmarks: FloatArray) -> float:
    """Larger side of the points' bounding box, px."""
    return max(float(np.ptp(landmarks, axis=0).max()), 1.0)
