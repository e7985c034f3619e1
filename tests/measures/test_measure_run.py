from __future__ import annotations

import numpy as np
import pytest

from prosopon.errors import InputError
from prosopon.measures import MEASURE_NAMES, load_measure
from prosopon.measures.measure import Settings
from prosopon.measures.run import measure, possible
from prosopon.measures.screen import Screen
from prosopon.types import FRAME_COLUMNS, FaceTable
from tracks import KNOWN, track

TIME = np.arange(0, 2, 1 / 25)
EVERYTHING = {name: 0.5 for name in KNOWN if name not in {column.name for column in FRAME_COLUMNS}}


@pytest.mark.parametrize("name", MEASURE_NAMES)
def test_every_measure_works_alone(name: str):
    needs = load_measure(name).needs
    only = {column: 0.5 for column in needs if column in EVERYTHING}
    found = measure(track(TIME, **only), [name])
    assert found.names == (name,)
    assert len(found.rows) == len(TIME)
    (summary,) = found.people
    assert list(summary)[:3] == ["face_id", "frames", "seconds"]
    assert summary["seconds"] == pytest.approx(2.0)
    assert all(isinstance(value, int | float) for value in summary.values())


@pytest.mark.parametrize("name", MEASURE_NAMES)
def test_every_measure_takes_a_table_without_faces(name: str):
    schema = track(TIME, **EVERYTHING).schema
    found = measure(FaceTable.concat([], schema), [name])
    assert (found.events, found.people, len(found.rows)) == ((), (), 0)


def test_all_that_the_table_allows():
    assert possible(track(TIME, **EVERYTHING)) == MEASURE_NAMES
    assert possible(track(TIME, eye_open=0.5)) == ("blinks", "losses")


def test_places_on_the_screen_only_with_a_screen():
    table = track(TIME, **EVERYTHING)
    assert "screen" not in measure(table, ["gaze"]).rows
    settings = Settings(screen=Screen(500, 300, 250, 0))
    assert measure(table, ["gaze"], settings).rows["screen"].shape == (len(TIME), 2)


def test_unknown_and_impossible_measures():
    with pytest.raises(InputError, match="no measure 'gait'; there are: blinks, "):
        measure(track(TIME), ["gait"])
    with pytest.raises(InputError, match=r"needs the column eye_open.*allows: losses"):
        measure(track(TIME), ["blinks"])


def test_flagged_stretches():
    flags = np.zeros((len(TIME), 5))
    flags[10:20, 2] = 1
    found = measure(track(TIME, flags=flags, quality=0.5), ["quality"])
    (event,) = found.events
    assert event.kind == "flag_blurred"
    assert (event.start, event.end) == (pytest.approx(0.38), pytest.approx(0.78))
    assert found.people[0]["flagged_share"] == pytest.approx(0.2)
    assert found.people[0]["flag_blurred_share"] == pytest.approx(0.2)
    assert found.people[0]["flag_small_share"] == 0
