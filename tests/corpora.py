"""Small corpora for the tests of batches, and what came of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2

import fakepack
from media import noise, write_video
from prosopon.batch.layout import Layout
from prosopon.batch.store import Entry, read_entries


def write_corpus(folder: Path, videos: int = 4, frames: int = 40) -> Path:
    """``videos`` in two folders, and three pictures; the fake pack sees a face in all of them."""
    for number in range(videos):
        path = folder / "ab"[number % 2] / f"clip {number}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_video(path, range(frames), noise(96, 64, number), time_base=Fraction(1, 25))
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), noise(64, 48, number))
    return folder


def pack(folder: Path) -> str:
    """The fake pack in ``folder``, for --pack."""
    return str(fakepack.write_pack(folder / "pack"))


def command(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    """``prosopon`` with these arguments, begun."""
    return subprocess.Popen(
        [sys.executable, "-m", "prosopon", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def run(*arguments: object, **environment: str) -> tuple[int, str, str]:
    """Exit code and what it said on both ways."""
    process = command(*arguments, **environment)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def results(out: Path) -> dict[str, bytes]:
    """Every table of a batch."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.glob("tables/**/*"))
        if path.is_file()
    }


def leftovers(out: Path) -> list[str]:
    """Whatever is half-written or in the making."""
    return sorted(
        path.relative_to(out).as_posix()
        for path in out.rglob("*")
        if path.name.endswith(".part") or {"staging", "spans"} & set(path.parts[:-1])
    )


def entries(out: Path) -> list[Entry]:
    """The state of every unit."""
    return read_entries(Layout(out).manifest)


def wait_until(is_so: Callable[[], bool], seconds: float = 120.0) -> None:
    """Look often; TimeoutError when it never comes."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("what was waited for did not come")
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """Worker processes of a batch (Linux)."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            line = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"spawn_main" in line:
                found.append(child)
    return found


def kill(pid: int) -> None:
    """As the kernel does when memory is short."""
    os.kill(pid, signal.SIGKILL)
