"""How far a batch is: counts, time left, and a table of its inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import PurePath
from typing import TYPE_CHECKING

from prosopon.batch.layout import Layout
from prosopon.batch.lock import holder
from prosopon.batch.store import STATES, Entry

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True, slots=True)
class Progress:
    """counts: units by state; size, done: bytes of all inputs and of those that are through;
    frames, seconds: measured, and what that took all workers together; busy: units in work."""

    counts: dict[str, int]
    size: int
    done: int
    frames: int
    seconds: float
    busy: int

    @property
    def left(self) -> float | None:
        """Seconds to go, if bytes go on taking the time they took; None when not known."""
        if not (self.done and self.seconds and self.busy):
            return None
        return (self.size - self.done) * self.seconds / self.done / self.busy

    def line(self) -> str:
        """In a line."""
        told = ", ".join(f"{n} {state}" for state, n in self.counts.items() if n)
        rate = f"; {self.frames / self.seconds:.0f} frames/s a worker" if self.seconds else ""
        left = "" if self.left is None else f"; {clock(self.left)} left"
        return f"{told or 'nothing'}{rate}{left}"


def progress(entries: Sequence[Entry]) -> Progress:
    """The state of all of ``entries`` together."""
    counts = Counter(entry.state for entry in entries)
    through = [entry for entry in entries if entry.state in ("done", "failed")]
    return Progress(
        {state: counts[state] for state in STATES},
        sum(entry.size for entry in entries),
        sum(entry.size for entry in through),
        sum(entry.frames for entry in through),
        sum(entry.seconds for entry in through),
        counts["running"],
    )


def clock(seconds: float) -> str:
    """h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def holders(layout: Layout) -> list[str]:
    """Who works on the batch now."""
    found = [(folder.name, holder(folder)) for folder in sorted(layout.state.glob("*-of-*"))]
    return [f"shard {name}: {who}" for name, who in found if who]


def short_paths(paths: Sequence[str]) -> list[str]:
    """The shortest end of each path that no other has: ``p1/x.mp4`` beside ``p2/x.mp4``."""
    parts = [PurePath(path).parts for path in paths]
    ends = Counter(part[-k:] for part in parts for k in range(1, len(part) + 1))
    short = [
        next((part[-k:] for k in range(1, len(part) + 1) if ends[part[-k:]] == 1), part)
        for part in parts
    ]
    return [str(PurePath(*part)) for part in short]


def table(entries: Sequence[Entry]) -> Table:
    """For a terminal."""
    from rich.markup import escape
    from rich.table import Table

    names = short_paths([entry.input for entry in entries])
    shown = Table("input", "state", "tries", "frames", "time", "frames/s", "host", "error")
    now = datetime.now(timezone.utc)
    for entry, name in zip(entries, names, strict=True):
        seconds = entry.seconds
        if entry.state == "running":
            seconds = max(0.0, (now - datetime.fromisoformat(entry.started)).total_seconds())
        rate = f"{entry.frames / seconds:.0f}" if seconds and entry.frames else ""
        shown.add_row(
            escape(name), entry.state, str(entry.attempts or ""),
            str(entry.frames or ""), clock(seconds) if seconds else "", rate,
            entry.host, escape(entry.error),
        )  # fmt: skip
    return shown
