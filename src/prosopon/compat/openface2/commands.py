"""OpenFace 2.2's commands on Prosopon's measurements.

``FeatureExtraction`` follows one face through videos and sequences of pictures,
``FaceLandmarkVidMulti`` all of them, ``FaceLandmarkImg`` measures pictures one by one, and
``FaceLandmarkVid`` only shows, as lines, what a video or camera shows.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from prosopon.calibration import Intrinsics
from prosopon.commands.live import as_text
from prosopon.compat.openface2.arguments import Arguments, UsageError, parse
from prosopon.compat.openface2.recorder import Recorder
from prosopon.errors import InputError, OutputError, ProsoponError
from prosopon.filters.baseline import Baseline, Choice
from prosopon.inputs import distinct
from prosopon.pipeline import Analyzer
from prosopon.progress import Advance, progress
from prosopon.runner import interrupt
from prosopon.sources import Source, open_source, read_image
from prosopon.sources.folder import open_folder
from prosopon.types import FaceTable, FloatArray

_USAGE = """\
{0}: OpenFace 2.2's command, with Prosopon's measurements
  {0} -f FILE [-f FILE ...] | -fdir FOLDER [-out_dir FOLDER] [-of NAME] [FLAGS]
  columns:     -gaze -pose -2Dfp -3Dfp -pdmparams -aus   (none of these: everything)
  other files: -simalign -hogalign -tracked
  see docs/openface2.md"""


@dataclass(frozen=True, slots=True)
class _Input:
    """One input: its place among them, what is opened, and what it is called."""

    index: int
    spec: Path | int
    name: str


def feature_extraction() -> int:
    """``FeatureExtraction``: the largest face of videos, sequences or a camera."""
    return _main("FeatureExtraction", lambda a, i: _sequence(a, i, max_faces=1))


def face_landmark_vid_multi() -> int:
    """``FaceLandmarkVidMulti``: every face of videos, sequences or a camera."""
    return _main("FaceLandmarkVidMulti", lambda a, i: _sequence(a, i, max_faces=None))


def face_landmark_img() -> int:
    """``FaceLandmarkImg``: every face of pictures, each on its own."""
    return _main("FaceLandmarkImg", _picture)


def face_landmark_vid() -> int:
    """``FaceLandmarkVid``: writes nothing; prints what is seen."""
    return _main("FaceLandmarkVid", _show)


_FPS = 30.0  # where a source has no rate, as OpenFace takes it
Job = Callable[[Arguments, _Input], None]


def _main(program: str, job: Job) -> int:
    """Run ``job`` on every input; 1 when one failed, 2 when the command could not start."""
    words = sys.argv[1:]
    if not words or words[0] in ("-h", "--help", "-help"):
        click.echo(_USAGE.format(program))
        return 0
    try:
        arguments = parse(words)
        for warning in arguments.warnings:
            click.echo(f"warning: {warning}", err=True)
        inputs = _inputs(arguments, pictures=program == "FaceLandmarkImg")
    except ProsoponError as error:
        click.echo(f"error: {error}", err=True)
        return 1 if isinstance(error, InputError) else 2
    failed = 0
    for given in inputs:
        try:
            job(arguments, given)
        except ProsoponError as error:
            click.echo(f"error: {error}", err=True)
            if not isinstance(error, InputError | OutputError):
                return 2
            failed = 1
        except KeyboardInterrupt:
            return 1
    return failed


def _inputs(arguments: Arguments, *, pictures: bool) -> list[_Input]:
    """What ``-f``, ``-fdir`` and ``-device`` name, in that order."""
    specs: list[tuple[Path | int, str]] = [(path, path.stem) for path in arguments.files]
    folder = arguments.folder
    if folder is not None and pictures:
        specs += [(path, path.stem) for path in open_folder(folder).files]
    elif folder is not None:
        specs.append((folder, folder.resolve().name))
    if arguments.camera is not None:
        specs.append((arguments.camera, time.strftime("webcam_%Y-%m-%d-%H-%M")))
    if not specs:
        raise UsageError("no input; name a file by -f, a folder by -fdir or a camera by -device")
    names = distinct([name for _, name in specs])
    return [
        _Input(i, spec, name) for i, ((spec, _), name) in enumerate(zip(specs, names, strict=True))
    ]


def _sequence(arguments: Arguments, given: _Input, max_faces: int | None) -> None:
    """Follow faces through one input and write its files."""
    with _open(given) as source:
        camera = Intrinsics(*arguments.intrinsics).at(*(source.size or _first_size(source)))
        analyzer = Analyzer(intrinsics=camera, max_faces=max_faces, fit=True)
        baseline = None if arguments.static else Baseline(Choice("clip"), analyzer.schema)
        schema = baseline.schema if baseline else analyzer.schema
        target = arguments.target(given.index, given.name)
        shape, fps = analyzer.pack.face_shape(), source.fps or _FPS
        frames = with_face = 0
        quiet = arguments.quiet
        with Recorder(arguments, target, schema, shape, fps) as recorder, interrupt() as stop:
            with progress(given.name, source.frame_count_estimate, quiet=quiet) as advance:
                named = _one_identity if max_faces == 1 else _as_it_is
                tables = _followed(analyzer, source, recorder, named, advance, stop)
                for table in baseline.stream(tables, target.parent) if baseline else tables:
                    frames += len(np.unique(table["frame"]))
                    with_face += len(np.unique(table["frame"][table["success"] > 0]))
                    recorder.rows(table)
            if not frames:
                raise InputError(next(iter(source.report()), f"{given.spec}: holds no frames"))
            recorder.details(given.spec if isinstance(given.spec, Path) else None, camera)
        for problem in source.report():
            click.echo(f"warning: {problem}", err=True)
    if not quiet:
        count = f"{frames} frame{'s' * (frames != 1)}"
        click.echo(f"{given.spec}: {count}, face in {with_face} -> {recorder.path}")
    if stop.is_set():
        click.echo(f"stopped; {recorder.path} holds what was measured", err=True)
        raise KeyboardInterrupt


def _followed(
    analyzer: Analyzer,
    source: Source,
    recorder: Recorder,
    named: Callable[[FaceTable], FaceTable],
    advance: Advance,
    stop: threading.Event,
) -> Iterator[FaceTable]:
    """The rows of a source, ``named``, until it ends or ``stop`` is set; what is cut out of its
    frames is recorded on the way."""
    if recorder.needs_pictures:
        for result in analyzer.frames(source):
            faces = named(result.faces)
            recorder.frame(result.frame, faces)
            yield faces
            advance()
            if stop.is_set():
                return
        return
    for table in analyzer.tables(source):
        yield named(table)
        for _ in np.unique(table["frame"]):
            advance()
        if stop.is_set():
            return


def _picture(arguments: Arguments, given: _Input) -> None:
    """Measure one picture and write its files."""
    if not isinstance(given.spec, Path):
        raise InputError("FaceLandmarkImg reads no camera; use FeatureExtraction -device")
    frame = read_image(given.spec)
    camera = Intrinsics(*arguments.intrinsics).at(*frame.size)
    analyzer = Analyzer(intrinsics=camera, fit=True)
    boxes = _boxes(arguments.boxes, given.spec) if arguments.boxes else None
    faces = _all_found(analyzer.image(frame.luma, boxes))
    target = arguments.target(given.index, given.name)
    shape = analyzer.pack.face_shape()
    with Recorder(arguments, target, analyzer.schema, shape, None) as recorder:
        if recorder.needs_pictures:
            recorder.frame(frame, faces)
        recorder.rows(faces)
        recorder.details(given.spec, camera)
    if not arguments.quiet:
        count = f"{len(faces)} face{'s' * (len(faces) != 1)}"
        click.echo(f"{given.spec}: {count}" + (f" -> {recorder.path}" if len(faces) else ""))


def _show(arguments: Arguments, given: _Input) -> None:
    """Print what one input shows."""
    with _open(given) as source:
        camera = Intrinsics(*arguments.intrinsics).at(*(source.size or _first_size(source)))
        for result in Analyzer(intrinsics=camera, max_faces=1).frames(source):
            click.echo(as_text(result))


def _open(given: _Input) -> Source:
    """The source of an input; pictures are taken as frames of one sequence."""
    source = open_source(given.spec)
    if source.kind in ("image", "images"):
        source.kind = "video"
    return source


def _first_size(source: Source) -> tuple[int, int]:
    """(width, height) of the first picture of a folder, which OpenFace takes for that of all."""
    return read_image(source.files[0]).size


def _one_identity(faces: FaceTable) -> FaceTable:
    """Whoever is followed is face 0."""
    ids = np.minimum(faces["face_id"], 0)
    return FaceTable(faces.schema, faces.data | {"face_id": ids})


def _as_it_is(faces: FaceTable) -> FaceTable:
    """With the tracker's identities."""
    return faces


def _all_found(faces: FaceTable) -> FaceTable:
    """With ``success`` 1 in every row: a picture's table tells the confidence alone."""
    return FaceTable(faces.schema, faces.data | {"success": np.ones(len(faces), np.int8)})


def _boxes(folder: Path, picture: Path) -> FloatArray:
    """(n, 4) px of ``-bboxdir``: x0 y0 x1 y1 a line."""
    path = folder / f"{picture.stem}.txt"
    try:
        words = path.read_text(encoding="utf-8").split()
        return np.array(words, np.float32).reshape(-1, 4)
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}; {picture} needs it") from error
    except ValueError as error:
        raise InputError(f"{path}: expected four numbers a line: x0 y0 x1 y1") from error
