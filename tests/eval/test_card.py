"""The model card: what it says, from what, and that it says so again."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fakepack import write_pack
from prosopon.errors import PackError
from prosopon.packs import BUNDLED, load_pack
from prosopon_eval import card, card_text
from prosopon_eval.graph import NetworkSize, network_size
from prosopon_eval.precision import Difference
from prosopon_eval.report import Figure, Matrix, Result, Slice
from prosopon_eval.run import protocol_names

SOURCES = {"data": [{"name": "d", "use": "u", "terms": "t"}], "notes": ["a note"]}
RESULT = Result(
    protocol="smile",
    data="faces.parquet",
    pack="default",
    version="0",
    figures=(Figure("AUC", 0.912, "", 10, 0.8, 0.95), Figure("error", math.inf, "%", 3)),
    matrices=(Matrix("confusion", ("a", "b"), ((3, 1), (0, 4))),),
    slices=(Slice("glasses", "worn", Figure("AUC", math.nan, "", 4)),),
)


def test_render(tmp_path: Path):
    pack = load_pack(write_pack(tmp_path / "pack"))
    networks = [card_text.Network("network, fp32", NetworkSize(1234, 5_600_000, 7000), (1.5, 1.25))]
    parts = [card_text.Part("Smiles", "smile x", RESULT), card_text.Part("Gaze", "gaze y", None)]
    curves = [
        Slice("blur", "2", Figure("NME median", 3.0, "%", 9, 2.0, 4.0)),
        Slice("blur", "2", Figure("FER+ accuracy", 70.0, "%", 8)),
    ]
    before, after = Figure("lids, MAE ↓", 0.1, "", 9), Figure("lids, MAE ↓", 0.12, "", 9)
    change = Figure("lids, MAE ↓", 0.02, "", 9, 0.01, 0.03)
    differences = [Difference("int8", "synth_test", before, after, change)]
    text = card_text.render(
        pack, SOURCES, networks, "a machine", parts, differences, curves, "r.svg"
    )
    for expected in (
        "| network, fp32 | 1,234 | 5.6 | 0.01 | 1.50 (1.25) |",
        "| d | u | t |",
        "- a note",
        "| AUC | 0.912 | 0.800 to 0.950 | 10 |",
        "| error | ∞ % |  | 3 |",
        "| a | 3 | 1 |",
        "| glasses: worn | AUC | not measured |  | 4 |",
        "| figure | data | n | fp32 | int8 | difference | 95 % interval |",
        "| lids, MAE ↓ | synth_test | 9 | 0.100 | 0.120 | 0.020 | 0.010 to 0.030 |",
        "### Gaze\n\n`python -m prosopon_eval gaze y`\n\nNot measured",
        "by change](r.svg)",
        "| blur | 2 | 3.00 % (2.00 to 4.00) | 70.00 % |",
        "no human ratings of valence or arousal, and no measured gaze were at hand",
    ):
        assert expected in text
    assert text == card_text.render(
        pack, SOURCES, networks, "a machine", parts, differences, curves, "r.svg"
    )


def test_slices_of_several_figures_are_a_column_each():
    def part(attribute: str, group: str, name: str) -> Slice:
        return Slice(attribute, group, Figure(name, 1.5, "%", 4, 1.0, 2.0))

    slices = [part("light", "left", n) for n in ("points", "gaze")]
    slices += [part("light", "right", n) for n in ("points", "gaze")]
    slices += [part("head turned", "under 15°", "points")]
    across, single = [card_text._slices(run) for run in card_text._by_figures(slices)]
    assert across.splitlines() == [
        "| group | level | points | gaze |",
        "| --- | --- | --- | --- |",
        "| light | left | 1.50 % (1.00 to 2.00) | 1.50 % (1.00 to 2.00) |",
        "| light | right | 1.50 % (1.00 to 2.00) | 1.50 % (1.00 to 2.00) |",
    ]
    assert "| head turned: under 15° | points | 1.50 % | 1.00 to 2.00 | 4 |" in single


def test_sources_of_the_default_pack_are_complete():
    sources = card.read_sources(BUNDLED / "default" / "sources.toml")
    assert {len(entry) for key in ("data", "teacher") for entry in sources[key]} == {3}
    assert any("No image of that set was trained on" in note for note in sources["notes"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(None, "can't be read", id="absent"),
        pytest.param("[[data", "not valid TOML", id="broken"),
        pytest.param('[[teacher]]\nname = "x"\nuse = "y"', "lacks terms", id="no terms"),
    ],
)
def test_sources_that_do_not_tell(tmp_path: Path, text: str | None, message: str):
    path = tmp_path / "sources.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PackError, match=rf"sources\.toml: .*{message}"):
        card.read_sources(path)


def test_the_first_folder_that_has_it(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "b" / "x").touch()
    assert card.find([tmp_path / "a", tmp_path / "b"], "x") == tmp_path / "b" / "x"
    assert card.find([tmp_path / "a"], "x") is None


def test_every_protocol_is_in_the_card():
    assert {task.protocol for task in card.TASKS} == set(protocol_names())


def test_network_size_counts_multiply_adds(tmp_path: Path):
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    kernel = np.zeros((4, 1, 3, 3), np.float32)
    matrix = np.zeros((4 * 6 * 6, 5), np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "kernel"], ["c"]),
            helper.make_node("Flatten", ["c"], ["f"]),
            helper.make_node("Gemm", ["f", "matrix"], ["y"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 1, 8, 8])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(matrix, "matrix")],
    )
    path = tmp_path / "tiny.onnx"
    onnx.save(helper.make_model(graph), path)
    size = network_size(path, (1, 1, 8, 8))
    assert size.parameters == 36 + 720
    assert size.multiply_adds == 4 * 6 * 6 * 9 + 144 * 5
    assert size.bytes == path.stat().st_size


def test_command_without_data_says_so(tmp_path: Path):
    pytest.importorskip("onnx")
    folder = write_pack(tmp_path / "pack")
    (folder / "sources.toml").write_text('notes = ["made up"]')
    (tmp_path / "data").mkdir()
    output = tmp_path / "CARD.md"
    arguments = [str(folder), "--data", str(tmp_path / "data"), "-o", str(output)]
    result = CliRunner().invoke(card.main, arguments)
    assert result.exit_code == 0, result.output
    text = output.read_text(encoding="utf-8")
    assert text.count("Not measured: these data were not at hand.") == len(card.TASKS)
    assert "- made up" in text
