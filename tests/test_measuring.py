"""prosopon.measuring: pictures that share passes of the network, and anchors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from prosopon import measuring
from prosopon.measuring import Measurer, RawFaces
from prosopon.pipeline import Analyzer
from prosopon.sources import open_source
from prosopon.track.tracker import Tracker
from prosopon.types import Frame

CLIP = Path(__file__).parents[1] / "examples" / "clip.mp4"


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    """With one face, with none and with two, of several sizes."""
    with open_source(CLIP) as source:
        shown = [frame for frame in source if frame.index % 25 == 0]
    nobody = shown[0].luma * 0
    pairs = [np.hstack([a.luma, b.luma]) for a, b in zip(shown[:3], shown[4:], strict=False)]
    small = [cv2.resize(frame.luma, (320, 180)) for frame in shown[:2]]
    pictures = [shown[1].luma, nobody, *pairs, nobody, *small]
    return [Frame(luma, index, 0.0, lambda: np.empty(0)) for index, luma in enumerate(pictures)]


def _equal(one: RawFaces, other: RawFaces) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in RawFaces.__slots__
    )


@pytest.mark.parametrize("together", [1, 4, 100])
def test_pictures_that_share_passes_are_measured_as_alone(
    analyzer: Analyzer, frames: list[Frame], together: int
):
    measurer = analyzer._measurer
    measured = list(measurer.stills(frames, together))
    assert [frame.index for frame, _ in measured] == list(range(len(frames)))
    assert sum(len(faces) for _, faces in measured) >= 6
    assert all(_equal(faces, measurer.still(frame.luma)) for frame, faces in measured)


def test_pictures_wait_for_few_others(
    analyzer: Analyzer, frames: list[Frame], monkeypatch: pytest.MonkeyPatch
):
    given: list[int] = []

    def watched() -> Iterator[Frame]:
        for frame in frames:
            given.append(frame.index)
            yield frame

    assert next(analyzer._measurer.stills(watched(), 2))[0].index == 0
    assert given == [0, 1]
    monkeypatch.setattr(measuring, "_SHARED_PIXELS", 1)
    given.clear()
    assert next(analyzer._measurer.stills(watched()))[0].index == 0
    assert given == [0]


def test_faces_at_an_anchor_do_not_depend_on_those_before(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("prosopon.track.tracker.ANCHOR_EVERY", 20)
    with open_source(CLIP) as source:
        lumas = [frame.luma for frame, _ in zip(source, range(60), strict=False)]
    whole, late = (Tracker(analyzer._tracking, analyzer._likeness, number) for number in (0, 20))
    measurer = analyzer._measurer
    first = [_follow(measurer, luma, whole) for luma in lumas]
    second = [_follow(measurer, luma, late) for luma in lumas[20:]]
    assert all(_equal(a, b) for a, b in zip(first[20:], second, strict=True))
    assert len(first[20])
    assert whole.ids == list(range(len(whole.ids)))


def _follow(measurer: Measurer, luma: np.ndarray, tracker: Tracker) -> RawFaces:
    return RawFaces.concat(measurer.follow(measurer.sight(luma), tracker))
