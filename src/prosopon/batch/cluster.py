"""Workers as Ray actors, on this machine or a cluster (extra ``ray``).

The same worker runs in them. The output folder, and a corpus that is no URL, must have the same
path on every node.
"""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

from prosopon.batch.engine import Alive, Event, Finished, Lost, Ready, Refused
from prosopon.batch.units import Task
from prosopon.batch.work import Outcome, Work, Worker
from prosopon.errors import DeviceError, MissingExtraError, ProsoponError

_ASK_EVERY = 2.0  # s between questions how far a worker is


class _Actor:
    """A worker, which can be asked for its progress while it works."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._frames = self._signs = 0

    def start(self) -> str:
        """Open the session; returns why that can't be, or nothing."""
        try:
            self._worker = Worker(self._work)
        except ProsoponError as error:
            return str(error)
        return ""

    def run(self, task: Task) -> Outcome:
        self._frames = self._signs = 0
        return self._worker.run(task, self._note)

    def progress(self) -> tuple[int, int]:
        """Signs of life since the task was begun, and frames."""
        return self._signs, self._frames

    def _note(self, frames: int) -> None:
        self._frames, self._signs = frames, self._signs + 1


class _Slot:
    """An actor and what it was asked: to start, to run, how far it is."""

    def __init__(self, actor: Any, start: Any) -> None:
        self.actor, self.start = actor, start
        self.run: Any = None
        self.asked: Any = None
        self.asked_at = 0.0
        self.signs = 0


class RayEngine:
    """``slots`` actors of one core each. Without an ``address``, in a Ray of its own.

    Raises MissingExtraError; DeviceError: no cluster there.
    """

    def __init__(self, work: Work, slots: int | None, address: str | None) -> None:
        try:
            ray: Any = import_module("ray")  # it looks the same to mypy where it is missing
        except ImportError:
            raise MissingExtraError("ray", "ray", "--engine ray") from None
        self._ray = ray
        self._ours = not ray.is_initialized()
        if self._ours:
            try:
                ray.init(
                    address=address or "local",
                    num_cpus=None if address else slots,
                    include_dashboard=None if address else False,
                    log_to_driver=False,
                    logging_level="error",
                )
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise DeviceError(f"{address}: no Ray cluster there: {error}") from error
        self.slots = slots or max(1, int(ray.cluster_resources().get("CPU", 1)))
        self._work = work
        self._kind = ray.remote(
            num_cpus=work.threads, max_concurrency=2, max_restarts=0, max_task_retries=0
        )(_Actor)
        self._slots = [self._begin() for _ in range(self.slots)]

    def give(self, slot: int, task: Task) -> None:
        here = self._slots[slot]
        here.run = here.actor.run.remote(task)
        here.asked_at, here.signs = time.monotonic(), 0

    def wait(self, seconds: float) -> list[Event]:
        events: list[Event] = []
        places = {}
        for number, slot in enumerate(self._slots):
            now = time.monotonic()
            if slot.run is not None and slot.asked is None and now - slot.asked_at > _ASK_EVERY:
                slot.asked, slot.asked_at = slot.actor.progress.remote(), now
            for ref in (slot.start, slot.run, slot.asked):
                if ref is not None:
                    places[ref] = number
        if not places:
            time.sleep(seconds)
            return events
        done, _ = self._ray.wait(list(places), num_returns=1, timeout=seconds)
        for ref in done:
            events += self._hear(places[ref], ref)
        return events

    def _hear(self, number: int, ref: Any) -> list[Event]:
        slot = self._slots[number]
        try:
            answer = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            slot.start = slot.run = slot.asked = None
            return [Lost(number, _reason(error))]
        if ref is slot.start:
            slot.start = None
            return [Refused(number, answer) if answer else Ready(number)]
        if ref is slot.run:
            slot.run = slot.asked = None
            return [Finished(number, answer)]
        slot.asked = None
        signs, frames = answer
        if signs > slot.signs:
            slot.signs = signs
            return [Alive(number, frames)]
        return []

    def replace(self, slot: int) -> None:
        self._ray.kill(self._slots[slot].actor)
        self._slots[slot] = self._begin()

    def close(self) -> None:
        for slot in self._slots:
            self._ray.kill(slot.actor)
        if self._ours:
            self._ray.shutdown()

    def _begin(self) -> _Slot:
        actor = self._kind.remote(self._work)
        return _Slot(actor, actor.start.remote())


def _reason(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"the worker was lost ({type(error).__name__}: {lines[-1].strip() if lines else ''})"
