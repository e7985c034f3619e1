from __future__ import annotations

import numpy as np
import pytest

from prosopon.measures.base import Event
from prosopon.measures.episodes import Trigger, episodes
from tracks import track, without

TRIGGER = Trigger(up=2.0, down=1.0)
TIME = np.arange(0, 6, 0.1)


def signal(*keys: tuple[float, float]) -> np.ndarray:
    return np.interp(TIME, *zip(*keys, strict=True))


def found(values: np.ndarray, **options: float) -> list[Event]:
    return episodes(track(TIME), "up", values, Trigger(2.0, 1.0, **options))


def test_start_apex_and_end_lie_where_the_lower_threshold_is_passed():
    (event,) = found(signal((1, 0), (2, 4), (4, 0)))
    assert event == Event("up", 0, *(pytest.approx(v) for v in (1.25, 2.0, 3.5, 4.0)))
    assert event.duration == pytest.approx(2.25)


def test_trembling_is_one_episode():
    assert len(found(2 + 0.5 * np.sin(TIME * 20))) == 1
    assert found(signal((1, 0), (2, 1.9), (3, 0))) == []


def test_short_ones_are_left_out_and_close_ones_joined():
    assert found(signal((1, 0), (1.1, 2.1), (1.2, 0))) == []
    twice = signal((1, 0), (1.5, 3), (2, 0), (2.5, 4), (3, 0))
    assert len(found(twice)) == 2
    (event,) = found(twice, join=0.5)
    assert (event.apex, event.amplitude) == (pytest.approx(2.5), pytest.approx(4))


def test_cut_off_by_the_persons_rows():
    (event,) = found(np.full(len(TIME), 3.0))
    assert (event.start, event.end) == (0.0, pytest.approx(TIME[-1]))


def test_a_gap_ends_an_episode():
    table = without(track(TIME), slice(20, 30))
    events = episodes(table, "up", np.full(len(TIME), 3.0), TRIGGER)
    assert [(round(e.start, 1), round(e.end, 1)) for e in events] == [(0, 1.9), (3, 5.9)]
