"""What a run asked of frames and was told, so that another may ask again without the pictures.

An answer depends on the picture and the question alone. So a run that asks the same, to the byte,
is told the same, and one that asks something else learns that nobody has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from prosopon.measuring import RawFaces, Sight
from prosopon.types import AnyArray, Detections, FloatArray, Frame, UInt8Array


class Unlike(Exception):
    """A question that was not asked of the frame. Internal: whoever asks measures it instead."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame as a run saw it. index, time (s), size: of the frame; cells: as ``Sight`` has them.

    answers: by question; luma (h, w): the picture, if any other question is to be answered as well.
    """

    index: int
    time: float
    size: tuple[int, int]
    cells: UInt8Array
    answers: dict[bytes, Any]
    luma: UInt8Array | None


class Noting:
    """Asks ``sight``, and notes what it is told."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self.area, self.cells = sight.area, sight.cells
        self._answers: dict[bytes, Any] = {}

    def seen(self, frame: Frame, keep: bool) -> Seen:
        """All that was noted; with ``keep``, the picture too."""
        luma = frame.luma.copy() if keep else None
        return Seen(frame.index, frame.time, frame.size, self.cells, self._answers, luma)

    def followed(self, landmarks: FloatArray) -> RawFaces:
        answer = self._sight.followed(landmarks)
        self._answers[_question("followed", landmarks)] = answer
        return answer

    def detections(self) -> Detections:
        answer = self._sight.detections()
        self._answers[_question("detections")] = answer
        return answer

    def newcomers(self, found: Detections, rows: Sequence[int]) -> RawFaces:
        answer = self._sight.newcomers(found, rows)
        self._answers[_question("newcomers", np.asarray(rows, dtype=int))] = answer
        return answer

    def look(self, landmarks: FloatArray) -> FloatArray:
        answer = self._sight.look(landmarks)
        self._answers[_question("look", landmarks)] = answer
        return answer


class Again:
    """Answers as was noted. picture: makes a sight of the picture, where that was kept.

    Raises Unlike for what was not asked, without the picture.
    """

    def __init__(self, seen: Seen, picture: Callable[[UInt8Array], Sight]) -> None:
        self._answers = seen.answers
        self._sight = None if seen.luma is None else picture(seen.luma)
        self.area, self.cells = float(seen.size[0] * seen.size[1]), seen.cells

    def followed(self, landmarks: FloatArray) -> RawFaces:
        noted: RawFaces | None = self._answers.get(_question("followed", landmarks))
        return self._picture().followed(landmarks) if noted is None else noted

    def detections(self) -> Detections:
        noted: Detections | None = self._answers.get(_question("detections"))
        return self._picture().detections() if noted is None else noted

    def newcomers(self, found: Detections, rows: Sequence[int]) -> RawFaces:
        question = _question("newcomers", np.asarray(rows, dtype=int))
        noted: RawFaces | None = self._answers.get(question)
        return self._picture().newcomers(found, rows) if noted is None else noted

    def look(self, landmarks: FloatArray) -> FloatArray:
        noted: FloatArray | None = self._answers.get(_question("look", landmarks))
        return self._picture().look(landmarks) if noted is None else noted

    def _picture(self) -> Sight:
        if self._sight is None:
            raise Unlike
        return self._sight


def _question(what: str, *arrays: AnyArray) -> bytes:
    """16 bytes that differ where questions do."""
    content = b"".join(array.tobytes() for array in arrays)
    return hashlib.blake2b(what.encode() + content, digest_size=16).digest()
