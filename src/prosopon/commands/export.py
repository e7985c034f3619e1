"""``prosopon export TABLE…``: tables in other formats, and files for other programs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from prosopon.errors import InputError, OutputError
from prosopon.export import ALL_FORMATS, export_table
from prosopon.readers import read


def run(tables: tuple[Path, ...], formats: tuple[str, ...], folder: Path | None) -> int:
    """Write each table in each format; 1 when one could not be read or written."""
    for name in formats:
        if name not in ALL_FORMATS:
            raise click.UsageError(f"no format {name!r}; there are: {', '.join(ALL_FORMATS)}")
    failed = 0
    for path in tables:
        try:
            table = read(path)
        except InputError as error:
            failed += 1
            click.echo(f"error: {error}", err=True)
            continue
        base = (folder or path.parent) / _stem(path)
        for name in dict.fromkeys(formats):
            try:
                written = export_table(table, name, base, analysed(path))
                click.echo(f"{path} -> {', '.join(map(str, written))}")
            except (InputError, OutputError) as error:
                failed += 1
                click.echo(f"error: {error}", err=True)
    return 1 if failed else 0


def _stem(path: Path) -> str:
    """The name of a table without its format, also of ``clip.openface2.csv``."""
    return path.stem.removesuffix(".openface2")


def analysed(table: Path) -> Path | None:
    """What a table was measured in, as its sidecar tells; None where that is not there any more."""
    try:
        told = json.loads(table.with_name(f"{_stem(table)}.json").read_text(encoding="utf-8"))
        media = Path(told["input"]["path"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return media if media.is_file() else None
