"""Opens the analyzer that a pack needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from prosopon.calibration import choose
from prosopon.errors import PackError
from prosopon.packs import NetworksPack, read_pack
from prosopon.pipeline import Analyzer

if TYPE_CHECKING:
    from prosopon.compat.openface3.analyzer import OpenFace3Analyzer


def open_analyzer(
    pack: str | Path = "default",
    landmarks: str | Path | None = None,
    *,
    fit: bool | None = False,
    camera_file: Path | None = None,
    fx: float | None = None,
    fy: float | None = None,
    cx: float | None = None,
    cy: float | None = None,
    **options: Any,
) -> Analyzer | OpenFace3Analyzer:
    """An analyzer for ``pack``, of whatever kind.

    landmarks: for a pack of OpenFace 3.0, the pack of ours that finds and marks the faces in its
    place; fit: as for Analyzer, None for a fit if the pack has a 3D face; camera_file, fx, fy, cx,
    cy: intrinsics, see ``prosopon.calibration``; options: as for
    :class:`prosopon.pipeline.Analyzer`. Raises PackError, DeviceError, InputError.
    """
    intrinsics = choose(camera_file, fx, fy, cx, cy)
    found = read_pack(pack)
    if isinstance(found, NetworksPack):
        from prosopon.compat.openface3.analyzer import OpenFace3Analyzer

        if fit or intrinsics is not None:
            raise PackError(f"{pack}: fits no 3D face; --fit and a camera are for our own packs")
        return OpenFace3Analyzer(pack, landmarks, **options)
    if landmarks is not None:
        raise PackError(f"{pack}: has landmarks of its own; --landmarks is for pack openface3")
    if fit is None:
        fit = found.face_model_file is not None
    return Analyzer(pack, intrinsics=intrinsics, fit=fit, **options)
