from __future__ import annotations

import numpy as np
import pytest

from prosopon.heads.action_units import AU_NAMES, AU_SIDED
from prosopon.measures.run import measure
from prosopon.measures.smiles import smiles
from tracks import track

TIME = np.arange(0, 6, 1 / 25)
CURVE = np.interp(TIME, [1, 2, 3, 4], [0, 4, 4, 0])


def smiler(left: float = 1.0, cheeks: float = 1.0):
    units = np.zeros((len(TIME), len(AU_NAMES)))
    units[:, AU_NAMES.index("AU12")] = CURVE
    units[:, AU_NAMES.index("AU06")] = cheeks * CURVE
    right, other = np.zeros((2, len(TIME), len(AU_SIDED)))
    right[:, AU_SIDED.index("AU12")] = CURVE
    other[:, AU_SIDED.index("AU12")] = left * CURVE
    return track(TIME, au=units, au_right=right, au_left=other)


def test_onset_apex_and_offset():
    (event,) = smiles(smiler())
    assert event.kind == "smile"
    assert event.start == pytest.approx(1 + 0.75 / 4, abs=1e-3)
    assert event.end == pytest.approx(4 - 0.75 / 4, abs=1e-3)
    assert event.amplitude == pytest.approx(4)


@pytest.mark.parametrize(
    ("left", "cheeks", "symmetry", "share"), [(1, 1, 1, 1), (0.25, 0.1, 0.25, 0), (0, 1, 0, 1)]
)
def test_summary(left: float, cheeks: float, symmetry: float, share: float):
    (summary,) = measure(smiler(left, cheeks), ["smiles"]).people
    assert summary["smile_count"] == 1
    assert summary["smile_per_minute"] == pytest.approx(10)
    assert summary["smile_symmetry"] == pytest.approx(symmetry, abs=1e-6)
    assert summary["smile_duchenne_share"] == share
