"""``prosopon measure TABLE…``: events, values a row and a summary a person, beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from prosopon.errors import InputError, OutputError
from prosopon.machine import versions
from prosopon.measures import load_measure
from prosopon.measures.base import Event, people
from prosopon.measures.gaze import calibrate_by
from prosopon.measures.measure import Settings
from prosopon.measures.run import Measured, measure
from prosopon.measures.screen import Calibration, Screen, Target, read_targets
from prosopon.readers import read
from prosopon.types import FaceTable
from prosopon.writers import write_table
from prosopon.writers.records import FORMATS, write_records
from prosopon.writers.sidecar import describe_columns, describe_input, write_sidecar

EVENT_COLUMNS = ("kind", "face_id", "start", "apex", "end", "duration", "amplitude")


def run(
    tables: tuple[Path, ...],
    folder: Path,
    what: tuple[str, ...],
    format: str,
    screen: str | None,
    lens: str | None,
    calibration: Path | None,
    targets: Path | None,
    face: int | None,
    look_at: tuple[float, float],
) -> int:
    """Measure every table in turn; 1 when one could not be read or written."""
    if format not in FORMATS:
        raise click.UsageError(f"no format {format!r}; there are: {', '.join(FORMATS)}")
    try:
        for name in what:
            load_measure(name)
        settings = _settings(screen, lens, calibration, targets, look_at)
        points = None if targets is None else read_targets(targets)
    except InputError as error:
        raise click.UsageError(str(error)) from error
    failed = 0
    for path in tables:
        try:
            click.echo(_measure(path, folder, what, format, settings, points, face))
        except (InputError, OutputError) as error:
            failed += 1
            text = str(error)
            click.echo(f"error: {text if str(path) in text else f'{path}: {text}'}", err=True)
    return 1 if failed else 0


def _settings(
    screen: str | None,
    lens: str | None,
    calibration: Path | None,
    targets: Path | None,
    look_at: tuple[float, float],
) -> Settings:
    yaw, pitch = np.deg2rad(look_at)
    if calibration is not None and (screen or lens or targets):
        raise InputError("--calibration holds the screen; leave out --screen, --lens, --calibrate")
    if calibration is not None:
        known = Calibration.read(calibration)
        return Settings(known.screen, known, (float(yaw), float(pitch)))
    if screen is None and (lens or targets):
        raise InputError("--lens and --calibrate go with --screen")
    return Settings(
        None if screen is None else Screen.parse(screen, lens), None, (float(yaw), float(pitch))
    )


def _measure(
    path: Path,
    folder: Path,
    what: tuple[str, ...],
    format: str,
    settings: Settings,
    targets: Sequence[Target] | None,
    face: int | None,
) -> str:
    """Write what ``path`` gives; returns the line to print."""
    table = read(path)
    stem = path.with_suffix("").name
    outputs = []
    if targets is not None and settings.screen is not None:
        settings = replace(settings, calibration=_calibrate(table, targets, settings.screen, face))
        outputs.append(
            write_sidecar(folder / f"{stem}.calibration.json", _told(settings.calibration))
        )
    found = measure(table, what or None, settings)
    outputs += _write(found, folder, stem, format)
    write_sidecar(
        folder / f"{stem}.measures.json",
        {
            "input": describe_input(path),
            "outputs": [output.name for output in outputs],
            "measures": list(found.names),
            "settings": {
                "look_at_rad": list(settings.target),
                "screen": None if settings.screen is None else asdict(settings.screen),
                "calibration": _told(settings.calibration),
            },
            "counts": {"events": len(found.events), "people": len(found.people)},
            "columns": describe_columns(found.rows.schema),
            "versions": versions(),
        },
    )
    people_text = f"{len(found.people)} {'person' if len(found.people) == 1 else 'people'}"
    events_text = f"{len(found.events)} event{'s' * (len(found.events) != 1)}"
    line = f"{path}: {people_text}, {events_text} -> {', '.join(map(str, outputs))}"
    if settings.calibration is not None and targets is not None:
        line += f" (calibrated: {settings.calibration.error:.0f} mm off at points left out)"
    return line


def _told(calibration: Calibration | None) -> dict[str, Any]:
    return {} if calibration is None else calibration.to_json()


def _calibrate(
    table: FaceTable, targets: Sequence[Target], screen: Screen, face: int | None
) -> Calibration:
    """From the gaze of ``face``, or of whoever has the most rows."""
    everybody = list(people(table))
    if face is not None:
        everybody = [person for person in everybody if person.face_id == face]
    if not everybody:
        who = "anybody" if face is None else f"face {face}"
        raise InputError(f"the table has no measured row of {who} to calibrate with")
    person = max(everybody, key=lambda one: len(one.rows))
    return calibrate_by(table, person, targets, screen)


def _write(found: Measured, folder: Path, stem: str, format: str) -> list[Path]:
    names = list(dict.fromkeys(name for summary in found.people for name in summary))
    return [
        write_records(
            folder / f"{stem}.events.{format}", EVENT_COLUMNS, [_record(e) for e in found.events]
        ),
        write_records(
            folder / f"{stem}.people.{format}",
            names or ["face_id", "frames", "seconds"],
            found.people,
        ),
        write_table(found.rows, folder / f"{stem}.measures.{format}"),
    ]


def _record(event: Event) -> dict[str, str | int | float]:
    return {**asdict(event), "duration": event.duration}
