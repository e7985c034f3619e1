"""The queue and its worker: order, bounds, restarts, crashes, limits, deletion, retention."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra 'server'")

from media import noise, write_video
from prosopon.pipeline import Analyzer
from prosopon.server.errors import Refused
from prosopon.server.media import media_type
from prosopon.server.receive import display_name
from prosopon.server.service import CRASHED, Service
from prosopon.server.settings import Limits, Settings
from prosopon.server.store import JobStore, new_id
from prosopon.server.worker import UPLOAD_NAME, run_job
from serving import Client, running


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    return JobStore(tmp_path / "queue.sqlite")


def add(store: JobStore, name: str = "a", most: int = 10) -> str:
    return store.add(new_id(), name, None, "video/mp4", most).id


def test_oldest_is_claimed_first(store: JobStore):
    ids = [add(store, name) for name in "abc"]
    claimed = [store.claim() for _ in range(4)]
    assert [job and job.id for job in claimed] == [*ids, None]
    assert store.counts() == {"queued": 0, "running": 3, "done": 0, "failed": 0}


def test_queue_is_bounded(store: JobStore):
    add(store, most=1)
    with pytest.raises(Refused, match="1 analyses wait already"):
        add(store, most=1)
    store.claim()
    add(store, most=1)


def test_interrupted_job_keeps_its_place(store: JobStore):
    first, second = add(store), add(store)
    store.claim()
    store.progress(first, 5, 10)
    store.requeue_running()
    assert [store.claim().id for _ in range(2)] == [first, second]
    assert store.get(first).frames == 0


def test_progress_tells_of_deletion(store: JobStore):
    job_id = add(store)
    assert store.progress(job_id, 1, None)
    assert store.delete(job_id)
    assert not store.progress(job_id, 2, None)
    assert not store.delete(job_id)


def test_expired(store: JobStore):
    ended, waiting = add(store), add(store)
    store.fail(ended, "x")
    assert list(store.expired(3600)) == []
    assert list(store.expired(-3600)) == [ended]
    assert store.get(waiting).state == "queued"


def test_a_failed_change_leaves_nothing(store: JobStore):
    job_id = add(store)
    with pytest.raises(sqlite3.IntegrityError):
        store.add(job_id, "b", None, "video/mp4", 10)
    assert store.get(job_id).name == "a"


# ---- one job, without a process of its own


@pytest.fixture(scope="module")
def analyzer(fake_pack: Path) -> Analyzer:
    return Analyzer(fake_pack)


def run_one(
    tmp_path: Path, analyzer: Analyzer, content: bytes, limits: Limits | None = None
) -> tuple[Settings, JobStore, str]:
    settings = Settings(tmp_path, limits=limits or Limits())
    store = JobStore(settings.database)
    job_id = add(store, "clip.mkv")
    settings.job_folder(job_id).mkdir(parents=True)
    (settings.job_folder(job_id) / UPLOAD_NAME).write_bytes(content)
    job = store.claim()
    assert job is not None
    run_job(job, store, analyzer, settings)
    return settings, store, job_id


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        pytest.param(Limits(seconds=0.2), "longer than the limit", id="duration"),
        pytest.param(Limits(pixels=1000), "over the limit of 0 megapixels", id="pixels"),
    ],
)
def test_limits_are_checked_by_decoding(
    tmp_path: Path, analyzer: Analyzer, clip: bytes, limits: Limits, message: str
):
    settings, store, job_id = run_one(tmp_path, analyzer, clip, limits)
    job = store.get(job_id)
    assert job.state == "failed"
    assert job.error is not None
    assert message in job.error
    assert str(tmp_path) not in job.error
    assert [path.name for path in settings.job_folder(job_id).iterdir()] == [UPLOAD_NAME]


def test_understated_duration_is_found_out(tmp_path: Path, analyzer: Analyzer):
    # A raw stream states no duration; only its frames tell.
    path = tmp_path / "a.m1v"
    write_video(path, range(50), noise(), codec="mpeg1video", time_base=Fraction(1, 25))
    _, store, job_id = run_one(tmp_path, analyzer, path.read_bytes(), Limits(seconds=1))
    assert "longer than the limit" in (store.get(job_id).error or "")


def test_job_deleted_while_running_leaves_nothing(
    tmp_path: Path, analyzer: Analyzer, clip: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(JobStore, "progress", lambda *_: False)
    settings, _, job_id = run_one(tmp_path, analyzer, clip)
    assert not settings.job_folder(job_id).exists()


# ---- the whole


def long_clip(tmp_path: Path) -> bytes:
    """Some seconds of work."""
    path = tmp_path / "long.mkv"
    return write_video(path, range(0, 20_000, 10), noise(64, 48), codec="mpeg4").read_bytes()


def test_restart_goes_on_with_the_queue(tmp_path: Path, fake_pack: Path, clip: bytes):
    settings = Settings(tmp_path / "data", analyzer={"pack": fake_pack})
    with running(settings) as client:
        first = client.upload(long_clip(tmp_path)).json["id"]
        second = client.upload(clip).json["id"]
        client.wait(first, "running")
    orphan = settings.folder / "jobs" / "left-by-a-broken-upload"
    orphan.mkdir()
    with running(settings) as client:
        assert client.wait(second)["state"] == "done"
        assert client.ask("GET", f"/v1/analyses/{first}").json["state"] == "done"
        assert not orphan.exists()


def test_deleting_a_running_job_stops_it(tmp_path: Path, fake_pack: Path, clip: bytes):
    with running(Settings(tmp_path / "data", analyzer={"pack": fake_pack})) as client:
        first = client.upload(long_clip(tmp_path)).json["id"]
        client.wait(first, "running")
        assert client.ask("DELETE", f"/v1/analyses/{first}").status == 204
        second = client.upload(clip).json["id"]
        assert client.wait(second)["state"] == "done"
        assert {path.name for path in (tmp_path / "data/jobs").iterdir()} == {second}


def test_crash_of_the_worker_fails_its_job_alone(tmp_path: Path, fake_pack: Path, clip: bytes):
    with running(Settings(tmp_path / "data", analyzer={"pack": fake_pack})) as client:
        first = client.upload(long_clip(tmp_path)).json["id"]
        second = client.upload(clip).json["id"]
        client.wait(first, "running")
        os.kill(worker_pid(client), signal.SIGKILL)
        assert client.wait(first)["error"] == CRASHED
        assert client.wait(second)["state"] == "done"


def worker_pid(client: Client) -> int:
    """Of the server in this process."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = [int(pid) for path in children for pid in path.read_text().split()]
    return next(p for p in pids if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes())


def test_retention(tmp_path: Path, fake_pack: Path, clip: bytes):
    settings = Settings(tmp_path, limits=Limits(kept_seconds=0), analyzer={"pack": fake_pack})
    with running(settings) as client:
        job_id = client.upload(clip).json["id"]
        client.wait(job_id)
        time.sleep(0.01)
        Service(settings, ()).sweep()
        assert client.ask("GET", f"/v1/analyses/{job_id}").status == 404
        assert not settings.job_folder(job_id).exists()


def test_full_queue_answers_429_and_keeps_nothing(tmp_path: Path, fake_pack: Path, clip: bytes):
    settings = Settings(tmp_path, analyzer={"pack": fake_pack})
    with running(replace(settings, limits=Limits(waiting=0))) as client:
        answer = client.upload(clip)
        assert (answer.status, answer.headers["retry-after"]) == (429, "2")
        assert list((tmp_path / "jobs").iterdir()) == []


# ---- small things


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\0\0\0\x18ftypisom", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska", "video/x-matroska"),
        (b"\x1a\x45\xdf\xa3\x93\x42\x82\x84webm", "video/webm"),
        (b"G" + bytes(187) + b"G", "video/mp2t"),
        (b"#EXTM3U\n", None),
        (b"ffconcat version 1.0\n", None),
        (b"<?xml version='1.0'?><MPD>", None),
        (b"<svg onload='x'>", None),
        (b"v=0\r\no=- 0 0 IN IP4 10.0.0.1\r\n", None),
        (b"", None),
    ],
)
def test_media_type(head: bytes, kind: str | None):
    assert media_type(head) == kind


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a.mp4", "a.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\b.mov", "b.mov"),
        ("a\n\x1b[31m.mp4", "a[31m.mp4"),
        ("", "upload"),
        ("..", ".."),
        ("x" * 500, "x" * 120),
    ],
)
def test_display_name(given: str, shown: str):
    assert display_name(given) == shown
