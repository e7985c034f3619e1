"""The live view in a window of Tk, which comes with Python on most systems.

OpenCV's headless build, which the package uses, has no windows; Tk needs no further package.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import cv2

from prosopon.live.panel import compose
from prosopon.types import UInt8Array

if TYPE_CHECKING:
    from prosopon.live.session import LiveSession


def has_screen() -> bool:
    """Whether a window can be opened."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    try:
        import tkinter
    except ImportError:
        return False
    try:
        root = tkinter.Tk()
    except tkinter.TclError:
        return False
    root.destroy()
    return True


def show(session: LiveSession, title: str) -> None:
    """Show every frame until the source ends, the window is closed or q is pressed."""
    import tkinter

    root = tkinter.Tk()
    root.title(title)
    root.resizable(False, False)
    label = tkinter.Label(root, borderwidth=0)
    label.pack()
    root.bind("<Key>", lambda event: session.press("q" if event.keysym == "Escape" else event.char))
    root.protocol("WM_DELETE_WINDOW", lambda: session.press("q"))
    try:
        for shown in session:
            picture = tkinter.PhotoImage(master=root, data=_ppm(compose(shown)), format="PPM")
            label.configure(image=picture)
            root.update()  # draws, and takes in the keys
            session.shown(shown.taken)
    finally:
        root.destroy()


def _ppm(image: UInt8Array) -> bytes:
    """BGR as a binary PPM, the one raw format that Tk reads."""
    height, width = image.shape[:2]
    pixels = cv2.cvtColor(image, cv2.COLOR_BGR2RGB).tobytes()
    return b"P6 %d %d 255\n" % (width, height) + pixels
