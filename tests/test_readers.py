"""prosopon.readers: what was written is what is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas
import pytest

import prosopon
from prosopon.errors import InputError
from prosopon.fit.fitter import COLUMNS as FIT_COLUMNS
from prosopon.heads import HEAD_NAMES, load_head
from prosopon.types import FRAME_COLUMNS, Column, FaceTable
from prosopon.writers.sidecar import describe_columns, write_sidecar
from tables import SCHEMA, SMALL, face_table, small_table

HEADS = (column for name in HEAD_NAMES for column in load_head(name).columns)
KNOWN = (*FRAME_COLUMNS, *HEADS, *FIT_COLUMNS)


def known_table(rows: int = 3) -> FaceTable:
    """Random values in every column of this version, with gaps."""
    random = np.random.default_rng(0)
    data = {}
    for column in KNOWN:
        values = random.uniform(-900, 900, (rows, *column.shape))
        if column.dtype.startswith("float"):
            values[1] = np.nan
        else:
            values = np.clip(values, -1, 100)
        data[column.name] = values.astype(column.dtype)
    return FaceTable(KNOWN, data)


def assert_same(read: FaceTable, written: FaceTable, *, exact: bool = False) -> None:
    assert read.schema == written.schema
    for column in written.schema:
        assert read[column.name].dtype == column.dtype
        np.testing.assert_allclose(
            read[column.name],
            written[column.name],
            rtol=0 if exact else 1e-6,
            atol=0 if exact else 0.5001 * 10.0**-column.decimals,
            err_msg=column.name,
        )


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_round_trip(tmp_path: Path, ending: str):
    written = known_table()
    path = written.write(tmp_path / f"a.{ending}")
    read = prosopon.read(path)
    assert_same(read, written, exact=ending == "parquet")
    again = read.write(tmp_path / f"b.{ending}")
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_round_trip_of_another_schema(tmp_path: Path, ending: str):
    """Parquet says what its columns are; the sidecar says it for the others."""
    path = face_table().write(tmp_path / f"a.{ending}")
    if ending != "parquet":
        write_sidecar(tmp_path / "a.json", {"columns": describe_columns(SCHEMA)})
    assert_same(prosopon.read(str(path)), face_table(), exact=ending == "parquet")


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_no_rows(tmp_path: Path, ending: str):
    path = FaceTable.concat([], KNOWN).write(tmp_path / f"a.{ending}")
    if ending == "jsonl":  # without a line there are no names
        with pytest.raises(InputError, match=r"a\.jsonl: the file is empty"):
            prosopon.read(path)
    else:
        assert_same(prosopon.read(path), FaceTable.concat([], KNOWN))


def test_columns_that_nothing_describes(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("frame,time,x_1,AU01,AU99,AU01_raw,extra\n3,0.5,10.25,1,2,3,\n")
    read = prosopon.read(path)
    assert list(read) == ["frame", "time", "x_1", "au", "au_raw", "extra"]
    assert read.au_names == ("AU01", "AU99")
    assert read["au"].tolist() == [[1, 2]]
    assert read["extra"].dtype == np.float64
    assert np.isnan(read["extra"][0])
    units = {column.name: column.unit for column in read.schema}
    assert (units["x_1"], units["au"], units["extra"]) == ("px", "0–5", "")


def test_modes_of_the_face_model_are_one_column(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("frame,time,p_0,p_1,p_2\n0,0,1.5,2,-3\n")
    assert prosopon.read(path)["shape_modes"].tolist() == [[1.5, 2, -3]]


def test_order_is_that_of_the_file(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("valence,frame,face_id,time\n0.5,0,1,0\n")
    assert list(prosopon.read(path)) == ["valence", "frame", "face_id", "time"]


def test_what_other_programs_write(tmp_path: Path):
    """R quotes names and writes NA; pandas makes whole numbers 3.0; Excel adds a mark."""
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbf"frame","time","valence"\r\n3.0,0.1,NA\r\n4.0,0.2,-0.5\r\n')
    read = prosopon.read(path)
    assert read["frame"].tolist() == [3, 4]
    np.testing.assert_array_equal(read["valence"], np.array([np.nan, -0.5], np.float32))


def test_parquet_by_pandas(tmp_path: Path):
    path = tmp_path / "a.parquet"
    known_table().to_pandas().to_parquet(path)
    assert_same(prosopon.read(path), known_table(), exact=True)


def test_sidecar_of_another_program(tmp_path: Path):
    path = small_table().write(tmp_path / "a.csv")
    for text in ("[1", "[1]", '{"columns": [{"name": "frame"}]}'):
        (tmp_path / "a.json").write_text(text)
        assert list(prosopon.read(path))[:3] == ["frame", "time", "x_0"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "x", r"a\.txt: not a table's name; it should end with \.csv, \.parquet, \.jsonl"),
        ("a.csv", "", r"a\.csv: the file is empty"),
        ("a.csv", "a,b\n1,2\n", "no table of Prosopon or OpenFace 2"),
        ("a.csv", "frame,time\n1\n", "has 1 values for 2 columns; was the file cut off"),
        ("a.csv", "frame,time,note\n1,2,sad\n", "column 'note' should hold numbers, but has 'sad'"),
        ("a.csv", "frame,time,time\n1,2,3\n", "more than one column is named 'time'"),
        ("a.csv", "frame,time\n1,0\n1.5,0\n", "'frame' should be a whole number in every row"),
        ("a.csv", "frame,time\n1,0\n,0\n", "'frame' should be a whole number in every row; row 2"),
        ("a.csv", b"\xff\xfe\x00", "no text in UTF-8"),
        ("a.csv", "frame,timestamp,success\n1,0,\n", "'success' should be a whole number"),
        ("a.parquet", "PAR1", r"a\.parquet: can't be read as Parquet"),
        ("a.jsonl", '{"frame":1', "line 1 is no JSON; was the file cut off"),
        ("a.jsonl", '{"frame":1,"time":0}\n{"frame":1}\n', "line 2 is no row like the first"),
        ("a.jsonl", "[1]\n", "line 1 is no row like the first"),
        ("a.jsonl", '{"frame":1,"time":"x"}\n', "'time' should hold as many numbers in each row"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, name: str, content: str | bytes, message: str):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message) as caught:
        prosopon.read(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_parquet_of_text(tmp_path: Path):
    path = tmp_path / "a.parquet"
    pandas.DataFrame({"frame": [1], "time": [0.0], "who": ["x"]}).to_parquet(path)
    with pytest.raises(InputError, match="column 'who' should hold numbers"):
        prosopon.read(path)


def test_what_is_not_there(tmp_path: Path):
    with pytest.raises(InputError, match=r"nought\.csv: no such file"):
        prosopon.read(tmp_path / "nought.csv")
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(InputError, match=r"a\.csv: can't be read: Is a directory"):
        prosopon.read(tmp_path / "a.csv")


def test_planar_columns_come_back() -> None:
    column = Column("points", (2, 3), tuple("abcdef"), "", "", planar=True)
    values = np.arange(12.0).reshape(2, 2, 3)
    np.testing.assert_array_equal(column.unflatten(column.flatten(values)), values)


def test_small_schema_is_found_by_its_names(tmp_path: Path):
    write_sidecar(tmp_path / "a.json", {"columns": describe_columns(SMALL)})
    read = prosopon.read(small_table().write(tmp_path / "a.csv"))
    assert read.schema == SMALL
