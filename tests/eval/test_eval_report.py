"""Results: look-up, printing, JSON; data readers; finding a protocol."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest

from prosopon.errors import InputError, OutputError
from prosopon_eval.data import decode_image, fold, read_rows, whole_picture
from prosopon_eval.report import Figure, Matrix, Result, show, write_json
from prosopon_eval.run import evaluate, find_protocol, protocol_names

RESULT = Result(
    protocol="smile",
    data="faces.parquet",
    pack="default",
    version="0",
    figures=(
        Figure("AUC", 0.91, "", 10, 0.8, 0.95),
        Figure("error", 3.456, "deg", 10),
        Figure("undefined", math.nan, "", 0),
    ),
    matrices=(Matrix("confusion", ("a", "b"), ((3, 1), (0, 4))),),
)


def test_figure_by_name():
    assert RESULT["AUC"].value == 0.91
    with pytest.raises(KeyError, match="there are: AUC, error"):
        RESULT["accuracy"]


def test_show_prints_figures_and_matrix():
    console = pytest.importorskip("rich.console")
    stream = io.StringIO()
    show(RESULT, console.Console(file=stream, width=100))
    text = stream.getvalue()
    assert "0.910" in text
    assert "0.800 to 0.950" in text
    assert "3.46 °" in text
    assert "confusion (rows true, columns predicted)" in text


def test_json_has_null_for_nan(tmp_path: Path):
    write_json(RESULT, tmp_path / "result.json")
    stored = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert stored["figures"][0] == {
        "name": "AUC",
        "value": 0.91,
        "low": 0.8,
        "high": 0.95,
        "unit": "",
        "n": 10,
    }
    assert stored["figures"][2]["value"] is None
    assert stored["matrices"][0]["counts"] == [[3, 1], [0, 4]]
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]


def test_json_that_cannot_be_written_names_the_file(tmp_path: Path):
    with pytest.raises(OutputError, match=r"result\.json: can't be written"):
        write_json(RESULT, tmp_path / "absent" / "result.json")


def test_fold_is_the_same_everywhere():
    assert [fold(name) for name in ("a", "b", "c")] == [
        int(digest, 16) % 10
        for digest in (
            "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8",
            "e9d71f5ee7c92d6dc9e92ffdad17b8bd49418f98",
            "84a516841ba77a5b4648de2cd0dfcb30ea46dbb4",
        )
    ]


def test_read_rows_filters(tmp_path: Path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"x": [1, 2], "split": ["a", "b"]}), path)
    assert read_rows(path, ["x"], [("split", "=", "b")]) == [{"x": 2}]
    with pytest.raises(InputError, match=r"a\.parquet: has no column votes"):
        read_rows(path, ["votes"])
    with pytest.raises(InputError, match=r"a\.parquet: has no rows"):
        read_rows(path, ["x"], [("split", "=", "c")])


def test_read_rows_refuses_other_files(tmp_path: Path):
    path = tmp_path / "notes.parquet"
    path.write_text("not parquet")
    with pytest.raises(InputError, match=r"notes\.parquet: not a Parquet file"):
        read_rows(path, ["x"])


def test_undecodable_image_names_the_row():
    with pytest.raises(InputError, match=r"row7\.jpg"):
        decode_image(b"junk", "row7.jpg")


def test_whole_picture_is_x0_y0_x1_y1():
    assert whole_picture(np.zeros((4, 6, 3), np.uint8)).tolist() == [[0, 0, 6, 4]]


def test_every_protocol_has_a_description():
    assert {"landmarks68", "smile", "ferplus", "synthetic"} <= set(protocol_names())
    for name in protocol_names():
        assert find_protocol(name).description


def test_unknown_protocol_lists_the_known():
    with pytest.raises(InputError, match=r"landmarks86: no such protocol.*landmarks68"):
        find_protocol("landmarks86")


def test_missing_data_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"none\.parquet: not found"):
        evaluate("smile", tmp_path / "none.parquet")
