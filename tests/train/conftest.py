"""What several tests of rendering share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def rig_files(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The face rig among the development data, and what was derived from it, made once."""
    pytest.importorskip("numba")
    from prosopon_train.synth.rig import load_rig

    path = shared / "data" / "ict_rig.npz"
    if not path.exists():
        pytest.skip(f"no face rig at {path}")
    cache = tmp_path_factory.mktemp("rig") / "cache.npz"
    load_rig(path, cache)
    return path, cache
