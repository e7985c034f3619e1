"""``prosopon report TABLE…``: a page of one table, or a comparison of several."""

from __future__ import annotations

from pathlib import Path

import click

from prosopon.report.page import write_comparison, write_report


def run(
    tables: tuple[Path, ...], video: Path | None, embed_video: bool, output: Path | None
) -> int:
    """Write the page and say where it is and how large its parts are."""
    if len(tables) > 1:
        if video or embed_video:
            raise click.UsageError("--video and --embed-video go with one table")
        page = output or tables[0].parent / "comparison.html"
        click.echo(str(write_comparison(list(tables), page)))
        return 0
    if embed_video and video is None:
        raise click.UsageError("--embed-video needs --video FILE")
    page = output or page_of(tables[0])
    click.echo(str(write_report(tables[0], page, video, embed_video)))
    return 0


def page_of(table: Path) -> Path:
    """``out/clip.csv`` → ``out/clip.report.html``."""
    stem = table.name.removesuffix(".openface2.csv").removesuffix(table.suffix)
    return table.with_name(f"{stem}.report.html")
