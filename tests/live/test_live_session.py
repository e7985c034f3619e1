import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from prosopon.live.newest import NewestFrames
from prosopon.live.panel import WIDTH, compose
from prosopon.live.session import LiveSession
from prosopon.pipeline import Result
from prosopon.sources import Source
from prosopon.types import FaceTable, Frame
from report_tables import clip_table
from tables import SCHEMA, UNITS

COUNT = 12


class Greys(Source):
    """Grey frames that brighten by 10, at an uneven rate."""

    kind = "camera"
    size = (64, 48)

    def __iter__(self) -> Any:
        for i in range(COUNT):
            image = np.full((48, 64, 3), 40 + 10 * i, np.uint8)
            yield Frame(image[..., 0], i, i * 0.04 + (i % 3) * 0.005, lambda image=image: image)


class Every(NewestFrames):
    """Frames one by one, so that the test knows which come."""

    def __init__(self) -> None:
        Source.__init__(self)
        self.kind, self.size, self.taken = "camera", (64, 48), 0.0

    def __iter__(self) -> Any:
        yield from Greys()

    def close(self) -> None:
        pass


def analyzer() -> Any:
    """Finds person 0 of the clip's table in every frame."""
    table = clip_table()

    def frames(source: Source) -> Any:
        for frame in source:
            data = {name: values[:1].copy() for name, values in table.data.items()}
            data["frame"][:], data["time"][:] = frame.index, frame.time
            data["au"][0, 0] = 1 + 0.1 * frame.index
            yield Result(frame.index, frame.time, FaceTable(SCHEMA, data), frame)

    pack = SimpleNamespace(name="fake", version="1", license="", terms="research only", files=())
    return SimpleNamespace(schema=SCHEMA, frames=frames, pack=pack, settings={"threads": 1})


@pytest.fixture
def session(tmp_path: Path) -> LiveSession:
    return LiveSession(analyzer(), Every(), tmp_path, "camera 0")


def test_a_recording_matches_its_video_frame_by_frame(session: LiveSession, tmp_path: Path):
    for shown in session:
        if shown.number in (1, 8):
            session.press("r")
        if shown.number == 5:
            session.press("m")

    (table,) = session.recorded
    rows = list(csv.DictReader(table.read_text().splitlines()))
    with av.open(str(table.with_suffix(".mp4"))) as container:
        frames = list(container.decode(video=0))
    assert [int(row["frame"]) for row in rows] == list(range(7))  # frames 2 to 8
    assert [float(row["time"]) for row in rows] == [round(f.time, 6) for f in frames]
    levels = [float(f.to_ndarray(format="gray").mean()) for f in frames]
    assert all(6 < step < 14 for step in np.diff(levels))  # each brighter by 10: none left out
    assert [float(row["AU01"]) for row in rows] == pytest.approx([1.2 + 0.1 * i for i in range(7)])
    told = json.loads(table.with_suffix(".json").read_text())
    assert told["marks"] == [{"number": 1, "frame": 3, "time": float(rows[3]["time"])}]
    assert told["pack"]["terms"] == "research only"
    assert told["counts"] == {"frames": 7}


def test_the_end_of_the_source_completes_a_recording(session: LiveSession):
    for shown in session:
        if shown.number == 0:
            session.press("r")
    assert len(list(csv.DictReader(session.recorded[0].read_text().splitlines()))) == COUNT - 1


def test_a_recording_without_a_frame_leaves_nothing(session: LiveSession, tmp_path: Path):
    for shown in session:
        if shown.number == 3:
            session.press("r")
            session.press("r")
    assert session.recorded == []
    assert list(tmp_path.iterdir()) == []


def test_the_neutral_face_is_the_mean_of_the_last_frames(session: LiveSession):
    found = []
    for shown in session:
        found.append(float(shown.faces["au"][0, 0]))
        if shown.number == 3:
            session.press("n")
    neutral = 1 + 0.1 * np.mean(range(5))  # the key is obeyed at frame 4
    assert found[:4] == pytest.approx([1, 1.1, 1.2, 1.3])
    assert found[4:] == pytest.approx([max(1 + 0.1 * i - neutral, 0) for i in range(4, COUNT)])


def test_q_ends_it(session: LiveSession):
    numbers = []
    for shown in session:
        numbers.append(shown.number)
        session.press("q" if shown.number == 2 else "x")
    assert numbers == [0, 1, 2]


def test_marks_without_a_recording_say_so(session: LiveSession):
    messages = []
    for shown in session:
        session.press("m")
        messages.append(shown.message)
    assert messages[:2] == ["", "mark 1 (not kept: not recording)"]


def test_latency_is_counted_to_the_screen(session: LiveSession, monkeypatch: pytest.MonkeyPatch):
    told = []
    monkeypatch.setattr("prosopon.live.session.time", SimpleNamespace(monotonic=lambda: 5.0))
    for shown in session:
        told.append(shown.latency)
        session.shown(4.97)
    assert np.isnan(told[0])
    assert told[1:] == pytest.approx([30] * (COUNT - 1))


def test_the_picture_has_the_camera_left_and_the_bars_right(session: LiveSession):
    shown = next(iter(session))
    view = compose(shown)
    assert view.shape == (480, 64 + WIDTH, 3)
    assert len(UNITS) == 21
    blue_bars = (view[:, 64:] == (233, 180, 86)).all(2).sum()
    orange_bars = (view[:, 64:] == (0, 159, 230)).all(2).sum()
    assert blue_bars > 900  # happiness 82 % of 130 px
    assert orange_bars > 100
