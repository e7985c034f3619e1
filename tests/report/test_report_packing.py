import numpy as np
import pytest

from prosopon.report.packing import pack, pack_exact, unpack


def test_values_come_back_to_the_step_and_gaps_stay_gaps():
    values = np.array([[0.12, np.nan], [-3.0, 1.004]])

    back = unpack(pack(values, 0.01))

    np.testing.assert_allclose(back, [[0.12, np.nan], [-3.0, 1.0]], atol=1e-9)


def test_a_step_that_is_too_fine_for_16_bits_is_coarsened():
    packed = pack(np.array([5000.0, -1.0]), 0.01)

    assert packed["step"] == pytest.approx(5000 / 32767)
    np.testing.assert_allclose(unpack(packed), [5000, -1], atol=packed["step"] / 2)


def test_times_are_exact():
    times = np.array([0.0, 1 / 3, 7200.0333333])
    np.testing.assert_array_equal(unpack(pack_exact(times)), times)


def test_nothing_packs_as_nothing():
    assert unpack(pack(np.empty((0, 3)), 0.1)).shape == (0, 3)
