"""``prosopon batch`` and ``prosopon query``: a corpus into one dataset, and questions to it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from prosopon.batch.engine import Engine
from prosopon.batch.layout import Layout, Shard
from prosopon.batch.run import OpenEngine, Result, run_batch
from prosopon.batch.settings import Settings
from prosopon.batch.status import holders, progress, table
from prosopon.batch.store import Manifest
from prosopon.batch.summary import RESERVED, all_entries
from prosopon.batch.units import find_units
from prosopon.batch.work import Work
from prosopon.errors import InputError, OutputError
from prosopon.filters.baseline import Choice
from prosopon.overlap import usable_cores
from prosopon.writers import FORMATS

_REDRAW_S = 1.0


def run(
    source: str,
    folder: Path,
    engine: str,
    workers: int | None,
    address: str | None,
    resume: bool,
    shard: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    listed: Path | None,
    formats: tuple[str, ...],
    retries: int,
    limit: float,
    baseline: str,
    smooth: bool,
    quiet: bool,
    pack: str,
    threads: int,
    **options: Any,
) -> int:
    """Measure a corpus; 1 when something failed or it was stopped."""
    for name in formats:
        if name not in FORMATS:
            raise click.UsageError(f"no format {name!r}; there are: {', '.join(FORMATS)}")
    try:
        Choice.parse(baseline)
        layout = Layout(folder.absolute(), _parse_shard(shard))
    except InputError as error:
        raise click.UsageError(str(error)) from error
    if address is not None and engine != "ray":
        raise click.UsageError("--address goes with --engine ray")
    units = find_units(
        source, listed=listed, include=include, exclude=exclude,
        shard=layout.shard, leave_out=folder,
    )  # fmt: skip
    taken = {key for unit in units for key in unit.extra} & RESERVED
    if taken:
        raise InputError(f"{listed or source}: column {min(taken)!r} is one of ours; rename it")
    if "openface2" in formats and not options.get("fit"):
        options["fit"] = None  # its table has columns of a fit; a pack may have none to give
    camera = options.get("camera_file")
    if camera is not None:
        options["camera_file"] = camera.absolute()
    settings = Settings(pack, options, tuple(dict.fromkeys(formats)), baseline, smooth)
    with _shown(quiet) as changed:
        result = run_batch(
            units, layout, settings, _engine(engine, workers, address, threads),
            threads=threads, resume=resume, limit=limit, retries=retries, changed=changed,
        )  # fmt: skip
    return _tell(result, layout, quiet)


def _parse_shard(text: str) -> Shard:
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal()):
        raise InputError(f"--shard {text!r}: expected part/parts, as 2/8")
    if not 1 <= int(number) <= int(count):
        raise InputError(f"--shard {text!r}: parts are counted from 1 to {count}")
    return Shard(int(number), int(count))


def _engine(name: str, workers: int | None, address: str | None, threads: int) -> OpenEngine:
    def open_engine(work: Work) -> Engine:
        if name == "ray":
            from prosopon.batch.cluster import RayEngine

            return RayEngine(work, workers, address)
        from prosopon.batch.local import LocalEngine

        return LocalEngine(work, workers or max(1, usable_cores() // threads))

    return open_engine


@contextmanager
def _shown(quiet: bool) -> Iterator[Callable[[Manifest], object]]:
    """A line that tells how far it is, on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda manifest: None
        return
    from rich.console import Console
    from rich.live import Live

    drawn = 0.0
    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as live:

        def redraw(manifest: Manifest) -> None:
            nonlocal drawn
            if time.monotonic() - drawn >= _REDRAW_S:
                drawn = time.monotonic()
                live.update(progress(manifest.entries()).line(), refresh=True)

        yield redraw


def _tell(result: Result, layout: Layout, quiet: bool) -> int:
    if result.damaged is not None:
        click.echo(f"error: {layout.manifest}: was damaged, and rebuilt from the results; "
                   f"what was left of it: {result.damaged}", err=True)  # fmt: skip
    for entry in result.entries:
        if entry.error and entry.state != "waiting":
            click.echo(f"error: {entry.error}", err=True)
    if not quiet:
        click.echo(f"{progress(result.entries).line()} -> {layout.tables}")
    if result.stopped:
        click.echo("stopped; go on with --resume", err=True)
    failed = any(entry.state != "done" or entry.error for entry in result.entries)
    return 1 if failed or result.stopped else 0


def status(folder: Path, live: bool) -> int:
    """Show how far the batch in ``folder`` is; with ``live``, until nobody works on it."""
    from rich.console import Console, Group
    from rich.live import Live

    layout = Layout(folder)
    if not layout.manifests():
        raise OutputError(f"{folder}: no batch in it; give the -o of prosopon batch")

    def view() -> Group:
        entries = all_entries(layout)
        shown = [e for e in entries if e.state == "running"] if live else entries
        return Group(table(shown), *holders(layout), progress(entries).line())

    console = Console()
    if live:
        with Live(view(), console=console, auto_refresh=False) as screen:
            while holders(layout):
                time.sleep(_REDRAW_S)
                screen.update(view(), refresh=True)
    else:
        console.print(view())
    return 0


def query(folder: Path, sql: str, output: Path | None) -> int:
    """Answer ``sql`` about the batch in ``folder``: a table on a terminal, else CSV."""
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    from prosopon.batch.query import query as ask
    from prosopon.writers.base import write_bytes

    answer = ask(Layout(folder), sql)
    if output is not None:
        import io

        sink = io.BytesIO()
        if output.suffix == ".parquet":
            pq.write_table(answer, sink)
        elif output.suffix == ".csv":
            csv.write_csv(answer, sink)
        else:
            raise OutputError(f"{output}: should end with .csv or .parquet")
        write_bytes(output, sink.getvalue())
        click.echo(f"{answer.num_rows} rows -> {output}")
    elif sys.stdout.isatty():
        _show(answer)
    else:
        csv.write_csv(answer, sys.stdout.buffer)
    return 0


def _show(answer: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(*answer.column_names)
    for row in answer.to_pylist():
        shown.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(shown)
