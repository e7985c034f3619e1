"""OpenFace 3.0's commands, on its own weights."""

from __future__ import annotations

import sys
from typing import Any

import click

from prosopon.cli.options import PATH


@click.group(short_help="OpenFace 3.0's commands, on its own weights.")
def openface3() -> None:
    """OpenFace 3.0's commands, on its own weights (see 'prosopon models add --help')."""


def _openface3_options(command: Any) -> Any:
    """What both of OpenFace 3.0's commands take."""
    for option in reversed(
        (
            click.option("--output-dir", "folder", default="out", show_default=True, type=PATH,
                         metavar="DIR", help="Folder for the table, DIR/<its name>.csv."),
            click.option("--device", default="cpu", show_default=True, metavar="NAME"),
            click.option("--threads", default=1, show_default=True, type=click.IntRange(min=1)),
            click.option("--pack", default="openface3", show_default=True, metavar="NAME"),
            click.option("--landmarks", metavar="PACK",
                         help="Find and mark the faces by this pack, many times faster."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


@openface3.command("detect")
@click.argument("source", type=PATH, metavar="IMAGE")
@_openface3_options
def openface3_detect(**options: Any) -> None:
    """Measure every face of IMAGE."""
    from prosopon.commands.openface3 import detect

    sys.exit(detect(**options, video=False))


@openface3.command("detect-video")
@click.argument("source", type=PATH, metavar="VIDEO")
@_openface3_options
def openface3_detect_video(**options: Any) -> None:
    """Measure every face in every frame of VIDEO."""
    from prosopon.commands.openface3 import detect

    sys.exit(detect(**options, video=True))
