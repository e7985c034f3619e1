import cv2
import numpy as np

from prosopon.track.cuts import CutFinder, cells_of


def picture(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 16), dtype=np.uint8)
    return cv2.resize(coarse, (640, 360), interpolation=cv2.INTER_CUBIC)


def test_another_picture_is_a_cut_and_the_first_is_none():
    is_cut = CutFinder()
    assert [is_cut(cells_of(picture(seed))) for seed in (0, 0, 1, 1, 0)] == [
        False,
        False,
        True,
        False,
        True,
    ]


def test_motion_light_and_noise_are_no_cuts():
    is_cut, still = CutFinder(), picture(0)
    rng = np.random.default_rng(1)
    assert not is_cut(cells_of(still))
    assert not is_cut(cells_of(np.roll(still, 12, axis=1)))
    assert not is_cut(cells_of((still * 0.6).astype(np.uint8)))
    noisy = np.clip(still * 0.6 + rng.normal(0, 12, still.shape), 0, 255).astype("u1")
    assert not is_cut(cells_of(noisy))


def test_a_small_picture_that_goes_dark_is_no_cut():
    is_cut = CutFinder()
    assert not is_cut(cells_of(np.full((20, 30), 5, dtype=np.uint8)))
    assert not is_cut(cells_of(np.zeros((20, 30), dtype=np.uint8)))
