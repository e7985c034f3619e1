"""``prosopon-train``: run a config, export a pack. No logic of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prosopon.errors import ProsoponError


class _Commands(click.Group):
    """A group whose expected errors are one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ProsoponError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(1)


@click.group(cls=_Commands, help="Train Prosopon's networks and export them as packs.")
def main() -> None:
    """Entry point."""


@main.command(help="Train CONFIG on the shards below --data; continues a run that was stopped.")
@click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--run", required=True, type=click.Path(path_type=Path))
@click.option("--start", metavar="PACK", help="Train on from the network of this pack.")
@click.option("--threads", default=2, show_default=True, help="Of each process.")
@click.option("--processes", default=1, show_default=True, help="That share every step.")
@click.option("--validate-every", default=2000, show_default=True, help="Steps.")
@click.option("--devices", default=1, show_default=True, help="Of a recipe on benchmarks.")
@click.option("--strategy", default="auto", show_default=True, help="Of Lightning Fabric: ddp …")
@click.option("--accelerator", default="cpu", show_default=True, help="cpu, cuda …, of a recipe.")
def run(
    config: Path,
    data: Path,
    run: Path,
    start: str | None,
    threads: int,
    processes: int,
    validate_every: int,
    devices: int,
    strategy: str,
    accelerator: str,
) -> None:
    from prosopon_train.config import load_config, load_recipe
    from prosopon_train.loop import train

    recipe = load_recipe(config)
    if recipe is not None:
        from prosopon_train.benchmarks.engine import run_recipe

        if start is not None:
            raise click.UsageError("--start goes with a CONFIG of shards, not with a RECIPE")
        figures = run_recipe(
            recipe,
            data,
            run,
            threads=threads,
            devices=devices,
            strategy=strategy,
            accelerator=accelerator,
        )
        for name, value in figures.items():
            click.echo(f"{name} {value:.4f}")
        return

    train(
        load_config(config),
        data,
        run,
        start=start,
        threads=threads,
        processes=processes,
        validate_every=validate_every,
    )


@main.command(short_help="Export a checkpoint and lay out a pack.")
@click.argument("network", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--detector", type=click.Path(exists=True, path_type=Path))
@click.option("--rig", type=click.Path(exists=True, path_type=Path))
@click.option("--base", metavar="PACK", help="Use all but the network of this installed pack.")
@click.option(
    "--files",
    "precisions",
    multiple=True,
    type=click.Choice(["fp32", "int8"]),
    default=["fp32", "int8"],
    show_default=True,
)
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
    detector: Path | None,
    rig: Path | None,
    base: str | None,
    precisions: tuple[str, ...],
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
    """Export the checkpoint NETWORK and lay out a pack in FOLDER.

    A new pack takes its other files from --detector and --rig, or all of them from another pack
    (--base); a pack that is in FOLDER already keeps them.
    """
    from prosopon_train.pack import PackInfo, write_face, write_pack

    if detector is not None and rig is not None:
        write_face(folder, detector, rig)
        (folder / "pack.toml").unlink(missing_ok=True)
    elif detector is not None or rig is not None:
        raise click.UsageError("--detector and --rig go together")
    elif base is None and not (folder / "pack.toml").exists():
        raise click.UsageError("a new pack needs --detector and --rig, or --base")
    info = PackInfo(
        *(name, version, license_, terms, summary, precision, base, landmark_offset, threshold)
    )
    write_pack(folder, info, network, list(calibration), precisions, marks)


@main.command(short_help="Teach a pack your own labels.")
@click.option("--table", required=True, type=click.Path(exists=True, path_type=Path),
              help="CSV of image, person and labels: see docs/finetune.md.")  # fmt: skip
@click.option("--task", required=True, type=click.Choice(["emotion", "au", "affect"]))
@click.option("--start", default="default", show_default=True, metavar="PACK")
@click.option("-o", "--output", "folder", required=True, type=click.Path(path_type=Path))
@click.option("--threads", default=2, show_default=True)
def finetune(table: Path, task: str, start: str, folder: Path, threads: int) -> None:
    """Teach the pack --start the labels in --table, and write a pack that every command takes.

    A fifth of the people is kept out; scores on them, before and after, are printed.
    """
    import torch

    from prosopon_train.finetune import finetune

    torch.set_num_threads(threads)
    outcome = finetune(table, task, start, folder)
    click.echo(f"{outcome.training} pictures to learn from, {outcome.held_out} of people kept out")
    for name, value in outcome.after.items():
        click.echo(f"{name}: {outcome.before[name]:.3f} before, {value:.3f} after")
    click.echo(folder)


@main.command(short_help="Convert ICT-FaceKit's OBJ files into the compact rig.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def rig(folder: Path, out: Path) -> None:
    """Convert FOLDER (FaceXModel of ICT-FaceKit: OBJ files) into the compact rig OUT (.npz)."""
    from prosopon_train.synth.ict import convert

    convert(folder, out)


@main.command(short_help="Render synthetic faces with exact labels.")
@click.argument("rig", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--what",
    type=click.Choice(["faces", "heads", "causal"]),
    default="faces",
    show_default=True,
    help="faces to train on; whole heads for the detector; the same face with one thing changed.",
)
@click.option("--count", type=click.IntRange(min=1), help="Faces 50000, heads 3000, people 120.")
@click.option("--preview", is_flag=True, help="Instead, a contact sheet: OUT is a picture.")
@click.option("--cache", type=click.Path(path_type=Path), help="Derived rig; made once.")
@click.option("--backgrounds", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--lids",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Share of faces whose lids are drawn anew, half of them winking.",
)
def synth(
    rig: Path,
    out: Path,
    what: str,
    count: int | None,
    preview: bool,
    cache: Path | None,
    backgrounds: Path | None,
    workers: int,
    seed: int,
    lids: float,
) -> None:
    """Render faces from RIG: shards into the folder OUT, or heads into the file OUT (.npz).

    A shard depends on the seed and its number alone; shards that exist are kept, so that a run may
    be stopped and repeated. Look first: --preview takes seconds.
    """
    from prosopon_train.synth import generate
    from prosopon_train.synth import preview as sheets

    if preview:
        if what == "faces":
            picture = sheets.face_sheet(rig, 10, 4, cache, backgrounds, seed)
        elif what == "heads":
            picture = sheets.head_sheet(rig, 10, 4, cache, seed)
        else:
            picture = sheets.causal_sheet(rig, 6, cache, backgrounds, seed)
        sheets.write_picture(picture, out)
    elif what == "faces":
        count = count or 50_000
        generate.write_faces(rig, out, count, 500, workers, cache, backgrounds, seed, lids)
    elif what == "heads":
        generate.write_heads(rig, out, count or 3_000, 160, cache, seed)
    else:
        generate.write_causal(rig, out, count or 120, cache, backgrounds, seed)


if __name__ == "__main__":
    main()
