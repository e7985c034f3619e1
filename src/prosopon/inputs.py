"""From what the user typed to jobs: one for each table that will be written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from prosopon.sources import Source, open_source
from prosopon.sources.folder import FolderSource, members, natural_order
from prosopon.sources.image import SUFFIXES as IMAGE_SUFFIXES

VIDEO_SUFFIXES = frozenset(
    ".mp4 .m4v .mov .avi .mkv .webm .mpg .mpeg .m2v .ts .mts .m2ts .wmv .asf .flv .3gp .ogv .vob "
    ".mxf .gif".split()
)
"""What is taken for a video in a folder or pattern; a file that is named itself may be called
anything, its content tells."""


@dataclass(frozen=True, slots=True)
class Job:
    """One input that gives one table.

    spec: what to open: a path, a camera's number, or the pictures of a folder or pattern;
    name: what the user calls it; stem: of the files that are written.
    """

    spec: str | tuple[Path, ...]
    name: str
    stem: str

    def open(self, threads: int = 1) -> Source:
        """Open the source; raises InputError."""
        if isinstance(self.spec, tuple):
            return FolderSource(self.spec)
        return open_source(self.spec, threads)


def find_jobs(inputs: Iterable[str]) -> list[Job]:
    """A job for each file and camera; a folder or pattern gives one for all of its pictures
    together and one for each of its videos, the overlays of earlier runs in it left out.

    What can't be read still gives a job, which fails when it is opened. Stems differ from each
    other, also where file systems ignore case: the second ``clip`` becomes ``clip_2``.
    """
    jobs = [job for text in inputs for job in _expand(text)]
    stems = distinct([job.stem for job in jobs])
    return [Job(job.spec, job.name, stem) for job, stem in zip(jobs, stems, strict=True)]


def distinct(stems: Iterable[str]) -> list[str]:
    """``stems`` of files, each with a number behind it where one before, or a file system that
    ignores case, would take it for the same: ``clip``, ``clip_2``."""
    taken: set[str] = set()
    different = []
    for wanted in stems:
        stem, count = wanted, 1
        while stem.casefold() in taken:
            count += 1
            stem = f"{wanted}_{count}"
        taken.add(stem.casefold())
        different.append(stem)
    return different


def _expand(text: str) -> Iterator[Job]:
    path = Path(text)
    if path.is_dir():
        return _members(text, _visible_files(path), path.resolve().name)
    if has_magic(text) and not path.exists():
        matches = (match for match in map(Path, glob(text, recursive=True)) if match.is_file())
        return _members(text, list(matches), _fixed_part(path).resolve().name)
    if text.isdecimal() and not path.exists():
        return iter([Job(text, f"camera {text}", f"camera_{text}")])
    return iter([Job(text, text, path.stem)])


def _members(text: str, files: Sequence[Path], stem: str) -> Iterator[Job]:
    """Jobs for the files of the folder or pattern ``text``."""
    videos = [path for path in files if path.suffix.lower() in VIDEO_SUFFIXES]
    pictures = [path for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
    if pictures:
        yield Job(tuple(natural_order(pictures)), text, stem or "images")
    for video in natural_order(videos):
        yield Job(str(video), str(video), video.stem)
    if not pictures and not videos:
        yield Job(text, text, stem)


def _visible_files(folder: Path) -> list[Path]:
    try:
        return [path for path in members(folder) if path.is_file()]
    except OSError:
        return []  # whoever opens the folder as a source says why


def _fixed_part(pattern: Path) -> Path:
    """The folders before the first wildcard."""
    fixed = []
    for part in pattern.parts:
        if has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed)
