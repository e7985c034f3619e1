"""What every adapter yields, and how a split of it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prosopon.errors import InputError
from prosopon.types import AnyArray, FloatArray, UInt8Array


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled picture, or one labelled face of it.

    name: unique in the dataset; image: reads the (h, w, 3) uint8 BGR picture when called; person:
    whom it shows, what must stay on one side of a split ("" where the dataset does not say);
    box: (4,) px, x0 y0 x1 y1, where the protocol gives one; subsets: named parts that it is of.

    labels, each where the dataset has it: ``landmarks`` (68, 2) or (98, 2) px; ``rotation`` (3, 3)
    head → camera; ``gaze`` (3,) unit vector; both in the camera frame of ``prosopon.types``;
    ``au`` and ``au_present`` (k,) intensity 0–5 and 0/1, in the order of ``Dataset.units``, NaN
    where nobody coded; ``emotion`` () index into ``Dataset.classes``; ``affect`` (2,) valence and
    arousal, −1…1; ``faces`` (n, 4) px with ``counted`` (n, subsets) bool.
    """

    name: str
    image: Callable[[], UInt8Array]
    person: str = ""
    box: FloatArray | None = None
    labels: Mapping[str, AnyArray] = field(default_factory=dict)
    subsets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as its module describes it.

    title, origin: what it is called and where it is to be had; tasks: what is scored, modules of
    ``prosopon_eval.scores``; splits: their names, the one that figures are published of first;
    read: samples of a split below a folder, lazily; units, classes: names and order of its labels;
    subsets: named parts that are scored on their own; limit: NME in % above which a face failed;
    needs: columns that a program's table must have, where the first of its task is not meant.
    """

    title: str
    origin: str
    tasks: tuple[str, ...]
    splits: tuple[str, ...]
    read: Callable[[Path, str], Iterator[Sample]]
    units: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    subsets: tuple[str, ...] = ()
    limit: float = 10.0
    needs: tuple[str, ...] = ()

    def samples(self, root: Path, split: str = "") -> Iterator[Sample]:
        """Samples of ``split``, by default the first of ``splits``.

        ``person=NAME`` and ``without=NAME`` are that one person, and everybody else, of the first
        split: what leaving one person out needs. InputError: no such split, a file is missing.
        """
        kind, _, name = split.partition("=")
        if name and kind in ("person", "without"):
            every = self.read(root, self.splits[0])
            return (s for s in every if (s.person == name) == (kind == "person"))
        if split and split not in self.splits:
            raise InputError(
                f"{split}: {self.title} has no such split; choose one of "
                f"{', '.join(self.splits)}, person=NAME or without=NAME"
            )
        return self.read(root, split or self.splits[0])


def fold_of(split: str, person: str, folds: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether ``person`` is of ``split``: ``all``, ``fold1`` … or ``train1`` … (all but fold 1)."""
    if split == "all":
        return True
    inside = person in folds[f"fold{split[-1]}"]
    known = any(person in people for people in folds.values())
    return inside if split.startswith("fold") else known and not inside
