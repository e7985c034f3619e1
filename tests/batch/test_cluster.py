"""The same batch on Ray: a node of two is killed while it works."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import corpora
from prosopon.batch.layout import Layout
from prosopon.batch.run import run_batch
from prosopon.batch.settings import Settings
from prosopon.batch.units import find_units

ray = pytest.importorskip("ray")
pytest.importorskip("ray.cluster_utils")

pytestmark = [
    pytest.mark.slow,
    # Of Ray's own making: sockets and files left to the collector, and what it is going to change.
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::FutureWarning:ray",
        "ignore::DeprecationWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
    ),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    """Two nodes on this machine; the driver's own has no core for workers."""
    from ray.cluster_utils import Cluster

    nodes = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    nodes.add_node(num_cpus=1)
    ray.init(address=nodes.address, log_to_driver=False, logging_level="error")
    yield nodes
    ray.shutdown()
    nodes.shutdown()


def test_killed_node_and_same_bytes(cluster: object, tmp_path: Path):
    from prosopon.batch.cluster import RayEngine

    corpus = corpora.write_corpus(tmp_path / "corpus", videos=3, frames=300)
    settings = Settings(corpora.pack(tmp_path))
    code, _, _ = corpora.run("batch", corpus, "-o", tmp_path / "local", "--pack", settings.pack)
    assert code == 0

    second = cluster.add_node(num_cpus=1)  # type: ignore[attr-defined]
    layout = Layout(tmp_path / "ray")
    killed = threading.Event()

    def kill_when_both_work(manifest: object) -> None:
        entries = manifest.entries()  # type: ignore[attr-defined]
        if not killed.is_set() and sum(entry.state == "running" for entry in entries) == 2:
            killed.set()
            cluster.remove_node(second, allow_graceful=False)  # type: ignore[attr-defined]

    result = run_batch(
        find_units(str(corpus)), layout, settings, lambda work: RayEngine(work, 2, None),
        changed=kill_when_both_work,
    )  # fmt: skip
    assert killed.is_set()
    assert {entry.state for entry in result.entries} == {"done"}
    assert sum(entry.attempts for entry in result.entries) > len(result.entries)
    assert corpora.results(layout.out) == corpora.results(tmp_path / "local")
    assert corpora.leftovers(layout.out) == []
