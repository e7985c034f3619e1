from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from prosopon.errors import OutputError
from prosopon.writers.records import write_records

ROWS = [{"kind": "blink", "face_id": 0, "start": 1.25}, {"kind": "a, b", "start": float("nan")}]
NAMES = ("kind", "face_id", "start")


def test_csv(tmp_path: Path):
    path = write_records(tmp_path / "new" / "a.csv", NAMES, ROWS)
    assert path.read_text() == 'kind,face_id,start\nblink,0,1.250000\n"a, b",,\n'


def test_parquet(tmp_path: Path):
    table = pq.read_table(write_records(tmp_path / "a.parquet", NAMES, ROWS))
    assert table.to_pydict() == {
        "kind": ["blink", "a, b"],
        "face_id": [0, None],
        "start": [1.25, None],
    }


def test_nothing_and_another_suffix(tmp_path: Path):
    assert write_records(tmp_path / "a.csv", NAMES, []).read_text() == "kind,face_id,start\n"
    with pytest.raises(OutputError, match="should end with"):
        write_records(tmp_path / "a.txt", NAMES, [])
