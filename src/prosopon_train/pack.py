"""Assemble a model pack: networks, mean face, hashes, pack.toml. The card is written separately."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prosopon.packs import FORMAT, load_pack, sha256, verify_pack
from prosopon.types import AnyArray
from prosopon_train.data.augment import center_crop
from prosopon_train.data.mixture import Pool, collate
from prosopon_train.data.schema import NETWORK_SIZE
from prosopon_train.export import export_onnx, halve, load_network, narrow, quantize
from prosopon_train.face_model import derive
from prosopon_train.marks import MARKS_SIZES, fit_to_marks
from prosopon_train.model.outputs import OUTPUT_SIZE, OUTPUT_SLICES
from prosopon_train.synth.rig import load_rig, mean_face

PRECISIONS = ("fp32", "int8")


@dataclass(frozen=True)
class PackInfo:
    """What pack.toml says besides files: see ``prosopon.packs``.

    base: an installed pack of which the new one uses all but the network.
    """

    name: str
    version: str
    license: str
    terms: str
    summary: str
    precision: str = "fp32"
    base: str | None = None
    landmark_offset: tuple[float, float] = (0.0, 0.0)
    threshold: float = 0.5
    nms: float = 0.4
    long_side: int = 640


def calibration_crops(folders: list[Path], count: int = 96) -> AnyArray:
    """Evenly chosen network inputs (n, 1, s, s) of several shard folders."""
    crops = []
    for folder in folders:
        pool = Pool(folder)
        rows = np.linspace(0, len(pool) - 1, min(count, len(pool))).astype(int)
        inputs, _ = collate([center_crop(pool.example(int(row))) for row in rows])
        crops.append(inputs.numpy())
    return np.ascontiguousarray(np.concatenate(crops), dtype=np.float32)


def write_pack(
    folder: Path,
    info: PackInfo,
    network: Path,
    calibration: list[Path],
    precisions: Sequence[str] = PRECISIONS,
    marks: Path | None = None,
) -> None:
    """Export ``network`` (a checkpoint) and lay the pack out in ``folder``.

    Its other files are those of the installed pack ``info.base``, which the new pack then needs
    beside it, or else those that are in ``folder`` already: a pack's, or what ``write_face`` made.
    marks: photographs with people's 68 points, to one half of which the landmarks are fitted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rest = _tables(folder, info)
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
    for path in (fp32, int8):
        narrow(path)
        halve(path)
    for precision in set(PRECISIONS) - set(precisions):
        (folder / f"network-{precision}.onnx").unlink()
    slices = dict(OUTPUT_SLICES)
    if marks is not None:
        start = OUTPUT_SIZE
        for name, size in MARKS_SIZES.items():
            slices[name] = slice(start, start + size)
            start += size
    text = _toml(folder, info, slices, precisions) + rest
    (folder / "pack.toml").write_text(text, encoding="utf-8")
    verify_pack(load_pack(folder))


def write_face(folder: Path, detector: Path, rig: Path) -> None:
    """Put the files that are not the network into ``folder``: detector, mean face, face model."""
    folder.mkdir(parents=True, exist_ok=True)
    if detector.resolve() != (folder / "detector.onnx").resolve():
        shutil.copyfile(detector, folder / "detector.onnx")
    np.save(folder / "face_shape.npy", mean_face(rig))
    np.savez(folder / "face_model.npz", **derive(load_rig(rig)))  # type: ignore[arg-type]


def _entry(path: Path) -> str:
    return f'file = "{path.name}"\nsha256 = "{sha256(path)}"\n'


def render_toml(
    folder: Path, info: PackInfo, slices: dict[str, slice], precisions: Sequence[str]
) -> str:
    """All of the pack.toml of a pack whose other tables are in the ``pack.toml`` of ``folder``.

    slices: where each output lies; the networks ``network-PRECISION.onnx`` must be there.
    """
    rest = _tables(folder, info)
    return _toml(folder, info, slices, precisions) + rest


def _toml(folder: Path, info: PackInfo, slices: dict[str, slice], precisions: Sequence[str]) -> str:
    outputs = "\n".join(
        f"{name} = [{where.start}, {where.stop - where.start}]" for name, where in slices.items()
    )
    files = "\n".join(
        f"[network.files.{name}]\n{_entry(folder / f'network-{name}.onnx')}" for name in precisions
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

{files}
[network.outputs]
{outputs}

"""


def _tables(folder: Path, info: PackInfo) -> str:
    """The tables of pack.toml that follow the network's."""
    if info.base:
        tables = _after_network(load_pack(info.base).folder)
        return tables.replace("\nsha256 = ", f'\npack = "{info.base}"\nsha256 = ')
    if (folder / "pack.toml").exists():
        return _after_network(folder)
    return f"""\
[detector]
{_entry(folder / "detector.onnx")}threshold = {info.threshold}
nms = {info.nms}
long_side = {info.long_side}

[face_shape]
{_entry(folder / "face_shape.npy")}
[face_model]
{_entry(folder / "face_model.npz")}"""


def _after_network(folder: Path) -> str:
    text = (folder / "pack.toml").read_text(encoding="utf-8")
    return text[text.index("[detector]") :]
