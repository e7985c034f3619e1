"""Which frames of a damaged file could not be decoded, or were decoded from damaged data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

_NAMED = 5  # ranges that a line names before it says how many there are


@dataclass(frozen=True, slots=True)
class Damage:
    """Consecutive frames that suffered alike.

    lost: True when there is no picture and so no row; False when there is one that was decoded
        from damaged data: it is measured, and what it shows may be wrong.
    first, last: numbers of the frames; start, end: their times, s.
    """

    lost: bool
    first: int
    last: int
    start: float
    end: float


class DamageLog(Sequence[Damage]):
    """Damages in the order in which they were met, neighbours joined."""

    def __init__(self) -> None:
        self._found: list[Damage] = []
        self._frames = 0

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, index: Any) -> Any:
        return self._found[index]

    def add(self, lost: bool, number: int, time: float) -> None:
        """Note frame ``number`` at ``time`` (s); numbers of a kind come in order."""
        self._frames += 1
        for i in range(len(self._found) - 1, max(len(self._found) - 3, -1), -1):
            last = self._found[i]
            if last.lost == lost and last.last == number - 1:
                self._found[i] = replace(last, last=number, end=time)
                return
        self._found.append(Damage(lost, number, number, time, time))

    def restore(self, damage: Damage) -> None:
        """Take over what an earlier run over the same frames has met."""
        self._frames += damage.last - damage.first + 1
        self._found.append(damage)

    def lines(self) -> Iterator[str]:
        """A line for each kind of damage that there is, without the name of the file."""
        for lost, what in (
            (True, "that could not be decoded, left out"),
            (False, "decoded from damaged data, measured all the same"),
        ):
            found = [damage for damage in self._found if damage.lost == lost]
            if found:
                named = ", ".join(_range(damage) for damage in found[:_NAMED])
                more = f" and {len(found) - _NAMED} more stretches" if len(found) > _NAMED else ""
                frames = sum(damage.last - damage.first + 1 for damage in found)
                yield f"{frames} frame{'s' * (frames > 1)} {what}: {named}{more}"

    def note(self) -> str:
        """A few words for a progress bar; empty when there is none."""
        return f"{self._frames} damaged, last {self._found[-1].last}" if self._found else ""

    def as_json(self) -> list[dict[str, Any]]:
        """For the sidecar."""
        return [asdict(damage) for damage in self._found]


class Suspicion:
    """Whether a frame may show damage although it was decoded: from a damage to the next keyframe.

    Packets are met in order of decoding, frames in order of presentation, some frames later.
    """

    def __init__(self) -> None:
        self._now = False
        self._coming = False  # from the next keyframe that is shown on
        self._waiting = False  # for that keyframe

    def sent(self, keyframe: bool, corrupt: bool) -> None:
        """A packet goes to the decoder; corrupt: the container says that data are missing."""
        if keyframe:
            self._coming, self._waiting = False, True
        if corrupt:
            self.refused()

    def refused(self) -> None:
        """The decoder could not decode the packet."""
        if self._waiting:
            self._coming = True
        else:
            self._now = True

    def lost(self) -> None:
        """The frame that would be shown now is not there."""
        self._now = True

    def shown(self, keyframe: bool, corrupt: bool) -> bool:
        """Whether the frame that is shown now is to be doubted; corrupt: the decoder says so."""
        if keyframe:
            self._now, self._coming, self._waiting = self._coming, False, False
            if not corrupt:
                return False
        self._now = self._now or corrupt
        return self._now


def _range(damage: Damage) -> str:
    if damage.first == damage.last:
        return f"{damage.first} ({damage.start:.3f} s)"
    return f"{damage.first} to {damage.last} ({damage.start:.3f} to {damage.end:.3f} s)"
