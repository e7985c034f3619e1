"""The manifest of a batch: the state of each unit in one SQLite file (WAL).

Only the process that holds the batch writes it. Others may read it meanwhile.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prosopon.batch.units import Unit
from prosopon.errors import OutputError

_COLUMNS = {
    "name": "TEXT PRIMARY KEY",
    "input": "TEXT NOT NULL",
    "size": "INTEGER NOT NULL",
    "mtime": "TEXT NOT NULL",
    "sha256": "TEXT NOT NULL DEFAULT ''",
    "state": "TEXT NOT NULL DEFAULT 'waiting'",
    "attempts": "INTEGER NOT NULL DEFAULT 0",
    "host": "TEXT NOT NULL DEFAULT ''",
    "started": "TEXT NOT NULL DEFAULT ''",
    "seconds": "REAL NOT NULL DEFAULT 0",
    "error": "TEXT NOT NULL DEFAULT ''",
    "output": "TEXT NOT NULL DEFAULT ''",
    "pack": "TEXT NOT NULL DEFAULT ''",
    "settings": "TEXT NOT NULL DEFAULT ''",
    "frames": "INTEGER NOT NULL DEFAULT 0",
    "facts": "TEXT NOT NULL DEFAULT '{}'",
    "extra": "TEXT NOT NULL DEFAULT '{}'",
}
STATES = ("waiting", "running", "done", "failed")


@dataclass(frozen=True, slots=True)
class Entry:
    """A unit's state. seconds: of work on the last attempt; frames: so far; facts: for the summary;
    the others as in :class:`Unit`, and as their names say."""

    name: str
    input: str
    size: int
    mtime: str
    sha256: str
    state: str
    attempts: int
    host: str
    started: str
    seconds: float
    error: str
    output: str
    pack: str
    settings: str
    frames: int
    facts: dict[str, Any]
    extra: dict[str, str]


class Manifest:
    """An open manifest at ``path``, made if it is missing.

    OutputError: it can't be written. ``damaged`` holds where a broken one was put aside.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: Path | None = None
        with _problems(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and not _is_sound(path):
                self.damaged = _put_aside(path)
            self._base = sqlite3.connect(path, isolation_level=None)
            self._base.execute("PRAGMA journal_mode=WAL")
            # A lost second of power costs the last units again, not the manifest.
            self._base.execute("PRAGMA synchronous=NORMAL")
            columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
            self._base.execute(f"CREATE TABLE IF NOT EXISTS units ({columns})")

    def close(self) -> None:
        """Let go of it. May be called twice."""
        with suppress(sqlite3.Error):  # whatever could not be written was told before
            self._base.close()

    def add(self, units: Iterable[Unit]) -> None:
        """Enter units as waiting, those known by name anew."""
        rows = [
            (u.name, u.input, u.size, u.mtime, json.dumps(dict(u.extra), ensure_ascii=False))
            for u in units
        ]
        with _problems(self.path), self._transaction():
            self._base.executemany(
                "INSERT OR REPLACE INTO units (name, input, size, mtime, extra) "
                "VALUES (?, ?, ?, ?, ?)",
                rows,
            )

    def drop(self, names: Iterable[str]) -> None:
        """Forget units."""
        with _problems(self.path), self._transaction():
            self._base.executemany("DELETE FROM units WHERE name = ?", [(n,) for n in names])

    def label(self, **values: str) -> None:
        """Set columns of all units."""
        setting = ", ".join(f"{column} = ?" for column in values)
        with _problems(self.path), self._transaction():
            self._base.execute(f"UPDATE units SET {setting}", tuple(values.values()))

    def release(self) -> None:
        """Nobody works on anything any more."""
        with _problems(self.path), self._transaction():
            self._base.execute("UPDATE units SET state = 'waiting' WHERE state = 'running'")

    def begin(self, name: str, started: str) -> None:
        """A worker begins with a unit, once more."""
        with _problems(self.path), self._transaction():
            self._base.execute(
                "UPDATE units SET state = 'running', started = ?, frames = 0, error = '', "
                "attempts = attempts + 1 WHERE name = ?",
                (started, name),
            )

    def change(self, name: str, **values: Any) -> None:
        """Set columns of a unit."""
        self.change_many([(name, values)])

    def change_many(self, changes: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Set columns of units, all or none of them."""
        with _problems(self.path), self._transaction():
            for name, values in changes:
                stored = [
                    json.dumps(v, ensure_ascii=False) if isinstance(v, dict) else v
                    for v in values.values()
                ]
                setting = ", ".join(f"{column} = ?" for column in values)
                self._base.execute(f"UPDATE units SET {setting} WHERE name = ?", (*stored, name))

    def entries(self) -> list[Entry]:
        """Every unit, in order of name."""
        with _problems(self.path):
            return list(_entries(self._base))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._base.execute("ROLLBACK")
            raise


def read_entries(path: Path) -> list[Entry]:
    """The units of a manifest that may be at work. OutputError: it can't be read."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as base:
            return list(_entries(base))
    except sqlite3.Error as error:
        raise OutputError(
            f"{path}: can't be read ({error}); run the batch again with --resume to rebuild it"
        ) from error


def _entries(base: sqlite3.Connection) -> Iterator[Entry]:
    for row in base.execute(f"SELECT {', '.join(_COLUMNS)} FROM units ORDER BY name"):
        values: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
        for name in ("facts", "extra"):
            values[name] = json.loads(values[name])
        yield Entry(**values)


def _is_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as base:
            sound = base.execute("PRAGMA quick_check").fetchone() == ("ok",)
            known = {row[1] for row in base.execute("PRAGMA table_info(units)")}
            return sound and known in (set(), set(_COLUMNS))
    except sqlite3.OperationalError:
        raise  # no room, no rights: the file itself may be sound
    except sqlite3.DatabaseError:
        return False


def _put_aside(path: Path) -> Path:
    count = 1
    while (aside := path.with_name(f"{path.name}.damaged-{count}")).exists():
        count += 1
    path.replace(aside)
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    return aside


@contextmanager
def _problems(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise OutputError(
            f"{path}: the state of the batch can't be written ({error}); free some space or mend "
            "the folder's rights, then run it again with --resume"
        ) from error
