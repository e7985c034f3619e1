"""Live frames over a WebSocket: measured one at a time, always the newest.

The visitor sends binary messages: 4 bytes with the frame's number, 8 with the time in seconds it
was taken (both little-endian, uint32 and float64), then the frame as JPEG, PNG or WebP. Each frame
that is measured is answered with a JSON text: ``frame``, ``time``, ``size`` [width, height],
``faces`` (as of ``/v1/image``), ``seconds`` taken and ``skipped``, the number of frames so far that
were overtaken by newer ones before their turn.
"""

from __future__ import annotations

import asyncio
import json
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from prosopon.errors import InputError
from prosopon.pipeline import Analyzer
from prosopon.server.pictures import check_pixels
from prosopon.server.rows import face_rows
from prosopon.server.settings import Limits, Settings
from prosopon.sources.base import Source
from prosopon.sources.image import decode_image
from prosopon.types import Frame

_HEADER = struct.Struct("<Id")

POLICY_VIOLATION = 1008
TOO_BIG = 1009
TRY_AGAIN_LATER = 1013


class LiveService:
    """Live connections, a bounded number at once; each has an analyzer and a thread of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.open = 0

    async def serve(self, socket: WebSocket) -> None:
        """Measure what comes until the visitor leaves."""
        await socket.accept()
        if self.open >= self._settings.limits.live:
            await socket.close(TRY_AGAIN_LATER, "as many live views as allowed are open")
            return
        self.open += 1
        try:
            await _Session(socket, self._settings).run()
        finally:
            self.open -= 1


class _Session:
    """One visitor's live view."""

    def __init__(self, socket: WebSocket, settings: Settings) -> None:
        self._socket = socket
        self._settings = settings
        self._source = NewestFrame(settings.limits)
        # One answer at most waits to be sent: a visitor who reads slowly slows the measuring down.
        self._answers: asyncio.Queue[str | None] = asyncio.Queue(1)
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        measuring = asyncio.ensure_future(asyncio.to_thread(self._measure))
        sending = asyncio.ensure_future(self._send())
        try:
            await self._receive()
        finally:
            self._source.close()
            sending.cancel()
            while not measuring.done():  # the thread may be waiting to hand over an answer
                while not self._answers.empty():
                    self._answers.get_nowait()
                await asyncio.wait([measuring], timeout=0.05)
            await asyncio.gather(sending, measuring, return_exceptions=True)

    async def _receive(self) -> None:
        while True:
            try:
                message = await self._socket.receive_bytes()
            except (WebSocketDisconnect, KeyError, RuntimeError):
                return  # gone, or it sent text, which means nothing here
            if len(message) > self._settings.limits.image_bytes:
                await self._socket.close(TOO_BIG, "the frame is too large")
                return
            if len(message) <= _HEADER.size:
                await self._socket.close(POLICY_VIOLATION, "expected a number, a time and a frame")
                return
            self._source.put(message)

    async def _send(self) -> None:
        while (answer := await self._answers.get()) is not None:
            await self._socket.send_text(answer)

    def _measure(self) -> None:
        """On a thread: every newest frame through the pipeline."""
        analyzer = Analyzer(**self._settings.analyzer)
        for result in analyzer.frames(self._source):
            width, height = result.frame.size
            self._answer(
                frame=result.index,
                time=result.time,
                size=[width, height],
                faces=face_rows(result.faces),
                seconds=round(time.perf_counter() - self._source.taken, 4),
                skipped=self._source.overtaken,
            )

    def _answer(self, **answer: Any) -> None:
        text = json.dumps(answer, separators=(",", ":"))
        asyncio.run_coroutine_threadsafe(self._answers.put(text), self._loop).result()


class NewestFrame(Source):
    """A source of one slot: what is put while a frame is measured overtakes what waits."""

    kind = "camera"

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits
        self._changed = threading.Condition()
        self._waiting: bytes | None = None
        self._closed = False
        self.overtaken = 0
        self.taken = 0.0

    def put(self, message: bytes) -> None:
        """The newest frame, header and all."""
        with self._changed:
            self.overtaken += self._waiting is not None
            self._waiting = message
            self._changed.notify()

    def close(self) -> None:
        """No more frames come."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def __iter__(self) -> Iterator[Frame]:
        while (message := self._take()) is not None:
            self.taken = time.perf_counter()
            index, seconds = _HEADER.unpack_from(message)
            try:
                frame = decode_image(message[_HEADER.size :], "frame", index, seconds)
                check_pixels(frame.luma.size, self._limits.pixels, "frame")
            except InputError:
                self.overtaken += 1  # a damaged frame is followed by others
                continue
            yield frame

    def _take(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting is not None)
            message, self._waiting = self._waiting, None
            return None if self._closed else message
