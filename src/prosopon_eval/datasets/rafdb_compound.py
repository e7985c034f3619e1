"""RAF-DB, compound expressions: eleven pairs of two at once (Li, Deng & Du, CVPR 2017).

Files: as of ``rafdb``, in ``compound`` in place of ``basic``. Splits: ``test`` (792) and
``train`` (3,162). A pack without these classes answers with the pair whose two probabilities have
the largest product.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.datasets.rafdb import ORIGIN, read_part

CLASSES = (
    "happiness+surprise",
    "happiness+disgust",
    "sadness+fear",
    "sadness+anger",
    "sadness+surprise",
    "sadness+disgust",
    "fear+anger",
    "fear+surprise",
    "anger+surprise",
    "anger+disgust",
    "disgust+surprise",
)


def read(root: Path, split: str) -> Iterator[Sample]:
    """Samples of one split of the compound expressions."""
    return read_part(root, "compound", split, len(CLASSES))


DATASET = Dataset(
    "RAF-DB, compound", ORIGIN, ("expression",), ("test", "train"), read, classes=CLASSES
)
