"""What decides the rows of a batch; two batches of other settings don't mix in one folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from prosopon import __version__
from prosopon.checkpoints import SPAN_FRAMES
from prosopon.errors import OutputError
from prosopon.packs import read_pack
from prosopon.writers.base import write_bytes


@dataclass(frozen=True, slots=True)
class Settings:
    """How every input is measured.

    options: of ``prosopon.analyzers.open_analyzer``; formats: beside Parquet; baseline: as
    ``prosopon.filters.baseline.Choice`` parses it; smooth: videos, see
    ``prosopon.filters.smoothing``; span: frames between two cuts of a long video.
    """

    pack: str = "default"
    options: Mapping[str, Any] = field(default_factory=dict)
    formats: tuple[str, ...] = ()
    baseline: str = "none"
    smooth: bool = False
    span: int = SPAN_FRAMES

    def told(self) -> dict[str, Any]:
        """All that the rows depend on, as JSON knows it. Raises PackError."""
        pack = read_pack(self.pack)
        facts = asdict(self) | {
            "options": {key: value for key, value in self.options.items() if key != "threads"},
            "pack": pack.name,
            "pack_version": pack.version,
            "pack_sha256": {file.path.name: file.sha256 for file in pack.files},
            "prosopon": __version__,
        }
        del facts["span"]  # cuts don't show
        told: dict[str, Any] = json.loads(json.dumps(facts, default=str, sort_keys=True))
        return told


def fingerprint(told: Mapping[str, Any]) -> str:
    """16 hex digits that differ where settings do."""
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def settle(path: Path, told: Mapping[str, Any]) -> None:
    """Note settings in a new batch's ``path``, or compare them with an old one's.

    OutputError: they differ from what is there; it names each difference.
    """
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        write_bytes(path, (json.dumps(told, indent=2, sort_keys=True) + "\n").encode())
        return
    changed = [key for key in sorted(told.keys() | known.keys()) if told.get(key) != known.get(key)]
    if changed:
        what = ", ".join(
            f"{key} {_short(known.get(key))} → {_short(told.get(key))}" for key in changed
        )
        raise OutputError(
            f"{path.parents[1]}: holds results of other settings ({what}); "
            "use those again or choose another folder"
        )


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}…"
