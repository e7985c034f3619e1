"""Single pictures, measured while the visitor waits."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from prosopon.errors import InputError
from prosopon.pipeline import Analyzer
from prosopon.server.errors import Refused
from prosopon.server.rows import face_rows
from prosopon.server.settings import Settings
from prosopon.sources.image import decode_image


@dataclass(frozen=True, slots=True)
class Measured:
    """width, height: of the upright picture, px; seconds: taken by decoding and measuring."""

    width: int
    height: int
    faces: list[dict[str, Any]]
    seconds: float


class PictureService:
    """One analyzer on one thread; more pictures wait, up to a limit."""

    def __init__(self, settings: Settings) -> None:
        self._limits = settings.limits
        self._analyzer = Analyzer(**settings.analyzer)
        self.schema = self._analyzer.schema
        self._thread = ThreadPoolExecutor(1, "pictures")
        self.waiting = 0

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(cancel_futures=True)

    def admit(self) -> None:
        """Refused with 503 when as many pictures as may wait already; ask before reading one."""
        if self.waiting >= self._limits.images_waiting:
            raise Refused(503, f"{self.waiting} pictures wait already; try again in a second")

    async def measure(self, content: bytes) -> Measured:
        """Every face of an encoded picture. InputError: it can't be read."""
        self.admit()
        self.waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._measure, content)
        finally:
            self.waiting -= 1

    def _measure(self, content: bytes) -> Measured:
        started = time.perf_counter()
        luma = decode_image(content, "picture").luma
        check_pixels(luma.size, self._limits.pixels, "picture")
        faces = face_rows(self._analyzer.image(luma))
        height, width = luma.shape
        return Measured(width, height, faces, round(time.perf_counter() - started, 4))


def check_pixels(pixels: int, most: int, name: str) -> None:
    """InputError when a picture has more than ``most`` pixels."""
    if pixels > most:
        raise InputError(f"{name}: over the limit of {most / 1e6:.0f} megapixels; make it smaller")
