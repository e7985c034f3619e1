"""From a corpus to units of work: a video, or some of the pictures of one folder."""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import TypeVar

from prosopon.batch.layout import WHOLE, Shard
from prosopon.batch.remote import is_url, list_files
from prosopon.errors import InputError
from prosopon.inputs import VIDEO_SUFFIXES
from prosopon.sources.folder import is_overlay, natural_order
from prosopon.sources.image import SUFFIXES as IMAGE_SUFFIXES

PICTURES = 256
"""Pictures of a unit: some seconds of work, and one table."""
_LONGEST = 80  # of the readable part of a name
_KEYS = ("path", "input", "file")


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the corpus. key: its path in the corpus, with slashes; location: path or URL;
    size in bytes; mtime: anything that changes when the file does."""

    key: str
    location: str
    size: int = 0
    mtime: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unit:
    """What one worker does at a time.

    name: of its files, unique, the same in every run; input: what it is called; files: one video
    or the pictures; size, mtime: of all files, to notice changes; extra: columns of the user.
    """

    name: str
    input: str
    files: tuple[str, ...]
    pictures: bool
    size: int
    mtime: str
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span of a long video, from frame ``number`` on, for a worker without a unit of its own."""

    unit: Unit
    number: int


Task = Unit | Stretch


def find_units(
    source: str,
    *,
    listed: Path | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    shard: Shard = WHOLE,
    leave_out: Path | None = None,
) -> list[Unit]:
    """The units of the corpus ``source``: a folder, a CSV list, one file or an fsspec URL.

    listed: a CSV with a column ``path`` (relative to the corpus) and more columns about each
    file; only these files are taken. include, exclude: patterns for paths in the corpus, where
    ``*`` crosses folders. leave_out: a folder that is not looked into, the output's.

    InputError: nothing there, or nothing left.
    """
    if is_url(source):
        found = list(list_files(source))
    elif source.lower().endswith(".csv"):
        found = list(_local_list(Path(source), Path(source).absolute().parent))
    else:
        found = list(_walk(Path(source).absolute(), leave_out))
    if listed is not None:
        found = _join(found, listed)
    chosen = [
        file
        for file in found
        if (not include or _matches(file.key, include)) and not _matches(file.key, exclude)
    ]
    units = list(_units(chosen))
    if not units:
        raise InputError(f"{source}: no video or picture in it that is asked for")
    return [unit for unit in units if _share(unit.name, shard.count) == shard.number - 1]


def safe_name(key: str) -> str:
    """A file name for ``key``: readable, safe on every file system, unique, always the same.

    The eight digits tell apart what reads alike, and keep a name from looking like a number or a
    date, which readers of partitions would make of it.
    """
    readable = re.sub(r"[^A-Za-z0-9]+", "-", PurePosixPath(key).with_suffix("").as_posix())
    return f"{readable.strip('-')[-_LONGEST:].strip('-') or 'input'}-{_digest(key)[:8]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _share(name: str, count: int) -> int:
    return int(_digest(name)[:12], 16) % count


def _matches(key: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(key, pattern) for pattern in patterns)


def _walk(root: Path, leave_out: Path | None) -> Iterator[Found]:
    """Visible videos and pictures under ``root``, in order of their paths."""
    if root.is_file():
        yield _stat(root.name, root)
        return
    if not root.is_dir():
        raise InputError(f"{root}: no such file or folder; check the name")
    skipped = leave_out.resolve() if leave_out else None

    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename}: the folder can't be read: {error.strerror}") from error

    for folder, folders, names in os.walk(root, onerror=refuse):
        here = Path(folder)
        folders[:] = sorted(
            name
            for name in folders
            if name[0] != "." and (here / name).resolve() != skipped and not is_overlay(here / name)
        )
        for name in sorted(names):
            path = here / name
            wanted = name[0] != "." and _suffix(name) in VIDEO_SUFFIXES | IMAGE_SUFFIXES
            if wanted and not is_overlay(path):
                yield _stat(path.relative_to(root).as_posix(), path)


def _stat(key: str, path: Path, extra: Mapping[str, str] | None = None) -> Found:
    try:
        status = path.stat()
    except OSError:
        return Found(key, str(path), extra=extra or {})  # whoever opens it says why
    return Found(key, str(path), status.st_size, str(status.st_mtime_ns), extra or {})


def _local_list(path: Path, root: Path) -> Iterator[Found]:
    for key, extra in _rows(path):
        if is_url(key):
            yield Found(key, key, extra=extra)
        else:
            yield _stat(Path(key).as_posix(), root / key, extra)


def _join(found: Iterable[Found], listed: Path) -> list[Found]:
    files = {file.key: file for file in found}
    joined = []
    for key, extra in _rows(listed):
        file = files.get(PurePosixPath(key).as_posix())
        if file is None:
            raise InputError(f"{listed}: lists {key!r}, which is not in the corpus; mend the list")
        joined.append(Found(file.key, file.location, file.size, file.mtime, extra))
    return joined


def _rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Path and other columns of each row of a CSV."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: can't be read as a list of files: {error}") from error
    seen: set[str] = set()
    for number, row in enumerate(rows, 2):
        column = next((name for name in _KEYS if row.get(name)), None)
        if column is None or None in row:
            raise InputError(f"{path}: line {number} has no path; name that column 'path'")
        key = row.pop(column)
        if key in seen:
            raise InputError(f"{path}: line {number} lists {key!r} again; leave it out")
        seen.add(key)
        yield key, {name: value or "" for name, value in row.items()}


def _units(found: Sequence[Found]) -> Iterator[Unit]:
    pictures = [file for file in found if _suffix(file.key) in IMAGE_SUFFIXES]
    for file in found:
        if _suffix(file.key) not in IMAGE_SUFFIXES:
            yield Unit(
                safe_name(file.key), file.location, (file.location,), False,
                file.size, file.mtime, file.extra,
            )  # fmt: skip

    def place(file: Found) -> tuple[str, tuple[tuple[str, str], ...]]:
        return PurePosixPath(file.key).parent.as_posix(), tuple(file.extra.items())

    for (folder, extra), group in groupby(sorted(pictures, key=place), place):
        by_path = {Path(file.key): file for file in group}
        ordered = [by_path[path] for path in natural_order(list(by_path))]
        for part in _chunks(ordered, PICTURES):
            keys = "\n".join(file.key for file in part)
            title = part[0].key if len(part) == 1 else f"{folder}/pictures.x"
            yield Unit(
                f"{safe_name(title)[:-9]}-{_digest(keys)[:8]}",
                part[0].location if len(part) == 1 else _title(part),
                tuple(file.location for file in part),
                True,
                sum(file.size for file in part),
                _digest("\n".join(file.mtime for file in part))[:16],
                dict(extra),
            )


def _title(part: Sequence[Found]) -> str:
    return f"{part[0].location} … {PurePosixPath(part[-1].key).name}"


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


Item = TypeVar("Item")


def _chunks(items: Sequence[Item], length: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), length):
        yield items[start : start + length]
