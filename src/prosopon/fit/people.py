"""What is known of the shape of each person of a video: a running estimate of the identity modes.

Every eighth row of a person (and each of the first few) is fitted with all modes. What its
landmarks say of the identity, with everything else left free, is added to what the rows before
said. A row is fitted with the identity known up to it and never with what comes later; which rows
are decoded together makes no difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prosopon.fit.solve import System
from prosopon.types import AnyArray

_EAGER, _EVERY, _ENOUGH = 4, 8, 1024  # rows: learn from each, then from each eighth, then stop
_SHARE = 0.5
"""Weight of one row: frames are alike, so that they err alike."""


@dataclass(slots=True)
class _Person:
    """rows seen; information (k, k) and what it says times the weights (k,); estimate (k,)."""

    rows: int
    information: AnyArray
    vector: AnyArray
    estimate: AnyArray


class People:
    """Identity weights by person, for models with modes of these prior variances (k,)."""

    def __init__(self, variances: AnyArray) -> None:
        self._prior = np.diag(1 / variances)
        self._people: dict[int, _Person] = {}

    def learning(self, ids: AnyArray) -> AnyArray:
        """(n,) bool: rows to learn from, for rows of these people (n,) in order of time."""
        number = np.empty(len(ids), dtype=int)
        for person in np.unique(ids):
            own = ids == person
            known = self._people.get(int(person))
            number[own] = (known.rows if known else 0) + np.arange(own.sum())
        return np.asarray((number < _EAGER) | ((number % _EVERY == 0) & (number < _ENOUGH)))

    def learn(
        self, ids: AnyArray, learning: AnyArray, weights: AnyArray, said: AnyArray
    ) -> AnyArray:
        """Identities (n, k) of all rows, from those learned before and the learning rows so far.

        weights (l, k) that the fits of the l learning rows gave; said (l, k, k): see
        :func:`identity_information`.
        """
        out = np.empty((len(ids), weights.shape[1]))
        for key in np.unique(ids):
            own = ids == key
            person = self._people.setdefault(int(key), self._unknown())
            mine = own[learning]
            vectors = (said[mine] @ weights[mine][:, :, None])[:, :, 0]
            information = person.information + _SHARE * np.cumsum(said[mine] - self._prior, 0)
            vector = person.vector + _SHARE * np.cumsum(vectors, 0)
            estimates = np.linalg.solve(information, vector[:, :, None])[:, :, 0]
            latest = np.cumsum(learning[own])
            out[own] = np.concatenate([person.estimate[None], estimates])[latest]
            person.rows += int(own.sum())
            if mine.any():
                person.information, person.vector = information[-1], vector[-1]
                person.estimate = estimates[-1]
        return out

    def _unknown(self) -> _Person:
        k = len(self._prior)
        return _Person(0, self._prior, np.zeros(k), np.zeros(k))


def identity_information(system: System, count: int) -> AnyArray:
    """(n, k, k): information on the first k = ``count`` modes, pose and other modes being free."""
    identity = np.arange(6, 6 + count)
    rest = np.r_[0:6, 6 + count : system.matrix.shape[1]]
    own = system.matrix[:, identity[:, None], identity]
    cross = system.matrix[:, identity[:, None], rest]
    others = system.matrix[:, rest[:, None], rest]
    return np.asarray(own - cross @ np.linalg.solve(others, cross.swapaxes(1, 2)))
