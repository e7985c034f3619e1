"""Commands that measure faces: ``analyze``, ``live``, ``serve`` and ``bench``."""

from __future__ import annotations

import sys
from typing import Any

import click

from prosopon.cli.options import PATH, analyzer_options, camera_options


@click.command(short_help="Measure every face in images, folders, videos or a camera.")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", "folder", default="out", show_default=True, type=PATH,
              metavar="DIR", help="Folder for the results.")  # fmt: skip
@click.option("--format", "formats", multiple=True, default=["csv"], show_default=True,
              metavar="NAME",
              help="csv, parquet, jsonl or openface2; may be repeated.")  # fmt: skip
@click.option("--start", default="0", metavar="TIME",
              help="Begin here: seconds or hh:mm:ss.mmm.")  # fmt: skip
@click.option("--end", metavar="TIME", help="End before this time.")
@click.option("--every", default=1, type=click.IntRange(min=1), metavar="N",
              help="Measure only each Nth frame.")  # fmt: skip
@click.option("--fps", type=click.FloatRange(min=0, min_open=True), metavar="F",
              help="Measure at most F frames a second.")  # fmt: skip
@click.option("--landmarks", metavar="PACK", help="With pack openface3: mark faces by this pack.")
@click.option("--baseline", default="none", show_default=True, metavar="CHOICE",
              help="Take each person's resting face off the action units: none, clip (the lowest "
              "tenth of the whole clip) or neutral:FRAME.")  # fmt: skip
@click.option(
    "--smooth",
    is_flag=True,
    help="Smooth pose and landmarks in time, without lag; raw values stay beside.",
)
@click.option("--overlay", is_flag=True, help="Also draw the results on the video or image.")
@click.option("--report", is_flag=True, help="Also make a page to look through the results.")
@click.option("--quiet", is_flag=True, help="Print errors only.")
@camera_options
@analyzer_options
def analyze(**options: Any) -> None:
    """Measure every face in images, folders of images, globs, videos, or a camera (its number).

    INPUT gives DIR/<its name>.csv, with a sidecar .json that tells input, pack and settings.
    """
    from prosopon.commands.analyze import run

    sys.exit(run(**options))


@click.command(short_help="Show a camera with what is measured in it.")
@click.argument("source", required=False, metavar="[VIDEO]")
@click.option("--camera", default=0, show_default=True, type=click.IntRange(min=0),
              metavar="N", help="Which camera.")  # fmt: skip
@click.option("--landmarks", metavar="PACK", help="With pack openface3: mark faces by this pack.")
@click.option("--view", metavar="NAME",
              help="window, browser (a page on this machine) or text  [default: text into a pipe, "
              "else a window, else browser].")  # fmt: skip
@click.option("--as-live", is_flag=True, help="Play VIDEO at its own pace and drop what is late.")
@click.option("--jsonl", is_flag=True, help="Print every column, one JSON object a frame.")
@click.option("-o", "--output", "folder", default="live", show_default=True, type=PATH,
              metavar="DIR", help="Folder for recordings.")  # fmt: skip
@click.option("--port", default=0, type=click.IntRange(0, 65535),
              help="Of view browser  [default: a free one].")  # fmt: skip
@click.option(
    "--smooth",
    is_flag=True,
    help="Smooth pose and landmarks (One-Euro filter); raw values stay beside.",
)
@camera_options
@analyzer_options
def live(**options: Any) -> None:
    """Show what a camera (or VIDEO) shows with what is measured in it.

    Keys: n takes the neutral face, m marks an event, r starts and stops recording, q quits.
    """
    from prosopon.commands.live import run

    sys.exit(run(**options))


@click.command(short_help="Serve a web application and an HTTP API.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; any but this machine's own needs a token.",
)
@click.option("--port", default=8600, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--token",
    metavar="TEXT",
    help="Ask visitors for this; better given as PROSOPON_TOKEN, out of sight.",
)
@click.option(
    "--folder", type=PATH, metavar="DIR", help="Where the queue and the results are kept."
)
@click.option(
    "--allow",
    "roots",
    multiple=True,
    type=PATH,
    metavar="DIR",
    help="Let visitors analyse files in DIR by path; may be repeated.",
)
@click.option(
    "--max-upload", default=2000, show_default=True, type=click.IntRange(min=1), metavar="MB"
)
@click.option(
    "--max-minutes",
    default=120.0,
    show_default=True,
    help="Longest video.",
    type=click.FloatRange(min=0, min_open=True),
)
@click.option(
    "--keep-days",
    default=7.0,
    show_default=True,
    help="Then results are deleted.",
    type=click.FloatRange(min=0, min_open=True),
)
@analyzer_options
def serve(**options: Any) -> None:
    """Serve a web application and an HTTP API on this machine (needs the extra 'server')."""
    from prosopon.commands.serve import run

    sys.exit(run(**options))


@click.command(short_help="Measure speed and memory.")
@click.argument("source", required=False, type=PATH, metavar="[INPUT]")
@click.option("--json", "json_path", type=PATH, metavar="FILE", help="Also write this file.")
@analyzer_options
def bench(**options: Any) -> None:
    """Measure speed and memory on INPUT; without one, of the networks alone."""
    from prosopon.commands.bench import run

    sys.exit(run(**options))
