"""prosopon.progress: shown on a terminal, silent elsewhere."""

from __future__ import annotations

import io
import sys
from types import ModuleType

import pytest

import prosopon.progress as module
from prosopon.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def drawn_at_every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REFRESH_S", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")


def shown_on(screen: io.StringIO, total: int | None = 4, quiet: bool = False) -> str:
    """What three frames write to stderr."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", screen)
        with progress("[b].mp4", total, quiet=quiet) as advance:
            for _ in range(3):
                advance()
    return screen.getvalue()


def test_terminal_shows_name_count_and_rate():
    shown = shown_on(Terminal())
    assert "[b].mp4" in shown
    assert "3/4" in shown
    assert "frames/s" in shown


def test_unknown_length_shows_a_count():
    assert "3/?" in shown_on(Terminal(), total=None)


def test_quiet_shows_nothing():
    assert shown_on(Terminal(), quiet=True) == ""


def test_notebook_shows_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    assert shown_on(Terminal()) == ""


def test_pipe_shows_nothing():
    assert shown_on(io.StringIO()) == ""
