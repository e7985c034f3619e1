"""Raw measurements of many frames as one table: heads, and the fit where it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from prosopon.calibration import Intrinsics
from prosopon.crop import face_boxes
from prosopon.fit import Fitter
from prosopon.geometry import Camera
from prosopon.heads import Context, HeadSpec
from prosopon.measuring import RawFaces
from prosopon.network import FaceNetwork
from prosopon.packs import Pack
from prosopon.types import AnyArray, Column, FaceTable


@dataclass(slots=True)
class Waiting:
    """Measurements of frames of one size, which is (width, height) px, that wait for decoding.

    parts: all faces, in order; frames: number, time (s) and identities of each frame;
    certainties: probabilities of the identities, one for each face, NaN in pictures.
    """

    size: tuple[int, int]
    parts: list[RawFaces] = field(default_factory=list)
    frames: list[tuple[int, float, list[int]]] = field(default_factory=list)
    certainties: list[float] = field(default_factory=list)

    def add_still(self, index: int, time: float, faces: RawFaces) -> None:
        """A frame whose faces have nothing to do with those of others."""
        self.add(index, time, [faces], list(range(len(faces))), [np.nan] * len(faces))

    def add(
        self,
        index: int,
        time: float,
        parts: list[RawFaces],
        ids: list[int],
        certainties: list[float],
    ) -> None:
        """The next frame, with the identity of each face and its probability."""
        self.parts += parts
        self.frames.append((index, time, ids))
        self.certainties += certainties


class Decoder:
    """Makes tables of ``schema``: what the heads decode, and the columns of a fit.

    success_score: confidence from which a row counts as measured.
    """

    def __init__(
        self,
        pack: Pack,
        network: FaceNetwork,
        heads: tuple[HeadSpec, ...],
        intrinsics: Camera | Intrinsics,
        schema: tuple[Column, ...],
        success_score: float,
    ) -> None:
        self._spec, self._face_shape = pack.network, pack.face_shape()
        self._network, self._heads = network, heads
        self._intrinsics = intrinsics
        self._schema = schema
        self._success_score = success_score

    def __call__(
        self, waiting: Waiting, fitter: Fitter | None, keep_empty: bool = True
    ) -> FaceTable:
        """All waiting measurements; with ``keep_empty``, a frame without a face gets a row."""
        ids = [ids for _, _, ids in waiting.frames]
        counts = np.array([len(i) for i in ids])
        rows = np.maximum(counts, 1) if keep_empty else counts
        total = int(rows.sum())
        filled = np.repeat(counts > 0, rows)
        data = {column.name: column.empty(total) for column in self._schema}
        data["frame"][:] = np.repeat([index for index, _, _ in waiting.frames], rows)
        data["time"][:] = np.repeat([time for _, time, _ in waiting.frames], rows)
        data["face_id"][:] = -1
        data["confidence"][:] = 0
        if filled.any():
            data["face_id"][filled] = [i for frame in ids for i in frame]
            data["identity_confidence"][filled] = waiting.certainties
            measured = self._faces(waiting, fitter, data["face_id"][filled])
            measured["success"] = measured["confidence"] >= self._success_score
            for name, values in measured.items():
                data[name][filled] = values
        return FaceTable(self._schema, data)

    def _faces(self, waiting: Waiting, fitter: Fitter | None, ids: AnyArray) -> dict[str, AnyArray]:
        faces = RawFaces.concat(waiting.parts)
        context = Context(
            outputs=self._network.split(faces.raw),
            to_image=faces.to_image,
            angles=faces.angles,
            crop_size=self._spec.size,
            landmark_offset=self._spec.landmark_offset,
            camera=self._intrinsics.at(*waiting.size),
            face_shape=self._face_shape,
            contrast=faces.contrast,
            sharpness=faces.sharpness,
        )
        measured: dict[str, AnyArray] = {}
        for head in self._heads:
            columns = head.decode(context)
            context.columns.update(columns)
            measured.update(columns)
        measured["box"] = face_boxes(context.columns["landmarks"])
        if fitter is not None:
            measured.update(fitter(context, ids))
        return measured
