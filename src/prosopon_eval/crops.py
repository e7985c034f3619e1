"""Faces of shards, given to a pack's network as they are: no detector and no tracker.

A shard (``prosopon_train.data.schema``) holds faces that were cut out beforehand, each with a
margin around what the network sees. What comes out here is what the pipeline's heads make of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from prosopon.crop import CropBatch, cut
from prosopon.geometry import Camera, invert_similarity, square_similarity
from prosopon.heads import Context, load_heads
from prosopon.heads.landmarks import points_in_image
from prosopon.network import FaceNetwork
from prosopon.packs import Pack
from prosopon.session import create_session
from prosopon.types import AnyArray, Crops, UInt8Array
from prosopon_eval.data import spread
from prosopon_eval.protocols.synthetic import read
from prosopon_train.data.schema import NETWORK_SIZE

Faces = Mapping[str, AnyArray]

_AT_ONCE = 64


def read_spread(path: Path, names: Sequence[str], most: int) -> dict[str, AnyArray]:
    """The arrays ``names`` of the shards in a folder: at most so many rows, spread evenly."""
    arrays = read(path, names)
    chosen = spread(len(arrays[names[0]]), most)
    return {name: values[chosen] for name, values in arrays.items()}


def measure(pack: Pack, precision: str, images: UInt8Array) -> Faces:
    """What the network of that precision tells of shard images (n, s, s), in their pixels.

    The columns of the heads, ``points`` (n, 78, 2) px and ``rotation`` (n, 3, 3) head → camera.
    """
    spec = pack.network
    side = images.shape[1]
    # The square that the network sees is the middle of a shard's image.
    middle = np.full((1, 2), (side - 1) / 2, np.float32)
    upright, extent = np.zeros(1, np.float32), np.full(1, NETWORK_SIZE, np.float32)
    crop = Crops(square_similarity(middle, extent, upright, spec.size), upright, spec.size)
    network = FaceNetwork(create_session(spec.file(precision).path), spec.outputs)
    batches: list[CropBatch] = [cut(image, crop) for image in images]
    tensor = np.concatenate([batch.tensor for batch in batches])
    raw = np.concatenate(
        [network(tensor[i : i + _AT_ONCE]) for i in range(0, len(tensor), _AT_ONCE)]
    )
    to_image = np.repeat(invert_similarity(crop.matrices), len(images), axis=0)
    context = Context(
        outputs=network.split(raw),
        to_image=to_image,
        angles=np.zeros(len(images), np.float32),
        crop_size=spec.size,
        landmark_offset=spec.landmark_offset,
        camera=Camera.default(side, side),
        face_shape=pack.face_shape(),
        contrast=np.concatenate([batch.contrast for batch in batches]),
        sharpness=np.concatenate([batch.sharpness for batch in batches]),
    )
    for head in load_heads(set(context.outputs)):
        context.columns.update(head.decode(context))
    points = points_in_image(context.outputs["points"], context.to_image, spec.size)
    return {**context.columns, "points": points}
