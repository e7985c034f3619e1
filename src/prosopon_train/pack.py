"""Assemble a model pack: networks, mean face, hashes, pack.toml. The card is written separately."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prosopon.packs import FORMAT, load_pack, sha256, verify_pack
from prosopon.types import AnyArray
from prosopon_train.data.mixture import plain_batches
from prosopon_train.data.schema import NETWORK_SIZE
from prosopon_train.export import export_onnx, halve, load_network, narrow, quantize
from prosopon_train.marks import fit_to_marks
from prosopon_train.model.outputs import OUTPUT_SIZE, OUTPUT_SLICES
from prosopon_train.synth.rig import mean_face


@dataclass(frozen=True)
class PackInfo:
    """What pack.toml says besides files: see ``prosopon.packs``."""

    name: str
    version: str
    license: str
    terms: str
    summary: str
    precision: str = "fp32"
    landmark_offset: tuple[float, float] = (0.0, 0.0)
    threshold: float = 0.5
    nms: float = 0.4
    long_side: int = 640


def calibration_crops(folders: list[Path], count: int = 96) -> AnyArray:
    """Evenly chosen network inputs (n, 1, s, s) of several shard folders."""
    crops = []
    for folder in folders:
        inputs = np.concatenate([batch[0].numpy() for batch in plain_batches(folder)])
        crops.append(inputs[:: max(1, len(inputs) // count)][:count])
    return np.ascontiguousarray(np.concatenate(crops), dtype=np.float32)


def write_pack(
    folder: Path,
    info: PackInfo,
    network: Path,
    detector: Path,
    rig: Path,
    calibration: list[Path],
    marks: Path | None = None,
) -> None:
    """Export ``network`` (a checkpoint) and lay the pack out in ``folder``.

    marks: photographs with people's 68 points, to one half of which the landmarks are fitted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fp32, int8 = folder / "network-fp32.onnx", folder / "network-int8.onnx"
    model = load_network(network)
    if marks is not None:
        before, after, fitted = fit_to_marks(model, marks, info.landmark_offset[0])
        print(
            f"marks of the other half: NME {before:.2%} to {after:.2%} (fitted half {fitted:.2%})"
        )
    deviation = export_onnx(model, fp32)
    print(f"{fp32.name}: largest deviation from torch {deviation:.2g}")
    quantize(fp32, int8, calibration_crops(calibration))
    narrow(int8)
    for path in (fp32, int8):
        halve(path)
    if detector.resolve() != (folder / "detector.onnx").resolve():
        shutil.copyfile(detector, folder / "detector.onnx")
    np.save(folder / "face_shape.npy", mean_face(rig))
    slices = dict(OUTPUT_SLICES)
    if marks is not None:
        slices["marks"] = slice(OUTPUT_SIZE, OUTPUT_SIZE + 2 * 68)
    (folder / "pack.toml").write_text(_toml(folder, info, slices), encoding="utf-8")
    verify_pack(load_pack(folder))


def _toml(folder: Path, info: PackInfo, slices: dict[str, slice]) -> str:
    def file(name: str) -> str:
        return f'file = "{name}"\nsha256 = "{sha256(folder / name)}"\n'

    outputs = "\n".join(
        f"{name} = [{where.start}, {where.stop - where.start}]" for name, where in slices.items()
    )
    return f"""\
format = {FORMAT}
name = "{info.name}"
version = "{info.version}"
license = "{info.license}"
terms = "{info.terms}"
summary = "{info.summary}"
card = "CARD.md"

[network]
size = {NETWORK_SIZE}
precision = "{info.precision}"
landmark_offset = [{info.landmark_offset[0]}, {info.landmark_offset[1]}]

[network.files.fp32]
{file("network-fp32.onnx")}
[network.files.int8]
{file("network-int8.onnx")}
[network.outputs]
{outputs}

[detector]
{file("detector.onnx")}threshold = {info.threshold}
nms = {info.nms}
long_side = {info.long_side}

[face_shape]
{file("face_shape.npy")}"""
