"""Numbers the frames of a video by their place among its packets, in order of presentation.

A frame that a damaged file no longer gives keeps its number, so that the frames after it have the
numbers that they have in the whole file, and a run that starts in the middle counts as one that
starts at the beginning.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A frame's number and the key of the packet that it came in; None where that is not known."""

    number: int
    key: int | None


class Timeline:
    """Packets go in as they are decoded, frames are asked for as they are shown.

    A packet's key is its presentation time in ticks; where packets carry none, its place in the
    file. counted: every packet holds one frame, so that one that gave none is a lost frame even
    if the decoder said nothing; first: number of the first frame.
    """

    def __init__(self, counted: bool, first: int = 0) -> None:
        self._counted = counted
        self._next = first
        self._waiting: list[int] = []  # heap of the keys of packets whose frame is to come
        self._failed: set[int] = set()

    def sent(self, key: int) -> None:
        """A packet goes to the decoder."""
        heapq.heappush(self._waiting, key)

    def failed(self, key: int) -> None:
        """The decoder refused the packet."""
        self._failed.add(key)

    def shown(self, key: int | None, interlaced: bool = False) -> tuple[list[Place], Place]:
        """The frames that were lost before the one that is shown now, and its own place.

        key: its presentation time, or None: then it is that of the next packet not refused;
        interlaced: it may have come in two packets, one a field, so that silence means nothing.
        """
        passed = []
        while self._waiting and (
            self._waiting[0] in self._failed if key is None else self._waiting[0] < key
        ):
            passed.append(heapq.heappop(self._waiting))
        mine = None
        if self._waiting and (key is None or self._waiting[0] == key):
            mine = heapq.heappop(self._waiting)
        elif passed and passed[-1] not in self._failed:
            mine = passed.pop()  # the decoder corrected the time
        lost = self._lost(passed, self._counted and not interlaced)
        place = Place(self._next, mine)
        self._next += 1
        if mine is not None:
            self._failed.discard(mine)
        return lost, place

    def finish(self) -> list[Place]:
        """The frames that never came."""
        passed = sorted(self._waiting)
        self._waiting.clear()
        return self._lost(passed, self._counted)

    def _lost(self, keys: list[int], silent: bool) -> list[Place]:
        lost = []
        for key in keys:
            if silent or key in self._failed:
                lost.append(Place(self._next, key))
                self._next += 1
            self._failed.discard(key)
        return lost
