"""Gives units to workers until none is left; what hangs or crashes is tried again elsewhere."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from prosopon.batch.assist import Assistance
from prosopon.batch.engine import Alive, Engine, Event, Finished, Lost, Ready, Refused
from prosopon.batch.layout import Layout
from prosopon.batch.store import Manifest
from prosopon.batch.units import Stretch, Unit
from prosopon.batch.work import Outcome
from prosopon.errors import DeviceError, OutputError

_TICK = 0.25  # s between looks at what hangs and at a request to stop
_NOTE_EVERY = 2.0  # s between notes of progress within a unit
_START_LIMIT = 120.0  # s at least, for a worker to open its session
_FALSE_STARTS = 3  # workers in a row, for each slot, that are lost before their first unit


@dataclass(slots=True)
class _Slot:
    """A worker. stretch: what it does without a unit; frames: of the unit so far; sign: when it was
    last heard of, s; noted: when that was last written down."""

    ready: bool = False
    unit: Unit | None = None
    stretch: Stretch | None = None
    frames: int = 0
    sign: float = 0.0
    noted: float = 0.0


class Schedule:
    """One run over ``units``.

    limit: seconds without a sign of life after which a worker is killed, with more patience while
    it starts; retries: times that a
    unit is tried again after its worker was lost; assist: let workers without a unit help with long
    videos; changed: called after every change.
    """

    def __init__(
        self,
        engine: Engine,
        manifest: Manifest,
        layout: Layout,
        *,
        limit: float,
        retries: int,
        assist: bool = True,
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        self._engine, self._manifest, self._layout = engine, manifest, layout
        self._limit, self._retries, self._changed = limit, retries, changed
        self._slots = [_Slot(sign=time.monotonic()) for _ in range(engine.slots)]
        self._waiting: deque[Unit] = deque()
        self._tries: dict[str, int] = {}
        self._false_starts = 0
        self._assistance = Assistance() if assist else None

    def run(self, units: Sequence[Unit], stop: threading.Event) -> None:
        """Work on ``units``, the largest first, until all are through or ``stop`` is set.

        OutputError: results can't be written. DeviceError: workers can't start.
        """
        self._waiting.extend(sorted(units, key=lambda unit: -unit.size))
        while (self._waiting or any(slot.unit for slot in self._slots)) and not stop.is_set():
            self._give()
            for event in self._engine.wait(_TICK):
                self._take(event)
            self._kill_hanging()
            self._changed()

    def _give(self) -> None:
        for number, slot in enumerate(self._slots):
            if not slot.ready or slot.unit or slot.stretch:
                continue
            slot.sign = slot.noted = time.monotonic()
            if self._waiting:
                unit = slot.unit = self._waiting.popleft()
                slot.frames = 0
                self._tries[unit.name] = self._tries.get(unit.name, 0) + 1
                if self._assistance is not None:
                    self._assistance.begin(unit)
                self._manifest.begin(unit.name, datetime.now(timezone.utc).isoformat())
                self._engine.give(number, unit)
            elif self._assistance is not None:
                running = [(s.unit, s.frames) for s in self._slots if s.unit and s.frames]
                helping = [s.stretch for s in self._slots if s.stretch]
                slot.stretch = self._assistance.next(running, helping)
                if slot.stretch is not None:
                    self._engine.give(number, slot.stretch)

    def _take(self, event: Event) -> None:
        slot = self._slots[event.slot]
        now = time.monotonic()
        if isinstance(event, Ready):
            slot.ready, slot.sign = True, now
        elif isinstance(event, Alive):
            slot.sign = now
            if slot.unit is not None:
                slot.frames = event.frames
            if slot.unit is not None and now - slot.noted > _NOTE_EVERY:
                slot.noted = now
                self._manifest.change(slot.unit.name, frames=event.frames)
        elif isinstance(event, Finished):
            self._false_starts = 0
            unit, stretch = slot.unit, slot.stretch
            slot.unit, slot.stretch, slot.sign = None, None, now
            if unit is not None:
                self._finish(unit, event.outcome)
            elif stretch is not None and event.outcome.state == "passed":
                self._leave(stretch)
        elif isinstance(event, Lost):
            self._lose(event.slot, event.reason)
        elif isinstance(event, Refused):
            raise DeviceError(event.reason)

    def _finish(self, unit: Unit, outcome: Outcome) -> None:
        if outcome.state in ("full", "stopped"):
            self._manifest.change(unit.name, state="waiting", error=outcome.error)
            if outcome.state == "full":
                raise OutputError(f"{outcome.error}; then run it again with --resume")
            self._waiting.append(unit)
            return
        self._manifest.change(
            unit.name,
            state=outcome.state,
            error=outcome.error,
            seconds=outcome.seconds,
            host=outcome.host,
            sha256=outcome.sha256,
            frames=int(outcome.facts.get("frames", 0)),
            facts=outcome.facts | {"memory": outcome.memory, "processor": outcome.processor},
            output=str(self._layout.table(unit.name).relative_to(self._layout.out))
            if outcome.state == "done"
            else "",
        )

    def _lose(self, number: int, reason: str) -> None:
        """Replace a worker; its unit waits again, or has failed."""
        slot = self._slots[number]
        unit = slot.unit
        self._slots[number] = _Slot(sign=time.monotonic())
        if slot.stretch is not None:
            self._leave(slot.stretch)
        elif unit is None:
            self._false_starts += 1
            if self._false_starts > _FALSE_STARTS * len(self._slots):
                raise DeviceError(f"workers can't start: {reason}; see 'prosopon doctor'")
        elif self._tries[unit.name] > self._retries:
            tries = self._tries[unit.name]
            told = f"{unit.input}: {reason}, {tries} time{'s' * (tries > 1)}; is the file whole?"
            self._manifest.change(unit.name, state="failed", error=told)
        else:
            self._manifest.change(unit.name, state="waiting", error=reason)
            self._waiting.append(unit)
        self._engine.replace(number)

    def _kill_hanging(self) -> None:
        now = time.monotonic()
        for number, slot in enumerate(self._slots):
            silent = now - slot.sign
            if not slot.ready:
                limit = max(self._limit, _START_LIMIT)
                if silent > limit:
                    self._lose(number, f"no session after {limit:g} s")
            elif silent > self._limit and (slot.unit or slot.stretch):
                self._lose(number, f"no frame for {self._limit:g} s")

    def _leave(self, stretch: Stretch) -> None:
        if self._assistance is not None:
            self._assistance.end(stretch.unit)
