"""prosopon.batch.assist: idle workers help with long videos, and nothing of it shows."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import corpora
from media import noise, write_video
from prosopon.batch.assist import Assistance
from prosopon.batch.layout import Layout
from prosopon.batch.settings import Settings
from prosopon.batch.units import Stretch, Unit, find_units
from prosopon.batch.work import Work, Worker
from prosopon.decoding import Waiting
from prosopon.pipeline import Analyzer, Memory
from prosopon.seen import Seen

EVERY = 3072


def _unit(name: str, size: int = 1, pictures: bool = False) -> Unit:
    return Unit(name, name, (f"/{name}.mp4",), pictures, size, "")


def test_spans_are_dealt_out_in_order_and_some_left_to_the_worker_itself():
    given = Assistance()
    a = _unit("a")
    assert [given.next([(a, 64)], ()).number // EVERY for _ in range(4)] == [1, 3, 5, 7]
    with_another = Assistance()
    numbers = []
    for _ in range(3):
        first = with_another.next([(a, 64)], [Stretch(a, 0)])
        numbers.append(first.number // EVERY)
    assert numbers == [1, 2, 4]


def test_what_begins_too_soon_is_left_out():
    a = _unit("a")
    assert Assistance().next([(a, EVERY - 64)], ()) == Stretch(a, 3 * EVERY)
    assert Assistance().next([(a, 2 * EVERY + 64)], ()) == Stretch(a, 3 * EVERY)


def test_help_goes_where_there_is_least():
    a, b = _unit("a", 10), _unit("b", 20)
    assert Assistance().next([(a, 64), (b, 64)], ()) == Stretch(b, EVERY)
    assert Assistance().next([(a, 64), (b, 64)], [Stretch(b, EVERY)]) == Stretch(a, EVERY)


def test_who_is_not_helped():
    a, url = _unit("a"), Unit("u", "u", ("s3://u/u.mp4",), False, 1, "")
    assert Assistance().next([], ()) is None
    assert Assistance().next([(_unit("p", pictures=True), 64), (url, 64)], ()) is None
    given = Assistance()
    given.end(a)
    assert given.next([(a, 64)], ()) is None
    given.begin(a)
    assert given.next([(a, 64)], ()) == Stretch(a, EVERY)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of one video of two spans and a bit."""
    folder = tmp_path_factory.mktemp("long") / "corpus"
    folder.mkdir()
    with av.open(str(folder / "long.mp4"), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(2 * EVERY + 100):
            frame = av.VideoFrame.from_ndarray(np.roll(noise(64, 48), number, 1), "gray")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return folder


@pytest.mark.slow
def test_two_workers_on_one_video(long: Path, tmp_path: Path):
    pack = corpora.pack(tmp_path)
    for workers in (1, 2):
        code, _, err = corpora.run(
            "batch", long, "-o", tmp_path / str(workers), "--workers", workers, "--pack", pack
        )
        assert (code, err) == (0, "")
    assert corpora.results(tmp_path / "2") == corpora.results(tmp_path / "1")
    (entry,) = corpora.entries(tmp_path / "2")
    assert entry.facts["frames_with_face"] == 2 * EVERY + 100
    assert corpora.leftovers(tmp_path / "2") == []


def test_what_a_helper_does_is_taken(long: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("prosopon.batch.work.keep_to_one_core", lambda: None)
    monkeypatch.setattr("prosopon.overlap._allowed", [1])
    monkeypatch.setattr("prosopon.track.tracker.ANCHOR_EVERY", 64)
    short = tmp_path / "short"
    short.mkdir()
    write_video(short / "a.mp4", range(300), noise(64, 48), time_base=Fraction(1, 25))
    (unit,) = find_units(str(short))
    worker, helper = (
        Worker(Work(Layout(tmp_path / "out"), Settings(corpora.pack(tmp_path), span=64), "f"))
        for _ in range(2)
    )
    states: list[str] = []
    joined: list[int] = []

    def relate(analyzer: Analyzer, seen: Sequence[Seen], memory: Memory) -> list[Waiting]:
        chunks = ask(analyzer, seen, memory)
        joined.append(sum(len(chunk.frames) for chunk in chunks))
        return chunks

    ask = Analyzer.relate
    monkeypatch.setattr(Analyzer, "relate", relate)

    def note(frames: int) -> None:
        if frames == 64:
            states.extend(
                helper.run(Stretch(unit, n), lambda f: None).state for n in (64, 128, 256)
            )
            shutil.copytree(tmp_path / "out/.batch/spans", tmp_path / "seen")

    assert worker.run(unit, note).state == "done"
    assert states == ["watched", "watched", "passed"]
    assert joined == [64, 64]
    assert len(list((tmp_path / "seen").glob("*/ahead-*"))) == 2
    assert helper.run(Stretch(unit, 64), lambda f: None).state == "passed"  # it is done
