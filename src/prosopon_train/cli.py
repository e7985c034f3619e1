"""``prosopon-train``: run a config, export a pack. No logic of its own."""

from __future__ import annotations

from pathlib import Path

import click


@click.group(help="Train Prosopon's networks and export them as packs.")
def main() -> None:
    """Entry point."""


@main.command(help="Train CONFIG on the shards below --data; continues a run that was stopped.")
@click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--run", required=True, type=click.Path(path_type=Path))
@click.option("--threads", default=2, show_default=True)
@click.option("--validate-every", default=2000, show_default=True, help="Steps.")
def run(config: Path, data: Path, run: Path, threads: int, validate_every: int) -> None:
    from prosopon_train.config import load_config
    from prosopon_train.loop import train

    train(load_config(config), data, run, threads=threads, validate_every=validate_every)


@main.command(help="Export the checkpoint NETWORK and lay out a pack in FOLDER.")
@click.argument("network", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--detector", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--rig", required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--calibration",
    required=True,
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Folder of shards for int8 calibration; may be repeated.",
)
@click.option("--name", default="default", show_default=True)
@click.option("--version", default="0.1.0", show_default=True)
@click.option("--license", "license_", default="Apache-2.0", show_default=True)
@click.option("--terms", default="", help="Anything the user must know beyond the licence.")
@click.option("--summary", default="One light network for all tasks.", show_default=True)
@click.option("--precision", default="fp32", show_default=True)
@click.option(
    "--landmark-offset",
    default=(0.0, 0.0),
    type=(float, float),
    show_default=True,
    help="x y in crop sides: see prosopon_train.teachers.pointmap.",
)
@click.option(
    "--marks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Photographs with people's 68 points, to one half of which the landmarks are fitted.",
)
@click.option("--threshold", default=0.5, show_default=True, help="Least detector score.")
def pack(
    network: Path,
    folder: Path,
    detector: Path,
    rig: Path,
    calibration: tuple[Path, ...],
    name: str,
    version: str,
    license_: str,
    terms: str,
    summary: str,
    precision: str,
    landmark_offset: tuple[float, float],
    marks: Path | None,
    threshold: float,
) -> None:
    from prosopon_train.pack import PackInfo, write_pack

    info = PackInfo(name, version, license_, terms, summary, precision, landmark_offset, threshold)
    write_pack(folder, info, network, detector, rig, list(calibration), marks)


if __name__ == "__main__":
    main()
