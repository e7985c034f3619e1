"""prosopon.checkpoints: an input that is interrupted gives what an undisturbed run gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import fakepack
from media import noise, write_video
from prosopon.checkpoints import Checkpoints
from prosopon.filters.baseline import Choice
from prosopon.inputs import Job, find_jobs
from prosopon.pipeline import Analyzer
from prosopon.runner import analyze_input
from prosopon.sources.base import Source
from prosopon.types import FaceTable, Frame

EVERY = 64


@pytest.fixture(scope="module")
def analyzer(tmp_path_factory: pytest.TempPathFactory) -> Analyzer:
    return Analyzer(fakepack.write_pack(tmp_path_factory.mktemp("packs") / "fake"))


def _video(path: Path, damaged: bool = False, **options: str) -> Job:
    settings = {"bf": "2", "x264-params": "keyint=30:scenecut=0"} | options
    write_video(
        path, range(300), noise(192, 128), time_base=Fraction(1, 25), stream_options=settings
    )
    if damaged:
        content = bytearray(path.read_bytes())
        for place in np.random.default_rng(0).integers(len(content) // 6, len(content) // 2, 12):
            content[place] ^= 0xFF
        path.write_bytes(content)
    return find_jobs([str(path)])[0]


class _Stopped(Exception):
    """What a killed process can't raise: the end of the run."""


def _stop_at(frames: int) -> Callable[[int], None]:
    def note(done: int) -> None:
        if done >= frames:
            raise _Stopped

    return note


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("baseline", ["none", "clip"])
def test_rows_identities_and_baselines_equal_a_run_without_cuts(
    analyzer: Analyzer, tmp_path: Path, damaged: bool, baseline: str
):
    job = _video(tmp_path / "a.mp4", damaged)
    formats, chosen = ("parquet", "csv"), Choice.parse(baseline)
    analyze_input(analyzer, job, tmp_path / "whole", formats, baseline=chosen, smooth=True)
    for stop in (100, 230, 290):
        spans = Checkpoints(tmp_path / "spans", "key", EVERY, _stop_at(stop))
        with pytest.raises(_Stopped):
            analyze_input(
                analyzer, job, tmp_path / "cut", formats,
                baseline=chosen, smooth=True, checkpoints=spans,
            )  # fmt: skip
    spans = Checkpoints(tmp_path / "spans", "key", EVERY)
    assert spans.frames >= 192
    analyze_input(
        analyzer, job, tmp_path / "cut", formats,
        baseline=chosen, smooth=True, checkpoints=spans,
    )  # fmt: skip
    for name in ("a.parquet", "a.csv"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert _lasting(tmp_path / "cut/a.json") == _lasting(tmp_path / "whole/a.json")
    assert sorted(p.name for p in (tmp_path / "cut").iterdir()) == ["a.csv", "a.json", "a.parquet"]


def _lasting(sidecar: Path) -> dict[str, object]:
    told = json.loads(sidecar.read_text())
    return {key: value for key, value in told.items() if key not in ("started", "seconds")}


@pytest.mark.parametrize("codec", ["mpeg4", "mjpeg"])
def test_any_codec(analyzer: Analyzer, tmp_path: Path, codec: str):
    path = tmp_path / "a.avi"
    write_video(path, range(150), noise(192, 128), time_base=Fraction(1, 25), codec=codec,
                pix_fmt="yuvj420p" if codec == "mjpeg" else "yuv420p")  # fmt: skip
    job = find_jobs([str(path)])[0]
    whole = analyze_input(analyzer, job, tmp_path / "whole", ("parquet",))
    spans = Checkpoints(tmp_path / "spans", "key", EVERY, _stop_at(140))
    with pytest.raises(_Stopped):
        analyze_input(analyzer, job, tmp_path / "cut", ("parquet",), checkpoints=spans)
    spans = Checkpoints(tmp_path / "spans", "key", EVERY)
    cut = analyze_input(analyzer, job, tmp_path / "cut", ("parquet",), checkpoints=spans)
    assert spans.frames == 128
    assert cut.outputs[0].read_bytes() == whole.outputs[0].read_bytes()


def _tables(count: int, spans: Checkpoints, analyzer: Analyzer, job: Job) -> list[FaceTable]:
    with job.open() as source:
        tables: Iterator[FaceTable] = spans.tables(analyzer, spans.rest(source))
        return [table for _, table in zip(range(count), tables, strict=False)]


def test_another_key_or_a_damaged_cut_begins_anew(analyzer: Analyzer, tmp_path: Path):
    job = _video(tmp_path / "a.mp4")
    folder = tmp_path / "spans"
    _tables(3, Checkpoints(folder, "key", EVERY), analyzer, job)
    assert Checkpoints(folder, "key", EVERY).frames == 192
    (folder / "cut").write_bytes((folder / "cut").read_bytes()[:-40])
    assert Checkpoints(folder, "key", EVERY).frames == 0
    assert not folder.exists()
    _tables(3, Checkpoints(folder, "key", EVERY), analyzer, job)
    assert Checkpoints(folder, "other", EVERY).frames == 0


def test_a_clock_that_stands_still_is_not_cut(analyzer: Analyzer, tmp_path: Path):
    write_video(tmp_path / "a.mp4", [0, *range(1, 200)], noise(192, 128))
    job = find_jobs([str(tmp_path / "a.mp4")])[0]
    spans = Checkpoints(tmp_path / "spans", "key", EVERY)
    with job.open() as source:
        frames = iter(source)
        again = _Stuck(list(frames))
        for _ in spans.tables(analyzer, again):
            pass
    assert not (tmp_path / "spans" / "cut").exists()


class _Stuck(Source):
    """Frames that all have the time of the first."""

    kind = "video"

    def __init__(self, frames: list[Frame]) -> None:
        super().__init__()
        self._frames = [replace(frame, time=0.0) for frame in frames]

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._frames)
