from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from prosopon.errors import InputError, OutputError
from prosopon.filters.baseline import Baseline, Choice, subtract_baseline
from prosopon.types import FRAME_COLUMNS, Column, FaceTable

UNITS = Column("au", (2,), ("AU01", "AU12"), "0–5", "intensity")
SIDES = Column("au_left", (1,), ("AU12_left",), "0–5", "intensity on the left")
SCHEMA = (*FRAME_COLUMNS, UNITS, SIDES)


def table(au: np.ndarray, face_id: int = 0, start: int = 0) -> FaceTable:
    """Rows of one person; au (n, 2), of which the second is also the left side's."""
    data = {column.name: column.empty(len(au)) for column in SCHEMA}
    data["frame"][:] = start + np.arange(len(au))
    data["time"][:] = data["frame"] / 25
    data["face_id"][:] = face_id
    data["success"][:] = 1
    data["au"][:] = au
    data["au_left"][:, 0] = data["au"][:, 1]
    return FaceTable(SCHEMA, data)


def smiler(rest: float = 0.8) -> np.ndarray:
    """100 frames at rest but for a smile of 4 in the last 60, with AU01 at 0.3 all the time."""
    return np.stack([np.full(100, 0.3), np.r_[np.full(40, rest), np.full(60, 4.0)]], 1)


def test_the_resting_face_is_taken_off_and_the_raw_kept():
    raw = table(smiler())
    result = subtract_baseline(raw, "clip")
    np.testing.assert_allclose(result["au"][:, 0], 0, atol=1e-6)
    np.testing.assert_allclose(result["au"][:40, 1], 0, atol=1e-6)
    np.testing.assert_allclose(result["au"][40:, 1], 3.2, atol=1e-6)
    np.testing.assert_allclose(result["au_left"][40:, 0], 3.2, atol=1e-6)
    np.testing.assert_array_equal(result["au_raw"], raw["au"])
    np.testing.assert_array_equal(result["au_left_raw"], raw["au_left"])
    assert result.schema[-2].flat == ("AU01_raw", "AU12_raw")


def test_people_have_their_own_and_short_visits_none():
    tables = [table(smiler(0.8)), table(smiler(0.0), face_id=1), table(smiler()[:20], face_id=2)]
    result = subtract_baseline(FaceTable.concat(tables, SCHEMA), "clip")
    largest = [result["au"][result["face_id"] == i, 1].max() for i in range(3)]
    np.testing.assert_allclose(largest, [3.2, 4.0, 0.8], atol=1e-6)


def test_neutral_frame():
    result = subtract_baseline(table(smiler()), "neutral:40")
    np.testing.assert_allclose(result["au"][:, 1], 0)
    lost = table(smiler())
    lost["success"][40] = 0
    with pytest.raises(InputError, match="no face was measured in frame 40"):
        subtract_baseline(lost, "neutral:40")
    with pytest.raises(InputError, match="frame 500 is not among those that were measured"):
        subtract_baseline(table(smiler()), "neutral:500")


def test_too_short_for_anybody():
    with pytest.raises(InputError, match="nobody was measured in 50 frames, so no baseline was"):
        subtract_baseline(table(smiler()[:20]), "clip")


def test_rows_that_were_not_measured_teach_nothing_and_stay_empty():
    raw = table(smiler())
    raw["success"][:40] = 0
    raw["au"][:40] = np.nan
    result = subtract_baseline(raw, "clip")
    assert np.isnan(result["au"][:40]).all()
    np.testing.assert_allclose(result["au"][40:, 1], 0, atol=1e-6)


def test_none_changes_nothing():
    raw = table(smiler())
    assert subtract_baseline(raw, "none") is raw


@pytest.mark.parametrize("text", ["", "neutral", "neutral:", "neutral:-1", "clip:3", "mean"])
def test_unknown_choices_are_refused(text: str):
    with pytest.raises(InputError, match="expected none, clip or neutral:FRAME"):
        Choice.parse(text)


def test_stream_gives_what_one_table_gives(tmp_path: Path):
    whole = table(smiler())
    parts = [table(smiler()[:30]), table(smiler()[30:], start=30)]
    streamed = list(Baseline(Choice("clip"), SCHEMA).stream(parts, tmp_path / "new"))
    assert [len(part) for part in streamed] == [30, 70]
    once = subtract_baseline(whole, "clip")
    joined = FaceTable.concat(streamed, once.schema)
    for name in once:
        np.testing.assert_array_equal(joined[name], once[name])
    assert list((tmp_path / "new").iterdir()) == []


def test_stream_without_a_folder(tmp_path: Path):
    (tmp_path / "file").touch()
    stream = Baseline(Choice("clip"), SCHEMA).stream([table(smiler())], tmp_path / "file")
    with pytest.raises(OutputError, match="can't hold the rows"):
        next(stream)


def test_notes_tell_what_was_subtracted():
    baseline = Baseline(Choice.parse("clip"), SCHEMA)
    baseline.learn(table(smiler(), face_id=3))
    assert baseline.notes() == {
        "choice": "clip",
        "subtracted": {"3": {"AU01": 0.3, "AU12": 0.8, "AU12_left": 0.8}},
    }
    assert baseline.problems("a.mp4") == []


def test_twice_is_refused():
    once = subtract_baseline(table(smiler()), "clip")
    with pytest.raises(InputError, match="taken off already"):
        subtract_baseline(once, "clip")


def test_tables_without_units():
    with pytest.raises(InputError, match="no action units"):
        Baseline(Choice("clip"), FRAME_COLUMNS)
