"""Model packs: a folder with pack.toml, its networks and its card.

``pack.toml``::

    format = 1
    name = "default"                       # [a-z0-9-], the key for --pack
    version = "0.1.0"
    license = "Apache-2.0"
    terms = ""                             # anything the user must know beyond the licence
    summary = "one line"
    card = "CARD.md"

    [network]                              # crops (n, 1, size, size) → heads (n, D)
    size = 128                             # side of the luminance crop, px
    precision = "fp32"                     # the file used unless another is asked for
    landmark_offset = [0.0, 0.0]           # x, y in crop sides, added to the 68 landmarks
    [network.files.fp32]
    file = "network-fp32.onnx"
    sha256 = "…"
    [network.outputs]                      # head → [first column, number of columns]
    points = [0, 156]

    [detector]
    file = "detector.onnx"
    sha256 = "…"
    threshold = 0.5                        # least score of a face
    nms = 0.4                              # IoU over which two boxes are one face
    long_side = 640                        # px, the frame is shrunk to this for detection

    [face_shape]                           # mean face, (68, 3) float, mm, head frame
    file = "face_shape.npy"
    sha256 = "…"

    [embedding]                            # optional: crops (n, 1, size, size) → unit vectors
    file = "embedding.onnx"
    sha256 = "…"
    size = 64                              # side of its luminance crop, px
    scale = 1.5                            # the crop's side in larger extents of the 68 points
    slope = 10.0                           # log-odds of one person: slope · (cosine − middle)
    middle = 0.5

    [face_model]                           # optional: 3D point model, see prosopon.fit.model
    file = "face_model.npz"
    sha256 = "…"

Any ``file`` may stand in another installed pack: beside it ``pack = "default"``.

A pack of ``kind = "openface3"`` has other tables: one for each network, without anything of ours::

    kind = "openface3"
    [networks.detector]                    # likewise landmarks, multitask
    file = "detector.onnx"
    sha256 = "…"

Packs ship in this folder; the user's own live in ``$PROSOPON_PACKS`` or
``~/.local/share/prosopon/packs``.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from prosopon.errors import OutputError, PackError
from prosopon.types import FloatArray

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FORMAT = 1
BUNDLED = Path(__file__).parent
OWN_KIND = "prosopon"
KINDS = (OWN_KIND, "openface3")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class PackFile:
    """A file of a pack and the SHA-256 it must have."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """The network of all heads: crop side in px, files by precision, head → (start, size).

    landmark_offset: (x, y) by which the 68 landmarks are moved in the image, in crop sides.
    """

    size: int
    precision: str
    files: dict[str, PackFile]
    outputs: dict[str, tuple[int, int]]
    landmark_offset: tuple[float, float] = (0.0, 0.0)

    def file(self, precision: str | None = None) -> PackFile:
        """The model file of ``precision``, by default the pack's own choice."""
        precision = precision or self.precision
        try:
            return self.files[precision]
        except KeyError:
            raise PackError(
                f"precision {precision!r} is not in this pack; there are: {', '.join(self.files)}"
            ) from None


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """The face detector: least score, IoU for suppression, long side of its input in px."""

    file: PackFile
    threshold: float
    nms: float
    long_side: int


@dataclass(frozen=True, slots=True)
class EmbeddingSpec:
    """The appearance network: its crop and what a cosine of two embeddings says.

    size: side of the crop, px; scale: the same in larger extents of the 68 points; slope, middle:
    log-odds that two faces are of one person are slope · (cosine − middle).
    """

    file: PackFile
    size: int
    scale: float
    slope: float
    middle: float


@dataclass(frozen=True, slots=True)
class PackInfo:
    """What every pack.toml says; the files are opened by whoever needs them."""

    folder: Path
    name: str
    version: str
    license: str
    terms: str
    summary: str
    card: Path

    @property
    def files(self) -> tuple[PackFile, ...]:
        """Every file that has a hash."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class NetworksPack(PackInfo):
    """A pack of another toolkit's networks, one file each: kind ``openface3``."""

    kind: str
    networks: dict[str, PackFile]

    @property
    def files(self) -> tuple[PackFile, ...]:
        """Every file that has a hash."""
        return tuple(self.networks.values())

    def network(self, name: str) -> PackFile:
        """The file of the network ``name``. PackError: the pack has none."""
        try:
            return self.networks[name]
        except KeyError:
            raise PackError(
                f"{self.folder}: this pack has no {name} network; there are: "
                f"{', '.join(self.networks)}"
            ) from None


@dataclass(frozen=True, slots=True)
class Pack(PackInfo):
    """A pack of ours: one network for all heads, a detector, a mean face and perhaps a model."""

    network: NetworkSpec
    detector: DetectorSpec
    face_shape_file: PackFile
    face_model_file: PackFile | None = None
    embedding: EmbeddingSpec | None = None

    @property
    def files(self) -> tuple[PackFile, ...]:
        """Every file that has a hash."""
        optional = [] if self.face_model_file is None else [self.face_model_file]
        if self.embedding is not None:
            optional.append(self.embedding.file)
        return (*self.network.files.values(), self.detector.file, self.face_shape_file, *optional)

    def face_shape(self) -> FloatArray:
        """Mean face, (68, 3) float32, mm, head frame (x image right, y down, z forward)."""
        path = self.face_shape_file.path
        try:
            shape = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise PackError(f"{path}: can't be read ({error}); {_REPAIR}") from error
        if shape.shape != (68, 3):
            raise PackError(f"{path}: expected an array of (68, 3), got {shape.shape}; {_REPAIR}")
        return np.asarray(shape, dtype=np.float32)


_Info = tuple[Path, str, str, str, str, str, Path]  # the fields of PackInfo

_REPAIR = "reinstall prosopon or add the pack again"


def user_folder() -> Path:
    """Where the user's own packs live."""
    override = os.environ.get("PROSOPON_PACKS")
    return Path(override) if override else Path.home() / ".local/share/prosopon/packs"


def list_packs() -> dict[str, Path]:
    """Name → folder of every installed pack; a user's pack goes before a bundled one."""
    found: dict[str, Path] = {}
    for root in (BUNDLED, user_folder()):
        if root.is_dir():
            found.update((p.parent.name, p.parent) for p in sorted(root.glob("*/pack.toml")))
    return found


def load_pack(name_or_folder: str | Path = "default") -> Pack:
    """The pack of ours of that name, or the one in that folder. Reads pack.toml only.

    Raises PackError when there is none, or when it is of another kind or not understood.
    """
    pack = read_pack(name_or_folder)
    if not isinstance(pack, Pack):
        raise PackError(
            f"{pack.folder}: a pack of another kind; use it through 'prosopon openface3' "
            "or prosopon.compat.openface3"
        )
    return pack


def load_networks_pack(name_or_folder: str | Path) -> NetworksPack:
    """The pack of kind ``openface3`` of that name or in that folder; PackError as load_pack."""
    pack = read_pack(name_or_folder)
    if not isinstance(pack, NetworksPack):
        raise PackError(
            f"{pack.folder}: not a pack of OpenFace 3.0's networks; "
            "add one with 'prosopon models add openface3'"
        )
    return pack


def read_pack(name_or_folder: str | Path) -> Pack | NetworksPack:
    """The pack of any kind of that name, or the one in that folder. Reads pack.toml only.

    Raises PackError when there is none, or when it is not understood.
    """
    installed = list_packs()
    if isinstance(name_or_folder, str) and name_or_folder in installed:
        return _read(installed[name_or_folder])
    folder = Path(name_or_folder)
    if (folder / "pack.toml").is_file():
        return _read(folder)
    valid = ", ".join(sorted(installed)) or "none"
    raise PackError(
        f"no pack {str(name_or_folder)!r}; installed: {valid}; "
        "add one with 'prosopon models add FOLDER'"
    )


def verify_pack(pack: PackInfo) -> None:
    """Compare every file with its SHA-256; PackError names the first that is missing or differs."""
    for file in pack.files:
        try:
            found = sha256(file.path)
        except OSError as error:
            raise PackError(f"{file.path}: {error.strerror or error}; {_REPAIR}") from error
        if found != file.sha256:
            raise PackError(
                f"{file.path}: damaged (sha256 {found[:12]}…, expected {file.sha256[:12]}…); "
                f"{_REPAIR}"
            )


def add_pack(folder: Path) -> Pack | NetworksPack:
    """Check the pack in ``folder`` and copy it to the user's packs; an older one is replaced."""
    if not (folder / "pack.toml").is_file():
        raise PackError(f"{folder}: no pack there; give the folder that holds its pack.toml")
    pack = read_pack(folder)
    verify_pack(pack)
    root = user_folder()
    target = root / pack.name
    if target.resolve() == pack.folder.resolve():
        return pack
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".adding-") as scratch:
            fresh, old = Path(scratch, "new"), Path(scratch, "old")
            fresh.mkdir()
            own = (file.path for file in pack.files if file.path.parent == pack.folder)
            kept = [pack.folder / "pack.toml", *own]
            if pack.card.is_file():
                kept.append(pack.card)
            for source in kept:
                shutil.copyfile(source, fresh / source.name)
            if target.exists():
                target.replace(old)
            fresh.replace(target)
    except OSError as error:
        raise OutputError(
            f"{target}: can't add the pack ({error.strerror or error}); "
            "set PROSOPON_PACKS to a folder you may write to"
        ) from error
    return read_pack(target)


def sha256(path: Path) -> str:
    """SHA-256 of a file in hexadecimal, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _read(folder: Path) -> Pack | NetworksPack:
    path = folder / "pack.toml"
    try:
        with path.open("rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        raise PackError(f"{path}: {error.strerror or error}; {_REPAIR}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError(f"{path}: not valid TOML ({error}); {_REPAIR}") from error
    top = _Section(path, "", document)
    if (found := top.take("format", int)) != FORMAT:
        raise PackError(
            f"{path}: pack format {found}, but this prosopon reads format {FORMAT}; "
            "install the prosopon that the pack was made for"
        )
    name = top.take("name", str)
    if not _NAME.fullmatch(name):
        raise PackError(f"{path}: name {name!r} must match {_NAME.pattern}")
    info: _Info = (
        folder,
        name,
        top.take("version", str),
        top.take("license", str),
        top.take("terms", str),
        top.take("summary", str),
        folder / top.take("card", str),
    )
    kind = top.take("kind", str) if "kind" in document else OWN_KIND
    if kind not in KINDS:
        raise top.error("kind", f"one of {', '.join(KINDS)}", kind)
    if kind == OWN_KIND:
        return _own(info, top)
    networks = {name: item.file() for name, item in top.section("networks").sections()}
    return NetworksPack(*info, kind, networks)


def _own(info: _Info, top: _Section) -> Pack:
    detector = top.section("detector")
    return Pack(
        *info,
        network=_network(top.section("network")),
        detector=DetectorSpec(
            file=detector.file(),
            threshold=detector.take("threshold", float),
            nms=detector.take("nms", float),
            long_side=detector.take("long_side", int),
        ),
        face_shape_file=top.section("face_shape").file(),
        face_model_file=(top.section("face_model").file() if "face_model" in top.values else None),
        embedding=_embedding(top.section("embedding")) if "embedding" in top.values else None,
    )


def _embedding(section: _Section) -> EmbeddingSpec:
    return EmbeddingSpec(
        file=section.file(),
        size=section.take("size", int),
        scale=section.take("scale", float),
        slope=section.take("slope", float),
        middle=section.take("middle", float),
    )


def _network(section: _Section) -> NetworkSpec:
    files = {name: item.file() for name, item in section.section("files").sections()}
    outputs: dict[str, tuple[int, int]] = {}
    for name, span in section.take("outputs", dict).items():
        match span:
            case [int(start), int(size)] if start >= 0 and size > 0:
                outputs[name] = (start, size)
            case _:
                raise section.error(f"outputs.{name}", "[first column, number of columns]", span)
    precision = section.take("precision", str)
    if precision not in files:
        raise section.error("precision", f"one of {', '.join(files)}", precision)
    match section.values.get("landmark_offset", [0.0, 0.0]):
        case [float(x), float(y)]:
            offset = (x, y)
        case other:
            raise section.error("landmark_offset", "[x, y]", other)
    return NetworkSpec(section.take("size", int), precision, files, outputs, offset)


@dataclass(frozen=True, slots=True)
class _Section:
    """A table of pack.toml that names itself in errors."""

    path: Path
    name: str
    values: Mapping[str, Any]

    def take(self, key: str, kind: type) -> Any:
        """The value of ``key``, which must be of ``kind`` (an int passes for a float)."""
        value = self.values.get(key)
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is not kind:
            raise self.error(key, f"a value of type {kind.__name__}", value)
        return value

    def section(self, key: str) -> _Section:
        return _Section(self.path, f"{self.name}{key}.", self.take(key, dict))

    def sections(self) -> Iterator[tuple[str, _Section]]:
        return ((key, self.section(key)) for key in self.values)

    def file(self) -> PackFile:
        name = self.take("file", str)
        if Path(name).name != name:
            raise self.error("file", "a file name without folders", name)
        folder = self.path.parent
        if "pack" in self.values:
            owner, packs = self.take("pack", str), list_packs()
            if owner not in packs:
                raise self.error("pack", f"one of {', '.join(packs)}", owner)
            folder = packs[owner]
        return PackFile(folder / name, self.take("sha256", str))

    def error(self, key: str, expected: str, found: object) -> PackError:
        got = "nothing" if found is None else repr(found)
        return PackError(f"{self.path}: {self.name}{key}: expected {expected}, got {got}")
