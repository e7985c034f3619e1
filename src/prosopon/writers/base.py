"""What every table writer is, and how files are written whole or not at all."""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from prosopon.errors import OutputError
from prosopon.types import Column, FaceTable

if TYPE_CHECKING:
    from typing_extensions import Self


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn an OSError inside into an OutputError that names ``path`` and the fix."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: can't be written: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; free some space or choose another folder"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "no permission; choose another folder or change its rights"
    if error.errno == errno.EISDIR:
        return "a folder has that name; choose another name"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return "a file stands where its folder should be; choose another folder"
    return f"{error.strerror or error}; choose another folder"


class PartialFile:
    """A file that gets its name only when it is complete.

    Write to ``part``, a hidden file in the same folder, then ``commit()`` or ``discard()``.
    Folders that are missing are made. OutputError: no permission, or the name is a folder's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(f".{path.name}.{os.getpid()}.part")
        with output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))

    def commit(self) -> None:
        """Replace whatever is at ``path``."""
        with output_errors(self.path):
            os.replace(self.part, self.path)

    def discard(self) -> None:
        """Leave no trace."""
        self.part.unlink(missing_ok=True)


def is_failure(kind: type[BaseException] | None) -> bool:
    """Whether an exception of type ``kind`` makes a half-written file worthless.

    A user who stops a long run, or a consumer that stops iterating, keeps what was measured.
    """
    return kind is not None and not issubclass(kind, KeyboardInterrupt | GeneratorExit)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole small file, or raise OutputError and leave what was there."""
    partial = PartialFile(path)
    try:
        with output_errors(path):
            partial.part.write_bytes(content)
        partial.commit()
    except BaseException:
        partial.discard()
        raise


class Output:
    """Appears complete or not at all: closed when its block ends, dropped when that fails."""

    def close(self) -> None:
        """Complete it. May be called twice."""
        return None

    def discard(self) -> None:
        """Drop what is not complete."""
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if is_failure(kind):
            self.discard()
        else:
            self.close()


class TableWriter(Output, ABC):
    """Writes FaceTables of one schema to one file; use it as a context manager.

    Tables may come one frame at a time. The file appears under its name on close, complete and
    with a header even when no row was written. An exception inside the ``with`` block discards
    it, unless it is KeyboardInterrupt: then the rows written so far are kept.
    """

    def __init__(self, path: Path, schema: Sequence[Column]) -> None:
        self.path = path
        self.schema = tuple(schema)
        self._partial = PartialFile(path)
        self._closed = False
        with output_errors(path):
            self._file: BinaryIO = self._partial.part.open("wb")
        try:
            with output_errors(path):
                self._begin()
        except BaseException:
            self.discard()
            raise

    def write(self, table: FaceTable) -> None:
        """Append the rows of ``table``. OutputError: they can't be written."""
        with output_errors(self.path):
            self._append(table)

    def notes(self) -> dict[str, object]:
        """What the sidecar should tell of this file: keys to add to it."""
        return {}

    def close(self) -> None:
        """Complete the file and give it its name. May be called twice."""
        if self._closed:
            return
        try:
            with output_errors(self.path):
                self._end()
                self._file.close()
            self._partial.commit()
            self._closed = True
        finally:
            self.discard()

    def discard(self) -> None:
        """Drop everything written, if the file is not complete yet."""
        if not self._closed:
            self._closed = True
            with suppress(OSError):  # closing flushes, which fails again on a full disk
                self._file.close()
            self._partial.discard()

    @abstractmethod
    def _begin(self) -> None:
        """Write what comes before the rows."""

    @abstractmethod
    def _append(self, table: FaceTable) -> None:
        """Write rows."""

    @abstractmethod
    def _end(self) -> None:
        """Write what is held back and what comes after the rows."""
