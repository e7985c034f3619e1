"""prosopon.runner: one input into its files."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

import fakepack
import prosopon
from media import noise, write_video
from prosopon import overlap, runner
from prosopon.errors import InputError
from prosopon.filters.baseline import Choice
from prosopon.inputs import Job, find_jobs
from prosopon.pipeline import Analyzer
from prosopon.progress import Advance
from prosopon.runner import analyze_input, interrupt

FORMATS = ("csv", "parquet", "jsonl")


@pytest.fixture(scope="module")
def analyzer(tmp_path_factory: pytest.TempPathFactory) -> Analyzer:
    return Analyzer(fakepack.write_pack(tmp_path_factory.mktemp("packs") / "fake"))


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A folder of a grey picture and two of noise, in which the fake pack sees a face."""
    monkeypatch.chdir(tmp_path)
    Path("set").mkdir()
    cv2.imwrite("set/0.png", np.full((96, 128), 128, np.uint8))
    for i in (1, 2):
        noise = np.random.default_rng(i).integers(0, 256, (96, 128), dtype=np.uint8)
        cv2.imwrite(f"set/{i}.png", noise)
    return find_jobs(["set"])[0]


def test_summary_counts_frames_and_faces(analyzer: Analyzer, job: Job):
    summary = analyze_input(analyzer, job, Path("out"), ("csv", "jsonl"), quiet=True)
    assert summary.outputs == (Path("out/set.csv"), Path("out/set.jsonl"))
    assert (summary.frames, summary.frames_with_face, summary.faces) == (3, 2, 2)
    assert (summary.identities, summary.problems, summary.complete) == (1, (), True)
    assert summary.seconds > 0


def test_openface2_lies_beside_csv_and_the_sidecar_names_its_empty_columns(
    analyzer: Analyzer, job: Job
):
    summary = analyze_input(analyzer, job, Path("out"), ("csv", "openface2"), quiet=True)
    assert summary.outputs == (Path("out/set.csv"), Path("out/set.openface2.csv"))
    header, *lines = Path("out/set.openface2.csv").read_text().splitlines()
    assert header.startswith("frame,face_id,timestamp,confidence,success,gaze_0_x,")
    assert [line.split(",")[0] for line in lines] == ["1", "2", "3"]
    empty = json.loads(Path("out/set.json").read_text())["openface2_unmeasured"]
    assert (len(empty), empty[0], empty[-1]) == (524, "eye_lmk_x_0", "p_33")


def test_overlay_draws_the_same_rows(analyzer: Analyzer, job: Job):
    plain = analyze_input(analyzer, job, Path("plain"))
    drawn = analyze_input(analyzer, job, Path("drawn"), overlay=True)
    assert drawn.outputs == (Path("drawn/set.csv"), Path("drawn/set.overlay"))
    assert drawn.faces == plain.faces
    assert Path("drawn/set.csv").read_bytes() == Path("plain/set.csv").read_bytes()
    assert sorted(p.name for p in Path("drawn/set.overlay").iterdir()) == [
        "0.png", "1.png", "2.png"
    ]  # fmt: skip


def test_analyzer_may_be_used_again(analyzer: Analyzer, job: Job):
    first = analyze_input(analyzer, job, Path("first"))
    second = analyze_input(analyzer, job, Path("second"))
    assert first.outputs[0].read_bytes() == second.outputs[0].read_bytes()


@pytest.fixture(params=[1, 2])
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one core everything is done in turn, with two side by side."""
    monkeypatch.setattr(overlap, "usable_cores", lambda: request.param)


def _damaged_video(path: Path) -> Path:
    options = {"bf": "2", "x264-params": "keyint=30:scenecut=0"}
    picture = noise(192, 128)
    write_video(path, range(90), picture, time_base=Fraction(1, 25), stream_options=options)
    content = bytearray(path.read_bytes())
    for place in np.random.default_rng(0).integers(len(content) // 4, len(content) // 2, 20):
        content[place] ^= 0xFF
    path.write_bytes(content)
    return path


@pytest.mark.usefixtures("cores")
def test_bytes_don_t_depend_on_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    pack = fakepack.write_pack(tmp_path / "fake")
    (video,) = find_jobs([str(_damaged_video(tmp_path / "a.mp4"))])
    found = []
    for threads in (1, 4):
        analyzer = Analyzer(pack, threads=threads)
        folder = Path(f"out{threads}")
        summary = analyze_input(analyzer, video, folder, FORMATS, quiet=True)
        sidecar = json.loads((folder / "a.json").read_text())
        assert sidecar.pop("started")
        assert sidecar.pop("seconds") > 0
        assert sidecar["settings"].pop("threads") == threads
        found.append(([path.read_bytes() for path in summary.outputs], sidecar))
    assert len(found[0][0]) == 3
    assert found[0] == found[1]


def test_damage_is_in_the_summary_and_in_the_sidecar(analyzer: Analyzer, tmp_path: Path):
    (video,) = find_jobs([str(_damaged_video(tmp_path / "a.mp4"))])
    summary = analyze_input(analyzer, video, tmp_path / "out", quiet=True)
    assert any("decoded from damaged data, measured all the same: " in p for p in summary.problems)
    sidecar = json.loads((tmp_path / "out/a.json").read_text())
    assert {"lost", "first", "last", "start", "end"} == set(sidecar["damage"][0])
    assert sidecar["counts"]["frames"] + sidecar["counts"]["skipped"] == 90


@pytest.mark.usefixtures("cores")
@pytest.mark.parametrize("baseline", ["none", "clip"])
@pytest.mark.parametrize("format", FORMATS)
def test_stopping_leaves_a_valid_file_of_all_rows_so_far(
    analyzer: Analyzer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, baseline: str, format: str
):
    @contextmanager
    def stopped_at_the_70th_frame(*_: object, **__: object) -> Iterator[Advance]:
        frames = count(1)

        def advance(note: str = "") -> None:
            if next(frames) == 70:
                signal.raise_signal(signal.SIGTERM)

        yield advance

    monkeypatch.setattr(runner, "progress", stopped_at_the_70th_frame)
    path = write_video(tmp_path / "a.mkv", range(0, 4000, 40), noise())
    (video,) = find_jobs([str(path)])
    summary = analyze_input(
        analyzer, video, tmp_path / "out", [format], baseline=Choice.parse(baseline)
    )
    assert (summary.complete, summary.frames) == (False, 70)
    table = prosopon.read(summary.outputs[0])
    assert np.unique(table["frame"]).tolist() == list(range(70))
    assert json.loads((tmp_path / "out/a.json").read_text())["stopped_after"]["frame"] == 69


def test_nothing_readable_is_an_error_and_keeps_what_was_there(analyzer: Analyzer, job: Job):
    analyze_input(analyzer, job, Path("out"))
    before = Path("out/set.csv").read_bytes()
    for i in range(3):
        Path(f"set/{i}.png").write_bytes(b"")
    with pytest.raises(
        InputError, match=r"set: none of it .* \(3 errors\); the first: set/0\.png: "
    ):
        analyze_input(analyzer, job, Path("out"))
    assert Path("out/set.csv").read_bytes() == before


def test_works_outside_the_main_thread(analyzer: Analyzer, job: Job):
    done = []
    thread = threading.Thread(
        target=lambda: done.append(analyze_input(analyzer, job, Path("out")).frames)
    )
    thread.start()
    thread.join()
    assert done == [3]


def test_first_interrupt_is_noted_and_the_second_raises():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interrupt() as stop:  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_pictures_have_no_baseline(analyzer: Analyzer, job: Job):
    with pytest.raises(InputError, match="no identities to take a baseline of"):
        analyze_input(analyzer, job, Path("out"), baseline=Choice("clip"), quiet=True)
