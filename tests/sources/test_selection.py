"""prosopon.sources.selection: which frames are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from prosopon.errors import InputError
from prosopon.sources import EVERYTHING, SelectedSource, Selection, Source
from prosopon.sources.selection import parse_time
from prosopon.types import Frame


class Times(Source):
    """Frames at given times; remembers where it was told to begin."""

    kind = "video"

    def __init__(self, times: Sequence[float]) -> None:
        super().__init__()
        self.times = times
        self.begun = 0.0

    def skip_to(self, start: float) -> None:
        self.begun = start

    def __iter__(self) -> Iterator[Frame]:
        for index, time in enumerate(self.times):
            yield Frame(np.zeros((16, 16), np.uint8), index, time, lambda: np.zeros(0, np.uint8))


def _picked(times: Sequence[float], **values: float) -> list[int]:
    return [frame.index for frame in Selection(**values).pick(Times(times))]  # type: ignore[arg-type]


THIRTY = [i / 30 for i in range(60)]
NTSC = [i * 1001 / 30000 for i in range(60)]


def test_everything():
    assert _picked(THIRTY) == list(range(60))


def test_start_is_included_and_end_is_not():
    assert _picked(THIRTY, start=0.5, end=1.0) == list(range(15, 30))


def test_stretches_that_follow_each_other_share_no_frame():
    quarters = (_picked(NTSC, start=i / 4, end=(i + 1) / 4) for i in range(9))
    assert [index for part in quarters for index in part] == list(range(60))


def test_source_is_told_where_to_begin():
    source = Times(THIRTY)
    list(Selection(start=1.5).pick(source))
    assert source.begun == 1.5


def test_every_counts_from_the_first_selected():
    assert _picked(THIRTY, every=20) == [0, 20, 40]
    assert _picked(THIRTY, start=0.1, every=20) == [3, 23, 43]


@pytest.mark.parametrize("fps", [1, 2, 3, 5, 6, 10, 15, 30])
def test_fps_that_divides_the_rate_takes_every_so_manieth(fps: int):
    assert _picked(THIRTY, fps=fps) == list(range(0, 60, 30 // fps))


def test_fps_takes_the_first_frame_of_each_step():
    assert _picked(NTSC, fps=10) == list(range(0, 60, 3))
    assert _picked([0.0, 0.04, 0.3, 0.31, 0.59, 0.61], fps=5) == [0, 2, 4, 5]


def test_fps_above_the_rate_repeats_nothing():
    assert _picked(THIRTY, fps=100) == list(range(60))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"start": -1}, "start: expected 0 s or later, got -1"),
        ({"start": float("nan")}, "start: expected 0 s or later"),
        ({"start": 3, "end": 3}, "end: expected later than 3 s, got 3"),
        ({"start": None}, "start: expected a number, got None"),
        ({"end": "9"}, "end: expected a number, got '9'"),
        ({"every": 0}, "every: expected 1 or more"),
        ({"every": 2.5}, "every: expected a whole number, got 2.5"),
        ({"fps": "2"}, "fps: expected a number, got '2'"),
        ({"fps": 0}, "fps: expected more than 0"),
        ({"fps": 5, "every": 2}, "every and fps: expected one of them"),
    ],
)
def test_values_that_make_no_sense(values: dict[str, float], message: str):
    with pytest.raises(InputError, match=message):
        Selection(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (EVERYTHING, 300),
        (Selection(start=2, end=5), 90),
        (Selection(start=9, end=50), 30),
        (Selection(every=3), 100),
        (Selection(fps=10), 100),
        (Selection(fps=60), 300),
        (Selection(start=20), 0),
    ],
)
def test_estimate(selection: Selection, expected: int):
    source = Times([])
    source.fps, source.frame_count_estimate = 30.0, 300
    assert selection.estimate(source) == expected
    source.frame_count_estimate = None
    assert selection.estimate(source) is None


def test_selected_source_is_the_source_but_for_its_frames():
    source = Times(THIRTY)
    source.problems.append("a line")
    source.fps = 30.0
    selected = SelectedSource(source, Selection(every=30))
    assert (selected.kind, selected.fps, selected.problems) == ("video", 30.0, ["a line"])
    assert [frame.index for frame in selected] == [0, 30]


@pytest.mark.parametrize("kind", ["image", "images"])
@pytest.mark.parametrize("values", [{"start": 1}, {"end": 1}, {"fps": 2}], ids=str)
def test_pictures_have_no_time(kind: str, values: dict[str, float]):
    source = Times([0, 0])
    source.kind, source.files = kind, (Path("faces/a.png"), Path("faces/b.png"))
    with pytest.raises(InputError, match="faces: pictures have no time for start, end or fps"):
        SelectedSource(source, Selection(**values))  # type: ignore[arg-type]
    assert len(list(SelectedSource(source, Selection(every=2)))) == 1


def test_times_as_text():
    assert Selection.parse("1:00", "1:01:30.5", 2) == Selection(60, 3690.5, 2)
    assert Selection.parse(2, 3.5) == Selection(2, 3.5)
    with pytest.raises(InputError, match="end: '5s' is no time; give seconds or hh"):
        Selection.parse(end="5s")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90.5", 90.5),
        ("1:30.5", 90.5),
        ("00:01:30.500", 90.5),
        ("2:00:00", 7200),
        ("90:00", 5400),
    ],
)
def test_time(text: str, seconds: float):
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1:", ":30", "1:2:3:4", "1.5:00", "5s", "nan", "1e3"])
def test_what_is_no_time(text: str):
    with pytest.raises(InputError, match="is no time; give seconds or hh"):
        parse_time(text)
