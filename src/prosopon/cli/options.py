"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

PATH = click.Path(path_type=Path)


def analyzer_options(command: Any) -> Any:
    """The options that every command with an Analyzer shares."""
    for option in reversed(
        (
            click.option("--pack", default="default", show_default=True, metavar="NAME",
                         help="Model pack: a name or a folder."),
            click.option("--precision", metavar="NAME",
                         help="Network of the pack: fp32 or int8  [default: the pack's choice]."),
            click.option("--device", default="cpu", show_default=True, metavar="NAME",
                         help="cpu, cuda, tensorrt, directml, coreml or openvino."),
            click.option("--threads", default=1, show_default=True, type=click.IntRange(min=1),
                         help="Threads of the networks."),
            click.option("--max-faces", type=click.IntRange(min=1), metavar="N",
                         help="Follow at most N faces  [default: all]."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def camera_options(command: Any) -> Any:
    """The options of a command that may know the camera and fit a 3D face."""
    px: dict[str, Any] = {"type": float, "metavar": "PX"}
    for option in reversed(
        (
            click.option("--fit", is_flag=True,
                         help="Fit a 3D face: landmarks in mm, head pose again, shape."),
            click.option("--camera-file", metavar="FILE", type=PATH,
                         help="Calibration of the camera, as OpenCV writes it (yaml, json, xml)."),
            click.option("--fx", help="Focal length; --fy too, if it differs.", **px),
            click.option("--fy", hidden=True, **px),
            click.option("--cx", help="Optical axis, with --cy  [default: the middle].", **px),
            click.option("--cy", hidden=True, **px),
        )
    ):  # fmt: skip
        command = option(command)
    return command
