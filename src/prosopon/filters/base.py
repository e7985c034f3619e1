"""What filters share: the column that keeps what was measured."""

from __future__ import annotations

from dataclasses import replace

from prosopon.types import Column


def raw_column(column: Column, when: str) -> Column:
    """``column`` under names that end in ``_raw``; when: what it is, for its description."""
    return replace(
        column,
        name=f"{column.name}_raw",
        flat=tuple(f"{name}_raw" for name in column.flat),
        description=f"{column.description}, {when}",
    )
