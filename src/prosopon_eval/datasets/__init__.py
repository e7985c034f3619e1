"""Adapters of the benchmarks' own files: one module a dataset, with its ``DATASET``.

A module's first lines say which files it reads, as the dataset is handed out, and which rows are
of which split by which protocol. None of the datasets comes with Prosopon, and most are for
research only: what is learned from them carries their terms.
"""

from __future__ import annotations

import importlib
import pkgutil

from prosopon.errors import InputError
from prosopon_eval.datasets.base import Dataset

__all__ = ["dataset_names", "find_dataset"]


def dataset_names() -> tuple[str, ...]:
    """Names of the datasets: the modules of this package that are not shared ones."""
    shared = {"base", "files"}
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in shared))


def find_dataset(name: str) -> Dataset:
    """The dataset called ``name``; InputError, listing the valid names, when there is none."""
    if name not in dataset_names():
        raise InputError(f"{name}: no such dataset; choose one of {', '.join(dataset_names())}")
    dataset: Dataset = importlib.import_module(f"{__name__}.{name}").DATASET
    return dataset
