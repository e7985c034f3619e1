from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from prosopon.cli import main
from prosopon.errors import InputError, OutputError
from prosopon.plots import KINDS, plot
from prosopon.types import FaceTable
from report_tables import clip_table
from tables import SCHEMA

pytest.importorskip("matplotlib")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_draws(kind: str, tmp_path: Path):
    path = plot(clip_table(), kind, tmp_path / "figure.png")
    image = cv2.imread(str(path))
    assert image is not None
    assert image.min() == 0 or image.std() > 5


def test_svg_keeps_its_text_and_has_no_date(tmp_path: Path):
    text = plot(clip_table(), "heatmap", tmp_path / "figure.svg").read_text()
    assert ">AU12<" in text
    assert "<dc:date>" not in text


def test_face_of_one_frame_names_it(tmp_path: Path):
    text = plot(clip_table(), "face", tmp_path / "figure.svg", frame=60).read_text()
    assert "Person 0, frame 60" in text


def test_a_person_is_chosen(tmp_path: Path):
    table = clip_table(people=2)
    text = plot(table, "face", tmp_path / "figure.svg", person=1).read_text()
    assert "Person 1, mean of all frames" in text
    with pytest.raises(InputError, match="no person 5; there are: 0, 1"):
        plot(table, "face", tmp_path / "figure.svg", person=5)


def test_refusals(tmp_path: Path):
    table = clip_table()
    with pytest.raises(InputError, match="no kind of plot 'pie'"):
        plot(table, "pie", tmp_path / "figure.png")
    with pytest.raises(OutputError, match=r"should end with \.png"):
        plot(table, "face", tmp_path / "figure.bmp")
    with pytest.raises(InputError, match="not measured in frame 45"):
        plot(table, "face", tmp_path / "figure.png", frame=45)
    schema = [column for column in SCHEMA if column.name != "au"]
    with pytest.raises(InputError, match="no column au"):
        plot(FaceTable(schema, {c.name: table[c.name] for c in schema}), "face", tmp_path / "f.png")
    nobody = FaceTable(SCHEMA, dict(table.data) | {"success": np.zeros_like(table["success"])})
    with pytest.raises(InputError, match="no measured face"):
        plot(nobody, "face", tmp_path / "f.png")
    assert list(tmp_path.iterdir()) == []


def test_command(tmp_path: Path):
    table = clip_table().write(tmp_path / "clip.csv")
    figure = tmp_path / "gaze.pdf"
    result = CliRunner().invoke(main, ["plot", str(table), "--kind", "gaze", "-o", str(figure)])
    assert result.output == f"{figure}\n"
    assert figure.read_bytes().startswith(b"%PDF")


def test_command_names_the_table_that_cannot_be_drawn(tmp_path: Path):
    table = clip_table().write(tmp_path / "clip.csv")
    figure = str(tmp_path / "face.png")
    result = CliRunner().invoke(
        main, ["plot", str(table), "--kind", "face", "--person", "5", "-o", figure]
    )
    assert result.exit_code == 1
    assert result.stderr == f"error: {table}: the table has no person 5; there are: 0\n"
