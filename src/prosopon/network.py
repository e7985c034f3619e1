"""The multitask network as a function of crops."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

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

    def __call__(self, tensor: FloatArray) -> FloatArray:
        """Crops (n, 1, s, s) → raw outputs (n, width)."""
        if not len(tensor):
            return np.empty((0, self.width), dtype=np.float32)
        result: FloatArray = self._session.run(None, {self._input: tensor})[0]
        return result

    def split(self, raw: FloatArray) -> dict[str, FloatArray]:
        """Raw outputs (n, width) → name → (n, size), as views."""
        return {name: raw[:, where] for name, where in self.slices.items()}
