from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prosopon_train.data import backgrounds, faces, ferplus, landmarks68
from prosopon_train.data.photographs import TEST_FOLD, decode_luma, fold
from prosopon_train.data.schema import AU_NAMES, EMOTIONS, SHARD_SIZE


def png(value: int, side: int = 64) -> bytes:
    return cv2.imencode(".png", np.full((side, side, 3), value, np.uint8))[1].tobytes()


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def person_of_fold(wanted: int) -> str:
    return next(name for name in map(str, range(1000)) if fold(name) == wanted)


@pytest.fixture
def face_file(tmp_path: Path) -> Path:
    held, seen = person_of_fold(TEST_FOLD), person_of_fold(3)
    return write(
        tmp_path / "faces.parquet",
        [
            {"image": png(9), "source": "a", "name": "0", "person": held, "smile": 1.0},
            {"image": png(8), "source": "a", "name": "1", "person": seen, "smile": 0.0},
            {"image": png(7), "source": "b", "name": "2", "person": seen, "smile": None},
            {"image": png(6), "source": "a", "name": "3", "person": seen, "smile": None},
        ],
    )


def test_fold_is_sha1_of_the_key() -> None:
    assert [fold(name) for name in ("a", "b", "AJ_Lamas")] == [2, 0, 2]


def test_faces_are_split_by_person_and_source(face_file: Path) -> None:
    assert [p.name for p in faces.read(face_file, ["a"], test=False)] == ["1", "3"]
    assert [p.name for p in faces.read(face_file, ["a", "b"], test=True)] == ["0"]


def test_faces_keep_row_and_luma(face_file: Path) -> None:
    photograph = next(iter(faces.read(face_file, ["b"], test=False)))
    assert photograph.row == 2
    assert photograph.luma.shape == (64, 64)
    assert photograph.luma.dtype == np.uint8
    assert (photograph.luma == 7).all()


def test_smile_becomes_presence_of_au12(face_file: Path) -> None:
    said, unsaid = faces.read(face_file, ["a"], test=False)
    present = said.labels["au_present"]
    assert present[AU_NAMES.index("AU12")] == 0
    assert np.isnan(present).sum() == len(AU_NAMES) - 1
    assert "au_present" not in unsaid.labels


def test_votes_change_order() -> None:
    # neutral happiness surprise sadness anger disgust fear contempt unknown not_a_face
    found = ferplus.emotion_distribution([1, 0, 2, 3, 0, 0, 4, 0, 0, 0])
    assert found is not None
    expected = dict.fromkeys(EMOTIONS, 0.0) | {
        "neutral": 0.1,
        "surprise": 0.2,
        "sadness": 0.3,
        "fear": 0.4,
    }
    np.testing.assert_allclose(found, [expected[name] for name in EMOTIONS], rtol=1e-6)


def test_unknown_votes_are_left_out_of_the_distribution() -> None:
    found = ferplus.emotion_distribution([4, 4, 0, 0, 0, 0, 0, 0, 2, 0])
    np.testing.assert_allclose(found, [0.5, 0.5, 0, 0, 0, 0, 0, 0])


@pytest.mark.parametrize(
    "votes",
    [
        pytest.param([9, 0, 0, 0, 0, 0, 0, 0, 0, 1], id="no face"),
        pytest.param([5, 0, 0, 0, 0, 0, 0, 0, 5, 0], id="unknown"),
        pytest.param([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], id="no votes"),
    ],
)
def test_unreadable_faces_have_no_distribution(votes: list[int]) -> None:
    assert ferplus.emotion_distribution(votes) is None


def test_ferplus_split_and_affect(tmp_path: Path) -> None:
    happy, nothing = [0, 10] + [0] * 8, [0] * 9 + [10]
    rows = [
        {"image": png(1), "source": "f", "name": "0", "split": "Training", "votes": happy},
        {"image": png(1), "source": "f", "name": "1", "split": "PublicTest", "votes": happy},
        {"image": png(1), "source": "f", "name": "2", "split": "Training", "votes": nothing},
    ]
    path = write(tmp_path / "ferplus.parquet", rows)
    (found,) = ferplus.read(path, test=False)
    assert (found.name, found.row) == ("0", 0)
    np.testing.assert_allclose(found.labels["affect"], [0.7, 0.2], rtol=1e-6)
    assert [p.name for p in ferplus.read(path, test=True)] == ["1"]


def test_landmarks_are_pairs(tmp_path: Path) -> None:
    flat = [float(i) for i in range(136)]
    rows = [{"image": png(1), "source": "s", "name": "n", "landmarks": flat}]
    path = write(tmp_path / "landmarks.parquet", rows)
    names, points = landmarks68.landmarks(path)
    assert names == ["n"]
    np.testing.assert_array_equal(points[0, :2], [[0, 1], [2, 3]])
    (photograph,) = landmarks68.read(path)
    np.testing.assert_array_equal(photograph.labels["landmarks"], points[0])


def test_negatives_come_from_the_trainable_half(tmp_path: Path) -> None:
    kept, trained = person_of_fold(4), person_of_fold(5)
    rows = [{"image": png(50), "source": "s", "name": name} for name in (kept, trained)]
    path = write(tmp_path / "backgrounds.parquet", rows)
    found = list(backgrounds.negatives(path, 3, np.random.default_rng(0)))
    assert [example["name"] for example in found] == [f"{trained}#{i}" for i in range(3)]
    assert {example["face"] for example in found} == {0.0}
    for example in found:
        image = np.asarray(example["image"])
        assert image.shape == (SHARD_SIZE, SHARD_SIZE)
        assert (image == 50).all()
    assert [p.name for p in backgrounds.read(path, test=True)] == [kept]


def test_a_broken_picture_is_named() -> None:
    with pytest.raises(ValueError, match=r"faces\.parquet, row 3"):
        decode_luma(b"not a picture", "faces.parquet, row 3")
