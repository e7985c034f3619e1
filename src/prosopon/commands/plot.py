"""``prosopon plot TABLE``: one figure of a table."""

from __future__ import annotations

from pathlib import Path

import click

from prosopon.errors import InputError
from prosopon.plots import plot
from prosopon.readers import read


def run(table: Path, kind: str, output: Path, person: int | None, frame: int | None) -> int:
    """Draw the figure and say where it is."""
    if frame is not None and kind != "face":
        raise click.UsageError("--frame goes with --kind face")
    rows = read(table)
    try:
        figure = plot(rows, kind, output, person=person, frame=frame)
    except InputError as error:
        raise InputError(f"{table}: {error}") from error
    click.echo(str(figure))
    return 0
