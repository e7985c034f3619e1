"""What the sidecar of a result says: input, counts, what went wrong, pack, settings, versions.

The same file, pack and settings give the same sidecar, but for ``started``, ``seconds`` and, of a
checkout, ``versions.commit``.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prosopon.errors import InputError
from prosopon.machine import versions
from prosopon.packs import PackInfo
from prosopon.sources import Selection, Source
from prosopon.writers.sidecar import describe_input

if TYPE_CHECKING:
    from prosopon.compat.openface3.analyzer import OpenFace3Analyzer
    from prosopon.pipeline import Analyzer


def describe_run(
    analyzer: Analyzer | OpenFace3Analyzer, source: Source, selection: Selection
) -> dict[str, Any]:
    """All that does not depend on what was found."""
    return {
        "damage": source.damage.as_json(),
        "selection": asdict(selection),
        "pack": describe_pack(analyzer.pack),
        "settings": analyzer.settings,
        "versions": versions(),
    }


def describe_pack(pack: PackInfo) -> dict[str, Any]:
    """Which pack it is, under which terms, and the hashes of its files."""
    return {
        "name": pack.name,
        "version": pack.version,
        "license": pack.license,
        "terms": pack.terms,
        "sha256": {file.path.name: file.sha256 for file in pack.files},
    }


def describe_source(source: Source, name: str) -> dict[str, Any]:
    """Kind, size and time of a source, and the hash of what it was read from."""
    facts: dict[str, Any] = {"kind": source.kind, "name": name}
    if source.kind == "images":
        facts["files"] = [_describe_picture(path) for path in source.files]
    elif source.path is not None:
        facts |= describe_input(source.path)
    if source.size:
        facts["size"] = list(source.size)
    known = {"duration": source.duration, "fps": source.fps}
    return facts | {key: value for key, value in known.items() if value}


def _describe_picture(path: Path) -> dict[str, Any]:
    """Position i in the list is frame i of the table."""
    try:
        return describe_input(path)
    except InputError:  # named among the problems
        return {"path": str(path)}
