"""Lays the converted networks out as a pack of kind ``openface3``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prosopon.compat.openface3.networks import NetworkKind
from prosopon.errors import PackError
from prosopon.packs import FORMAT, load_networks_pack, sha256, verify_pack
from prosopon_train.openface3.convert import convert

LICENSE = "research-only"
TERMS = (
    "Academic and non-commercial research use only, by the licence of OpenFace 3.0 "
    "(Carnegie Mellon University); see https://github.com/CMU-MultiComp-Lab/OpenFace-3.0"
)
FILES = {
    NetworkKind.DETECTOR: ("Alignment_RetinaFace.pth", "mobilenet0.25_Final.pth"),
    NetworkKind.LANDMARKS: ("Landmark_98.pkl", "Landmark_68.pkl"),
    NetworkKind.MULTITASK: ("MTL_backbone.pth",),
}
"""Names under which each network is published; the first that is there is taken."""


@dataclass(frozen=True)
class Converted:
    """One network of a pack: where it came from and how exact its export is."""

    kind: NetworkKind
    source: Path
    deviation: float


def find_checkpoints(folder: Path) -> dict[NetworkKind, Path]:
    """The published files in ``folder``. PackError names the first that is missing."""
    found = {}
    for kind, names in FILES.items():
        path = next((folder / name for name in names if (folder / name).is_file()), None)
        if path is None:
            raise PackError(f"{folder}: no {' or '.join(names)}; download OpenFace 3.0's weights")
        found[kind] = path
    return found


def write_pack(checkpoints: Mapping[NetworkKind, Path], folder: Path) -> list[Converted]:
    """Convert ``checkpoints`` into a pack in ``folder``. PackError: a file is refused."""
    folder.mkdir(parents=True, exist_ok=True)
    converted = []
    for kind, source in checkpoints.items():
        found, deviation = convert(source, folder / f"{kind.value}.onnx")
        if found is not kind:
            raise PackError(f"{source}: is a {found.value} network, expected {kind.value}")
        converted.append(Converted(kind, source, deviation))
    (folder / "CARD.md").write_text(_card(converted), encoding="utf-8")
    (folder / "pack.toml").write_text(_toml(folder, list(checkpoints)), encoding="utf-8")
    verify_pack(load_networks_pack(folder))
    return converted


def _toml(folder: Path, kinds: list[NetworkKind]) -> str:
    networks = "\n".join(
        f'[networks.{kind.value}]\nfile = "{kind.value}.onnx"\n'
        f'sha256 = "{sha256(folder / f"{kind.value}.onnx")}"\n'
        for kind in kinds
    )
    return f"""\
format = {FORMAT}
kind = "openface3"
name = "openface3"
version = "3.0"
license = "{LICENSE}"
terms = "{TERMS}"
summary = "OpenFace 3.0's own networks, converted"
card = "CARD.md"

{networks}"""


def _card(converted: list[Converted]) -> str:
    rows = "\n".join(
        f"| {item.kind.value} | {item.source.name} | {sha256(item.source)} | {item.deviation:.1g} |"
        for item in converted
    )
    return f"""\
# OpenFace 3.0

The networks of Hu, Mathur, Liang & Morency, "OpenFace 3.0: A Lightweight Multitask System for
Comprehensive Facial Behavior Analysis" (FG 2025), converted to ONNX on this machine from the
published checkpoints. Not part of Prosopon, and not under its licence.

Terms: {TERMS}.

| network | from | SHA-256 of that file | deviation of the export |
| --- | --- | --- | --- |
{rows}
"""
