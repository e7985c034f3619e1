"""Commands on tables that were measured before: nothing is analysed again."""

from __future__ import annotations

import sys
from typing import Any

import click

from prosopon.cli.options import PATH


@click.command(short_help="Find blinks, smiles, nods … in tables, and sum them up.")
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


@click.command(short_help="Make a page of a table, or one that compares several.")
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


@click.command(short_help="Write a table in other formats.")
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


@click.command(short_help="List who is in a table, and correct it.")
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


@click.command(short_help="Tell how far two tables of one clip agree.")
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


@click.command()
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
