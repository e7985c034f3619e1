"""``prosopon plot TABLE``: one figure of a table."""

from __future__ import annotations

from pathlib import Path

import click

from prosopon.plots import plot
from prosopon.readers import read


def run(table: Path, kind: str, output: Path, person: int | None, frame: int | None) -> int:
    """Draw the figure and say where it is."""
    if frame is not None and kind != "face":
        raise click.UsageError("--frame goes with --kind face")
    click.echo(str(plot(read(table), kind, output, person=person, frame=frame)))
    return 0
