import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from media import write_video
from prosopon.cli import main
from prosopon.errors import InputError
from prosopon.report.media import stills, video_url
from prosopon.report.page import write_report
from prosopon.writers.sidecar import describe_input, write_sidecar
from report_tables import FPS, clip_table

pytest.importorskip("plotly")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return clip_table().write(tmp_path / "clip.csv")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    pts = [round(1000 * frame / FPS) for frame in range(75)]
    return write_video(tmp_path / "clip.mp4", pts, np.full((240, 320), 60, np.uint8))


def data_of(page: Path) -> Any:
    packed = re.search(r'id="data">([^<]*)<', page.read_text())
    assert packed
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


def test_video_by_reference(table: Path, video: Path, tmp_path: Path):
    written = write_report(table, tmp_path / "pages/clip.html", video)

    assert data_of(written.path)["video"] == "../clip.mp4"
    assert list(written.sizes) == ["plotly.js", "data"]
    assert "2." in str(written)


def test_video_within(table: Path, video: Path, tmp_path: Path):
    page = write_report(table, tmp_path / "clip.html", video, embed_video=True).path

    kept = re.search(r'id="video" data-type="video/mp4">([^<]*)<', page.read_text())
    assert kept
    assert base64.b64decode(kept[1]) == video.read_bytes()


def test_what_browsers_do_not_play_becomes_a_strip(table: Path, tmp_path: Path):
    video = write_video(
        tmp_path / "clip.mkv", [40 * i for i in range(75)], np.full((48, 64), 60, np.uint8)
    )
    data = data_of(write_report(table, tmp_path / "clip.html", video).path)

    assert data["video"] is None
    assert len(data["stills"]) == 48
    assert data["stills"][0]["url"].startswith("data:image/jpeg;base64,")
    with pytest.raises(InputError, match="browsers play"):
        write_report(table, tmp_path / "clip.html", video, embed_video=True)


def test_the_sidecar_leads_to_the_source_and_is_told(table: Path, video: Path, tmp_path: Path):
    info = {"input": describe_input(video) | {"kind": "video", "name": "my <clip>.mp4"},
            "pack": {"name": "default", "terms": "for research"}}  # fmt: skip
    write_sidecar(tmp_path / "clip.json", info)

    page = write_report(table, tmp_path / "clip.html").path

    data = data_of(page)
    assert len(data["stills"]) == 48
    assert data["info"]["pack"]["terms"] == "for research"
    assert "<title>my &lt;clip&gt;.mp4 · Prosopon</title>" in page.read_text()


def test_a_source_that_has_changed_is_not_shown(table: Path, video: Path, tmp_path: Path):
    write_sidecar(tmp_path / "clip.json", {"input": describe_input(video) | {"bytes": 1}})
    assert data_of(write_report(table, tmp_path / "clip.html").path)["stills"] == []


def test_the_page_asks_for_nothing(table: Path, tmp_path: Path):
    text = write_report(table, tmp_path / "clip.html").path.read_text()
    assert "default-src 'none'" in text
    assert not re.search(r"""(src|href)\s*=\s*["']""", text.partition("<script")[0])


def test_the_same_table_gives_the_same_page(table: Path, tmp_path: Path):
    pages = [write_report(table, tmp_path / name).path for name in ("a.html", "b.html")]
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_stills_are_the_frames_of_their_times(video: Path):
    found = stills(video, clip_table(), count=3)

    assert [still.time for still in found] == [0, 37 / FPS, 74 / FPS]
    levels = []
    for still in found:
        content = base64.b64decode(still.url.partition(",")[2])
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
        levels.append(float(picture.mean()))
    assert levels[0] < levels[1] < levels[2]  # each frame is brighter than the one before


def test_names_with_spaces_are_quoted(tmp_path: Path):
    assert video_url(tmp_path / "a b#1.mp4", tmp_path / "p.html") == "a%20b%231.mp4"


def test_command(table: Path):
    result = CliRunner().invoke(main, ["report", str(table)])
    assert result.exit_code == 0, result.output
    assert result.output.startswith(str(table.with_name("clip.report.html")))


def test_command_with_several_tables_compares(table: Path, tmp_path: Path):
    other = clip_table(100).write(tmp_path / "other.parquet")
    result = CliRunner().invoke(main, ["report", str(table), str(other)])
    assert result.exit_code == 0, result.output
    assert [file["name"] for file in data_of(tmp_path / "comparison.html")["files"]] == [
        "clip", "other"]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["--embed-video"], 2, "needs --video", id="embed nothing"),
        pytest.param(["--video", "gone.mp4"], 1, "gone.mp4: no such file", id="no video"),
    ],
)
def test_command_refuses(table: Path, arguments: list[str], code: int, words: str):
    result = CliRunner().invoke(main, ["report", str(table), *arguments])
    assert result.exit_code == code
    assert words in result.output
