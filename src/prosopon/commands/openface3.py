"""``prosopon openface3 detect|detect-video`` and ``prosopon models add openface3``."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import click

from prosopon.compat.openface3.analyzer import OpenFace3Analyzer
from prosopon.compat.openface3.networks import converter
from prosopon.compat.openface3.table import Table
from prosopon.errors import InputError, MissingExtraError, PackError
from prosopon.packs import add_pack
from prosopon.progress import progress
from prosopon.runner import interrupt
from prosopon.sources import open_source

HUB = "hub"
HUB_REPOSITORY = "nutPace/openface_weights"


def detect(
    source: Path,
    folder: Path,
    pack: str,
    landmarks: str | None,
    device: str,
    threads: int,
    *,
    video: bool,
) -> int:
    """Measure a picture or a video and write ``folder/<stem>.csv``. 1 when it was stopped."""
    started = time.perf_counter()
    target = folder / f"{source.stem}.csv"
    with open_source(source, threads) as frames:
        if (frames.kind == "video") is not video and frames.kind in ("video", "image"):
            wanted, command = ("video", "detect") if video else ("image", "detect-video")
            raise InputError(f"{source}: no {wanted}; use 'prosopon openface3 {command}'")
        analyzer = OpenFace3Analyzer(pack, landmarks, device, threads)
        count = faces = 0
        with (
            Table(target, str(source)) as table,
            interrupt() as stop,
            progress(source.stem, frames.frame_count_estimate, quiet=not video) as advance,
        ):
            for result in analyzer.frames(frames):
                faces += table.write(result.faces)
                count += 1
                advance()
                if stop.is_set():
                    break
            if not count:
                problem = next(iter(frames.report()), f"{source}: holds no frames")
                raise InputError(problem)
        problems = frames.report()
        for problem in problems:
            click.echo(f"error: {problem}", err=True)
    seconds = time.perf_counter() - started
    rows = f"{faces} row{'s' * (faces != 1)}"
    click.echo(f"{source}: {count} frame{'s' * (count != 1)}, {rows} ({seconds:.1f} s) -> {target}")
    return 1 if stop.is_set() or problems else 0


def add(origin: str, accept_license: bool) -> int:
    """Convert the checkpoints of ``origin``, a folder or HUB, and install them as a pack."""
    making = converter("pack", "converting OpenFace 3.0's weights")
    click.echo(f"license of OpenFace 3.0's weights: {making.LICENSE}\n{making.TERMS}")
    if not accept_license:
        _ask()
    with tempfile.TemporaryDirectory(prefix="prosopon-openface3-") as scratch:
        source = _download(Path(scratch, "download")) if origin == HUB else Path(origin)
        checkpoints = making.find_checkpoints(source)
        click.echo("converting three networks; this takes about a minute")
        for item in making.write_pack(checkpoints, Path(scratch, "pack")):
            click.echo(f"{item.source.name}: {item.kind.value}, deviation {item.deviation:.1g}")
        pack = add_pack(Path(scratch, "pack"))
    click.echo(f"added {pack.name} {pack.version} to {pack.folder}")
    return 0


def _ask() -> None:
    if not sys.stdin.isatty():
        raise PackError("openface3: its license must be accepted; add --accept-license")
    if not click.confirm("Do you accept these terms?"):
        raise PackError("openface3: not added, its license was not accepted")


def _download(folder: Path) -> Path:
    """The published files from the hub."""
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        purpose = "downloading OpenFace 3.0's weights"
        raise MissingExtraError("huggingface_hub", "hub", purpose) from None
    for name in ("Alignment_RetinaFace.pth", "Landmark_98.pkl", "MTL_backbone.pth"):
        click.echo(f"downloading {HUB_REPOSITORY}/{name}")
        try:
            hf_hub_download(HUB_REPOSITORY, name, local_dir=folder)
        except (OSError, ValueError) as error:  # the hub's own errors derive from these
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"{HUB_REPOSITORY}/{name}: can't be downloaded ({reason}); check the connection, "
                "or download the files yourself and give --from FOLDER"
            ) from error
    return folder
