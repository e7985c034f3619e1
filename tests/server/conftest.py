"""A server with a pack whose answers are known; tests of one file share it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fakepack
from media import noise, write_picture, write_video

if TYPE_CHECKING:
    from serving import Client


@pytest.fixture(scope="session")
def fake_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fakepack.write_pack(tmp_path_factory.mktemp("packs") / "fake")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Six frames of noise at 10 frames/s, in each of which the fake pack sees one face."""
    path = tmp_path_factory.mktemp("media") / "clip.mkv"
    return write_video(path, range(0, 600, 100), noise(128, 96), codec="ffv1").read_bytes()


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("media") / "face.png"
    return write_picture(path, noise(128, 96)).read_bytes()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, fake_pack: Path) -> Iterator[Client]:
    from prosopon.server.settings import Limits, Settings
    from serving import running

    root = tmp_path_factory.mktemp("served")
    allowed = root / "allowed"
    allowed.mkdir()
    settings = Settings(
        folder=root / "data",
        roots=(allowed,),
        limits=Limits(upload_bytes=2_000_000, image_bytes=1_000_000, silence_seconds=1.0),
        analyzer={"pack": fake_pack},
    )
    with running(settings) as client:
        yield client
