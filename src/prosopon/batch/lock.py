"""One batch at a time on one folder, also when its holder was killed.

SQLite holds a lock of the operating system, on every platform and without leftovers: it ends with
the process, and no clock is asked.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from pathlib import Path

from prosopon.batch.layout import Layout
from prosopon.errors import OutputError
from prosopon.writers.base import output_errors, write_bytes

_LOCK, _HOLDER = "lock.sqlite", "holder.json"
_PATIENCE = 1.0  # s: who only looks whether it is held, holds it for a moment


@contextmanager
def held(layout: Layout) -> Iterator[None]:
    """Hold the shard of ``layout`` for the block.

    OutputError: somebody else holds it, or another split of the same folder; it names them.
    """
    with output_errors(layout.own):
        layout.own.mkdir(parents=True, exist_ok=True)
    try:
        lock = _acquire(layout.own, _PATIENCE)
    except sqlite3.OperationalError as error:
        raise OutputError(
            f"{layout.out}: {_told(layout.own)} works on it; wait for it, or choose another folder "
            "or --shard"
        ) from error
    with closing(lock):
        for other in sorted(layout.state.glob("*-of-*")):
            split = other.name.partition("-of-")[2]
            if split != str(layout.shard.count) and (who := holder(other)):
                raise OutputError(f"{layout.out}: {who} works on it, as {other.name}; wait for it")
        facts = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "since": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }
        write_bytes(layout.own / _HOLDER, json.dumps(facts).encode())
        yield


def holder(folder: Path) -> str | None:
    """Who works in a shard's ``folder``; None when nobody does."""
    if not (folder / _LOCK).exists():
        return None
    try:
        _acquire(folder).close()
    except sqlite3.OperationalError:
        return _told(folder)
    return None


def _acquire(folder: Path, patience: float = 0.0) -> sqlite3.Connection:
    """OperationalError: it is held, also after ``patience`` (s)."""
    base = sqlite3.connect(folder / _LOCK, timeout=patience, isolation_level=None)
    try:
        base.execute("BEGIN EXCLUSIVE")
    except BaseException:
        base.close()
        raise
    return base


def _told(folder: Path) -> str:
    try:
        facts = json.loads((folder / _HOLDER).read_text(encoding="utf-8"))
        return f"process {facts['pid']} on {facts['host']} (since {facts['since']})"
    except (OSError, ValueError, KeyError):
        return "another process"
