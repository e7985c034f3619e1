"""The only module that wires stages: source → detect → track → crop → network → heads → table.

Per frame, only what the next frame depends on is computed (``measuring``). Everything else is
decoded for many frames at once (``decoding``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from math import nan
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from prosopon.appearance import Appearance
from prosopon.calibration import Intrinsics
from prosopon.decoding import Decoder, Waiting
from prosopon.detect import FaceDetector
from prosopon.errors import InputError, PackError
from prosopon.fit import FaceModel, Fitter, fit_columns, load_model
from prosopon.geometry import Camera
from prosopon.heads import load_heads
from prosopon.measuring import SECOND_CHANCE, SHARED_CROPS, Measurer, RawFaces
from prosopon.network import FaceNetwork
from prosopon.packs import Pack, load_pack
from prosopon.seen import Again, Noting, Seen, Unlike
from prosopon.session import create_session
from prosopon.sources import SelectedSource, Selection, Source, open_source
from prosopon.sources.base import check_source
from prosopon.sources.image import as_luminance
from prosopon.track.memory import Likeness
from prosopon.track.tracker import Tracker, TrackSettings
from prosopon.types import (
    FRAME_COLUMNS,
    IDENTITY_CONFIDENCE,
    AnyArray,
    FaceTable,
    Frame,
    UInt8Array,
)

CHUNK_FRAMES = 64
"""Frames that are decoded at once."""

_Measured = tuple[Frame, list[RawFaces], list[int], list[float]]
"""A frame, all its faces, and the identity and its probability of each."""


@dataclass(frozen=True, slots=True)
class Result:
    """One frame's faces.

    index, time (s): of the frame in its source; faces: one row per face, or one row with
    ``success`` 0; frame: the picture itself, valid until the next result is asked for.
    """

    index: int
    time: float
    faces: FaceTable
    frame: Frame


@dataclass(slots=True)
class Memory:
    """All that the next frame of a source depends on besides its picture. Can be pickled.

    tracker: who is followed and remembered; fitter: the shapes of people, if they are fitted.
    """

    tracker: Tracker
    fitter: Fitter | None


class Analyzer:
    """Measures faces in images, videos and cameras with one model pack.

    pack: name or folder; device: see ``prosopon.session.DEVICES``; threads: of the networks;
    precision: of the network ("fp32", "int8"), by default the pack's choice; intrinsics: the
    camera's, by default guessed from the picture's size as OpenFace 2 does; max_faces: follow at
    most so many, largest first; detect_every: frames between searches for newcomers;
    min_confidence: least score of a detection, by default the pack's; fit: fit the pack's 3D face
    to the landmarks, which adds the columns of ``prosopon.fit`` and measures the pose again.

    Raises PackError, DeviceError, and InputError for a number that makes no sense. An Analyzer
    holds no state of a source and may be used again; it is not meant for several threads at once.
    """

    def __init__(
        self,
        pack: str | Path = "default",
        device: str = "cpu",
        threads: int = 1,
        precision: str | None = None,
        intrinsics: Camera | Intrinsics | None = None,
        max_faces: int | None = None,
        detect_every: int = 15,
        min_confidence: float | None = None,
        fit: bool = False,
    ) -> None:
        _check_limits(max_faces, detect_every, min_confidence)
        self.pack = load_pack(pack)
        spec = self.pack.network
        self._threads = threads
        network = self._open_network(precision, device)
        detector = self.pack.detector
        threshold = detector.threshold if min_confidence is None else min_confidence
        self._tracking = TrackSettings(detect_every=detect_every, max_faces=max_faces)
        self._likeness: Likeness | None = None
        appearance: Appearance | None = None
        if (looks := self.pack.embedding) is not None:
            self._likeness = Likeness(looks.slope, looks.middle)
            session = create_session(looks.file.path, device=device, threads=threads)
            appearance = Appearance(session, looks)
        self._measurer = Measurer(
            network,
            spec.size,
            FaceDetector(
                create_session(detector.file.path, device=device, threads=threads),
                threshold=max(threshold - SECOND_CHANCE, 0.05),
                nms=detector.nms,
                long_side=detector.long_side,
            ),
            threshold,
            self._tracking,
            appearance,
        )
        heads = load_heads(set(spec.outputs))
        self._model = _face_model(self.pack) if fit else None
        fitted = () if self._model is None else fit_columns(self._model)
        frame_columns = (*FRAME_COLUMNS, IDENTITY_CONFIDENCE)
        self.schema = (*frame_columns, *(c for head in heads for c in head.columns), *fitted)
        self._decode = Decoder(
            self.pack,
            network,
            heads,
            intrinsics or Intrinsics(),
            self.schema,
            self._tracking.follow_score,
        )
        self.settings: dict[str, Any] = {
            "device": device,
            "threads": threads,
            "precision": precision or spec.precision,
            "max_faces": max_faces,
            "detect_every": detect_every,
            "min_confidence": threshold,
            "intrinsics": None if intrinsics is None else asdict(intrinsics),
            "fit": fit,
        }

    # ---- what users call

    def image(
        self,
        image: str | Path | UInt8Array,
        boxes: Sequence[Sequence[float]] | AnyArray | None = None,
    ) -> FaceTable:
        """All faces of one image, largest score first; no rows when there is none.

        image: a file, or a BGR (h, w, 3) or grey (h, w) uint8 array. Of a JPEG file its own
        luminance is read, which is up to a few levels off that of its array: landmarks differ by
        fractions of a pixel (see ``prosopon.sources.image``). boxes (n, 4): faces already found,
        x0 y0 x1 y1 px; one row for each, in order. A box may fill the image.
        """
        if isinstance(image, str | Path):
            with open_source(image) as source:
                if source.kind != "image":
                    raise InputError(f"{image}: not an image file; use video() or analyze()")
                luma = next(iter(source)).luma
        else:
            luma = as_luminance(image)
        measurer = self._measurer
        faces = measurer.still(luma) if boxes is None else measurer.given(luma, boxes)
        waiting = Waiting((luma.shape[1], luma.shape[0]))
        waiting.add_still(0, 0.0, faces)
        return self._decode(waiting, self._fitter(share=False), keep_empty=False)

    def video(
        self,
        path: str | Path,
        *,
        start: float | str = 0.0,
        end: float | str | None = None,
        every: int = 1,
        fps: float | None = None,
    ) -> Iterator[Result]:
        """The faces of each frame of a video, animated image, folder or image file, in order.

        start, end, every, fps: which frames, see :class:`prosopon.sources.Selection`, times in s
        or as "1:30.5"; they keep their numbers and times.
        """
        selection = Selection.parse(start, end, every, fps)
        with SelectedSource(open_source(path, threads=self._threads), selection) as source:
            yield from self.frames(source)

    def frames(self, source: Source) -> Iterator[Result]:
        """The faces of each frame of an open source, one frame at a time."""
        memory = self.begin(source)
        for frame, waiting in self._measure(source, memory.tracker, frames=1):
            yield Result(frame.index, frame.time, self._decode(waiting, memory.fitter), frame)

    def begin(self, source: Source) -> Memory:
        """What is known before the first frame of ``source``: nobody."""
        check_source(source)
        return Memory(
            Tracker(self._tracking, self._likeness), self._fitter(share=not _is_still(source))
        )

    def tables(
        self, source: Source, frames: int = CHUNK_FRAMES, memory: Memory | None = None
    ) -> Iterator[FaceTable]:
        """The rows of an open source in tables of several frames each: the quickest way.

        memory: of the frames before, where ``source`` begins in the middle; it is kept up to the
        last table that was given.
        """
        memory = memory or self.begin(source)
        for _, waiting in self._measure(source, memory.tracker, frames=frames):
            yield self._decode(waiting, memory.fitter)

    def watch(self, frames: Iterable[Frame], number: int) -> Iterator[Seen]:
        """What is seen of ``frames``, the first of which is an anchor, frame ``number``.

        See :meth:`relate`; who is who is not decided.
        """
        tracker = Tracker(self._tracking, self._likeness, number)
        for frame in frames:
            noting = Noting(self._measurer.sight(frame.luma))
            self._measurer.follow(noting, tracker)
            yield noting.seen(frame, keep=tracker.is_anchor())

    def relate(self, seen: Sequence[Seen], memory: Memory) -> list[Waiting]:
        """Who is who in frames that were watched, after those that ``memory`` is of.

        Returns what is to be decoded, in parts of CHUNK_FRAMES, and takes ``memory`` on to the last
        frame; or nothing, and leaves it, where a run would have asked of a frame what was not asked
        when it was watched.
        """
        tracker = deepcopy(memory.tracker)
        chunks: list[Waiting] = []
        try:
            for place, one in enumerate(seen):
                if place % CHUNK_FRAMES == 0:
                    chunks.append(Waiting(one.size))
                sight = Again(one, self._measurer.sight)
                parts = self._measurer.follow(sight, tracker)
                chunks[-1].add(one.index, one.time, parts, tracker.ids, tracker.confidences)
        except Unlike:
            return []
        memory.tracker = tracker
        return chunks

    def decode(self, waiting: Waiting, memory: Memory) -> FaceTable:
        """The table of what waits; parts go in order."""
        return self._decode(waiting, memory.fitter)

    def _measure(
        self, source: Source, tracker: Tracker, frames: int
    ) -> Iterator[tuple[Frame, Waiting]]:
        """Measure every frame; yield when ``frames`` of them wait, or their size changes."""
        measured = (
            self._pictures(source, frames) if _is_still(source) else self._followed(source, tracker)
        )
        waiting: Waiting | None = None
        frame: Frame | None = None
        for frame, parts, ids, certainties in measured:
            if waiting is not None and waiting.size != frame.size:
                yield frame, waiting
                waiting = None
            if waiting is None:
                waiting = Waiting(frame.size)
            waiting.add(frame.index, frame.time, parts, ids, certainties)
            if len(waiting.frames) >= frames:
                yield frame, waiting
                waiting = None
        if waiting is not None and frame is not None:
            yield frame, waiting

    def _followed(self, source: Source, tracker: Tracker) -> Iterator[_Measured]:
        for frame in source:
            parts = self._measurer.follow(self._measurer.sight(frame.luma), tracker)
            yield frame, parts, tracker.ids, tracker.confidences

    def _pictures(self, source: Source, together: int) -> Iterator[_Measured]:
        for frame, faces in self._measurer.stills(source, min(together, SHARED_CROPS)):
            yield frame, [faces], list(range(len(faces))), [nan] * len(faces)

    def _open_network(self, precision: str | None, device: str) -> FaceNetwork:
        """PackError: the network does not give what the pack says."""
        spec = self.pack.network
        path = spec.file(precision).path
        session = create_session(path, device=device, threads=self._threads)
        network = FaceNetwork(session, spec.outputs)
        given = session.get_outputs()[0].shape[-1]
        if given != network.width:
            raise PackError(
                f"{path}: gives {given} values a face, but pack.toml describes {network.width}; "
                "reinstall prosopon or add the pack again"
            )
        return network

    def _fitter(self, share: bool) -> Fitter | None:
        return None if self._model is None else Fitter(self._model, share)


def _face_model(pack: Pack) -> FaceModel:
    """What a fit needs of the pack. PackError: it has none."""
    if pack.face_model_file is None or "rotation_scale" not in pack.network.outputs:
        raise PackError(
            f"{pack.folder}: this pack has no 3D face to fit; leave fit out, or use "
            "the pack 'default'"
        )
    return load_model(pack.face_model_file.path)


def _check_limits(max_faces: int | None, detect_every: int, min_confidence: float | None) -> None:
    """InputError: one of them makes no sense."""
    for name, value in (("max_faces", max_faces), ("detect_every", detect_every)):
        if value is not None and not (isinstance(value, Integral) and value >= 1):
            raise InputError(f"{name}: expected a whole number of 1 or more, got {value!r}")
    if min_confidence is not None and not (
        isinstance(min_confidence, Real) and 0 <= min_confidence <= 1
    ):
        raise InputError(f"min_confidence: expected 0 to 1, got {min_confidence!r}")


def _is_still(source: Source) -> bool:
    """Whether the pictures of a source have nothing to do with each other."""
    return source.kind in ("image", "images")


def analyze(
    path: str | Path | int,
    *,
    start: float | str = 0.0,
    end: float | str | None = None,
    every: int = 1,
    fps: float | None = None,
    **options: Any,
) -> FaceTable:
    """The whole of an image, folder or video as one table.

    start, end, every, fps: which frames, as of :meth:`Analyzer.video`; options as for
    :class:`Analyzer`.
    """
    selection = Selection.parse(start, end, every, fps)
    analyzer = Analyzer(**options)
    opened = open_source(path, threads=options.get("threads", 1))
    with SelectedSource(opened, selection) as source:
        return FaceTable.concat(analyzer.tables(source), analyzer.schema)
