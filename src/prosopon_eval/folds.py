"""68 landmarks of packs that learned from the very photographs that score them, by fifths.

    python -m prosopon_eval.folds landmarks68_research.parquet PACK0 PACK1 PACK2 PACK3 PACK4

PACKk learned from all photographs but those of fifth k, and is scored on these alone, through the
whole pipeline as in ``protocols.landmarks68``; the figures are over all photographs.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from rich.console import Console

from prosopon import Analyzer
from prosopon_eval.data import fold, map_faces
from prosopon_eval.protocols.landmarks68 import figures, picture_error, read
from prosopon_eval.report import Result, show

FIFTHS = 5


@click.command()
@click.argument("parquet", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("packs", nargs=FIFTHS, type=click.Path(exists=True, path_type=Path))
def main(parquet: Path, packs: tuple[Path, ...]) -> None:
    """Score PACKS on the photographs of PARQUET that each left out."""
    data = read(parquet)
    fifths = np.array([fold(name) // 2 for name in data.names])
    errors = np.empty(len(data.rows))
    for k, pack in enumerate(packs):
        analyzer = Analyzer(pack=pack)
        rows = np.flatnonzero(fifths == k)
        images = (data.image(int(row)) for row in rows)
        tables = map_faces(analyzer.image, images, f"fifth {k}")
        errors[rows] = [
            picture_error(table, data.points[row]) for table, row in zip(tables, rows, strict=True)
        ]
    subsets = {"all": np.ones(len(errors), dtype=bool)}
    subsets |= {str(source): data.sources == source for source in np.unique(data.sources)}
    found = (
        figure
        for name, chosen in subsets.items()
        for figure in figures(errors[chosen], data.photographs[chosen], name)
    )
    result = Result("landmarks68 by fifths", parquet.name, packs[0].parent.name, "", tuple(found))
    show(result, Console())


if __name__ == "__main__":
    main()
