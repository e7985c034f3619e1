"""``OUT/summary.parquet``: a row an input, of all shards."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from prosopon.batch.facts import FACTS
from prosopon.batch.layout import Layout
from prosopon.batch.store import Entry, read_entries
from prosopon.errors import OutputError
from prosopon.writers.base import write_bytes

_OWN = ("video", "input", "state", "error", "sha256", "pack", "settings")
RESERVED = frozenset(_OWN) | FACTS.keys()
"""Names that a column of the user's list can't have."""


def all_entries(layout: Layout) -> list[Entry]:
    """The units of every shard in order of name; where two know of one, who has done it."""
    found: dict[str, Entry] = {}
    for path in layout.manifests():
        for entry in read_entries(path):
            if entry.name not in found or entry.state == "done":
                found[entry.name] = entry
    return [found[name] for name in sorted(found)]


def write_summary(layout: Layout) -> None:
    """Write the summary anew; shards that end together take turns. Raises OutputError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _turn(layout):
        entries = all_entries(layout)
        extras = sorted({key for entry in entries for key in entry.extra})
        rows = [_row(entry) for entry in entries]
        schema = pa.schema(
            [(name, pa.string()) for name in _OWN]
            + [(name, getattr(pa, kind)()) for name, kind in FACTS.items()]
            + [(name, pa.string()) for name in extras]
        )
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink, compression="zstd")
        write_bytes(layout.summary, sink.getvalue())


def _row(entry: Entry) -> dict[str, Any]:
    done = entry.state == "done"
    return {
        "video": entry.name,
        "input": entry.input,
        "state": entry.state,
        "error": entry.error or None,
        "sha256": entry.sha256 or None,
        "pack": entry.pack,
        "settings": entry.settings,
        **{name: entry.facts.get(name) if done else None for name in FACTS},
        **entry.extra,
    }


@contextmanager
def _turn(layout: Layout) -> Iterator[None]:
    import sqlite3

    path = layout.state / "summary.sqlite"
    try:
        base = sqlite3.connect(path, timeout=60)
        base.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        raise OutputError(
            f"{path}: can't be locked ({error}); run it again with --resume"
        ) from error
    with closing(base):
        yield
