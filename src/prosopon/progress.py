"""A progress bar with frames/s and time left, on a terminal; silence in pipes and notebooks."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Advance(Protocol):
    """To be called once a frame; note: what to show at the end of the line."""

    def __call__(self, note: str = "") -> object: ...


_REFRESH_S = 0.2


@contextmanager
def progress(label: str, total: int | None, *, quiet: bool = False) -> Iterator[Advance]:
    """Show how far ``label`` is; call what is yielded once a frame.

    total: frames to come, None when not known (a count and frames/s are shown then).
    """
    if quiet or not sys.stderr.isatty() or "ipykernel" in sys.modules:
        yield _nothing
        return

    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} frames/s"),
        TimeLeft(),
        TextColumn("{task.fields[note]}"),
    )
    # Drawn from here a few times a second: a thread of its own would wake between frames.
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task(escape(label), total=total, rate="-", note="")
        started = drawn = time.perf_counter()
        done = 0

        def advance(note: str = "") -> None:
            nonlocal done, drawn
            done += 1
            now = time.perf_counter()
            if now - drawn >= _REFRESH_S:
                drawn = now
                rate = f"{done / (now - started):.0f}"
                bar.update(task, completed=done, rate=rate, note=note, refresh=True)

        yield advance


def _nothing(note: str = "") -> None:
    """What a quiet run calls once a frame."""
