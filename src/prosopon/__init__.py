"""Prosopon measures facial behaviour in images, video and live cameras.

::

    import prosopon

    analyzer = prosopon.Analyzer()
    faces = analyzer.image("photo.jpg")          # FaceTable, one row per face
    for result in analyzer.video("clip.mp4"):    # result.index, result.time (s), result.faces
        ...
    table = prosopon.analyze("clip.mp4")         # the whole input; table.write("clip.parquet")
    table = prosopon.read("clip.parquet")        # and back

The names below are imported when they are first used, so that ``import prosopon`` is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prosopon.errors import (
        DeviceError,
        InputError,
        MissingExtraError,
        OutputError,
        PackError,
        ProsoponError,
    )
    from prosopon.pipeline import Analyzer, analyze
    from prosopon.readers import read
    from prosopon.types import FaceTable

__version__ = "0.1.0"

__all__ = [
    "Analyzer",
    "DeviceError",
    "FaceTable",
    "InputError",
    "MissingExtraError",
    "OutputError",
    "PackError",
    "ProsoponError",
    "__version__",
    "analyze",
    "read",
]

_HOMES = {
    "Analyzer": "prosopon.pipeline",
    "analyze": "prosopon.pipeline",
    "FaceTable": "prosopon.types",
    "read": "prosopon.readers",
} | {name: "prosopon.errors" for name in __all__ if name.endswith("Error")}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'prosopon' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
