"""What a server may be asked for, and how much of it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prosopon.errors import InputError

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one visitor may ask of the server.

    upload_bytes: of one file; image_bytes: of one picture that is measured at once, or of one
    live frame; pixels: of one frame; seconds: of one video; waiting: analyses in the queue;
    images_waiting: pictures that wait for each other; live: live connections at once;
    kept_seconds: an analysis and its files are deleted so long after it ended;
    silence_seconds: an upload that sends nothing for so long is given up.
    """

    upload_bytes: int = 2_000 * MEGABYTE
    image_bytes: int = 25 * MEGABYTE
    pixels: int = 34_000_000
    seconds: float = 2 * 3600.0
    waiting: int = 100
    images_waiting: int = 32
    live: int = 4
    kept_seconds: float = 7 * 24 * 3600.0
    silence_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server runs.

    folder: where the queue, the uploads and the results lie; roots: folders whose files may be
    analysed by path; token: needed of every visitor where set; local: reachable from this machine
    only, so that requests for another host's name are refused; analyzer: options of
    ``prosopon.Analyzer``.
    """

    folder: Path
    roots: tuple[Path, ...] = ()
    token: str | None = None
    local: bool = True
    limits: Limits = field(default_factory=Limits)
    analyzer: dict[str, Any] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        """The queue."""
        return self.folder / "queue.sqlite"

    def job_folder(self, job_id: str) -> Path:
        """Where an analysis keeps its upload and its results."""
        return self.folder / "jobs" / job_id


def is_loopback(host: str) -> bool:
    """Whether ``host`` is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def resolve_within(roots: tuple[Path, ...], path: str) -> Path:
    """The file ``path``, absolute or relative to one of ``roots``; links are followed first.

    Raises InputError, in the same words for what does not exist and for what lies elsewhere, so
    that the answer tells nothing of other folders.
    """
    for root in (root.resolve() for root in roots):
        try:
            found = (root / path).resolve()
            if found.is_relative_to(root) and found.is_file():
                return found
        except (OSError, ValueError):  # a name that no file can have
            continue
    raise InputError("path: no such file in the folders that this server may read")
