from __future__ import annotations

import json
from pathlib import Path

from prosopon.types import FaceTable
from prosopon.writers import write_table
from tables import SMALL, small_table


def test_nested_rounded_and_null(tmp_path: Path) -> None:
    lines = write_table(small_table(), tmp_path / "a.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"frame": 0, "time": 0.0, "points": [[1.0, 2.0], [3.0, 4.2]], "au": [0.12, 5.0]},
        {"frame": 7, "time": 0.291958, "points": [[None, None], [None, None]], "au": [None, 0.1]},
    ]


def test_no_rows(tmp_path: Path) -> None:
    path = write_table(FaceTable.concat([], SMALL), tmp_path / "a.jsonl")
    assert path.read_text() == ""
