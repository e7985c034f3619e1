"""Changes that make pictures worse, and the curves over them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eval_stubs import StubAnalyzer, face_points, png, table, write_parquet
from prosopon_eval import robustness

BOX = np.array([10, 20, 50, 60])


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def picture() -> np.ndarray:
    return rng().integers(60, 200, (80, 80)).astype(np.uint8)


@pytest.mark.parametrize("change", robustness.CHANGES, ids=lambda c: c.name)
def test_every_change_repeats_itself(change: robustness.Change):
    luma = picture()
    kept = luma.copy()
    for level in change.levels:
        (a, matrix), (b, _) = (change.apply(luma, BOX, level, rng()) for _ in range(2))
        assert a.dtype == np.uint8
        assert np.array_equal(a, b)
        assert matrix.shape == (2, 3)
    assert not np.array_equal(a, luma)
    assert np.array_equal(luma, kept)


def test_shrink_gives_the_face_its_size():
    small, matrix = robustness.shrink(picture(), BOX, 20, rng())
    assert small.shape == (40, 40)
    # The corner of the picture, half a pixel before the first centre, stays the corner.
    assert matrix @ [-0.5, -0.5, 1] == pytest.approx([-0.5, -0.5])


def test_cover_hides_the_share_inside_the_box():
    luma = np.zeros((80, 80), np.uint8)
    covered, _ = robustness.cover(luma, BOX, 25, rng())
    assert (covered == 128).sum() == pytest.approx(400, abs=42)
    assert (covered[20:60, 10:50] == 128).sum() == (covered == 128).sum()


def test_turn_keeps_the_middle_of_the_face():
    _, matrix = robustness.turn(picture(), BOX, 30, rng())
    assert matrix @ [30, 40, 1] == pytest.approx([30, 40])
    assert np.linalg.det(matrix[:, :2]) == pytest.approx(1)


def test_darken_is_linear():
    dark, _ = robustness.darken(np.full((2, 2), 200, np.uint8), BOX, 25, rng())
    assert (dark == 50).all()


def test_landmark_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(robustness, "DRAWS", 5)
    points = face_points()
    rows = [
        {"image": png(90, 120), "source": "afw", "name": f"{i}_1", "landmarks": points.ravel()}
        for i in range(2)
    ]
    rows = [{**row, "landmarks": row["landmarks"].tolist()} for row in rows]
    # The stub sees the face where it was: right until the picture is turned or shrunk.
    analyzer = StubAnalyzer(
        lambda image: table({"landmarks": points}) if image.mean() > 40 else table()
    )
    curves = robustness.landmark_curves(analyzer, write_parquet(tmp_path / "p.parquet", rows))
    values = {(s.attribute, s.group, s.figure.name): s.figure.value for s in curves}
    assert values["nothing", "–", robustness.NME] == 0
    assert values["JPEG quality", "50", robustness.MISSED] == 0
    assert values["light, % of what it was", "50", robustness.NME] == 0
    assert values["light, % of what it was", "25", robustness.NME] == np.inf
    assert values["light, % of what it was", "25", robustness.MISSED] == 100
    assert values["turned in the image plane, degrees", "45", robustness.NME] > 5


def test_emotion_curves_do_not_enlarge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(robustness, "DRAWS", 5)
    votes = [10, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    row = {"image": png(90, 48), "name": "0", "split": "PublicTest", "votes": votes}
    analyzer = StubAnalyzer(lambda image: table({"emotion": np.eye(8)[0]}))
    curves = robustness.emotion_curves(analyzer, write_parquet(tmp_path / "f.parquet", [row]))
    assert {s.figure.value for s in curves} == {100.0}
    sizes = [s.group for s in curves if s.attribute == "size of the face, px"]
    assert sizes == ["32", "24"]
