"""prosopon.agreement: pairing of rows, and figures with known values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from prosopon.agreement import compare, icc31, pair_rows, pearson
from prosopon.cli import main
from prosopon.errors import InputError
from prosopon.types import FRAME_COLUMNS, AnyArray, Column, FaceTable

SCHEMA = (*FRAME_COLUMNS, Column("au", (2,), ("AU01", "AU12"), "0–5", ""))


def table(
    frames: int = 50,
    *,
    faces: tuple[int, ...] = (0,),
    boxes: tuple[float, ...] = (0,),
    rate: float = 25,
    start: int = 0,
    au: Any = None,
) -> FaceTable:
    """Rows of ``faces`` in every frame, each in a box of 10 px from ``boxes`` on."""
    n = frames * len(faces)
    data: dict[str, AnyArray] = {column.name: column.empty(n) for column in SCHEMA}
    data["frame"] = np.repeat(np.arange(start, start + frames), len(faces))
    data["time"] = data["frame"] / rate
    data["face_id"] = np.tile(np.array(faces, np.int32), frames)
    data["success"][:] = 1
    left = np.tile(np.array(boxes, np.float32), frames)
    data["box"] = np.stack([left, left, left + 10, left + 10], axis=1)
    values = np.sin(data["frame"] / 3) if au is None else au
    data["au"] = np.stack([values, values * 0], axis=1)
    return FaceTable(SCHEMA, data)


def changed(given: FaceTable, **columns: Any) -> FaceTable:
    return FaceTable(given.schema, given.data | columns)


def test_known_figures():
    """Shrout & Fleiss 1979, table 2: judges 1 and 2 of six targets."""
    x, y = np.array([9, 6, 8, 7, 10, 6.0]), np.array([2, 1, 4, 1, 5, 2.0])
    assert pearson(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1])
    between = 2 * np.var((x + y) / 2, ddof=1)
    within = np.var(x - y, ddof=1) / 2
    assert icc31(x, y) == pytest.approx((between - within) / (between + within))


def test_bias_and_limits():
    a = table()
    noise = np.random.default_rng(0).normal(0.5, 0.1, 50)
    b = changed(a, au=a["au"] + noise[:, None])
    _, found = compare(a, b)
    first = next(one for one in found if one.name == "AU01")
    assert (first.pairs, first.unit) == (50, "0–5")
    assert first.bias == pytest.approx(noise.mean())
    spread = noise.std(ddof=1)
    assert (first.lower, first.upper) == pytest.approx(
        (noise.mean() - 1.96 * spread, noise.mean() + 1.96 * spread)
    )
    assert first.icc == pytest.approx(first.r, abs=0.02)
    assert first.lag == 0


def test_values_that_never_change_have_no_correlation():
    a = table()
    _, found = compare(a, a)
    still = next(one for one in found if one.name == "AU12")
    assert (still.bias, still.lower, still.upper) == (0, 0, 0)
    assert np.isnan([still.r, still.icc, still.lag]).all()


@pytest.mark.parametrize("shift", [-4, 3])
def test_lag(shift: int):
    """B shows what A shows ``shift`` frames later."""
    values = np.random.default_rng(0).normal(size=120).cumsum()
    a = table(100, au=values[10:110])
    b = table(100, au=values[10 - shift : 110 - shift])
    _, (*_, first, _still) = compare(a, b)
    assert first.lag == pytest.approx(shift / 25)
    assert first.r_at_lag == pytest.approx(1)
    assert first.r < 0.999


def test_two_faces_are_not_shifted_into_one_another():
    values = np.random.default_rng(0).normal(size=(60, 2)).cumsum(axis=0)
    a = table(60, faces=(0, 1), boxes=(0, 50), au=values.ravel())
    b = table(60, faces=(0, 1), boxes=(0, 50), au=np.roll(values, 2, axis=0).ravel())
    _, (*_, first, _still) = compare(a, b)
    assert first.lag == pytest.approx(2 / 25)


def test_faces_are_paired_by_place():
    a = table(faces=(0, 1), boxes=(0, 100))
    b = table(faces=(7, 3), boxes=(101, 2))
    assert pair_rows(a, b).faces == ((0, 3, 50), (1, 7, 50))


def test_faces_without_boxes_are_paired_by_number():
    schema = tuple(column for column in SCHEMA if column.name != "box")
    a, b = (
        FaceTable(schema, {c.name: t[c.name] for c in schema})
        for t in (table(faces=(0, 1), boxes=(0, 1)), table(faces=(1, 2), boxes=(0, 1)))
    )
    assert pair_rows(a, b).faces == ((1, 1, 50),)


def test_only_successes_are_compared():
    a = table()
    success = np.ones(50, np.int8)
    success[:20] = 0
    pairs = pair_rows(a, changed(a, success=success))
    assert pairs.a.tolist() == pairs.b.tolist() == list(range(20, 50))


def test_rows_are_paired_by_time_where_frames_count_otherwise():
    a = table(60, rate=30)
    b = table(24, rate=12)  # as of a tool that skipped frames
    pairs = pair_rows(a, b)
    np.testing.assert_allclose(a["time"][pairs.a], b["time"][pairs.b], atol=1 / 60 + 1e-9)
    assert len(pairs.a) == 24


def test_times_that_are_only_rounded():
    a = table(rate=29.97)
    b = changed(a, time=a["time"].round(3))
    assert len(pair_rows(a, b).a) == 50


def test_pictures_are_paired_by_frame():
    a = changed(table(5), time=np.zeros(5))
    assert pair_rows(a, a).a.tolist() == [0, 1, 2, 3, 4]


def test_nothing_in_common():
    with pytest.raises(InputError, match="no face is in both tables at the same time"):
        compare(table(), table(start=1000))


def test_another_unit_is_another_value():
    a = table()
    other = tuple(
        Column("au", (2,), ("AU01", "AU12"), "0–1", "") if c.name == "au" else c for c in SCHEMA
    )
    _, found = compare(a, FaceTable(other, a.data))
    assert [one.name for one in found][-1] == "box_y1"


def test_command(tmp_path: Path):
    a = table().write(tmp_path / "a.parquet")
    b = changed(table(), au=table()["au"] + 1).write(tmp_path / "b.parquet")
    done = CliRunner().invoke(
        main,
        ["compare", str(a), str(b), "--json", f"{tmp_path}/c.json", "--csv", f"{tmp_path}/c.csv"],
    )
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[2] == "50 rows of both; faces of A with faces of B: 0 with 0 in 50"
    (line,) = (line for line in lines if line.startswith("AU01"))
    figures = line.split()
    assert figures[:3] == ["AU01", "0–5", "50"]
    assert figures[3:] == ["1.000", "1.000", "1.000", "to", *["1.000"] * 2, "0.000", "1.000"]
    told = json.loads((tmp_path / "c.json").read_text())
    assert told["rows"] == 50
    still = next(one for one in told["values"] if one["name"] == "AU12")
    assert (still["bias"], still["r"]) == (1, None)
    header = (tmp_path / "c.csv").read_text().partition("\n")[0]
    assert header == "name,unit,pairs,r,bias,lower,upper,icc,lag,r_at_lag"


def test_columns_of_many_values_are_summed_up(tmp_path: Path):
    points = Column(
        "landmarks", (30, 2), tuple(f"{a}_{i}" for a in "xy" for i in range(30)), "px", ""
    )
    data = table().data | {"landmarks": np.random.default_rng(0).normal(size=(50, 30, 2))}
    path = FaceTable((*SCHEMA, points), data).write(tmp_path / "a.parquet")
    done = CliRunner().invoke(main, ["compare", str(path), str(path)])
    assert "landmarks (medians of 60)" in done.output


def test_command_on_a_table_that_is_not_there(tmp_path: Path):
    done = CliRunner().invoke(main, ["compare", str(tmp_path / "a.csv"), str(tmp_path / "b.csv")])
    assert done.exit_code == 1
    assert "a.csv: no such file" in done.output
