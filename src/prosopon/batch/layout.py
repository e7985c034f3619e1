"""Where everything of a batch lies in its output folder.

::

    OUT/tables/video=NAME/NAME.parquet    a Parquet dataset, one partition an input
    OUT/files/NAME.json                   its sidecar; written last, so that it means "complete"
    OUT/files/NAME.csv …                  other formats, if asked for
    OUT/summary.parquet                   a row an input
    OUT/.batch/settings.json              what all of it was made with
    OUT/.batch/1-of-1/manifest.sqlite     state of a shard; lock.sqlite and holder.json: who works
    OUT/.batch/1-of-1/staging/            what is not complete
    OUT/.batch/spans/NAME/                long inputs in the making
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` (from 1) of ``count`` that share the work of a batch."""

    number: int = 1
    count: int = 1

    def __str__(self) -> str:
        return f"{self.number}-of-{self.count}"


WHOLE = Shard()


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one shard's work in the output folder ``out``."""

    out: Path
    shard: Shard = WHOLE

    @property
    def tables(self) -> Path:
        """The dataset."""
        return self.out / "tables"

    @property
    def summary(self) -> Path:
        """A row an input."""
        return self.out / "summary.parquet"

    @property
    def state(self) -> Path:
        """What is not for users."""
        return self.out / ".batch"

    @property
    def settings(self) -> Path:
        """What the results were made with."""
        return self.state / "settings.json"

    @property
    def own(self) -> Path:
        """The folder of this shard."""
        return self.state / str(self.shard)

    @property
    def manifest(self) -> Path:
        """State of this shard's inputs."""
        return self.own / "manifest.sqlite"

    @property
    def staging(self) -> Path:
        """Where results are made, on the file system where they will be."""
        return self.own / "staging"

    def table(self, name: str) -> Path:
        """The rows of input ``name``."""
        return self.tables / f"video={name}" / f"{name}.parquet"

    def file(self, name: str, suffix: str = ".json") -> Path:
        """Another file of input ``name``; without ``suffix``, its sidecar."""
        return self.out / "files" / f"{name}{suffix}"

    def spans(self, name: str) -> Path:
        """Where a long input waits to be gone on with."""
        return self.state / "spans" / name

    def manifests(self) -> list[Path]:
        """Of all shards that there are, also of other counts."""
        return sorted(self.state.glob("*-of-*/manifest.sqlite"))
