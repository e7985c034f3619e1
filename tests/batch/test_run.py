"""prosopon.batch.run: what a second run does, and what it refuses."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import corpora
from media import noise, write_video
from prosopon.batch.engine import Event, Finished, Lost, Ready
from prosopon.batch.layout import Layout, Shard
from prosopon.batch.lock import held, holder
from prosopon.batch.run import run_batch
from prosopon.batch.settings import Settings
from prosopon.batch.status import clock, progress, short_paths
from prosopon.batch.store import Manifest
from prosopon.batch.summary import all_entries
from prosopon.batch.units import Unit, find_units
from prosopon.batch.work import Outcome, Work, Worker
from prosopon.errors import DeviceError, OutputError


class _Here:
    """One worker in this process: nothing is isolated, everything can be watched."""

    slots = 1

    def __init__(self, work: Work, fate: Callable[[Unit], str] = lambda unit: "") -> None:
        self._worker = Worker(work)
        self._fate = fate
        self._events: list[Event] = [Ready(0)]
        self.given: list[str] = []

    def give(self, slot: int, unit: Unit) -> None:
        self.given.append(unit.name)
        if reason := self._fate(unit):
            self._events.append(Lost(slot, reason))
        else:
            self._events.append(Finished(slot, self._worker.run(unit, lambda frames: None)))

    def wait(self, seconds: float) -> list[Event]:
        events, self._events = self._events, []
        return events

    def replace(self, slot: int) -> None:
        self._events.append(Ready(slot))

    def close(self) -> None:
        return None


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker in this process must not change it for other tests."""
    import cv2
    import pyarrow as pa

    threads, io_threads, cv_threads = pa.cpu_count(), pa.io_thread_count(), cv2.getNumThreads()
    monkeypatch.setattr("prosopon.batch.work.keep_to_one_core", lambda: None)
    yield
    pa.set_cpu_count(threads)
    pa.set_io_thread_count(io_threads)
    cv2.setNumThreads(cv_threads)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return corpora.write_corpus(tmp_path / "corpus", videos=2, frames=10)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(corpora.pack(tmp_path))


def batch(corpus: Path, out: Path, settings: Settings, **options: Any) -> tuple[Any, list[str]]:
    """The result, and the names of what was measured."""
    shard = options.pop("shard", Shard())
    fate = options.pop("fate", lambda unit: "")
    engines: list[_Here] = []

    def open_engine(work: Work) -> _Here:
        engines.append(_Here(work, fate))
        return engines[0]

    units = find_units(str(corpus), shard=shard)
    result = run_batch(units, Layout(out, shard), settings, open_engine, **options)
    return result, engines[0].given if engines else []


def test_nothing_is_measured_twice(corpus: Path, settings: Settings, tmp_path: Path):
    first, given = batch(corpus, tmp_path / "out", settings)
    assert len(given) == 3
    second, given = batch(corpus, tmp_path / "out", settings, resume=True)
    assert given == []
    assert second.entries == first.entries
    assert {entry.pack for entry in first.entries} == {"fake 0.0.1"}


def test_only_what_is_new_or_changed_is_measured(corpus: Path, settings: Settings, tmp_path: Path):
    out = tmp_path / "out"
    batch(corpus, out, settings)
    os.utime(corpus / "a" / "clip 0.mp4", (4e9, 4e9))  # touched, but the same
    write_video(corpus / "b" / "clip 1.mp4", range(7), noise(96, 64, 9))
    write_video(corpus / "b" / "new.mp4", range(5), noise(96, 64, 5))
    result, given = batch(corpus, out, settings, resume=True)
    assert [name[:-9] for name in given] == ["b-clip-1", "b-new"]
    assert [entry.frames for entry in result.entries] == [10, 7, 5, 3]


def test_a_result_that_was_deleted_is_made_again(corpus: Path, settings: Settings, tmp_path: Path):
    out = tmp_path / "out"
    batch(corpus, out, settings)
    before = corpora.results(out)
    next(out.glob("tables/video=a-*/*.parquet")).unlink()
    _, given = batch(corpus, out, settings, resume=True)
    assert [name[:-9] for name in given] == ["a-clip-0"]
    assert corpora.results(out) == before


def test_results_are_not_overwritten_unasked(corpus: Path, settings: Settings, tmp_path: Path):
    batch(corpus, tmp_path / "out", settings)
    with pytest.raises(OutputError, match="add --resume"):
        batch(corpus, tmp_path / "out", settings)


def test_other_settings_are_not_mixed_in(corpus: Path, settings: Settings, tmp_path: Path):
    batch(corpus, tmp_path / "out", settings)
    other = Settings(settings.pack, {"max_faces": 1, "threads": 2}, baseline="clip")
    with pytest.raises(OutputError, match=r"baseline \"none\" → \"clip\", options \{\} → "):
        batch(corpus, tmp_path / "out", other, resume=True)
    (Path(settings.pack) / "pack.toml").write_text(
        (Path(settings.pack) / "pack.toml").read_text().replace("0.0.1", "0.0.2")
    )
    with pytest.raises(OutputError, match=r"pack_version \"0.0.1\" → \"0.0.2\""):
        batch(corpus, tmp_path / "out", settings, resume=True)


def test_threads_may_be_others(corpus: Path, settings: Settings, tmp_path: Path):
    batch(corpus, tmp_path / "out", settings)
    threads = Settings(settings.pack, {"threads": 2})
    assert batch(corpus, tmp_path / "out", threads, resume=True)[1] == []


def test_shards_fill_one_folder(corpus: Path, settings: Settings, tmp_path: Path):
    batch(corpus, tmp_path / "whole", settings)
    for number in (1, 2):
        batch(corpus, tmp_path / "out", settings, shard=Shard(number, 2))
    assert corpora.results(tmp_path / "out") == corpora.results(tmp_path / "whole")
    assert len(all_entries(Layout(tmp_path / "out"))) == 3
    # Gone on with undivided, it takes over what the shards did.
    assert batch(corpus, tmp_path / "out", settings, resume=True)[1] == []


def test_a_unit_is_tried_again_and_then_given_up(corpus: Path, settings: Settings, tmp_path: Path):
    def fate(unit: Unit) -> str:
        return "it broke" if unit.name.startswith("a-") else ""

    result, given = batch(corpus, tmp_path / "out", settings, fate=fate, retries=3)
    assert [name[0] for name in given].count("a") == 4
    (failed,) = (entry for entry in result.entries if entry.state == "failed")
    assert failed.error == (
        f"{corpus}/a/clip 0.mp4: it broke, 4 times; is the file whole?"
    )  # fmt: skip
    assert failed.attempts == 4
    _, given = batch(corpus, tmp_path / "out", settings, resume=True)
    assert len(given) == 1


def test_workers_that_never_start_end_the_batch(corpus: Path, settings: Settings, tmp_path: Path):
    class Never(_Here):
        def wait(self, seconds: float) -> list[Event]:
            return [Lost(0, "no memory")]

    units = find_units(str(corpus))
    with pytest.raises(DeviceError, match="workers can't start: no memory"):
        run_batch(units, Layout(tmp_path / "out"), settings, Never)


def test_workers_that_never_open_a_session_end_the_batch(
    corpus: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Silent(_Here):
        def wait(self, seconds: float) -> list[Event]:
            return []

    monkeypatch.setattr("prosopon.batch.schedule._START_LIMIT", 0.01)
    units = find_units(str(corpus))
    with pytest.raises(DeviceError, match=r"workers can't start: no session after 0.02 s"):
        run_batch(units, Layout(tmp_path / "out"), settings, Silent, limit=0.02)


def test_a_worker_says_what_it_did(corpus: Path, settings: Settings, tmp_path: Path):
    layout = Layout(tmp_path / "out")
    unit = next(unit for unit in find_units(str(corpus)) if not unit.pictures)
    told: list[int] = []
    outcome = Worker(Work(layout, settings, "f")).run(unit, told.append)
    assert isinstance(outcome, Outcome)
    assert (outcome.state, outcome.facts["frames"], told) == ("done", 10, [10])
    assert outcome.seconds > 0


def test_lock_ends_with_its_block(tmp_path: Path):
    layout = Layout(tmp_path)
    with held(layout):
        assert holder(layout.own) == f"{holder(layout.own)}"
        with pytest.raises(OutputError, match=f"process {os.getpid()} on "), held(layout):
            pass
    assert holder(layout.own) is None


def test_progress_tells_what_is_left(corpus: Path, tmp_path: Path):
    with closing(Manifest(tmp_path / "manifest.sqlite")) as manifest:
        units = find_units(str(corpus))
        manifest.add(units)
        assert progress(manifest.entries()).line() == "3 waiting"
        manifest.change(units[0].name, state="done", seconds=2.0, frames=50)
        manifest.begin(units[1].name, "2030-01-01T00:00:00+00:00")
        shown = progress(manifest.entries())
    left = (shown.size - units[0].size) * 2.0 / units[0].size
    assert shown.left == pytest.approx(left)
    assert shown.line() == f"1 waiting, 1 running, 1 done; 25 frames/s a worker; {clock(left)} left"


def test_clock():
    assert [clock(s) for s in (0, 61.4, 3600 * 30)] == ["0:00:00", "0:01:01", "30:00:00"]


def test_status_tells_inputs_of_one_name_apart():
    paths = ["/c/p1/x.mp4", "/c/p2/x.mp4", "/c/p2/y.mp4", "/c/q/1.png … 9.png", "s3://b/a/z.mp4"]
    short = ["p1/x.mp4", "p2/x.mp4", "y.mp4", "1.png … 9.png", "z.mp4"]
    assert short_paths(paths) == short
    assert short_paths(["x.mp4", "p/x.mp4", "/x.mp4"]) == ["x.mp4", "p/x.mp4", "/x.mp4"]
