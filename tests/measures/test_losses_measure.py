from __future__ import annotations

import numpy as np

from prosopon.measures.base import Event
from prosopon.measures.losses import losses
from prosopon.types import FRAME_COLUMNS, FaceTable
from tracks import together, track, without


def test_from_the_last_frame_seen_to_the_next():
    table = without(track(np.arange(10) / 10.0), [3, 4])
    assert losses(table) == [Event("loss", 0, 0.2, 0.3, 0.5, 2.0)]


def test_who_does_not_come_back_is_lost_to_the_end():
    table = without(track(np.arange(10) / 10.0), slice(6, 10))
    assert losses(table) == [Event("loss", 0, 0.5, 0.6, 0.9, 4.0)]


def test_who_comes_later_was_not_lost_before():
    late = track(np.arange(10) / 10.0, 1)
    late = FaceTable(late.schema, {name: late[name][5:] for name in late})
    assert losses(together(track(np.arange(10) / 10.0), late)) == []


def test_nobody():
    assert losses(FaceTable.concat([], FRAME_COLUMNS)) == []
    assert losses(without(track(np.arange(3.0)), slice(None))) == []
