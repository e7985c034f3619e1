"""``prosopon analyze INPUT…``: every input in turn; one that fails does not stop the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prosopon.analyzers import open_analyzer
from prosopon.errors import InputError, OutputError
from prosopon.filters.baseline import Choice
from prosopon.inputs import VIDEO_SUFFIXES, Job, find_jobs
from prosopon.runner import Summary, analyze_input
from prosopon.sources import Selection
from prosopon.writers import FORMATS

if TYPE_CHECKING:
    from prosopon.report.page import Written


def run(
    inputs: tuple[str, ...],
    folder: Path,
    formats: tuple[str, ...],
    baseline: str,
    smooth: bool,
    overlay: bool,
    report: bool,
    quiet: bool,
    start: str,
    end: str | None,
    every: int,
    fps: float | None,
    **options: Any,
) -> int:
    """Analyse ``inputs``; 1 when something could not be read or written, or was stopped."""
    for name in formats:
        if name not in FORMATS:
            raise click.UsageError(f"no format {name!r}; there are: {', '.join(FORMATS)}")
    try:
        chosen = Choice.parse(baseline)
        selection = Selection.parse(start, end, every, fps)
    except InputError as error:
        raise click.UsageError(str(error)) from error
    if report:
        from prosopon.report.assets import plotly

        plotly()  # that an extra is missing is better said before the work
    jobs = find_jobs(inputs)
    if "openface2" in formats and not options.get("fit"):
        options["fit"] = None  # its table has columns of a fit; a pack may have none to give
    analyzer = open_analyzer(**options)
    failed = 0
    for job in jobs:
        try:
            summary = analyze_input(
                analyzer,
                job,
                folder,
                tuple(dict.fromkeys(formats)),
                selection=selection,
                baseline=chosen,
                smooth=smooth,
                overlay=overlay,
                quiet=quiet,
            )
            page = _report(job, summary) if report else None
        except (InputError, OutputError) as error:
            failed += 1
            click.echo(f"error: {error}", err=True)
            continue
        failed += bool(summary.problems)
        for problem in summary.problems:
            click.echo(f"error: {problem}", err=True)
        if not quiet:
            click.echo(describe(summary))
            if page:
                click.echo(f"report: {page}")
        if not summary.complete:
            click.echo(f"stopped; {summary.outputs[0]} holds what was measured", err=True)
            return 1
    return 1 if failed else 0


def _report(job: Job, summary: Summary) -> Written:
    """The page of what was just written, with the video by reference where browsers play it."""
    from prosopon.commands.report import page_of
    from prosopon.report.page import write_report

    table = summary.outputs[0]
    video = Path(job.spec) if isinstance(job.spec, str) else None
    playable = video is not None and video.suffix.lower() in VIDEO_SUFFIXES
    return write_report(table, page_of(table), video if playable else None)


def describe(summary: Summary) -> str:
    """One line: what was read, what was found, how fast, where it is."""
    frames = f"{summary.frames} frame{'s' * (summary.frames != 1)}"
    rate = f"{summary.seconds:.1f} s"
    if summary.frames > 1:
        rate += f", {summary.frames / summary.seconds:.0f} frames/s"
    found = f"face in {summary.frames_with_face}" if summary.faces else "no face"
    if summary.identities > 1:
        found += f", {summary.identities} faces"
    written = ", ".join(str(path) for path in summary.outputs)
    return f"{summary.name}: {frames}, {found} ({rate}) -> {written}"
