"""Arrays in JSON: base64 of little-endian numbers, which a page reads without parsing text.

``{"type": "i2", "step": 0.01, "shape": [n, k], "base64": …}``: 16-bit integers × step, where
−32768 means not measured; type ``f8`` is float64 as it is, for times.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from prosopon.types import AnyArray

MISSING = -32768
_LARGEST = 32767


def pack(values: AnyArray, step: float) -> dict[str, Any]:
    """``values`` to the nearest multiple of ``step``, or of what holds them in 16 bits."""
    numbers = np.asarray(values, np.float64)
    known = np.isfinite(numbers)
    largest = float(np.abs(numbers[known]).max(initial=0.0))
    step = max(step, largest / _LARGEST)
    counts = np.full(numbers.shape, MISSING, "<i2")
    counts[known] = np.rint(numbers[known] / step)
    return _record("i2", counts) | {"step": step}


def pack_exact(values: AnyArray) -> dict[str, Any]:
    """``values`` as float64."""
    return _record("f8", np.asarray(values, "<f8"))


def unpack(record: dict[str, Any]) -> AnyArray:
    """What :func:`pack` or :func:`pack_exact` packed, as float64."""
    raw = np.frombuffer(base64.b64decode(record["base64"]), f"<{record['type']}")
    numbers = raw.reshape(record["shape"]).astype(np.float64)
    if record["type"] == "f8":
        return numbers
    numbers[numbers == MISSING] = np.nan
    return np.asarray(numbers * record["step"])


def _record(kind: str, numbers: AnyArray) -> dict[str, Any]:
    content = base64.b64encode(np.ascontiguousarray(numbers).tobytes()).decode()
    return {"type": kind, "shape": list(numbers.shape), "base64": content}
