"""The live WebSocket: newest frame wins, results belong to their frames."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra 'server'")
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from prosopon.server.live import NewestFrame
from prosopon.server.settings import Limits, Settings
from serving import Client, running


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory, fake_pack: Path) -> Iterator[Client]:
    """A server that takes one live view and small frames."""
    limits = Limits(live=1, image_bytes=50_000)
    settings = Settings(
        tmp_path_factory.mktemp("live"), limits=limits, analyzer={"pack": fake_pack}
    )
    with running(settings) as client:
        yield client


def view(client: Client) -> ClientConnection:
    return connect(f"ws://{client.host}:{client.port}/v1/live", max_size=None)


def message(number: int, seconds: float, picture: bytes) -> bytes:
    return struct.pack("<Id", number, seconds) + picture


def test_frame_is_answered(client: Client, picture: bytes):
    with view(client) as socket:
        for number in range(3):
            socket.send(message(number, number / 30, picture))
            answer = json.loads(socket.recv(timeout=30))
            assert (answer["frame"], answer["time"]) == (number, number / 30)
            assert answer["size"] == [128, 96]
            (face,) = answer["faces"]
            assert (face["face_id"], len(face["landmarks"])) == (0, 68)
            assert answer["skipped"] == 0


def test_flood_is_overtaken_not_queued(client: Client, picture: bytes):
    sent = 300
    with view(client) as socket:
        for number in range(sent):
            socket.send(message(number, number / 30, picture))
        answered = []
        while not answered or answered[-1]["frame"] < sent - 1:
            answered.append(json.loads(socket.recv(timeout=30)))
    numbers = [answer["frame"] for answer in answered]
    assert numbers == sorted(set(numbers))
    assert answered[-1]["skipped"] == sent - len(numbers)


def test_damaged_frame_is_passed_over(client: Client, picture: bytes):
    with view(client) as socket:
        socket.send(message(0, 0.0, b"#EXTM3U"))
        socket.send(message(1, 0.1, picture[:200]))
        socket.send(message(2, 0.2, picture))
        assert json.loads(socket.recv(timeout=30))["frame"] == 2


def test_views_are_bounded(narrow: Client, picture: bytes):
    wait_until_free(narrow)
    with view(narrow) as first:
        first.send(message(0, 0.0, picture))
        first.recv(timeout=30)
        with view(narrow) as second, pytest.raises(ConnectionClosed) as closed:
            second.recv(timeout=30)
        assert closed.value.rcvd.code == 1013
        first.send(message(1, 0.1, picture))
        first.recv(timeout=30)
    wait_until_free(narrow)
    with view(narrow) as again:
        again.send(message(0, 0.0, picture))
        assert json.loads(again.recv(timeout=30))["frame"] == 0


def wait_until_free(client: Client) -> None:
    """The server notices a moment later that a view was closed."""
    until = time.monotonic() + 30
    while b"prosopon_live_views 0.0" not in client.ask("GET", "/metrics").body:
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize(("content", "code"), [(b"x" * 60_000, 1009), (b"short", 1008)])
def test_what_is_no_frame_ends_the_view(narrow: Client, content: bytes, code: int):
    wait_until_free(narrow)
    with view(narrow) as socket:
        socket.send(content)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=30)
    assert closed.value.rcvd.code == code


def test_newest_frame_wins(picture: bytes):
    source = NewestFrame(Limits())
    for number in range(3):
        source.put(message(number, number / 10, picture))
    frames = iter(source)
    first = next(frames)
    assert (first.index, first.time, first.size, source.overtaken) == (2, 0.2, (128, 96), 2)
    source.put(message(3, 0.3, picture))
    assert next(frames).index == 3
    source.close()
    assert next(frames, None) is None
