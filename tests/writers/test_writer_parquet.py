from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from prosopon.types import FaceTable
from prosopon.writers import open_writer, write_table
from prosopon.writers.parquet import to_arrow
from tables import SMALL, small_table


def test_values_and_nulls(tmp_path: Path) -> None:
    read = pq.read_table(write_table(small_table(), tmp_path / "a.parquet"))
    assert read.column_names == ["frame", "time", "x_0", "x_1", "y_0", "y_1", "AU01", "AU02"]
    assert read["frame"].to_pylist() == [0, 7]
    assert read["time"].to_pylist() == [0.0, 0.2919583]
    assert read["y_1"].to_pylist() == [4.25, None]
    assert [str(field.type) for field in read.schema][:3] == ["int64", "double", "float"]


def test_unit_and_description_of_each_field(tmp_path: Path) -> None:
    read = pq.read_schema(write_table(small_table(), tmp_path / "a.parquet"))
    metadata = read.field("x_1").metadata
    assert metadata[b"unit"] == b"px"
    assert metadata[b"description"] == b"dots"


def test_row_groups(tmp_path: Path) -> None:
    table = FaceTable.concat([small_table()] * 600, SMALL)
    with open_writer("parquet", tmp_path / "a", SMALL) as writer:
        for _ in range(4):
            writer.write(table)
    file = pq.ParquetFile(tmp_path / "a")
    groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert groups == [2400, 2400]


def test_no_rows(tmp_path: Path) -> None:
    path = write_table(FaceTable.concat([], SMALL), tmp_path / "a.parquet")
    read = pq.read_table(path)
    assert (read.num_rows, read.num_columns) == (0, 8)


def test_of_the_table_itself() -> None:
    assert small_table().to_arrow() == to_arrow(small_table())
