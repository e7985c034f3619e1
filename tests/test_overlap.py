"""prosopon.overlap: work in threads beside the main one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

import pytest

from prosopon import overlap
from prosopon.overlap import read_ahead, write_behind


@pytest.fixture(autouse=True, params=[1, 2])
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(overlap, "usable_cores", lambda: request.param)
    return int(request.param)


def _failing(after: int) -> Iterator[int]:
    yield from range(after)
    raise ValueError("made to fail")


def _write_all(write: Callable[[int], object], items: Iterable[int]) -> None:
    with write_behind(write) as hand_over:
        for item in items:
            hand_over(item)


def test_items_come_in_order():
    assert list(read_ahead(iter(range(1000)))) == list(range(1000))


def test_error_comes_after_the_items_before_it():
    items = read_ahead(_failing(7))
    assert [next(items) for _ in range(7)] == list(range(7))
    with pytest.raises(ValueError, match="made to fail"):
        next(items)


def test_leaving_early_ends_the_thread():
    before = threading.active_count()
    made = []
    items = read_ahead(made.append(i) or i for i in range(10**9))
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    items.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert len(made) < 20


def test_making_runs_in_a_thread_where_there_is_a_core_for_it(cores: int):
    (thread,) = read_ahead(threading.current_thread() for _ in range(1))
    assert (thread is threading.current_thread()) is (cores == 1)


def test_all_is_written_in_order_before_the_block_ends():
    written: list[int] = []
    _write_all(written.append, range(100))
    assert written == list(range(100))


def test_error_of_writing_is_raised():
    def refuse(item: int) -> None:
        raise OSError(f"no room for {item}")

    with pytest.raises(OSError, match="no room for 0"):
        _write_all(refuse, range(100))


def test_what_was_handed_over_is_written_though_the_block_fails():
    written: list[int] = []
    with pytest.raises(ValueError, match="made to fail"):
        _write_all(written.append, _failing(5))
    assert written == [0, 1, 2, 3, 4]
