"""Scores of model packs against labelled data: metrics, protocols and their reports.

``python -m prosopon_eval landmarks68 landmarks68_research.parquet`` prints a table;
:func:`evaluate` returns the same figures. Nothing here imports torch or learns anything.
"""

from prosopon_eval.report import Figure, Matrix, Result
from prosopon_eval.run import evaluate

__all__ = ["Figure", "Matrix", "Result", "evaluate"]
