"""prosopon.ahead: spans that were watched ahead give what a run that follows every frame gives."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from prosopon.ahead import Ahead, Span
from prosopon.checkpoints import Checkpoints
from prosopon.filters.baseline import Choice
from prosopon.inputs import find_jobs
from prosopon.pipeline import CHUNK_FRAMES, Analyzer
from prosopon.runner import analyze_input
from prosopon.sources import open_source
from prosopon.track.tracker import ANCHOR_EVERY
from prosopon.types import Detections, UInt8Array

EVERY = 64
FORMATS = ("parquet", "csv")
CLIP = Path(__file__).parents[1] / "examples" / "clip.mp4"


def test_spans_begin_with_a_table():
    assert ANCHOR_EVERY % CHUNK_FRAMES == 0


@pytest.fixture(autouse=True)
def _short_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prosopon.track.tracker.ANCHOR_EVERY", EVERY)
    monkeypatch.setattr("prosopon.overlap._allowed", [1])  # as a worker


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """480 by 270 px: one person, a cut to a mirrored picture, nobody, two who cross, one who leaves
    the picture, and comes back."""
    with open_source(CLIP) as source:
        shown = [cv2.resize(f.luma, (480, 270), interpolation=cv2.INTER_AREA) for f in source]
    pictures = shown[:90]
    pictures += [picture[:, ::-1] for picture in shown[60:130]]
    pictures += [np.full_like(shown[0], 90)] * 20
    for step in range(100):
        pictures.append(_beside(shown[step], shown[100 + step % 90], 4 * step - 100))
    pictures += [_beside(shown[50], picture, -100) for picture in shown[50:80]]
    pictures += [np.roll(picture, 6 * step, 1) for step, picture in enumerate(shown[80:130])]
    pictures += shown[130:200]
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(
            "libx264", rate=25, options={"preset": "ultrafast", "bf": "2", "g": "40"}
        )
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "gray")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _beside(picture: UInt8Array, other: UInt8Array, right: int) -> UInt8Array:
    """``picture`` with the middle third of ``other`` over it, moved ``right`` by so many px."""
    made = picture.copy()
    place = slice(max(0, right), min(480, right + 160))
    if place.start < place.stop:
        made[:, place] = other[:, 160 : 160 + place.stop - place.start]
    return made


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.fixture(scope="module")
def whole(analyzer: Analyzer, film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the film was measured without spans."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("prosopon.track.tracker.ANCHOR_EVERY", EVERY)
        _Run(film, folder).alone(analyzer)
    return folder


class _Run:
    """Runs of a film into ``folder``: on their own, and with spans that are watched meanwhile."""

    def __init__(self, film: Path, folder: Path, **options: Any) -> None:
        self.film, self.job = film, find_jobs([str(film)])[0]
        self.folder, self.options = folder, options

    def alone(self, analyzer: Analyzer) -> None:
        analyze_input(analyzer, self.job, self.folder, FORMATS, **self.options)

    def joined(
        self,
        analyzer: Analyzer,
        numbers: range,
        change: Callable[[Span], Span] = lambda span: span,
        stop_at: int | None = None,
    ) -> int:
        """How many frames were taken from spans; ``change``: what becomes of one on its way."""
        ahead = Ahead(self.folder / "spans", "key")
        watched: list[int] = []

        def note(frames: int) -> None:
            if not watched:
                watched.extend(numbers)
                for number in numbers:
                    assert ahead.watch(analyzer, self.film, number, lambda frames: None)
                    _rewrite(self.folder / "spans" / f"ahead-{number}", change)
            if stop_at is not None and frames >= stop_at:
                raise _Stopped

        spans = Checkpoints(self.folder / "spans", "key", EVERY, note)
        kept = spans.frames
        analyze_input(
            analyzer, self.job, self.folder, FORMATS, checkpoints=spans, **self.options
        )  # fmt: skip
        return spans.frames - kept


class _Stopped(Exception):
    """What a killed process can't raise: the end of the run."""


def _are_equal(one: Path, other: Path) -> bool:
    same = all(
        (one / f"film.{ending}").read_bytes() == (other / f"film.{ending}").read_bytes()
        for ending in FORMATS
    )
    return same and _lasting(one / "film.json") == _lasting(other / "film.json")


def _lasting(sidecar: Path) -> dict[str, object]:
    told = json.loads(sidecar.read_text())
    return {key: value for key, value in told.items() if key not in ("started", "seconds")}


def _rewrite(path: Path, change: Callable[[Span], Span]) -> None:
    with path.open("rb") as file:
        key, before = pickle.load(file)
        span = Span([pickle.load(file) for _ in range(EVERY)], before, pickle.load(file))
    span = change(span)
    with path.open("wb") as file:
        pickle.dump((key, span.before), file)
        for seen in span.frames:
            pickle.dump(seen, file)
        pickle.dump(span.last, file)


def test_rows_and_identities_equal_a_run_without_spans(
    analyzer: Analyzer, film: Path, whole: Path, tmp_path: Path
):
    run = _Run(film, tmp_path)
    assert run.joined(analyzer, range(EVERY, 5 * EVERY + 1, EVERY)) == 5 * EVERY
    assert _are_equal(tmp_path, whole)


def test_baselines_and_fitted_faces(film: Path, tmp_path: Path):
    analyzer = Analyzer(fit=True)
    options = {"baseline": Choice.parse("clip"), "smooth": True}
    _Run(film, tmp_path / "whole", **options).alone(analyzer)
    run = _Run(film, tmp_path, **options)
    assert run.joined(analyzer, range(EVERY, 5 * EVERY, 2 * EVERY)) == 2 * EVERY
    assert _are_equal(tmp_path, tmp_path / "whole")


def test_a_run_that_is_interrupted_within_spans(
    analyzer: Analyzer, film: Path, whole: Path, tmp_path: Path
):
    run = _Run(film, tmp_path)
    for stop in (100, 200, 300):
        with pytest.raises(_Stopped):
            run.joined(analyzer, range(2 * EVERY, 4 * EVERY, EVERY), stop_at=stop)
    run.joined(analyzer, range(5 * EVERY, 6 * EVERY, EVERY))
    assert _are_equal(tmp_path, whole)


def _of_another_picture(span: Span) -> Span:
    return replace(span, before=span.before ^ 1)


def _without_answers(span: Span) -> Span:
    frames = list(span.frames)
    frames[40] = replace(frames[40], answers={})
    return replace(span, frames=frames)


@pytest.mark.parametrize("change", [_of_another_picture, _without_answers])
def test_a_span_that_does_not_fit_is_measured(
    analyzer: Analyzer, film: Path, whole: Path, tmp_path: Path, change: Callable[[Span], Span]
):
    assert _Run(film, tmp_path).joined(analyzer, range(EVERY, 2 * EVERY, EVERY), change) == 0
    assert _are_equal(tmp_path, whole)


@pytest.fixture
def blind(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Analyzer]:
    """An analyzer whose detector sees nobody in the frames at two anchors."""
    measurer = analyzer._measurer
    detector = measurer._detector
    hidden: list[bytes] = []

    def detect(luma: UInt8Array) -> Detections:
        found = detector(luma)
        return replace(found, boxes=found.boxes[:0], scores=found.scores[:0],
                       points=found.points[:0]) if luma.tobytes() in hidden else found  # fmt: skip

    monkeypatch.setattr(measurer, "_detector", detect)
    analyzer.__dict__["hidden"] = hidden
    yield analyzer
    del analyzer.__dict__["hidden"]


def test_a_face_that_the_detector_misses_at_the_seam(blind: Analyzer, film: Path, tmp_path: Path):
    with open_source(film) as source:
        blind.__dict__["hidden"] += [f.luma.tobytes() for f in source if f.index == EVERY]
    _Run(film, tmp_path / "whole").alone(blind)
    # Followed all the same: the run measures that span, and meets the others.
    run = _Run(film, tmp_path)
    assert run.joined(blind, range(EVERY, 4 * EVERY, EVERY)) == 2 * EVERY
    assert _are_equal(tmp_path, tmp_path / "whole")


def test_what_is_not_watched(analyzer: Analyzer, film: Path, tmp_path: Path):
    def watch(path: Path, number: int) -> bool:
        return Ahead(tmp_path, "key").watch(analyzer, path, number, lambda frames: None)

    assert not watch(film, 6 * EVERY)  # no whole span is left there
    content = bytearray(film.read_bytes())
    for place in range(len(content) // 3, len(content) // 2, 500):
        content[place] ^= 0xFF
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(content)
    assert not all(watch(damaged, number) for number in range(EVERY, 5 * EVERY, EVERY))
    assert not Ahead(tmp_path / "nowhere", "key").watch(analyzer, film, EVERY, lambda frames: None)
    assert not list(tmp_path.glob("*.part"))


def test_another_key_is_not_taken(analyzer: Analyzer, film: Path, tmp_path: Path):
    assert Ahead(tmp_path, "key").watch(analyzer, film, EVERY, lambda frames: None)
    assert Ahead(tmp_path, "other").take(EVERY, lambda: None) is None
    assert Ahead(tmp_path, "key").take(EVERY, lambda: None) is not None


def test_a_span_whose_maker_is_gone_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("prosopon.ahead.PATIENCE", 0.1)
    (tmp_path / f"ahead-{EVERY}.part").write_bytes(b"half")
    grown: list[None] = []
    assert Ahead(tmp_path, "key").take(EVERY, lambda: grown.append(None)) is None
    assert len(grown) == 1
    assert not list(tmp_path.iterdir())
