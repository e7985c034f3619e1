"""OpenFace 2's table with ", " between cells, as its versions up to 2.1 wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prosopon.types import Column
from prosopon.writers import openface2


class Writer(openface2.Writer):
    """For scripts that expect a space before each name but the first."""

    def __init__(self, path: Path, schema: Sequence[Column]) -> None:
        super().__init__(path, schema, separator=", ")
