"""The tracking protocol on a clip of two frames."""

from __future__ import annotations

import numpy as np
import pytest

from prosopon.errors import InputError
from prosopon.types import FRAME_COLUMNS, Column, FaceTable
from prosopon_eval.protocols import tracking

pytest.importorskip("scipy")

SCHEMA = (*FRAME_COLUMNS, Column("visible", (), ("visible",), "", ""))


def rows(*faces: tuple[int, int, float, float]) -> FaceTable:
    """Rows (frame, face_id, x, visible) of boxes 20 px wide."""
    frame, face_id, x, visible = (np.array(v) for v in zip(*faces, strict=True))
    data = {column.name: column.empty(len(faces)) for column in SCHEMA}
    data |= {"frame": frame, "face_id": face_id.astype(np.int32), "visible": visible}
    data |= {"time": frame / 25, "box": np.stack([x, 0 * x, x + 20, 0 * x + 20], axis=1)}
    return FaceTable(SCHEMA, data)


class Clip:
    """An analyser that says the same of every clip."""

    schema = SCHEMA

    def tables(self, source):
        yield rows((0, 4, 0, np.nan), (1, 5, 0, np.nan), (1, -1, 0, np.nan))


def test_scores_of_a_clip():
    truth = rows((0, 0, 0, 1), (1, 0, 0, 1), (1, 1, 200, 0.1))
    counts = tracking.score(truth, next(Clip().tables(None)))
    assert (counts.truth, counts.predicted, counts.switches, counts.identified) == (2, 2, 1, 1)


def test_run_reports_all_clips_and_each_scene(tmp_path, monkeypatch):
    for name in ("meet-1", "meet-2", "part-1"):
        rows((0, 0, 0, 1), (1, 0, 0, 1)).write(tmp_path / f"{name}_truth.csv")
    opened = []

    class Source:
        def __init__(self, path):
            opened.append(path.name)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(tracking, "open_source", Source)
    scores = tracking.run(Clip(), tmp_path)
    assert opened == ["meet-1.mp4", "meet-2.mp4", "part-1.mp4"]
    figures = {figure.name: figure for figure in scores.figures}
    assert figures["IDF1"].value == pytest.approx(0.5)
    assert figures["id switches"].value == 3
    by_scene = {(s.group, s.figure.name): s.figure.value for s in scores.slices}
    assert by_scene["meet", "id switches"] == 2
    assert by_scene["part", "identities a person"] == 2


def test_a_folder_without_clips_is_refused(tmp_path):
    with pytest.raises(InputError, match="crowd"):
        tracking.run(Clip(), tmp_path)
