import json
from dataclasses import replace

import numpy as np
import pytest

from prosopon.errors import InputError
from prosopon.report.data import OVERLAY_ROWS, report_data
from prosopon.report.packing import unpack
from prosopon.types import FaceTable
from report_tables import GAP_FRAMES, clip_table
from tables import SCHEMA, UNITS


def test_it_is_json():
    text = json.dumps(report_data(clip_table(people=2), "clip.mp4"), allow_nan=False)
    assert json.loads(text)["video"] == "clip.mp4"


def test_people_come_by_their_number_of_rows():
    people = report_data(clip_table(people=2))["people"]
    assert [(person["id"], person["summary"]["rows"]) for person in people] == [(0, 65), (1, 10)]


def test_series_stand_on_every_frame_and_break_where_nobody_is():
    data = report_data(clip_table())
    person = data["people"][0]

    smile = unpack(person["signals"]["au"])[UNITS.index("AU12")]

    np.testing.assert_array_equal(unpack(person["time"]), unpack(data["times"]))
    assert np.isnan(smile[GAP_FRAMES]).all()
    assert not np.isnan(np.delete(smile, GAP_FRAMES)).any()
    assert smile[54] == pytest.approx(0.2)
    assert smile[55] == pytest.approx(3)


def test_the_overlay_has_the_points_of_each_row():
    table = clip_table()
    overlay = report_data(table)["people"][0]["overlay"]

    measured = table["success"] > 0
    np.testing.assert_array_equal(unpack(overlay["frames"]), table["frame"][measured])
    np.testing.assert_allclose(
        unpack(overlay["landmarks"]), table["landmarks"][measured], atol=0.05001
    )


def test_events_of_each_person():
    events = report_data(clip_table())["people"][0]["events"]

    assert [event["kind"] for event in events] == ["blink", "loss", "smile"]
    assert events[1]["start"] == 39 / 25
    assert events[1]["end"] == 50 / 25


def test_summary():
    summary = report_data(clip_table())["people"][0]["summary"]

    assert summary["emotion"]["happiness"] == {"share": 1.0, "mean": 0.82}
    assert summary["events"]["blink"]["count"] == 1
    assert summary["events"]["smile"]["amplitude"] == 3
    assert summary["quality"] == pytest.approx(0.8)
    assert summary["pose"]["yaw"] == {"mean": 20.0, "sd": 0.0}
    smile = summary["au"][UNITS.index("AU12")]
    assert smile == {
        "name": "AU12",
        "meaning": "lip corner puller",
        "mean": pytest.approx((20 * 3 + 45 * 0.2) / 65, abs=1e-4),
        "max": 3.0,
        "active": pytest.approx(20 / 65, abs=1e-4),
    }


def test_maps_tell_right_and_up():
    maps = report_data(clip_table())["people"][0]["maps"]

    head, gaze = np.array(maps["head"]["counts"]), np.array(maps["gaze"]["counts"])
    assert head[2, 0] == 65  # 20° to the picture's right, in rings of 8°
    assert gaze[2, 6] == 65  # 12° up, in rings of 5°; sector 6 of 24 is a quarter turn
    plane = np.array(maps["plane"])
    assert plane.sum() == 65
    assert plane[20].sum() == 65  # arousal 0


def test_long_clips_keep_fewer_points_and_thinner_series():
    data = report_data(clip_table(OVERLAY_ROWS + 100))
    person = data["people"][0]

    assert data["overlay_every"] == 2
    assert data["thinned"] == {"frames": OVERLAY_ROWS + 100, "buckets": 1500}
    assert unpack(person["overlay"]["frames"]).shape == (-(-(OVERLAY_ROWS + 90) // 2),)
    assert unpack(person["time"]).shape[0] <= 3000
    assert np.nanmin(unpack(person["signals"]["eyes"])) == pytest.approx(0.05, abs=1e-3)


def test_pictures_without_time_stand_on_their_number():
    table = clip_table(3)
    data = dict(table.data) | {"time": np.zeros(3), "frame": np.array([0, 1, 5])}

    report = report_data(FaceTable(SCHEMA, data))

    assert report["axis"] == "picture"
    assert unpack(report["times"]).tolist() == [0, 1, 2]
    assert report["people"][0]["events"] == []


def test_a_table_without_faces_is_a_report_of_nobody():
    table = clip_table()
    data = dict(table.data) | {"success": np.zeros_like(table["success"])}
    report = report_data(FaceTable(SCHEMA, data))
    assert report["people"] == []
    assert report["coverage"] == {"frames": 75, "with_face": 0}


def test_a_table_with_few_columns_shows_what_it_has():
    schema = [c for c in SCHEMA if c.name in ("frame", "time", "face_id", "success", "confidence")]
    table = clip_table()
    report = report_data(FaceTable(schema, {c.name: table[c.name] for c in schema}))
    assert [group["key"] for group in report["groups"]] == ["quality"]


def test_no_rows_are_refused():
    empty = FaceTable.concat([], SCHEMA)
    with pytest.raises(InputError, match=r"^clip: has no rows"):
        report_data(empty, title="clip")


def test_no_frames_are_refused():
    schema = [replace(column, name="x") if column.name == "frame" else column for column in SCHEMA]
    table = clip_table(2)
    data = {c.name: table["frame" if c.name == "x" else c.name] for c in schema}
    with pytest.raises(InputError, match="has no column frame"):
        report_data(FaceTable(schema, data))
