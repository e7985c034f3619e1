from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from prosopon.errors import InputError
from prosopon.writers.sidecar import (
    describe_columns,
    describe_input,
    software_versions,
    write_sidecar,
)
from tables import SMALL


def test_written_whole(tmp_path: Path) -> None:
    path = write_sidecar(tmp_path / "a.json", {"name": "é", "path": tmp_path, "n": [1]})
    assert json.loads(path.read_text("utf-8")) == {"name": "é", "path": str(tmp_path), "n": [1]}
    assert list(tmp_path.iterdir()) == [path]


def test_nan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_sidecar(tmp_path / "a.json", {"x": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_input_is_hashed(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(3_000_000))
    assert describe_input(path) == {
        "path": str(path),
        "bytes": 3_000_000,
        "sha256": hashlib.sha256(bytes(3_000_000)).hexdigest(),
    }


def test_input_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.bin: can't be read: No such file"):
        describe_input(tmp_path / "a.bin")


def test_columns() -> None:
    assert describe_columns(SMALL)[2] == {
        "name": "points",
        "shape": [2, 2],
        "unit": "px",
        "description": "dots",
        "flat": ["x_0", "x_1", "y_0", "y_1"],
        "dtype": "float32",
        "decimals": 1,
        "planar": True,
    }


def test_versions() -> None:
    assert sorted(software_versions()) == ["av", "onnxruntime", "opencv"]
    assert all(text[0].isdigit() for text in software_versions().values())
