"""Adapter of the collected face photographs (``faces.parquet``).

Columns used: image, source, name, person, smile. The one-annotator ``emotion`` column is left
alone: the classes are predicted by source and colour, so that it would teach the wrong thing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from prosopon_train.data.photographs import TEST_FOLD, Photograph, decode_luma, fold, records
from prosopon_train.data.schema import AU_NAMES

_COLUMNS = ("image", "source", "name", "person", "smile")


def read(path: Path, sources: Collection[str], *, test: bool) -> Iterator[Photograph]:
    """Photographs of ``sources``, of the held-out people (``test``) or of all others.

    A human ``smile`` flag becomes ``au_present`` of AU12.
    """
    for row, record in records(path, _COLUMNS):
        if record["source"] not in sources:
            continue
        if (fold(record["person"]) == TEST_FOLD) != test:
            continue
        labels = {}
        if record["smile"] is not None and not np.isnan(record["smile"]):
            present = np.full(len(AU_NAMES), np.nan, np.float32)
            present[AU_NAMES.index("AU12")] = record["smile"]
            labels["au_present"] = present
        luma = decode_luma(record["image"], f"{path.name}, row {row}")
        yield Photograph(luma, row, record["source"], record["name"], record["person"], labels)
