"""Commands on model packs and the installation: ``models``, ``evaluate`` and ``doctor``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from prosopon.cli.options import PATH


@click.group()
def models() -> None:
    """List, show, install and verify model packs."""


@models.command("list")
def models_list() -> None:
    """Every installed pack."""
    from prosopon.commands.models import show_list

    sys.exit(show_list())


@models.command("info")
@click.argument("name", default="default")
def models_info(name: str) -> None:
    """What a pack is, its terms and its card."""
    from prosopon.commands.models import show_info

    sys.exit(show_info(name))


@models.command("add", short_help="Install a pack, or OpenFace 3.0's own weights.")
@click.argument("folder", type=PATH)
@click.option("--from", "origin", metavar="DIR|hub",
              help="Folder of OpenFace 3.0's files, or hub to download them.")  # fmt: skip
@click.option("--accept-license", is_flag=True, help="Accept the license of OpenFace 3.0.")
def models_add(folder: Path, origin: str | None, accept_license: bool) -> None:
    """Install the pack in FOLDER; or, as 'openface3 --from DIR', OpenFace 3.0's own weights."""
    if origin is not None:
        if str(folder) != "openface3":
            raise click.UsageError("--from goes with 'models add openface3'")
        from prosopon.commands.openface3 import add as add_openface3

        sys.exit(add_openface3(origin, accept_license))
    from prosopon.commands.models import add

    sys.exit(add(folder))


@models.command("verify", short_help="Compare the files of packs with their hashes.")
@click.argument("names", nargs=-1, metavar="[NAME...]")
def models_verify(names: tuple[str, ...]) -> None:
    """Compare the files of packs with their hashes (all packs without a NAME)."""
    from prosopon.commands.models import verify

    sys.exit(verify(names))


@click.command(short_help="Score a pack on labelled data.")
@click.argument("dataset")
@click.argument("path", type=PATH)
@click.option("--pack", "packs", multiple=True, default=["default"], show_default=True,
              metavar="NAME", help="Model pack; may be repeated to compare several.")  # fmt: skip
@click.option("--threads", default=1, show_default=True, type=click.IntRange(min=1))
@click.option("--json", "json_path", type=PATH, metavar="FILE", help="Also write this file.")
@click.option("-o", "--output", "page", type=PATH, metavar="FILE",
              help="Also write a page (.md or .html) with what papers publish beside.")  # fmt: skip
@click.option(
    "--csv",
    "tables",
    multiple=True,
    type=PATH,
    metavar="TABLE",
    help="Also score another program's table, or a folder of them; may be repeated.",
)
@click.option("--export", "pictures", type=PATH, metavar="DIR",
              help="Instead, write the pictures to DIR for another program.")  # fmt: skip
def evaluate(**options: Any) -> None:
    """Score packs on the labelled data at PATH by the protocol DATASET.

    DATASET may be a benchmark in its own files, as disfa, or a split of it, as disfa:fold1.

    A TABLE is of the pictures that --export wrote: OpenFace 2's CSV, or csv, parquet or jsonl as
    'prosopon analyze' writes them; a folder holds one file for each picture, named as the picture.
    """
    from prosopon.commands.evaluate import run

    sys.exit(run(**options))


@click.command()
def doctor() -> None:
    """Check the installation and say what is missing."""
    from prosopon.commands.doctor import run

    sys.exit(run())
