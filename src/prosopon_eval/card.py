"""Writes a pack's model card from its files and from the labelled data at hand::

    python -m prosopon_eval.card src/prosopon/packs/default --data FOLDER -o CARD.md

What a protocol needs is looked for by name in the data folders, in the order given; what is not
there is named in the card as not measured. What the weights were made from is told by the pack's
``sources.toml``: ``notes`` (lines), ``[[data]]`` and ``[[teacher]]`` with name, use and terms.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

import prosopon
from prosopon.errors import OutputError, PackError, ProsoponError
from prosopon.machine import processor
from prosopon.packs import Pack, load_pack
from prosopon.types import AnyArray, FaceTable, UInt8Array
from prosopon_eval import robustness
from prosopon_eval.card_text import Network, Part, render
from prosopon_eval.curves import Row, draw
from prosopon_eval.data import find
from prosopon_eval.graph import milliseconds, network_size
from prosopon_eval.precision import compare, data_option
from prosopon_eval.report import Slice
from prosopon_eval.run import run_protocol
from prosopon_eval.tasks import MARKED

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PICTURE = "robustness.svg"  # beside the card
ROWS = (Row((robustness.NME,), 12.0), Row((robustness.MISSED, robustness.ACCURACY), 100.0))
RATED = "ferplus.parquet"


@dataclass(frozen=True, slots=True)
class Task:
    """A protocol, the name of its data, and its heading in the card."""

    protocol: str
    data: str
    heading: str


TASKS = (
    Task("landmarks68", MARKED, "68 landmarks on photographs"),
    Task("calibration", MARKED, "Uncertainty of the landmarks"),
    Task("pose68", MARKED, "Head rotation against a fit of the marked points"),
    Task("jitter", MARKED, "Jitter on a still face"),
    Task("ferplus", RATED, "Emotion on FER+"),
    Task("fer_units", RATED, "Action units against FER+ votes"),
    Task("smile", "faces.parquet", "AU12 against smile answers"),
    Task("synthetic", "synth_test", "Rendered people: rotation, gaze, action units"),
    Task("gaze_portraits", "faces.parquet", "Gaze of people who look into the lens"),
    Task("causal", "causal", "The same rendered face with one thing changed"),
    Task("behaviour", "behaviour", "Blinks, looks and eye contact on rendered clips"),
    Task("tracking", "crowd", "Identities over time on rendered clips"),
    Task("fairface", "faces.parquet", "By age band and gender label"),
    Task("no_faces", "backgrounds.parquet", "False faces"),
)


class RememberingAnalyzer(prosopon.Analyzer):
    """An analyser that measures the same picture once, however many protocols ask for it."""

    def __init__(self, pack: str | Path) -> None:
        super().__init__(pack)
        self._known: dict[bytes, FaceTable] = {}

    def image(
        self,
        image: str | Path | UInt8Array,
        boxes: Sequence[Sequence[float]] | AnyArray | None = None,
    ) -> FaceTable:
        """As ``Analyzer.image``."""
        if isinstance(image, str | Path):
            return super().image(image, boxes)
        text = f"{image.shape} {boxes if boxes is None else [list(map(float, b)) for b in boxes]}"
        key = hashlib.sha1(text.encode() + image.tobytes()).digest()
        if key not in self._known:
            self._known[key] = super().image(image, boxes)
        return self._known[key]


def read_sources(path: Path) -> dict[str, Any]:
    """What the weights were made from.

    Raises PackError when it is not told, or not as it should be.
    """
    try:
        with path.open("rb") as file:
            sources = tomllib.load(file)
    except OSError as error:
        raise PackError(
            f"{path}: can't be read; a card must say what the weights were made from"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError(f"{path}: not valid TOML ({error})") from error
    for key in ("data", "teacher"):
        for entry in sources.get(key, []):
            if missing := {"name", "use", "terms"} - entry.keys():
                raise PackError(f"{path}: an entry of [[{key}]] lacks {', '.join(sorted(missing))}")
    return sources


def networks(pack: Pack) -> Iterator[Network]:
    """Size and speed of the pack's network, in every precision, and of its detector."""
    size, side = pack.network.size, pack.detector.long_side
    for precision, file in pack.network.files.items():
        yield _network(f"network, {precision}", file.path, (1, 1, size, size))
    yield _network("detector", pack.detector.file.path, (1, 1, side * 3 // 5, side))


def _network(name: str, path: Path, shape: tuple[int, ...]) -> Network:
    return Network(name, network_size(path, shape), milliseconds(path, shape))


def card(pack: Pack, folders: Sequence[Path], sources: dict[str, Any]) -> tuple[str, str]:
    """The card of ``pack``, measured on what the data ``folders`` hold, and its picture (SVG).

    The picture is empty when there are no data for it.
    """
    analyzer = RememberingAnalyzer(pack.folder)
    parts = []
    for task in TASKS:
        path = find(folders, task.data)
        result = path and run_protocol(task.protocol, path, analyzer, pack.name)
        parts.append(Part(task.heading, f"{task.protocol} {task.data}", result or None))
    # Pictures that were changed are never asked for again.
    plain = prosopon.Analyzer(pack.folder)
    differences = compare(pack, folders)
    curves: list[Slice] = []
    for name, measure in (
        (MARKED, robustness.landmark_curves),
        (RATED, robustness.emotion_curves),
    ):
        if (path := find(folders, name)) is not None:
            curves.extend(measure(plain, path))
    files = list(networks(pack))
    text = render(pack, sources, files, processor(), parts, differences, curves, PICTURE)
    return text, draw(curves, ROWS, robustness.UNCHANGED.name) if curves else ""


@click.command(help=(__doc__ or "").split("::")[0])
@click.argument("pack")
@data_option
@click.option("--sources", type=click.Path(path_type=Path), help="By default PACK/sources.toml.")
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, help="The card.")
def main(pack: str, folders: tuple[Path, ...], sources: Path | None, output: Path) -> None:
    """Measure and write."""
    try:
        spec = load_pack(pack)
        text, picture = card(spec, folders, read_sources(sources or spec.folder / "sources.toml"))
        try:
            output.write_text(text, encoding="utf-8")
            if picture:
                output.with_name(PICTURE).write_text(picture, encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{output}: can't be written ({error.strerror})") from error
    except ProsoponError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
