"""The multitask network as a function of crops."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from prosopon.mirror import mirror_map
from prosopon.types import AnyArray, FloatArray


class Session(Protocol):
    """The part of ``onnxruntime.InferenceSession`` that is used."""

    def run(self, outputs: list[str] | None, feed: dict[str, AnyArray], /) -> Any: ...


class FaceNetwork:
    """Runs the network and splits its one output vector into named parts.

    outputs: name → (start, size), the pack's ``[network.outputs]``.
    """

    def __init__(
        self, session: Session, outputs: dict[str, tuple[int, int]], input_name: str = "crops"
    ) -> None:
        self._session = session
        self._input = input_name
        self.slices = {name: slice(start, start + size) for name, (start, size) in outputs.items()}
        self.width = max(where.stop for where in self.slices.values())
        self._order, self._sign = mirror_map(self.slices)

    def __call__(self, tensor: FloatArray) -> FloatArray:
        """Crops (n, 1, s, s) → raw outputs (n, width)."""
        if not len(tensor):
            return np.empty((0, self.width), dtype=np.float32)
        result: FloatArray = self._session.run(None, {self._input: tensor})[0]
        return result

    def both_ways(self, tensor: FloatArray) -> FloatArray:
        """As a call, but the mean over each crop and its mirror image."""
        raw = self(np.concatenate([tensor, tensor[..., ::-1]]))
        seen, mirrored = raw[: len(tensor)], raw[len(tensor) :]
        mean: FloatArray = (seen + self._sign * mirrored[:, self._order]) * np.float32(0.5)
        return mean

    def split(self, raw: FloatArray) -> dict[str, FloatArray]:
        """Raw outputs (n, width) → name → (n, size), as views."""
        return {name: raw[:, where] for name, where in self.slices.items()}
