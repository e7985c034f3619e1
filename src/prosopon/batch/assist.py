"""Who has nothing of their own to do watches spans of the long videos that others measure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from prosopon.batch.remote import is_url
from prosopon.batch.units import Stretch, Unit
from prosopon.track import tracker


class Assistance:
    """Deals out the spans of the videos in work; see ``prosopon.ahead``.

    Whoever measures a video joins the spans that were watched as it comes to them. With n helpers
    it measures every (n + 1)th span itself, so that nobody waits.
    """

    def __init__(self) -> None:
        self._given: dict[str, int] = {}
        self._ended: set[str] = set()

    def next(
        self, running: Sequence[tuple[Unit, int]], helping: Sequence[Stretch]
    ) -> Stretch | None:
        """What to do for the video with the fewest helpers; None when there is nothing.

        running: units in work, with the frames of each that are measured; helping: what others do.
        """
        helpers = Counter(stretch.unit.name for stretch in helping)
        able = [
            (helpers[unit.name], -unit.size, unit.name, place)
            for place, (unit, _) in enumerate(running)
            # A copy of a file on another machine would have to be fetched once more.
            if not (unit.pictures or unit.name in self._ended or is_url(unit.files[0]))
        ]
        if not able:
            return None
        unit, frames = running[min(able)[-1]]
        every = tracker.ANCHOR_EVERY
        # Not the next span, where it begins so soon that it would only be waited for.
        first = (frames + every // 2) // every + 1
        index = max(first, self._given.get(unit.name, 0) + 1)
        if index % (helpers[unit.name] + 2) == 0:
            index += 1
        self._given[unit.name] = index
        return Stretch(unit, index * every)

    def end(self, unit: Unit) -> None:
        """There is nothing to be had, or no more, of a video."""
        self._ended.add(unit.name)

    def begin(self, unit: Unit) -> None:
        """A video is begun, perhaps once more."""
        self._given.pop(unit.name, None)
        self._ended.discard(unit.name)
