"""Gaze of portraits that look into the lens, with an analyser whose gaze is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eval_stubs import StubAnalyzer, face_points, png, table, write_parquet
from prosopon.errors import InputError
from prosopon_eval.data import fold, read_rows
from prosopon_eval.protocols import gaze_portraits


def direction(yaw: float, pitch: float = 0.0) -> tuple[float, float, float]:
    y, p = np.radians([yaw, pitch])
    return (np.sin(y) * np.cos(p), -np.sin(p), -np.cos(y) * np.cos(p))


def rows_of(listed: list[tuple[str, str]]) -> list[dict[str, object]]:
    return [
        {"image": png(i + 1, 100), "source": source, "name": name, "person": name}
        for i, (source, name) in enumerate(listed)
    ]


def listed(source: str, n: int) -> list[tuple[str, str]]:
    return [key for key in gaze_portraits.portraits() if key[0] == source][:n]


def test_list_is_long_and_has_held_out_people():
    names = gaze_portraits.portraits()
    assert len(names) >= 100
    assert sum(names.values()) >= 40


@pytest.mark.shared
def test_list_names_existing_rows_and_their_fold(shared: Path):
    names = gaze_portraits.portraits()
    data = read_rows(shared / "data" / "faces.parquet", ["source", "name", "person"])
    rows = {(r["source"], r["name"]): r for r in data}
    assert {key: fold(rows[key]["person"]) == 0 for key in names} == names


def test_run(tmp_path: Path):
    keys = [*listed("fairface", 1), *listed("muxspace", 2)]
    path = write_parquet(tmp_path / "faces.parquet", rows_of([*keys, ("fairface", "unlisted")]))
    # Picture 1: straight on. 2: the eyes mirror each other about 6°. 3: nobody.
    answers = {
        1: table(
            {"gaze": [direction(40)] * 2, "box": (0, 0, 10, 10)},
            {
                "gaze": [direction(0)] * 2,
                "box": (40, 40, 60, 60),
                "landmarks": face_points(),
                "pose_euler": (0, 0, 0),
            },
        ),
        2: table(
            {
                "gaze": [direction(4), direction(8)],
                "box": (0, 0, 100, 100),
                "landmarks": face_points(),
                "pose_euler": (0, np.radians(12), 0),
            }
        ),
        3: table(),
    }
    analyzer = StubAnalyzer(lambda image: answers[int(image[0, 0, 0])])
    values = {f.name: f.value for f in gaze_portraits.run(analyzer, path).figures}
    assert values["angle to the lens, mean, all"] == pytest.approx(3, abs=1e-3)
    assert values["yaw, mean"] == pytest.approx(3, abs=1e-3)
    assert values["yaw, degrees a degree of the head"] == pytest.approx(0.5, abs=1e-3)
    assert np.isnan(values["pitch, degrees a degree of the head"])
    assert values["faces missed"] == 1
    # Tight crops are given as boxes, the others are left to the detector.
    assert [box is None for box in analyzer.boxes] == [True, False, False]


def test_other_data_are_refused(tmp_path: Path):
    path = write_parquet(tmp_path / "faces.parquet", rows_of([("fairface", "nobody.jpg")]))
    with pytest.raises(InputError, match=r"faces\.parquet: has none of the listed portraits"):
        gaze_portraits.run(StubAnalyzer(lambda image: table()), path)
