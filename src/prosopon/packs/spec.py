"""What a pack holds: its files with their hashes, and what its networks need to be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prosopon.errors import PackError
from prosopon.types import FloatArray

REPAIR = "reinstall prosopon or add the pack again"


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
            raise PackError(f"{path}: can't be read ({error}); {REPAIR}") from error
        if shape.shape != (68, 3):
            raise PackError(f"{path}: expected an array of (68, 3), got {shape.shape}; {REPAIR}")
        return np.asarray(shape, dtype=np.float32)
