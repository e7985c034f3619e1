"""The protocols on tiny data sets with an analyser whose answers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eval_stubs import ORDER, StubAnalyzer, face_points, moved, png, table, write_parquet
from prosopon.errors import InputError
from prosopon.fit import FaceModel, load_model
from prosopon.geometry import Camera, rotation_from_euler, sight_rotation
from prosopon.packs import load_pack
from prosopon.types import FaceTable
from prosopon_eval.data import fold
from prosopon_eval.protocols import (
    calibration,
    fairface,
    fer_units,
    ferplus,
    jitter,
    landmarks68,
    no_faces,
    pose68,
    smile,
    synthetic,
)
from prosopon_train.data.schema import AU_NAMES, write_shard

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
        {
            "image": png(i),
            "source": source,
            "name": str(i),
            "person": f"p{i}",
            "smile": answer,
            "glasses": i % 2,
            "pose_bin": 3,
        }
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
    assert values["expected calibration error"].value == pytest.approx(100 / 3)
    assert values["overconfidence"].value == pytest.approx(100 / 3)
    assert scores.matrices[0].counts[3][1] == 1
    assert len(analyzer.boxes) == 4


# fer_units


def test_fer_units_ranks_pictures_by_their_units(tmp_path: Path):
    votes = [[0, 10 - i, i, 0, 0, 0, 0, 0, 0, 0] for i in (0, 1, 8, 9)]
    rows = [
        {"image": png(i, 48), "name": str(i), "split": "PublicTest", "votes": v}
        for i, v in enumerate(votes)
    ]
    smiling = AU_NAMES.index("AU12")

    def answer(image: np.ndarray) -> FaceTable:
        return table({"au": np.eye(21)[smiling] * (4.0 - image[0, 0, 0])})

    scores = fer_units.run(StubAnalyzer(answer), write_parquet(tmp_path / "f.parquet", rows))
    values = {figure.name: figure.value for figure in scores.figures}
    assert values["AU12 for happiness, AUC"] == 1.0
    assert values["AU12 for happiness, rank correlation with votes"] == pytest.approx(1)
    assert values["AU01+AU02+AU05 for surprise, AUC"] == 0.5
    assert np.isnan(values["AU04 for anger, AUC"])


def test_units_not_measured_are_at_rest():
    assert fer_units.intensity(table(), ("AU12",)) == 0.0
    assert fer_units.intensity(table({}), ("AU01", "AU02")) == 0.0


# pose68, calibration, jitter


def marked(path: Path, points: np.ndarray, n: int = 2, size: int = 128) -> Path:
    rows = [
        {"image": png(i, size), "source": "afw", "name": f"{i}_1", "landmarks": points.ravel()}
        for i in range(n)
    ]
    return write_parquet(path, [{**r, "landmarks": r["landmarks"].tolist()} for r in rows])


def test_pose68_reference_is_relative_to_the_line_of_sight():
    shape = face_model().mean[:68]
    apparent = rotation_from_euler(np.radians([[10.0, -20, 5]]))[0]
    place = np.array([500.0, 0, 2000])
    sight = sight_rotation((place + apparent @ shape.mean(0))[None])[0]
    seen = shape @ (sight @ apparent).T + place
    f = pose68.FOCAL * Camera.default(640, 480).fx
    points = seen[:, :2] / seen[:, 2:] * f + (320, 240)
    found = pose68.reference(face_model(), points[None], np.array([(640, 480)]))[0]
    assert found == pytest.approx(apparent, abs=5e-3)


def test_pose68_run(tmp_path: Path):
    stub = StubAnalyzer(lambda image: table())
    stub.face_model_file = load_pack("default").face_model_file
    seen = face_model().mean[:68] + (0, -36, 2000)
    f = pose68.FOCAL * Camera.default(128, 128).fx
    points = (seen[:, :2] / seen[:, 2:] * f + 64).astype(np.float32)
    faces = table({"landmarks": points, "pose_r": (0, np.radians(6), 0)})
    stub.answer = lambda image: faces if image[0, 0, 0] else table()
    figures = pose68.run(stub, marked(tmp_path / "p.parquet", points)).figures
    values = {figure.name: figure.value for figure in figures}
    assert values["yaw, mean"] == pytest.approx(6, abs=0.1)
    assert abs(values["yaw, bias"]) == pytest.approx(6, abs=0.1)
    assert values["mean of the three axes"] == pytest.approx(2, abs=0.2)
    assert values["faces missed"] == 1


def face_model() -> FaceModel:
    """Of the default pack."""
    return load_model(load_pack("default").face_model_file.path)


def test_calibration_run(tmp_path: Path):
    points = face_points()
    # Half of the points 5 px off, half 1 px; 2 px expected: regions end at 1.88 and 3.42 px.
    shift = np.where(np.arange(68) % 2, 5, 1)[:, None] * (1, 0)
    answer = table({"landmarks": points + shift, "landmark_sigma": np.full(68, 2.0)})
    path = marked(tmp_path / "p.parquet", points)
    scores = calibration.run(StubAnalyzer(lambda image: answer), path)
    values = {figure.name: figure.value for figure in scores.figures}
    assert values["points within the 50 % region"] == 50
    assert values["points within the 90 % region"] == 50
    assert values["distance over predicted distance"] == pytest.approx(1.5)
    parts = [s.group for s in scores.slices if s.attribute == "part of the face"]
    assert parts[::2] == ["jaw", "brows", "nose", "eyes", "mouth"]


def test_reliability_is_of_the_half_that_was_not_fitted_on():
    # Told 1 px; two pictures of the fitting half are 2 and 4 px off: the factor is 3.
    distance = np.array([2.0, 4, 2, 8])[:, None].repeat(68, axis=1)
    fitting = np.array([True, True, False, False])
    slices = calibration.reliability(distance, np.ones_like(distance), np.arange(4), fitting)
    values = {(s.group, s.figure.name): s.figure.value for s in slices}
    # The 50 % regions end at 0.94 and 2.82 px, the 90 % ones at 1.71 and 5.14 px.
    assert values["50 %", "as told"] == 0
    assert values["50 %", "rescaled"] == 50
    assert values["90 %", "as told"] == 0
    assert values["90 %", "rescaled"] == 50
    assert slices[0].figure.n == 2
    assert calibration.reliability(distance, distance, np.arange(4), np.ones(4, dtype=bool)) == ()


def test_still_video_repeats_with_fresh_noise():
    luma = np.full((16, 16), 100, np.uint8)
    frames = list(jitter.StillVideo(luma, seed=1))
    assert len(frames) == jitter.FRAMES
    assert [f.index for f in frames[:3]] == [0, 1, 2]
    assert np.std(np.stack([f.luma for f in frames])) == pytest.approx(jitter.NOISE, rel=0.05)
    assert not np.array_equal(frames[0].luma, frames[1].luma)
    assert frames[0].color().shape == (16, 16, 3)
    assert np.array_equal(next(iter(jitter.StillVideo(luma, seed=1))).luma, frames[0].luma)


def test_jitter_is_in_per_cent_of_the_eyes():
    points = np.stack([moved(face_points(), dx, 0) for dx in (-0.5, 0.5)])
    assert jitter.jitter(points) == pytest.approx(1.0)


def test_jitter_run_names_lost_faces(tmp_path: Path):
    points = face_points()
    analyzer = StubAnalyzer(
        lambda luma: table({"landmarks": points}) if luma.mean() < 50 else table()
    )
    path = write_parquet(
        tmp_path / "p.parquet",
        [
            {"image": png(g, 128), "source": "afw", "name": n, "landmarks": points.ravel().tolist()}
            for n, g in (("a_1", 20), ("b_1", 90))
        ],
    )
    values = {figure.name: figure.value for figure in jitter.run(analyzer, path).figures}
    assert values["jitter, mean"] == pytest.approx(0, abs=1e-3)
    assert values["pictures where the face was lost"] == 1


# fairface


def test_mirrored_back_is_its_own_inverse():
    points = face_points()
    there = fairface.mirrored_back(points, 100)
    assert fairface.mirrored_back(there, 100) == pytest.approx(points, abs=1e-4)


def test_fairface_run(tmp_path: Path):
    rows = [
        {
            "image": png(i, 128),
            "source": "fairface",
            "name": str(i),
            "age_band": "0-2",
            "gender_name": "Male",
        }
        for i in range(11)
    ]
    faces = table({"landmarks": face_points(), "box": (0, 0, 128, 128)})
    aside = table({"landmarks": face_points(), "box": (0, 0, 30, 30)})
    analyzer = StubAnalyzer(lambda image: aside if image[0, 0, 0] == 10 else faces)
    scores = fairface.run(analyzer, write_parquet(tmp_path / "faces.parquet", rows))
    assert scores.figures[0].value == pytest.approx(100 * 10 / 11)
    assert scores.figures[1].n == 10
    values = {(s.group, s.figure.name): s.figure.value for s in scores.slices}
    assert values["0-2", "faces found"] == pytest.approx(100 * 10 / 11)
    assert np.isnan(values["70+", "faces found"])


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
                "eye_open": np.ones(2),
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
                "gaze_sigma": (turn, turn / 2),
                "au": np.where(np.arange(21) == 0, 0.0, 5.0 - i),
            }
        )

    analyzer = StubAnalyzer(answer)
    values = {f.name: f.value for f in synthetic.run(analyzer, tmp_path).figures}
    assert values["head rotation, mean"] == pytest.approx(10, abs=1e-4)
    assert values["yaw, mean"] == pytest.approx(10, abs=1e-4)
    assert values["pitch, mean"] == pytest.approx(0, abs=1e-4)
    assert values["gaze, eyes open, median"] == pytest.approx(5, abs=1e-4)
    # Of errors 0 and 10° the regions end at 0.94 and 0.47 of 10°, or at 1.71 and 0.86 of it.
    assert values["gaze within the 50 % region"] == 50
    assert values["gaze within the 90 % region"] == 50
    assert values["gaze, error over expected error"] == pytest.approx(2 / 3, abs=1e-5)
    assert values["NME median"] == pytest.approx(2.0)
    # One unit never moves (0), the twenty others run backwards (−1).
    assert values["AU01 r"] == 0.0
    assert values["AU01 MAE"] == pytest.approx(1.5)
    assert values["AU45 ICC(3,1)"] == pytest.approx(-1)
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
