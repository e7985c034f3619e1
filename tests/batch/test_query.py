"""A batch's results as one table: DuckDB, Arrow, pandas; the recipes of docs/batch.md."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import corpora
from corpora import run


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four videos of two conditions and three people, in OUT."""
    folder = tmp_path_factory.mktemp("query")
    corpus = corpora.write_corpus(folder / "corpus", videos=4)
    (folder / "list.csv").write_text(
        "path,condition,participant\n"
        "a/clip 0.mp4,calm,p1\n"
        "a/clip 2.mp4,calm,p2\n"
        "b/clip 1.mp4,stress,p1\n"
        "b/clip 3.mp4,stress,p3\n"
    )
    out = folder / "out"
    code, _, err = run(
        "batch", corpus, "-o", out, "--pack", corpora.pack(folder), "--workers", 1,
        "--manifest", folder / "list.csv", "--format", "csv",
    )  # fmt: skip
    assert (code, err) == (0, "")
    return out


def test_summary_has_a_row_a_video(batch: Path):
    rows = pq.read_table(batch / "summary.parquet").to_pylist()
    assert [row["condition"] for row in rows] == ["calm", "calm", "stress", "stress"]
    assert [row["participant"] for row in rows] == ["p1", "p2", "p1", "p3"]
    for row in rows:
        assert (row["state"], row["error"], row["kind"]) == ("done", None, "video")
        assert (row["frames"], row["faces"], row["missing"]) == (40, 1, 0.0)
        assert row["duration"] == pytest.approx(1.6)
        assert row["speed"] == pytest.approx(40 / row["seconds"])
        assert len(row["sha256"]) == 64


def test_dataset_is_one_table_with_a_schema(batch: Path):
    dataset = ds.dataset(batch / "tables", partitioning="hive")
    assert dataset.count_rows() == 160
    assert dataset.schema.field("pose_pitch").metadata[b"unit"] == b"rad"
    table = dataset.to_table(columns=["video", "frame"])
    assert set(table["video"].to_pylist()) == {
        row["video"] for row in pq.read_table(batch / "summary.parquet").to_pylist()
    }


def test_other_formats_and_sidecars_lie_beside(batch: Path):
    names = sorted(path.name for path in (batch / "files").iterdir())
    assert len(names) == 8
    assert names[:2] == ["a-clip-0-e7bacf0b.csv", "a-clip-0-e7bacf0b.json"]


def test_pandas(batch: Path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(batch / "tables", columns=["video", "frame"])
    assert frame.groupby("video", observed=True).size().tolist() == [40, 40, 40, 40]


def _ask(batch: Path, sql: str) -> list[dict[str, str]]:
    code, out, err = run("query", batch, sql)
    assert (code, err) == (0, "")
    return list(csv.DictReader(io.StringIO(out)))


def test_mean_by_condition(batch: Path):
    pytest.importorskip("duckdb")
    rows = _ask(
        batch,
        "select condition, avg(AU12) as AU12, count(distinct video) as videos "
        "from faces join summary using (video) where success = 1 group by all order by all",
    )
    assert [(row["condition"], row["videos"]) for row in rows] == [("calm", "2"), ("stress", "2")]
    assert float(rows[0]["AU12"]) == pytest.approx(0.0, abs=0.01)


def test_gaze_away_per_minute(batch: Path):
    pytest.importorskip("duckdb")
    rows = _ask(
        batch,
        "select video, face_id, floor(time / 60) as minute, "
        "avg((abs(gaze_yaw) > radians(15) or abs(gaze_pitch) > radians(15))::int) as away "
        "from faces where success = 1 group by all order by all",
    )
    assert len(rows) == 4
    assert {(float(row["minute"]), float(row["away"])) for row in rows} == {(0.0, 0.0)}


def test_merge_with_participants(batch: Path, tmp_path: Path):
    pytest.importorskip("duckdb")
    people = tmp_path / "participants.csv"
    people.write_text("participant,age\np1,30\np2,40\np3,50\n")
    answer = tmp_path / "answer.parquet"
    code, out, err = run(
        "query", batch,
        f"select video, age from summary join '{people}' using (participant) order by video",
        "-o", answer,
    )  # fmt: skip
    assert (code, out, err) == (0, f"4 rows -> {answer}\n", "")
    assert pq.read_table(answer)["age"].to_pylist() == [30, 40, 30, 50]


def test_mistakes_are_one_line(batch: Path, tmp_path: Path):
    pytest.importorskip("duckdb")
    code, _, err = run("query", batch, "select nothing_like_it from summary")
    assert code == 1
    assert err.count("\n") == 1
    assert "nothing_like_it" in err
    code, _, err = run("query", tmp_path, "select 1")
    assert (code, err) == (
        1, f"error: {tmp_path}: no summary.parquet in it; is it the output of a batch?\n"
    )  # fmt: skip
