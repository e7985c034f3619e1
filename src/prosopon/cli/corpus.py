"""Commands on a corpus: ``batch`` and ``query``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from prosopon.cli.options import PATH, analyzer_options, camera_options


class _Batch(click.Group):
    """``batch SRC`` is ``batch run SRC``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Batch, short_help="Measure a corpus, interrupted or not.")
def batch() -> None:
    """Measure a corpus, interrupted or not: batch SRC -o OUT; batch status OUT."""


@batch.command("run")
@click.argument("source", metavar="SRC")
@click.option("-o", "--output", "folder", required=True, type=PATH, metavar="OUT",
              help="Folder of the dataset.")  # fmt: skip
@click.option("--engine", default="local", show_default=True,
              type=click.Choice(["local", "ray"]),
              help="Processes of this machine, or Ray.")  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1), metavar="N",
              help="Inputs at a time  [default: one a core].")  # fmt: skip
@click.option("--address", metavar="TEXT", help="Of a Ray cluster  [default: one of its own].")
@click.option("--resume", is_flag=True, help="Go on with what is in OUT.")
@click.option("--shard", default="1/1", metavar="I/N",
              help="Do only part I of N, as one of N batches on one OUT.")  # fmt: skip
@click.option("--include", multiple=True, metavar="GLOB",
              help="Only paths like this; * crosses folders; may be repeated.")  # fmt: skip
@click.option("--exclude", multiple=True, metavar="GLOB", help="No paths like this.")
@click.option("--manifest", "listed", type=PATH, metavar="FILE",
              help="CSV with a column 'path': only these files; its other columns go "
              "into the summary.")  # fmt: skip
@click.option("--format", "formats", multiple=True, metavar="NAME",
              help="Beside Parquet: csv, jsonl or openface2; may be repeated.")  # fmt: skip
@click.option("--retries", default=2, show_default=True, type=click.IntRange(min=0), metavar="N",
              help="Try again what has crashed or hung.")  # fmt: skip
@click.option("--limit", default=600.0, show_default=True, metavar="SECONDS",
              type=click.FloatRange(min=0, min_open=True),
              help="Without a measured frame, before a worker counts as hanging.")  # fmt: skip
@click.option("--baseline", default="none", show_default=True, metavar="CHOICE",
              help="Of videos, as in analyze.")  # fmt: skip
@click.option("--smooth", is_flag=True, help="Videos, as in analyze.")
@click.option("--quiet", is_flag=True, help="Print errors only.")
@camera_options
@analyzer_options
def batch_run(**options: Any) -> None:
    """Measure every video and picture of SRC: a folder tree, a CSV list or a URL (s3://, gs://).

    OUT/tables is a Parquet dataset, a partition an input; OUT/summary.parquet has a row an input.
    """
    from prosopon.commands.batch import run

    sys.exit(run(**options))


@batch.command("status")
@click.argument("folder", type=PATH, metavar="OUT")
@click.option("--live", is_flag=True, help="Stay until it is done.")
def batch_status(folder: Path, live: bool) -> None:
    """How far the batch in OUT is."""
    from prosopon.commands.batch import status

    sys.exit(status(folder, live))


@click.command(short_help="Ask a batch's results in SQL.")
@click.argument("folder", type=PATH, metavar="OUT")
@click.argument("sql")
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Write a .csv or .parquet.")
def query(folder: Path, sql: str, output: Path | None) -> None:
    """Ask a batch's OUT in SQL (extra 'query'): tables faces and summary, joined by video."""
    from prosopon.commands.batch import query as ask

    sys.exit(ask(folder, sql, output))
