"""Contact sheets: look at what is rendered before thousands of it are."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from prosopon.errors import OutputError
from prosopon.types import AnyArray, UInt8Array
from prosopon_train.data.degrade import degrade_crop
from prosopon_train.data.schema import NETWORK_SIZE, SHARD_SIZE
from prosopon_train.synth.backdrop import load_backgrounds
from prosopon_train.synth.causal import render_changes, sample_scene
from prosopon_train.synth.person import sample_person
from prosopon_train.synth.render import render_face, render_head
from prosopon_train.synth.rig import load_rig


def face_sheet(
    rig: Path, columns: int, rows: int, cache: Path | None, backgrounds: Path | None, seed: int
) -> UInt8Array:
    """Network crops as training sees them, degraded, one person each."""
    model = load_rig(rig, cache)
    photographs = load_backgrounds(backgrounds) if backgrounds else []
    rng = np.random.default_rng(seed)
    crops = []
    for _ in range(rows * columns):
        image = render_face(model, sample_person(model, rng), rng, photographs)["image"]
        crops.append(_network_crop(degrade_crop(image, rng)))
    return _grid(crops, columns)


def head_sheet(rig: Path, columns: int, rows: int, cache: Path | None, seed: int) -> UInt8Array:
    """Whole heads on grey, one person each."""
    model = load_rig(rig, cache)
    rng = np.random.default_rng(seed)
    heads = []
    for _ in range(rows * columns):
        luma, alpha, _ = render_head(model, sample_person(model, rng), rng, NETWORK_SIZE)
        # The drawing is already multiplied by its alpha.
        heads.append((luma + 0.5 * (255 - alpha.astype(np.float32))).astype(np.uint8))
    return _grid(heads, columns)


def causal_sheet(
    rig: Path, rows: int, cache: Path | None, backgrounds: Path | None, seed: int
) -> UInt8Array:
    """A person a row: the base, then every change; black where glasses hide the eyes."""
    model = load_rig(rig, cache)
    photographs = load_backgrounds(backgrounds) if backgrounds else []
    lines = [
        [_network_crop(np.asarray(e["image"])) for e in render_changes(model, scene, photographs)]
        for scene in (sample_scene(model, seed * 1_000_000 + k) for k in range(rows))
    ]
    columns = max(map(len, lines))
    blank = np.zeros((NETWORK_SIZE, NETWORK_SIZE), np.uint8)
    return _grid([c for line in lines for c in [*line, *[blank] * (columns - len(line))]], columns)


def write_picture(image: UInt8Array, path: Path) -> None:
    """Write ``image`` as the format that the name of ``path`` says.

    Raises OutputError when that is no picture's name, or the file can't be written.
    """
    try:
        data = cv2.imencode(path.suffix or ".", image)[1]
    except cv2.error as error:
        raise OutputError(f"{path}: not a picture's name; let it end with .png") from error
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise OutputError(f"{path}: can't be written ({error.strerror or error})") from error


def _network_crop(image: AnyArray) -> UInt8Array:
    margin = (SHARD_SIZE - NETWORK_SIZE) // 2
    return np.asarray(image[margin:-margin, margin:-margin], np.uint8)


def _grid(images: list[UInt8Array], columns: int) -> UInt8Array:
    height, width = images[0].shape
    grid = np.array(images).reshape(-1, columns, height, width)
    return np.asarray(grid.swapaxes(1, 2).reshape(-1, columns * width), np.uint8)
