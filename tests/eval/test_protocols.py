"""The protocols on tiny data sets with an analyser whose answers are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from prosopon.errors import InputError
from prosopon.types import Column, FaceTable
from prosopon_eval.data import fold
from prosopon_eval.protocols import ferplus, landmarks68, no_faces, smile, synthetic
from prosopon_train.data.schema import AU_NAMES, write_shard

ORDER = ["neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"]
SCHEMA = (
    Column("success", (), ("success",), "", "", "int8"),
    Column("landmarks", (68, 2), tuple(map(str, range(136))), "px", ""),
    Column("pose_r", (3,), ("rx", "ry", "rz"), "rad", ""),
    Column("gaze", (2, 3), tuple("abcdef"), "", ""),
    Column("au", (21,), tuple(AU_NAMES), "", ""),
    Column("au_presence", (21,), tuple(f"{name}_p" for name in AU_NAMES), "", ""),
    Column("emotion", (8,), tuple(f"emotion_{name}" for name in ORDER), "", ""),
)


def table(*rows: dict[str, Any]) -> FaceTable:
    """A table whose columns are "not measured" where a row does not give them."""
    data = {c.name: c.empty(len(rows)) for c in SCHEMA}
    for i, row in enumerate(rows):
        for name, value in {"success": 1, **row}.items():
            data[name][i] = value
    return FaceTable(SCHEMA, data)


class StubAnalyzer:
    """Answers with ``answer(image)`` and remembers the boxes that it was given."""

    def __init__(self, answer: Callable[[np.ndarray], FaceTable]) -> None:
        self.answer = answer
        self.boxes: list[Any] = []

    def image(self, image: np.ndarray, boxes: np.ndarray | None = None) -> FaceTable:
        self.boxes.append(boxes)
        return self.answer(image)


def png(grey: int, size: int = 8) -> bytes:
    """A square picture of one grey level, by which the stub knows it again."""
    return bytes(cv2.imencode(".png", np.full((size, size, 3), grey, np.uint8))[1])


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.Table.from_pylist(rows), path)
    return path


def face_points() -> np.ndarray:
    """68 points over 100 × 80 px whose outer eye corners are 50 px apart."""
    generator = np.random.default_rng(0)
    points = generator.uniform(0, 1, (68, 2)).astype(np.float32) * (100, 80)
    points[36], points[45] = (25, 30), (75, 30)
    return points.astype(np.float32)


def moved(points: np.ndarray, x: float, y: float) -> np.ndarray:
    return points + np.array([x, y], dtype=np.float32)


# landmarks68


def test_nearest_face_counts():
    truth = face_points()
    faces = table({"landmarks": moved(truth, 300, 0)}, {"landmarks": moved(truth, 3, 4)})
    assert landmarks68.picture_error(faces, truth) == pytest.approx(100 * 5 / 50)


@pytest.mark.parametrize(
    "faces",
    [
        pytest.param(table(), id="nothing found"),
        pytest.param(table({"landmarks": moved(face_points(), 300, 0)}), id="another face"),
        pytest.param(table({"landmarks": face_points(), "success": 0}), id="not measured"),
    ],
)
def test_a_miss_is_an_infinite_error(faces: FaceTable):
    assert landmarks68.picture_error(faces, face_points()) == np.inf


def test_a_miss_is_a_failure_and_is_reported_beside_the_mean():
    values = {
        f.name: f.value for f in landmarks68.figures(np.array([2.0, 4, np.inf]), np.arange(3), "x")
    }
    assert values["NME mean, x"] == 3.0
    assert values["NME median, x"] == 4.0
    assert values["failures over 10 %, x"] == pytest.approx(100 / 3)
    assert values["area under curve to 8 %, x"] == pytest.approx((0.75 + 0.5) / 3)
    assert values["faces missed, x"] == 1


def test_faces_of_one_photograph_stay_together():
    assert landmarks68.photograph("100040721_2", "helen-train") == "100040721"
    assert landmarks68.photograph("image_0001", "lfpw-train") == "image_0001"


def test_landmarks68_run(tmp_path: Path):
    truth = face_points()
    rows = [
        {"image": png(i), "source": source, "name": f"{i}_1", "landmarks": truth.ravel().tolist()}
        for i, source in enumerate(["afw", "helen-train", "helen-train"])
    ]
    analyzer = StubAnalyzer(
        lambda image: table({"landmarks": moved(truth, 0, int(image[0, 0, 0]))})
    )
    scores = landmarks68.run(analyzer, write_parquet(tmp_path / "points.parquet", rows))
    values = {figure.name: figure.value for figure in scores.figures}
    assert values["NME mean, all"] == pytest.approx(2.0)
    assert values["NME mean, afw"] == pytest.approx(0.0)
    assert values["NME mean, helen-train"] == pytest.approx(3.0)
    assert analyzer.boxes == [None] * 3


# smile


def test_smile_run_uses_answered_rows_and_whole_pictures(tmp_path: Path):
    answers = [1, 0, 1, None, 1]
    sources = ["muxspace"] * 4 + ["ytf"]
    rows = [
        {"image": png(i), "source": source, "name": str(i), "person": f"p{i}", "smile": answer}
        for i, (source, answer) in enumerate(zip(sources, answers, strict=True))
    ]
    intensity = {0: 3.0, 1: 1.0, 2: 0.5}
    analyzer = StubAnalyzer(
        lambda image: table({"au": np.full(21, intensity[int(image[0, 0, 0])]), "au_presence": 0.5})
    )
    scores = smile.run(analyzer, write_parquet(tmp_path / "faces.parquet", rows))
    values = {figure.name: figure for figure in scores.figures}
    assert values["AU12 intensity AUC, all people"].n == 3
    assert values["AU12 intensity AUC, all people"].value == 0.5
    assert values["AU12 presence AUC, all people"].value == 0.5
    assert [boxes.tolist() for boxes in analyzer.boxes] == [[[0, 0, 8, 8]]] * 3


def test_an_unmeasured_face_does_not_smile():
    assert smile.au12(table(), "au") == 0.0
    assert smile.au12(table({"success": 0}), "au") == 0.0


# ferplus


def test_majority_rules():
    votes = np.array(
        [
            [6, 4, 0, 0, 0, 0, 0, 0, 0, 0],  # plain
            [5, 5, 0, 0, 0, 0, 0, 0, 0, 0],  # a tie: the first; no clear majority
            [2, 0, 0, 0, 0, 0, 0, 0, 8, 0],  # unknown
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 10],  # not a face
            [0, 1, 1, 1, 1, 0, 4, 1, 1, 0],  # clear only once single votes are struck
        ]
    )
    assert ferplus.majority(votes).tolist() == [0, 0, -1, -1, 6]
    assert ferplus.clear_majority(votes).tolist() == [0, -1, -1, -1, 6]


def test_predicted_emotion_is_in_the_order_of_the_votes():
    sadness = np.eye(8)[ORDER.index("sadness")]
    assert ferplus.predicted_emotion(table({"emotion": sadness})) == ferplus.VOTES.index("sadness")
    assert ferplus.predicted_emotion(table()) == ferplus.VOTES.index("neutral")


def test_ferplus_run(tmp_path: Path):
    labels = ["happiness", "sadness", "happiness", "unknown"]
    rows = [
        {
            "image": png(i, 48),
            "name": str(i),
            "split": "PublicTest" if i < 4 else "Training",
            "votes": [10 * (name == labels[i % 4]) for name in ferplus.VOTES],
        }
        for i in range(5)
    ]
    happy = np.eye(8)[ORDER.index("happiness")]
    analyzer = StubAnalyzer(lambda image: table({"emotion": happy}))
    scores = ferplus.run(analyzer, write_parquet(tmp_path / "fer.parquet", rows))
    values = {figure.name: figure for figure in scores.figures}
    assert values["accuracy, majority"].value == pytest.approx(200 / 3)
    assert values["accuracy, majority"].n == 3
    assert values["macro F1, majority"].value == pytest.approx(0.4)
    assert scores.matrices[0].counts[3][1] == 1
    assert len(analyzer.boxes) == 4


# synthetic


def shard(path: Path, n: int = 4) -> Path:
    examples = []
    for i in range(n):
        points = np.full((78, 2), np.nan, np.float32)
        points[:68] = face_points()
        examples.append(
            {
                "image": np.full((160, 160), i, np.uint8),
                "points": points,
                "rotation": np.eye(3),
                "gaze": np.array([[0, 0, -1], [0, 0, -1]]),
                "au": np.full(21, float(i)),
                "person": f"p{i}",
            }
        )
    write_shard(path, examples)
    return path


def test_synthetic_run(tmp_path: Path):
    shard(tmp_path / "one.npz")
    turn = np.radians(10)

    def answer(image: np.ndarray) -> FaceTable:
        i = int(image[0, 0])
        return table(
            {
                "landmarks": moved(face_points(), 1, 0),
                "pose_r": (0, turn, 0),
                "gaze": [(0, 0, -1), (0, np.sin(turn), -np.cos(turn))],
                "au": np.where(np.arange(21) == 0, 0.0, 5.0 - i),
            }
        )

    analyzer = StubAnalyzer(answer)
    values = {f.name: f.value for f in synthetic.run(analyzer, tmp_path).figures}
    assert values["head rotation, mean"] == pytest.approx(10, abs=1e-4)
    assert values["yaw, mean"] == pytest.approx(10, abs=1e-4)
    assert values["pitch, mean"] == pytest.approx(0, abs=1e-4)
    assert values["gaze, median"] == pytest.approx(5, abs=1e-4)
    assert values["NME median"] == pytest.approx(2.0)
    # One unit never moves (0), the twenty others run backwards (−1).
    assert values["AU01 r"] == 0.0
    assert values["AU45 r"] == pytest.approx(-1)
    assert values["AU r, mean of units"] == pytest.approx(-20 / 21)
    assert values["faces missed"] == 0
    points = face_points()
    top = points[:, 1].min() - 0.25 * np.ptp(points[:, 1])
    expected = [[points[:, 0].min(), top, points[:, 0].max(), points[:, 1].max()]]
    assert analyzer.boxes[0] == pytest.approx(np.array(expected))


@pytest.mark.parametrize(
    ("name", "content"),
    [pytest.param("empty.npz", b"", id="empty"), pytest.param("text.npz", b"hello", id="text")],
)
def test_synthetic_refuses_what_is_no_shard(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        synthetic.read(tmp_path / name)


def test_synthetic_refuses_an_empty_folder(tmp_path: Path):
    with pytest.raises(InputError, match=r"no \.npz shards"):
        synthetic.read(tmp_path)


# no_faces


def test_no_faces_counts_held_out_pictures_only(tmp_path: Path):
    rows = [{"image": png(i), "name": f"{i}.jpg"} for i in range(20)]
    held_out = [i for i in range(20) if fold(f"{i}.jpg") < 5]
    analyzer = StubAnalyzer(lambda image: table(*[{}] * (2 * (image[0, 0, 0] == held_out[0]))))
    scores = no_faces.run(analyzer, write_parquet(tmp_path / "backgrounds.parquet", rows))
    values = {figure.name: figure for figure in scores.figures}
    assert values["false faces per 100 pictures"].value == pytest.approx(200 / len(held_out))
    assert values["pictures with a false face"].value == pytest.approx(100 / len(held_out))
    assert values["pictures with a false face"].n == len(held_out)
