"""The queue of analyses, in SQLite: it survives a restart, and is bounded."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prosopon.server.errors import Refused

STATES = ("queued", "running", "done", "failed")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    source TEXT,
    media TEXT NOT NULL,
    state TEXT NOT NULL,
    created REAL NOT NULL,
    ended REAL,
    frames INTEGER NOT NULL DEFAULT 0,
    frames_expected INTEGER,
    error TEXT,
    summary TEXT
);
CREATE INDEX IF NOT EXISTS by_state ON jobs (state, created);
"""
_BUSY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """One analysis.

    id: unguessable; name: the visitor's, for showing; source: the file on the server that is
    analysed, None where it was uploaded; media: its media type; created, ended: seconds since
    1970; frames, frames_expected: done and to come, None where that is not known; error: why it
    failed, one line; summary: counts and settings when it is done.
    """

    id: str
    name: str
    source: str | None
    media: str
    state: str
    created: float
    ended: float | None
    frames: int
    frames_expected: int | None
    error: str | None
    summary: dict[str, Any] | None


class JobStore:
    """The table of jobs; a connection for each call, so any thread or process may use it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(_SCHEMA)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A transaction: committed when the block ends, undone when it fails."""
        db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        db.row_factory = sqlite3.Row
        try:
            db.execute("PRAGMA synchronous = NORMAL")
            with db:
                yield db
        finally:
            db.close()

    def add(self, job_id: str, name: str, source: str | None, media: str, most_waiting: int) -> Job:
        """A new job at the queue's end. Refused with 429 when ``most_waiting`` wait already."""
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            (waiting,) = db.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()
            if waiting >= most_waiting:
                raise Refused(429, f"{waiting} analyses wait already; try again later")
            db.execute(
                "INSERT INTO jobs (id, name, source, media, state, created) "
                "VALUES (?, ?, ?, ?, 'queued', ?)",
                (job_id, name, source, media, time.time()),
            )
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """Refused with 404 when there is no such job."""
        with self._open() as db:
            row = db.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise Refused(404, "no such analysis; it may have been deleted")
        return _job(row)

    def list(self, most: int) -> Sequence[Job]:
        """The newest ``most`` jobs, newest first."""
        with self._open() as db:
            rows = db.execute(
                "SELECT * FROM jobs ORDER BY created DESC, rowid DESC LIMIT ?", (most,)
            ).fetchall()
        return [_job(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """State → number of jobs in it, 0 included."""
        with self._open() as db:
            rows = db.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()
        return dict.fromkeys(STATES, 0) | dict(rows)

    def ids(self) -> set[str]:
        """Every job's."""
        with self._open() as db:
            return {row["id"] for row in db.execute("SELECT id FROM jobs")}

    def claim(self) -> Job | None:
        """The oldest waiting job, which is running from now on; None when none waits."""
        with self._open() as db:
            row = db.execute(
                "UPDATE jobs SET state = 'running', frames = 0 WHERE id = (SELECT id FROM jobs "
                "WHERE state = 'queued' ORDER BY created, rowid LIMIT 1) RETURNING *"
            ).fetchone()
        return None if row is None else _job(row)

    def progress(self, job_id: str, frames: int, expected: int | None) -> bool:
        """Note how far a running job is; False when it has been deleted meanwhile."""
        with self._open() as db:
            changed = db.execute(
                "UPDATE jobs SET frames = ?, frames_expected = ? WHERE id = ?",
                (frames, expected, job_id),
            )
            return changed.rowcount > 0

    def finish(self, job_id: str, frames: int, summary: dict[str, Any]) -> None:
        """The job is done."""
        with self._open() as db:
            db.execute(
                "UPDATE jobs SET state = 'done', ended = ?, frames = ?, frames_expected = ?, "
                "summary = ? WHERE id = ?",
                (time.time(), frames, frames, json.dumps(summary), job_id),
            )

    def fail(self, job_id: str, error: str) -> None:
        """The job failed for the reason ``error``."""
        with self._open() as db:
            db.execute(
                "UPDATE jobs SET state = 'failed', ended = ?, error = ? WHERE id = ?",
                (time.time(), error, job_id),
            )

    def running(self) -> Sequence[str]:
        """Ids of the jobs that are being analysed."""
        with self._open() as db:
            return [r["id"] for r in db.execute("SELECT id FROM jobs WHERE state = 'running'")]

    def requeue_running(self) -> None:
        """Put what was interrupted back to its place: for the start of a server."""
        with self._open() as db:
            db.execute("UPDATE jobs SET state = 'queued', frames = 0 WHERE state = 'running'")

    def delete(self, job_id: str) -> bool:
        """Whether there was such a job."""
        with self._open() as db:
            return db.execute("DELETE FROM jobs WHERE id = ?", (job_id,)).rowcount > 0

    def expired(self, kept_seconds: float) -> Sequence[str]:
        """Ids of the jobs that ended longer ago than that."""
        with self._open() as db:
            rows = db.execute("SELECT id FROM jobs WHERE ended < ?", (time.time() - kept_seconds,))
            return [row["id"] for row in rows]


def new_id() -> str:
    """An id that can't be guessed, safe in paths."""
    return secrets.token_hex(16)


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    values["summary"] = json.loads(values["summary"]) if values["summary"] else None
    return Job(**values)
