"""Opens the analyzer that a pack needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from prosopon.errors import PackError
from prosopon.packs import NetworksPack, read_pack
from prosopon.pipeline import Analyzer

if TYPE_CHECKING:
    from prosopon.compat.openface3.analyzer import OpenFace3Analyzer


def open_analyzer(
    pack: str | Path = "default", landmarks: str | Path | None = None, **options: Any
) -> Analyzer | OpenFace3Analyzer:
    """An analyzer for ``pack``, of whatever kind.

    landmarks: for a pack of OpenFace 3.0, the pack of ours that finds and marks the faces in its
    place; options: as for :class:`prosopon.pipeline.Analyzer`. Raises PackError, DeviceError.
    """
    if isinstance(read_pack(pack), NetworksPack):
        from prosopon.compat.openface3.analyzer import OpenFace3Analyzer

        return OpenFace3Analyzer(pack, landmarks, **options)
    if landmarks is not None:
        raise PackError(f"{pack}: has landmarks of its own; --landmarks is for pack openface3")
    return Analyzer(pack, **options)
