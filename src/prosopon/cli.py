"""The command line: names, options and help. What they do is in ``prosopon.commands``.

Exit codes: 0 done; 1 some inputs failed, each named; 2 the command could not start (wrong usage,
no such pack or device, an extra is missing).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from prosopon import __version__
from prosopon.errors import InputError, OutputError, ProsoponError

PATH = click.Path(path_type=Path)


class _Commands(click.Group):
    """A group whose expected errors are one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ProsoponError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(1 if isinstance(error, InputError | OutputError) else 2)


def _analyzer_options(command: Any) -> Any:
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


def _camera_options(command: Any) -> Any:
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


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="prosopon", message="%(prog)s %(version)s")
def main() -> None:
    """Measure facial behaviour in images, video and live cameras."""


@main.command(short_help="Measure every face in images, folders, videos or a camera.")
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
@_camera_options
@_analyzer_options
def analyze(**options: Any) -> None:
    """Measure every face in images, folders of images, globs, videos, or a camera (its number).

    INPUT gives DIR/<its name>.csv, with a sidecar .json that tells input, pack and settings.
    """
    from prosopon.commands.analyze import run

    sys.exit(run(**options))


@main.command(short_help="Show a camera with what is measured in it.")
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
@_camera_options
@_analyzer_options
def live(**options: Any) -> None:
    """Show what a camera (or VIDEO) shows with what is measured in it.

    Keys: n takes the neutral face, m marks an event, r starts and stops recording, q quits.
    """
    from prosopon.commands.live import run

    sys.exit(run(**options))


@main.command(short_help="Serve a web application and an HTTP API.")
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
@_analyzer_options
def serve(**options: Any) -> None:
    """Serve a web application and an HTTP API on this machine (needs the extra 'server')."""
    from prosopon.commands.serve import run

    sys.exit(run(**options))


@main.command(short_help="Make a page of a table, or one that compares several.")
@click.argument("tables", nargs=-1, required=True, type=PATH, metavar="TABLE...")
@click.option("--video", type=PATH, metavar="FILE", help="Show what was measured, by reference.")
@click.option("--embed-video", is_flag=True, help="Put the video into the page.")
@click.option(
    "-o",
    "--output",
    type=PATH,
    metavar="FILE",
    help="The page  [default: TABLE.report.html or comparison.html beside it].",
)
def report(**options: Any) -> None:
    """Make a page of a TABLE to look through, or one that compares several."""
    from prosopon.commands.report import run

    sys.exit(run(**options))


@main.command(short_help="Write a table in other formats.")
@click.argument("tables", nargs=-1, required=True, type=PATH, metavar="TABLE...")
@click.option("--format", "formats", multiple=True, required=True, metavar="NAME",
              help="csv, parquet, jsonl, openface2, eaf (ELAN), vtt (captions of events) or arkit "
                   "(blendshapes, 60 a second); may be repeated.")  # fmt: skip
@click.option("-o", "--output", "folder", type=PATH, metavar="DIR",
              help="Folder for the files  [default: beside the table].")  # fmt: skip
def export(**options: Any) -> None:
    """Write TABLE in other formats; nothing is analysed again."""
    from prosopon.commands.export import run

    sys.exit(run(**options))


@main.command(short_help="List who is in a table, and correct it.")
@click.argument("table", type=PATH)
@click.option(
    "--split",
    "splits",
    multiple=True,
    metavar="ID@FROM[-TO]",
    help="From FROM (to TO) seconds on, ID is somebody else, who gets a new number.",
)
@click.option(
    "--merge",
    "merges",
    multiple=True,
    metavar="ID,ID...",
    help="These are one person, who gets the first number.",
)
@click.option(
    "--rename",
    "renames",
    multiple=True,
    metavar="ID=NAME",
    help="Another number for ID, or a name, kept in the sidecar.",
)
@click.option("-o", "--output", type=PATH, metavar="FILE",
              help="The changed table  [default: TABLE itself].")  # fmt: skip
def identities(**options: Any) -> None:
    """List who is in TABLE, and correct it: splits first, then merges, then renames.

    Nothing is measured again; the tracker's own numbers stay as face_id_original.
    """
    from prosopon.commands.identities import run

    sys.exit(run(**options))


@main.command(short_help="Tell how far two tables of one clip agree.")
@click.argument("first", type=PATH, metavar="A")
@click.argument("second", type=PATH, metavar="B")
@click.option("--json", "json_path", type=PATH, metavar="FILE", help="Also write this file.")
@click.option("--csv", "csv_path", type=PATH, metavar="FILE", help="Also write this file.")
def compare(**options: Any) -> None:
    """Tell how far two tables of one clip agree, value by value.

    A and B are tables of ours or of OpenFace 2.
    """
    from prosopon.commands.compare import run

    sys.exit(run(**options))


@main.command()
@click.argument("table", type=PATH)
@click.option("--kind", required=True, metavar="NAME",
              help="timeline, heatmap, circumplex, gaze or face.")  # fmt: skip
@click.option("-o", "--output", required=True, type=PATH, metavar="FILE",
              help="The figure: .png, .svg or .pdf.")  # fmt: skip
@click.option("--person", type=click.IntRange(min=0), metavar="ID",
              help="face_id  [default: who has the most rows].")  # fmt: skip
@click.option("--frame", type=click.IntRange(min=0), metavar="N",
              help="Of kind face: this frame, not the mean of all.")  # fmt: skip
def plot(**options: Any) -> None:
    """Draw a figure of TABLE for a paper."""
    from prosopon.commands.plot import run

    sys.exit(run(**options))


@main.command(short_help="Measure speed and memory.")
@click.argument("source", required=False, type=PATH, metavar="[INPUT]")
@click.option("--json", "json_path", type=PATH, metavar="FILE", help="Also write this file.")
@_analyzer_options
def bench(**options: Any) -> None:
    """Measure speed and memory on INPUT; without one, of the networks alone."""
    from prosopon.commands.bench import run

    sys.exit(run(**options))


@main.command(short_help="Find blinks, smiles, nods … in tables, and sum them up.")
@click.argument("tables", nargs=-1, required=True, type=PATH, metavar="TABLE...")
@click.option(
    "-o",
    "--output",
    "folder",
    default="out",
    show_default=True,
    type=PATH,
    metavar="DIR",
    help="Folder for the results.",
)
@click.option(
    "--what",
    multiple=True,
    metavar="NAME",
    help="blinks, gaze, smiles, units, emotions, compound, affect, head, quality or losses; may "
    "be repeated  [default: all that the table allows].",
)
@click.option("--format", default="csv", show_default=True, metavar="NAME", help="csv or parquet.")
@click.option(
    "--screen", metavar="WxH", help="Also tell where on a screen of so many mm people look."
)
@click.option(
    "--lens",
    metavar="X,Y",
    help="Where the lens is, mm right of and below the screen's "
    "upper left corner  [default: the middle of its upper edge].",
)
@click.option(
    "--calibrate",
    "targets",
    type=PATH,
    metavar="FILE",
    help="CSV of points that were looked at (start, end, x, y): correct by them.",
)
@click.option(
    "--calibration", type=PATH, metavar="FILE", help="Correct by a calibration made before."
)
@click.option(
    "--face", type=int, metavar="ID", help="Whom to calibrate with  [default: who is seen longest]."
)
@click.option(
    "--look-at",
    type=(float, float),
    default=(0.0, 0.0),
    metavar="YAW PITCH",
    help="What eye contact is made with, degrees image-right of and above the lens.",
)
def measure(**options: Any) -> None:
    """Find blinks, smiles, eye contact, nods … in tables that analyze wrote, and sum them up.

    TABLE (.csv, .parquet or .jsonl, or OpenFace's) gives DIR/<its name>.events.csv, .people.csv
    (one row a person) and .measures.csv (values a frame), with a sidecar .measures.json.
    """
    from prosopon.commands.measure import run

    sys.exit(run(**options))


@main.command(short_help="Score a pack on labelled data.")
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


class _Batch(click.Group):
    """``batch SRC`` is ``batch run SRC``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@main.group(cls=_Batch, short_help="Measure a corpus, interrupted or not.")
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
@_camera_options
@_analyzer_options
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


@main.command(short_help="Ask a batch's results in SQL.")
@click.argument("folder", type=PATH, metavar="OUT")
@click.argument("sql")
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Write a .csv or .parquet.")
def query(folder: Path, sql: str, output: Path | None) -> None:
    """Ask a batch's OUT in SQL (extra 'query'): tables faces and summary, joined by video."""
    from prosopon.commands.batch import query as ask

    sys.exit(ask(folder, sql, output))


@main.command()
def doctor() -> None:
    """Check the installation and say what is missing."""
    from prosopon.commands.doctor import run

    sys.exit(run())


@main.group()
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


@main.group(short_help="OpenFace 3.0's commands, on its own weights.")
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


if __name__ == "__main__":
    main()
