"""SQL over a batch's results, by DuckDB (extra ``query``)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from prosopon.batch.layout import Layout
from prosopon.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import pyarrow


def query(layout: Layout, sql: str) -> pyarrow.Table:
    """The answer to ``sql``, which may ask the tables ``faces`` (a row a face and frame, with a
    column ``video``) and ``summary`` (a row a video). InputError: it can't be answered."""
    try:
        duckdb: Any = import_module("duckdb")
    except ImportError:
        raise MissingExtraError("duckdb", "query", "prosopon query") from None
    if not layout.summary.exists():
        raise InputError(f"{layout.out}: no summary.parquet in it; is it the output of a batch?")
    with duckdb.connect() as base:
        base.read_parquet(str(layout.summary)).create_view("summary")
        if any(layout.tables.glob("*/*.parquet")):
            pattern = str(layout.tables / "*" / "*.parquet")
            base.read_parquet(pattern, hive_partitioning=True, union_by_name=True).create_view(
                "faces"
            )
        try:
            answer: pyarrow.Table = base.sql(sql).to_arrow_table()
        except (duckdb.Error, AttributeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise InputError(f"{layout.out}: {reason}") from error
    return answer
