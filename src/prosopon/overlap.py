"""Work side by side: frames are decoded ahead and tables written behind, through short queues.

FFmpeg, OpenCV and ONNX Runtime let other threads run while they work, so that with a second core
decoding and writing cost no time. Queues are bounded: memory doesn't grow with the input.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Item = TypeVar("Item")

_AHEAD = 4
_BEHIND = 2

_allowed: list[int] = []  # at most one number


class _End(Generic[Item]):
    """Closes a queue; error: what ended the work early."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def keep_to_one_core() -> None:
    """From now on this process starts no thread beside its work, as one of many on a machine."""
    _allowed[:] = [1]


def usable_cores() -> int:
    """Cores that this process may use."""
    if _allowed:
        return _allowed[0]
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """``items`` in their order, made by a thread of its own up to a few ahead.

    An error of the maker is raised after the items before it. Without a second core, ``items``
    as they are.
    """
    if usable_cores() < 2:
        yield from items
        return
    ready: queue.Queue[Item | _End[Item]] = queue.Queue(_AHEAD)
    stop = threading.Event()

    def make() -> None:
        end: _End[Item] = _End()
        try:
            for item in items:
                ready.put(item)
                if stop.is_set():
                    return
        except BaseException as error:
            end = _End(error)
        ready.put(end)

    worker = threading.Thread(target=make, name="prosopon-read", daemon=True)
    worker.start()
    try:
        while not isinstance(item := ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        while worker.is_alive():
            _drain(ready)
            worker.join(0.01)


def _drain(waiting: queue.Queue[Item]) -> None:
    """Make room, so that whoever waits to put something in can go on."""
    while True:
        try:
            waiting.get_nowait()
        except queue.Empty:
            return


@contextmanager
def write_behind(write: Callable[[Item], object]) -> Iterator[Callable[[Item], object]]:
    """Hand items to ``write`` in a thread of its own; all are written when the block ends.

    An error of ``write`` is raised by the next call, or at the end of the block. Without a second
    core, ``write`` as it is.
    """
    if usable_cores() < 2:
        yield write
        return
    waiting: queue.Queue[Item | _End[Item]] = queue.Queue(_BEHIND)
    failed: list[BaseException] = []

    def work() -> None:
        while not isinstance(item := waiting.get(), _End):
            if not failed:
                try:
                    write(item)
                except BaseException as error:
                    failed.append(error)

    def hand_over(item: Item) -> None:
        if failed:
            raise failed[0]
        waiting.put(item)

    worker = threading.Thread(target=work, name="prosopon-write", daemon=True)
    worker.start()
    try:
        yield hand_over
    finally:
        waiting.put(_End())
        worker.join()
    if failed:
        raise failed[0]
