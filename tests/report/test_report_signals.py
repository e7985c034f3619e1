import numpy as np

from prosopon.report.signals import groups, thin
from report_tables import clip_table
from tables import UNITS


def test_groups_of_a_full_table():
    found = {group.key: group for group in groups(clip_table())}

    assert list(found) == ["au", "emotion", "affect", "pose", "gaze", "eyes", "quality"]
    assert found["au"].names == UNITS
    np.testing.assert_allclose(found["pose"].values[0], [0, 20, 0], atol=1e-4)
    assert found["emotion"].unit == "share of raters"
    assert found["gaze"].names[2] == "yaw from the head"


def test_a_short_series_is_kept():
    time, values = np.arange(10.0), np.ones((10, 2))
    short, kept = thin(time, values, buckets=5)
    assert short is time
    assert kept is values


def test_peaks_survive_thinning_in_their_order():
    values = np.zeros((1000, 1))
    values[503] = 7  # one frame up, and two later one frame down
    values[505] = -7

    time, kept = thin(np.arange(1000.0), values, buckets=100)

    assert kept.shape == (200, 1)
    assert time.shape == (200,)
    assert (np.diff(time) > 0).all()
    assert kept[100:102, 0].tolist() == [7, -7]


def test_a_stretch_without_values_stays_a_gap():
    values = np.ones((1000, 1))
    values[200:400] = np.nan

    time, kept = thin(np.arange(1000.0), values, buckets=100)

    gone = (time >= 200) & (time < 400)
    assert np.isnan(kept[gone]).all()
    assert not np.isnan(kept[~gone]).any()
