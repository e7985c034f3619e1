from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from prosopon.errors import OutputError
from prosopon.types import FaceTable
from prosopon.writers import FORMATS, open_writer, write_table
from prosopon.writers.base import PartialFile, write_bytes
from tables import SMALL, small_table

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(params=sorted(FORMATS))
def format(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _write_and_raise(format: str, path: Path, error: type[BaseException]) -> None:
    with open_writer(format, path, SMALL) as writer:
        writer.write(small_table())
        raise error


def test_the_name_appears_on_close(tmp_path: Path, format: str) -> None:
    path = tmp_path / "new" / f"a.{format}"
    with open_writer(format, path, SMALL) as writer:
        writer.write(small_table())
        assert not path.exists()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.stat().st_size > 0


def test_an_error_leaves_what_was_there(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"a.{format}"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        _write_and_raise(format, path, ZeroDivisionError)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_keeps_what_was_written(tmp_path: Path, format: str) -> None:
    whole = write_table(small_table(), tmp_path / f"whole.{format}")
    path = tmp_path / f"a.{format}"
    with pytest.raises(KeyboardInterrupt):
        _write_and_raise(format, path, KeyboardInterrupt)
    assert path.read_bytes() == whole.read_bytes()


def test_closing_twice(tmp_path: Path, format: str) -> None:
    writer = open_writer(format, tmp_path / "a", SMALL)
    writer.close()
    writer.close()
    writer.discard()
    assert (tmp_path / "a").exists()


class FullDisk:
    """A file that takes ``room`` bytes."""

    def __init__(self, room: int) -> None:
        self.room, self.closed = room, False

    def write(self, data: bytes) -> int:
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return len(data)

    def flush(self) -> None:
        self.write(b" ")

    def tell(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("room", [0, 5000])
def test_full_disk(tmp_path: Path, format: str, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "open", lambda *_: FullDisk(room))
    path = tmp_path / f"a.{format}"
    table = FaceTable.concat([small_table()] * 5000, SMALL)
    with pytest.raises(OutputError) as caught, open_writer(format, path, SMALL) as writer:
        writer.write(table)
    assert str(caught.value) == (
        f"{path}: can't be written: the disk is full; free some space or choose another folder"
    )
    assert list(tmp_path.iterdir()) == []


def test_name_of_a_folder(tmp_path: Path, format: str) -> None:
    with pytest.raises(OutputError, match="a folder has that name"):
        open_writer(format, tmp_path, SMALL)


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match="a file stands where its folder should be"):
        PartialFile(tmp_path / "out" / "a.csv")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="rights don't bind this user")
def test_folder_without_rights(tmp_path: Path, format: str) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match=r"a: can't be written: no permission"):
        open_writer(format, tmp_path / "a", SMALL)


def test_permission_error_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(OutputError, match="no permission; choose another folder"):
        open_writer("csv", tmp_path / "a.csv", SMALL)


def test_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="unknown format 'xlsx'; there are: csv, parquet, jsonl"):
        write_table(small_table(), tmp_path / "a.xlsx")


def test_write_bytes_replaces_or_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    write_bytes(path, b"one")
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OutputError, match="the disk is full"):
        write_bytes(path, b"three")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"two"
