"""What an engine is: slots, each with one worker that can be lost and replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from prosopon.batch.units import Task
from prosopon.batch.work import Outcome


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker of a slot can be given its first unit."""

    slot: int


@dataclass(frozen=True, slots=True)
class Alive:
    """The worker has measured so many frames of its task."""

    slot: int
    frames: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The worker is through with its task, and ready for the next."""

    slot: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker is gone, or has met with something that nobody expected; to be replaced."""

    slot: int
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The worker can't start, for a reason that another won't help."""

    slot: int
    reason: str


Event = Ready | Alive | Finished | Lost | Refused


class Engine(Protocol):
    """Runs workers. slots: how many."""

    slots: int

    def give(self, slot: int, task: Task) -> None:
        """Let a ready worker begin."""

    def wait(self, seconds: float) -> list[Event]:
        """What has happened, after at most so long."""

    def replace(self, slot: int) -> None:
        """Kill the worker of a slot, if it lives, and start another."""

    def close(self) -> None:
        """Kill all workers."""
