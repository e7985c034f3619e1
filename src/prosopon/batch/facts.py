"""What the summary says of an input, taken from its results alone, so that it can be made again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.errors import InputError

FACTS: dict[str, str] = {
    "kind": "string",
    "faces": "int64",
    "frames": "int64",
    "frames_with_face": "int64",
    "missing": "float64",
    "duration": "float64",
    "quality": "float64",
    "confidence": "float64",
    "seconds": "float64",
    "speed": "float64",
    "problems": "int64",
}
"""Columns of the summary, beside name, input, state, error and the user's own.

kind: of source; faces: different identities, in pictures the most in one; missing: share of
frames without a face; duration: s, as the file states it; quality, confidence: mean over
measured faces; seconds: of work; speed: frames a second of work; problems: lines in the sidecar.
"""


def describe(table: Path, sidecar: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of one input. InputError: ``table`` can't be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = ("success", "quality", "confidence")
    try:
        with pq.ParquetFile(table) as file:
            present = [name for name in wanted if name in file.schema_arrow.names]
            rows = file.read(columns=present, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{table}: can't be read: {error}") from error
    measured = rows["success"].to_numpy() > 0
    counts = sidecar["counts"]
    seconds = float(sidecar["seconds"])
    means = {
        name: float(np.nanmean(rows[name].to_numpy()[measured]))
        for name in present[1:]
        if measured.any() and np.isfinite(rows[name].to_numpy()[measured]).any()
    }
    return {
        "kind": sidecar["input"]["kind"],
        "faces": counts["identities"],
        "frames": counts["frames"],
        "frames_with_face": counts["frames_with_face"],
        "missing": 1 - counts["frames_with_face"] / max(counts["frames"], 1),
        "duration": sidecar["input"].get("duration"),
        "seconds": seconds,
        "speed": counts["frames"] / max(seconds, 1e-3),
        "problems": len(sidecar["problems"]),
        **means,
    }


def read_sidecar(path: Path) -> dict[str, Any] | None:
    """What was written beside a result; None when there is none that is whole."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def input_hash(sidecar: Mapping[str, Any]) -> str:
    """SHA-256 of the input; of pictures, of the first of them."""
    told = sidecar["input"]
    files: Iterable[Mapping[str, Any]] = told.get("files") or [told]
    return str(next((file["sha256"] for file in files if "sha256" in file), ""))
