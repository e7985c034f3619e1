from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas

from prosopon.types import FaceTable
from prosopon.writers import open_writer, write_table
from tables import SCHEMA, SMALL, face_table, small_table

HEADER = "frame,time,x_0,x_1,y_0,y_1,AU01,AU02\n"
ROWS = "0,0.000000,1.0,3.0,2.0,4.2,0.12,5.00\n7,0.291958,,,,,,0.10\n"


def test_digits_order_and_missing_values(tmp_path: Path) -> None:
    path = write_table(small_table(), tmp_path / "a.csv")
    assert path.read_text() == HEADER + ROWS


def test_tables_in_turn(tmp_path: Path) -> None:
    with open_writer("csv", tmp_path / "a", SMALL) as writer:
        writer.write(small_table())
        writer.write(FaceTable.concat([], SMALL))
        writer.write(small_table())
    assert (tmp_path / "a").read_text() == HEADER + ROWS * 2


def test_header_without_rows(tmp_path: Path) -> None:
    path = write_table(FaceTable.concat([], SMALL), tmp_path / "a.csv")
    assert path.read_text() == HEADER


def test_more_rows_than_fit_at_once(tmp_path: Path) -> None:
    path = write_table(FaceTable.concat([small_table()] * 300, SMALL), tmp_path / "a.csv")
    assert path.read_text() == HEADER + ROWS * 300


def test_read_back_by_pandas(tmp_path: Path) -> None:
    table = face_table()
    read = pandas.read_csv(write_table(table, tmp_path / "a.csv"))
    assert list(read) == [name for column in SCHEMA for name in column.flat]
    assert read["success"].tolist() == [1]
    assert read["AU12"].tolist() == [4.2]
    assert read["valence"].isna().all()
    points = np.stack([read[[f"{axis}_{i}" for i in range(68)]].iloc[0] for axis in "xy"], 1)
    np.testing.assert_allclose(points, table["landmarks"][0], atol=5.1e-4)
