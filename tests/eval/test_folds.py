"""prosopon_eval.folds: every pack is scored on what it left out, and on nothing else."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from eval_stubs import StubAnalyzer, face_points, moved, png, table, write_parquet
from prosopon_eval import folds
from prosopon_eval.data import fold


def test_each_pack_answers_for_its_own_fifth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    points = face_points()
    rows = [
        {"image": png(i, 128), "source": "afw", "name": f"{i}_1", "landmarks": points.ravel()}
        for i in range(40)
    ]
    packs = [tmp_path / f"pack{k}" for k in range(5)]
    for pack in packs:
        pack.mkdir()
    asked = {}

    def analyzer(pack: Path) -> StubAnalyzer:
        k = packs.index(pack)
        # Off by k percent of the outer eye distance, 50 px.
        asked[k] = StubAnalyzer(lambda image: table({"landmarks": moved(points, 0.5 * k, 0)}))
        return asked[k]

    monkeypatch.setattr(folds, "Analyzer", analyzer)
    data = write_parquet(
        tmp_path / "marked.parquet", [{**r, "landmarks": r["landmarks"].tolist()} for r in rows]
    )
    result = CliRunner().invoke(folds.main, [str(data), *map(str, packs)])
    assert result.exit_code == 0, result.output
    fifths = [fold(r["name"]) // 2 for r in rows]
    assert [len(asked[k].boxes) for k in range(5)] == [fifths.count(k) for k in range(5)]
    assert f"{sum(fifths) / 40:.2f} %" in result.output
