"""Uploads as they arrive: straight to a file, counted, and given up when they stall.

A body is either the file itself or a form (RFC 7578) with one file in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from prosopon.server.errors import Refused

_LONGEST_NAME = 120
_FORM_BYTES = 16_384  # of a form's other parts


@dataclass(frozen=True, slots=True)
class Received:
    """What came: the name that the visitor gave the file, for showing only, and its size."""

    name: str
    bytes: int


def check_length(request: Request, most: int) -> None:
    """Refuse what says that it is too large before reading it; what doesn't say is counted."""
    with suppress(ValueError):
        if int(request.headers.get("content-length", "0")) > most + _FORM_BYTES:
            raise Refused(413, f"the file is over the limit of {most / 1e6:.0f} MB")


async def receive_file(request: Request, into: BinaryIO, most: int, silence: float) -> Received:
    """Write the file in a request's body to ``into``.

    most: bytes of the file; silence: seconds without a byte after which it is given up. Raises
    Refused with 413 too large, 400 no file in it, 408 stalled, 499 the visitor went away.
    """
    sink = _Sink(into, most)
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data":
        name = request.query_params.get("name", "upload")
        async for piece in _pieces(request, silence):
            sink.write(piece)
    else:
        name = await _receive_form(request, options.get(b"boundary", b""), sink, silence)
    if not sink.written:
        raise Refused(400, "the request holds no file; send one as its body or as a form's 'file'")
    return Received(display_name(name), sink.written)


def display_name(name: str) -> str:
    """A visitor's file name without folders and control characters, for showing only."""
    base = PureWindowsPath(PurePosixPath(name).name).name
    clean = "".join(letter for letter in base if letter.isprintable()).strip()
    return clean[:_LONGEST_NAME] or "upload"


@dataclass(slots=True)
class _Sink:
    into: BinaryIO
    most: int
    written: int = 0

    def write(self, piece: bytes) -> None:
        self.written += len(piece)
        if self.written > self.most:
            raise Refused(413, f"the file is over the limit of {self.most / 1e6:.0f} MB")
        self.into.write(piece)


@dataclass(slots=True)
class _Part:
    """The part of a form that is being read."""

    name: bytes = b""
    value: bytes = b""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    is_file: bool = False


async def _receive_form(request: Request, boundary: bytes, sink: _Sink, silence: float) -> str:
    """Put the form's one file into ``sink``; returns its name."""
    part = _Part()
    names: list[str] = []

    def begin() -> None:
        nonlocal part
        part = _Part()

    def header_field(data: bytes, start: int, end: int) -> None:
        part.name += data[start:end]

    def header_value(data: bytes, start: int, end: int) -> None:
        part.value += data[start:end]

    def header_end() -> None:
        part.headers[part.name.lower()] = part.value
        part.name = part.value = b""

    def headers_finished() -> None:
        _, options = parse_options_header(part.headers.get(b"content-disposition", b""))
        part.is_file = options.get(b"name") == b"file" and b"filename" in options
        if part.is_file:
            names.append(options[b"filename"].decode("utf-8", "replace"))
            if len(names) > 1:
                raise Refused(400, "the form holds several files; send one a request")

    def part_data(data: bytes, start: int, end: int) -> None:
        if part.is_file:
            sink.write(data[start:end])

    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": begin,
                "on_header_field": header_field,
                "on_header_value": header_value,
                "on_header_end": header_end,
                "on_headers_finished": headers_finished,
                "on_part_data": part_data,
            },
        )
        async for piece in _pieces(request, silence):
            parser.write(piece)
        parser.finalize()
    except FormParserError as error:
        raise Refused(400, f"the form is damaged: {error}") from error
    return names[0] if names else "upload"


async def _pieces(request: Request, silence: float) -> AsyncIterator[bytes]:
    stream = request.stream()
    while True:
        try:
            yield await asyncio.wait_for(anext(stream), silence)
        except StopAsyncIteration:
            return
        except asyncio.TimeoutError:
            raise Refused(408, f"nothing came for {silence:.0f} s; send it again") from None
        except ClientDisconnect:
            raise Refused(499, "the visitor went away") from None
