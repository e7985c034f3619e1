"""A batch that is disturbed, for real, and what --resume makes of it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import corpora
from corpora import children, command, entries, kill, leftovers, results, run, wait_until
from prosopon.errors import OutputError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpora.write_corpus(tmp_path_factory.mktemp("corpus"), videos=2, frames=150)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> str:
    return corpora.pack(tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="module")
def whole(corpus: Path, pack: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OUT of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    code, _, err = run("batch", corpus, "-o", out, "--pack", pack, "--workers", 1)
    assert (code, err) == (0, "")
    return out


@pytest.fixture(scope="module")
def undisturbed(whole: Path) -> dict[str, bytes]:
    found = results(whole)
    assert len(found) == 3
    return found


def resume(corpus: Path, out: Path, pack: str) -> None:
    code, _, err = run("batch", corpus, "-o", out, "--pack", pack, "--workers", 1, "--resume")
    assert (code, err) == (0, "")
    assert leftovers(out) == []
    assert {entry.state for entry in entries(out)} == {"done"}


def is_running(out: Path) -> bool:
    manifest = out / ".batch/1-of-1/manifest.sqlite"
    try:
        return manifest.exists() and any(entry.state == "running" for entry in entries(out))
    except OutputError:
        return False  # just being made


def test_killed_worker_is_replaced(
    corpus: Path, pack: str, tmp_path: Path, undisturbed: dict[str, bytes]
):
    out = tmp_path / "out"
    batch = command("batch", corpus, "-o", out, "--pack", pack, "--workers", 1)
    wait_until(lambda: is_running(out))
    (worker,) = children(batch.pid)
    kill(worker)
    _, err = batch.communicate(timeout=300)
    assert (batch.returncode, err) == (0, "")
    assert results(out) == undisturbed
    assert sum(entry.attempts for entry in entries(out)) == 4
    assert leftovers(out) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_ended_batch_is_gone_on_with(
    how: signal.Signals,
    corpus: Path,
    pack: str,
    tmp_path: Path,
    undisturbed: dict[str, bytes],
):
    out = tmp_path / "out"
    batch = command("batch", corpus, "-o", out, "--pack", pack, "--workers", 2)
    wait_until(lambda: is_running(out))
    workers = children(batch.pid)
    os.kill(batch.pid, how)
    _, err = batch.communicate(timeout=60)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    if how is signal.SIGTERM:
        assert (batch.returncode, err) == (1, "stopped; go on with --resume\n")
        assert not any(entry.state == "running" for entry in entries(out))
    else:
        assert batch.returncode == -signal.SIGKILL
    resume(corpus, out, pack)
    assert results(out) == undisturbed


def test_file_that_hangs_and_file_that_crashes(
    pack: str, tmp_path: Path, undisturbed: dict[str, bytes], corpus: Path
):
    mixed = tmp_path / "mixed"
    subprocess.run(["cp", "-r", str(corpus), str(mixed)], check=True)
    os.mkfifo(mixed / "hangs.mp4")  # whoever opens it waits for ever
    (mixed / "crashes.mp4").write_bytes((mixed / "a" / "clip 0.mp4").read_bytes())
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(_CRASH)
    out = tmp_path / "out"
    code, _, err = run(
        "batch", mixed, "-o", out, "--pack", pack, "--workers", 2, "--retries", 1, "--limit", 6,
        PYTHONPATH=str(tmp_path / "site"),
    )  # fmt: skip
    assert code == 1
    assert err.splitlines() == [
        f"error: {mixed}/{name}.mp4: {why}, 2 times; is the file whole?"
        for name, why in (
            ("crashes", "the worker was killed by SIGSEGV"),
            ("hangs", "no frame for 6 s"),
        )
    ]
    assert results(out) == undisturbed
    (mixed / "hangs.mp4").unlink()
    code, _, err = run("batch", mixed, "-o", out, "--pack", pack, "--resume", "--workers", 1)
    assert (code, err) == (0, "")
    assert len(results(out)) == len(undisturbed) + 1


_CRASH = """\
import os, signal, sys
def crash(event, arguments):
    if event == "open" and str(arguments[0]).endswith("crashes.mp4"):
        os.kill(os.getpid(), signal.SIGSEGV)
sys.addaudithook(crash)
"""


def test_full_disk(corpus: Path, pack: str, tmp_path: Path, undisturbed: dict[str, bytes]):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk")
    try:
        out = disk / "out"
        code, _, err = run("batch", corpus, "-o", out, "--pack", pack, "--workers", 1)
        assert code == 1
        assert "free some space" in err
        assert "--resume" in err
        subprocess.run(["mount", "-o", "remount,size=50m", str(disk)], check=True)
        resume(corpus, out, pack)
        assert results(out) == undisturbed
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_output_on_another_file_system(
    corpus: Path, pack: str, tmp_path: Path, undisturbed: dict[str, bytes]
):
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system")
    import tempfile

    with tempfile.TemporaryDirectory(dir=other) as folder:
        out = Path(folder) / "out"
        code, _, err = run("batch", corpus, "-o", out, "--pack", pack, "--workers", 1)
        assert (code, err) == (0, "")
        assert results(out) == undisturbed
        assert leftovers(out) == []


@pytest.mark.parametrize("damage", ["no database", "zeros in the middle"])
def test_damaged_manifest_is_rebuilt(
    damage: str, corpus: Path, pack: str, tmp_path: Path, whole: Path
):
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    shutil.rmtree(next(out.glob("tables/video=b-*")))
    manifest = out / ".batch/1-of-1/manifest.sqlite"
    for ending in ("-wal", "-shm"):
        manifest.with_name(manifest.name + ending).unlink(missing_ok=True)
    content = bytearray(manifest.read_bytes())
    if damage == "no database":
        content[:] = b"nothing that SQLite knows" * 40
    else:
        content[4096:8192] = bytes(4096)
    manifest.write_bytes(content)
    before = {path: path.stat().st_mtime_ns for path in out.glob("tables/**/*.parquet")}
    code, _, err = run("batch", corpus, "-o", out, "--pack", pack, "--resume", "--workers", 1)
    assert code == 0
    assert "was damaged, and rebuilt" in err
    assert (out / ".batch/1-of-1/manifest.sqlite.damaged-1").exists()
    assert results(out) == results(whole)
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())


def test_second_batch_is_refused_and_told_by_whom(
    corpus: Path, pack: str, tmp_path: Path, undisturbed: dict[str, bytes]
):
    out, busy = tmp_path / "out", tmp_path / "busy"
    shutil.copytree(corpus, busy)
    os.mkfifo(busy / "hangs.mp4")  # so that the first is at it until it is ended
    first = command("batch", busy, "-o", out, "--pack", pack, "--workers", 1)
    wait_until(lambda: is_running(out))
    for more in ((), ("--shard", "1/2")):
        code, _, err = run("batch", corpus, "-o", out, "--pack", pack, "--resume", *more)
        assert code == 1
        assert f"process {first.pid} on " in err
    os.kill(first.pid, signal.SIGTERM)
    first.communicate(timeout=60)
    resume(corpus, out, pack)
    assert results(out) == undisturbed


def test_clock_that_goes_back_or_ahead(
    corpus: Path, pack: str, tmp_path: Path, undisturbed: dict[str, bytes]
):
    (tmp_path / "sitecustomize.py").write_text(
        "import itertools, time\n"
        "real = time.time\n"
        "jumps = itertools.cycle([0, -86400 * 400, 3600, 86400 * 4000])\n"
        "time.time = lambda: real() + next(jumps)\n"
    )
    out = tmp_path / "out"
    site = str(tmp_path)
    batch = command("batch", corpus, "-o", out, "--pack", pack, "--workers", 1, PYTHONPATH=site)
    wait_until(lambda: is_running(out))
    os.kill(batch.pid, signal.SIGTERM)
    batch.communicate(timeout=60)
    with sqlite3.connect(out / ".batch/1-of-1/manifest.sqlite") as base:
        base.execute("UPDATE units SET started = '2200-01-01T00:00:00+00:00'")
    base.close()
    for path in out.rglob("*"):
        os.utime(path, (4e9, 4e9))
    code, _, err = run("batch", corpus, "-o", out, "--pack", pack, "--resume", PYTHONPATH=site)
    assert (code, err) == (0, "")
    assert results(out) == undisturbed
    assert all(0 < entry.seconds < 300 for entry in entries(out))
    code, _, err = run("batch", "status", out, PYTHONPATH=site)
    assert (code, err) == (0, "")


def test_manifest_is_a_sound_wal(whole: Path):
    with sqlite3.connect(whole / ".batch/1-of-1/manifest.sqlite") as base:
        assert base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    base.close()
