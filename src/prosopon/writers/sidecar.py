"""The JSON file beside each result: what was read, with what, how, and what went wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2

from prosopon.errors import InputError
from prosopon.types import Column
from prosopon.writers.base import write_bytes

_BLOCK = 1 << 20


def write_sidecar(path: Path, info: Mapping[str, Any]) -> Path:
    """Write ``info`` as indented JSON, whole or not at all. Returns the path.

    ValueError: a value is NaN or infinite, which JSON can't say.
    """
    text = json.dumps(info, indent=2, ensure_ascii=False, allow_nan=False, default=str)
    write_bytes(path, (text + "\n").encode())
    return path


def describe_input(path: Path) -> dict[str, Any]:
    """Path, size in bytes and SHA-256 of a file."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from error
    return {"path": str(path), "bytes": size, "sha256": digest.hexdigest()}


def describe_columns(schema: Sequence[Column]) -> list[dict[str, Any]]:
    """Name, shape, unit, meaning and flat names of each column, and how it is stored."""
    return [
        {
            "name": column.name,
            "shape": list(column.shape),
            "unit": column.unit,
            "description": column.description,
            "flat": list(column.flat),
            "dtype": column.dtype,
            "decimals": column.decimals,
            "planar": column.planar,
        }
        for column in schema
    ]


def parse_columns(described: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    """What :func:`describe_columns` told. A description that is not its own is passed over."""
    columns = []
    for told in described:
        try:
            parts = {**told, "shape": tuple(told["shape"]), "flat": tuple(told["flat"])}
            columns.append(Column(**parts))
        except (KeyError, TypeError, ValueError):
            continue
    return tuple(columns)


def software_versions() -> dict[str, str]:
    """Versions of the libraries that decide what the numbers are."""
    import onnxruntime

    # OpenCV and ONNX Runtime come under several package names, so the modules are asked; av is
    # not, because it takes time to import.
    return {
        "onnxruntime": str(onnxruntime.__version__),
        "opencv": str(cv2.__version__),
        "av": version("av"),
    }
