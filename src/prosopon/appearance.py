"""What faces look like, to tell whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prosopon.crop import cut, from_landmarks
from prosopon.packs import EmbeddingSpec
from prosopon.types import FloatArray, UInt8Array

if TYPE_CHECKING:
    from prosopon.network import Session
    from prosopon.track.identities import Look


class Appearance:
    """What faces look like to the pack's appearance network."""

    def __init__(self, session: Session, spec: EmbeddingSpec) -> None:
        self._session, self._spec = session, spec

    def in_frame(self, luma: UInt8Array) -> Look:
        """Landmarks (n, 68, 2) px of faces in ``luma`` (h, w) → their embeddings (n, d)."""

        def look(landmarks: FloatArray) -> FloatArray:
            batch = cut(luma, from_landmarks(landmarks, self._spec.size, self._spec.scale))
            vectors: FloatArray = self._session.run(None, {"crops": batch.tensor})[0]
            return vectors

        return look
