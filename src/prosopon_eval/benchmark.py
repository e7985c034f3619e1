"""A benchmark's adapter as a protocol: every sample is measured, every task scored."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prosopon.errors import InputError
from prosopon_eval.data import map_faces
from prosopon_eval.datasets import find_dataset
from prosopon_eval.datasets.base import Dataset, Sample
from prosopon_eval.report import Figure, Protocol, Scores
from prosopon_eval.scores.base import Found, Score, answer

if TYPE_CHECKING:
    from prosopon import Analyzer


def benchmark(name: str) -> Protocol:
    """The protocol of a dataset ``NAME``, or of one of its splits, ``NAME:SPLIT``.

    InputError: no such dataset.
    """
    dataset_name, _, split = name.partition(":")
    dataset = find_dataset(dataset_name)
    scores = tuple(_score(task) for task in dataset.tasks)

    def run(analyzer: Analyzer, path: Path) -> Scores:
        return Scores(tuple(figures(analyzer, dataset, path, split)))

    # Of a dataset with several tasks a program may measure any.
    needs = dataset.needs or (scores[0].columns[:1] if len(scores) == 1 else ())
    return Protocol(f"{dataset.title}, as published: {', '.join(dataset.tasks)}", run, needs)


def _score(task: str) -> Score:
    score: Score = importlib.import_module(f"prosopon_eval.scores.{task}").SCORE
    return score


def figures(analyzer: Analyzer, dataset: Dataset, root: Path, split: str) -> list[Figure]:
    """Every task's figures on one split of the dataset below ``root``.

    InputError: files are missing, the split is empty, or nothing of it can be scored on faces.
    """
    if not dataset.tasks:
        raise InputError(
            f"{dataset.title} shows single eyes, in which no face can be measured; "
            "score a pack on mpiifacegaze"
        )
    measured = measure(analyzer, dataset, dataset.samples(root, split))
    samples, found = [sample for sample, _ in measured], [row for _, row in measured]
    if not samples:
        raise InputError(f"{root}: holds nothing of {dataset.title}'s split {split or 'asked for'}")
    result = []
    for score in map(_score, dataset.tasks):
        rows = [i for i, sample in enumerate(samples) if score.label in sample.labels]
        if rows:
            result += score.figures(dataset, [samples[i] for i in rows], [found[i] for i in rows])
    return result


def measure(
    analyzer: Analyzer, dataset: Dataset, samples: Iterable[Sample]
) -> list[tuple[Sample, Found]]:
    """Each sample and what the analyser says of it: all faces to score a detector, else the one."""
    columns = tuple(dict.fromkeys(c for task in dataset.tasks for c in _score(task).columns))
    detecting = "detection" in dataset.tasks

    def one(sample: Sample) -> tuple[Sample, Found]:
        boxes = None if sample.box is None else sample.box[None]
        faces = analyzer.image(sample.image(), boxes=boxes)
        if detecting:
            return sample, {name: np.array(faces[name]) for name in columns}
        return sample, answer(faces, columns)

    return map_faces(one, samples, dataset.title)
