"""What a task's module tells, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from prosopon.types import AnyArray, FaceTable
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.metrics import bootstrap_by_group
from prosopon_eval.report import Figure

DRAWS = 200
"""Resamplings of people for an interval: benchmarks are large, and their intervals narrow."""

Found = dict[str, AnyArray]
"""Columns of the one face that answers for a sample; empty where none was measured."""


@dataclass(frozen=True, slots=True)
class Score:
    """How a task is scored.

    columns: those of a FaceTable that it reads; label: the one that a sample must have to count;
    figures: from samples that have it, and what was found of each.
    """

    columns: tuple[str, ...]
    label: str
    figures: Callable[[Dataset, Sequence[Sample], Sequence[Found]], list[Figure]]


def answer(faces: FaceTable, columns: tuple[str, ...]) -> Found:
    """``columns`` of the largest measured face; empty where there is none."""
    measured = np.flatnonzero(faces["success"] == 1)
    if not len(measured):
        return {}
    boxes = faces["box"][measured]
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    row = int(measured[int(np.nan_to_num(area).argmax())])
    return {name: np.array(faces[name][row]) for name in columns if name in faces}


def people(samples: Sequence[Sample]) -> AnyArray:
    """(n,) whom each sample shows, or its own name where the dataset does not say."""
    return np.array([sample.person or sample.name for sample in samples])


def figure(
    name: str, unit: str, values: AnyArray, groups: AnyArray, how: Callable[[AnyArray], float]
) -> Figure:
    """``how`` of ``values`` (n, …), with its interval over whole groups (n,)."""
    interval = bootstrap_by_group(values, groups, how, DRAWS)
    return Figure(name, how(values), unit, len(values), *interval)


def missed(count: int, of: int) -> Figure:
    """How many faces were not measured."""
    return Figure("faces missed", float(count), "count", of)
