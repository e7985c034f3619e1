"""Who is who: faces are given to remembered people, or to nobody seen before, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from prosopon.track.assignment import assign
from prosopon.track.memory import NEW, Likeness, Person
from prosopon.types import FloatArray

_NEVER = -1e6


@dataclass(slots=True, eq=False)
class Trial:
    """Evidence on who a followed face is, gathered over some frames.

    looks: frames after the start at which the face is looked at; keep: log-odds that it is who it
    was taken for, before looking; fresh: that is somebody who has only been met with this face;
    places: log-odds by place, of people by identity; vectors: what was seen so far.
    """

    looks: tuple[int, ...]
    keep: float
    fresh: bool = False
    places: dict[int, float] = field(default_factory=dict)
    vectors: list[FloatArray] = field(default_factory=list)
    age: int = 0

    @property
    def due(self) -> bool:
        """Whether to look at the face in this frame."""
        return self.age in self.looks

    @property
    def over(self) -> bool:
        """Whether all looks have been taken."""
        return self.age >= self.looks[-1]

    @property
    def vector(self) -> FloatArray | None:
        """Mean of what was seen, of length 1; None before the first look."""
        if not self.vectors:
            return None
        mean = np.mean(self.vectors, axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6))


@dataclass(frozen=True, slots=True)
class Claim:
    """A face that is to be given to somebody: its trial, and who it was taken for, if anybody.

    may_be_new: whether it may turn out to be nobody seen before.
    """

    trial: Trial
    own: Person | None = None
    may_be_new: bool = True


def identify(
    claims: Sequence[Claim], people: Sequence[Person], likeness: Likeness | None
) -> list[tuple[Person | None, float]]:
    """Who of ``people`` each claim is (None: nobody of them) and the probability of that.

    No two claims get the same person. Without a ``likeness`` only places count.
    """
    scores = np.full((len(claims), len(people) + len(claims)), _NEVER)
    for row, claim in enumerate(claims):
        for column, person in enumerate(people):
            scores[row, column] = np.log((1 - NEW) / len(people))
            scores[row, column] += claim.trial.places.get(person.face_id, 0.0)
            vector = claim.trial.vector
            if likeness is not None and vector is not None and person.views:
                scores[row, column] += likeness.log_odds(person.cosine(vector))
            if person is claim.own:
                scores[row, column] += claim.trial.keep
        if claim.may_be_new or not people:
            scores[row, len(people) + row] = np.log(NEW) + claim.trial.keep * claim.trial.fresh
    answers: list[tuple[Person | None, float]] = []
    for row, column in enumerate(assign(scores)):
        odds = np.exp(scores[row] - scores[row].max())
        who = people[column] if column < len(people) else None
        answers.append((who, float(odds[column] / odds.sum())))
    return answers
