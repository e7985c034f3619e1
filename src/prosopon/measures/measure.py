"""What a measure is, what it is told, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from prosopon.measures.base import Event, Person
from prosopon.measures.screen import Calibration, Screen
from prosopon.types import AnyArray, Column, FaceTable


@dataclass(frozen=True, slots=True)
class Settings:
    """screen, calibration: for places on a screen, see ``prosopon.measures.screen``;
    target: yaw, pitch (rad) of what eye contact is made with, (0, 0) the lens."""

    screen: Screen | None = None
    calibration: Calibration | None = None
    target: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Findings:
    """events: in order of time; columns: of the values a row, (n, *shape) in ``values``."""

    events: Sequence[Event] = ()
    columns: tuple[Column, ...] = ()
    values: dict[str, AnyArray] = field(default_factory=dict)

    def of(self, person: Person) -> list[Event]:
        """The events of one person."""
        return [event for event in self.events if event.face_id == person.face_id]


@dataclass(frozen=True, slots=True)
class Measure:
    """needs: the columns it reads, beside those of every table;
    find: events and values of a whole table;
    summarise: name → value for one person, of the table and what was found in it. A name ends with
    its unit where it has one; a share is 0–1.
    """

    needs: tuple[str, ...]
    find: Callable[[FaceTable, Settings], Findings]
    summarise: Callable[[FaceTable, Person, Findings], dict[str, float]]


def count_and_rate(name: str, events: Sequence[Event], person: Person) -> dict[str, float]:
    """How many events there were, and how many a minute of the time that the person was seen."""
    minutes = person.seconds / 60
    return {
        f"{name}_count": len(events),
        f"{name}_per_minute": len(events) / minutes if minutes else float("nan"),
    }


def mean(values: Iterable[float] | AnyArray) -> float:
    """Mean of what is not NaN; NaN when nothing is left."""
    found = np.asarray(values if isinstance(values, np.ndarray) else list(values), dtype=np.float64)
    found = found[~np.isnan(found)]
    return float(found.mean()) if len(found) else float("nan")


def deviation(values: AnyArray) -> float:
    """Standard deviation of what is not NaN; NaN when nothing is left."""
    found = values[~np.isnan(values)].astype(np.float64)
    return float(found.std()) if len(found) else float("nan")
