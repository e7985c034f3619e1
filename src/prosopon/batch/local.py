"""Workers as processes on this machine.

Each is started afresh (``spawn``), so that a decoder that hangs or crashes takes nothing with it,
and ends with the process that started it, however that ends.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from prosopon.batch.engine import Alive, Event, Finished, Lost, Ready, Refused
from prosopon.batch.units import Task
from prosopon.batch.work import Work, Worker
from prosopon.errors import ProsoponError


class LocalEngine:
    """``slots`` processes."""

    def __init__(self, work: Work, slots: int) -> None:
        self.slots = slots
        self._work = work
        self._context = multiprocessing.get_context("spawn")
        self._workers = [self._start() for _ in range(slots)]

    def give(self, slot: int, task: Task) -> None:
        try:
            self._workers[slot][1].send(task)
        except OSError:
            return  # it is gone, which ``wait`` tells

    def wait(self, seconds: float) -> list[Event]:
        watched: dict[object, int] = {
            thing: slot
            for slot, (process, pipe) in enumerate(self._workers)
            for thing in (pipe, process.sentinel)
        }
        pipes = [pipe for _, pipe in self._workers]
        ends = [process.sentinel for process, _ in self._workers]
        events: list[Event] = []
        for slot in sorted({watched[thing] for thing in wait([*pipes, *ends], seconds)}):
            events += self._hear(slot)
        return events

    def _hear(self, slot: int) -> list[Event]:
        """All that a worker said, and whether it is gone."""
        process, pipe = self._workers[slot]
        events: list[Event] = []
        try:
            while pipe.poll():
                kind, value = pipe.recv()
                events.append(kind(slot) if value is None else kind(slot, value))
                if kind in (Lost, Refused):
                    break
        except (EOFError, OSError):
            process.join(5)
            events.append(Lost(slot, _ending(process.exitcode)))
        return events

    def replace(self, slot: int) -> None:
        self._kill(slot)
        self._workers[slot] = self._start()

    def close(self) -> None:
        for slot in range(self.slots):
            self._kill(slot)

    def _start(self) -> tuple[BaseProcess, Connection]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._work), daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def _kill(self, slot: int) -> None:
        process, pipe = self._workers[slot]
        pipe.close()
        process.kill()
        process.join()


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return f"the worker was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"the worker was killed by signal {-code}"
    return f"the worker ended (exit code {code})"


def _serve(pipe: Connection, work: Work) -> None:
    """A worker's life: tasks come in, signs of life and outcomes go out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started this
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        worker = Worker(work)
    except ProsoponError as error:
        pipe.send((Refused, str(error)))
        return
    pipe.send((Ready, None))
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        try:
            outcome = worker.run(task, lambda frames: pipe.send((Alive, frames)))
        except Exception as error:  # of no kind that is known: this process is not to be trusted
            pipe.send((Lost, f"{type(error).__name__}: {error}"))
            return
        pipe.send((Finished, outcome))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
