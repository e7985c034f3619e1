"""Packs scored on benchmarks' own files, and the page that stands papers' figures beside."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import benchmark_files
from eval_stubs import ORDER, StubAnalyzer, table
from prosopon.cli import main
from prosopon.errors import InputError, OutputError
from prosopon.geometry import rotation_vector
from prosopon_eval import peers
from prosopon_eval.benchmark import benchmark
from prosopon_eval.datasets import find_dataset
from prosopon_eval.page import markdown, page, write_page
from prosopon_eval.report import Figure, Result
from prosopon_eval.run import find_protocol, run_protocol
from prosopon_train.data.schema import AU_NAMES

BOX = (20, 20, 80, 80)


def scored(name, root, row):
    """Figures by name, of a stub that says ``row`` of every picture (no face for None)."""
    dataset = name.partition(":")[0]
    if not root.exists():
        root.mkdir()
        benchmark_files.WRITERS[dataset](root)
    stub = StubAnalyzer(lambda image: table() if row is None else table({"box": BOX, **row}))
    return {f.name: f for f in run_protocol(name, root, stub, "stub")}


def emotion(**shares):
    return {"emotion": [shares.get(name, 0.0) for name in ORDER]}


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data"


def test_landmarks(root):
    truth = benchmark_files.points(68)
    found = scored("w300", root, {"landmarks": truth + (4, 0)})
    assert found["NME inter-ocular"].value == pytest.approx(10, abs=1e-4)  # 4 of 40 px
    assert found["NME inter-ocular, challenging"].n == 1
    assert found["faces missed"].value == 0
    assert found["AUC to 10 %"].value == pytest.approx(0, abs=1e-5)


def test_missed_faces_fail_and_have_no_error(root):
    found = scored("w300", root, None)
    assert np.isnan(found["NME inter-ocular"].value)
    assert found["failures over 10 %"].value == 100
    assert found["faces missed"].value == 3


def test_pose(root):
    sample = next(find_dataset("biwi").samples(_written("biwi", root)))
    vector = rotation_vector(sample.labels["rotation"][None])[0]
    found = scored("biwi", root, {"pose_r": vector})
    assert found["MAE of the three angles"].value == pytest.approx(0, abs=1e-3)
    assert found["geodesic error"].n == 2


def _written(name, root):
    root.mkdir()
    benchmark_files.WRITERS[name](root)
    return root


def test_gaze(root):
    found = scored("mpiifacegaze", root, {"gaze": [[0, 0, -1]] * 2})
    assert found["angular error"].value == pytest.approx(22.5, abs=1e-4)  # 0 and 45 degrees
    assert (
        scored("mpiifacegaze:person=p01", root, {"gaze": [[0, 0, -1]] * 2})["angular error"].n == 2
    )
    assert scored("columbia", root / "c", {"gaze": [[0, 0, -1]] * 2})[
        "angular error, head 30°"
    ].value == pytest.approx(15, abs=1e-4)


def test_units(root):
    presence, level = np.zeros((2, 21))
    presence[AU_NAMES.index("AU12")], level[AU_NAMES.index("AU12")] = 0.9, 3
    found = scored("disfa", root, {"au_presence": presence, "au": level})
    assert found["F1, AU12"].value == pytest.approx(2 / 3)  # said of all six frames, true of three
    assert found["mean F1"].value == pytest.approx(2 / 3)  # the others have no positive at all
    assert "F1, AU05" not in found
    assert found["MAE, AU12"].value == pytest.approx(1.5)
    assert found["MAE, AU05"].value == pytest.approx(0.5)
    assert scored("disfa:fold1", root, {"au_presence": presence, "au": level})["mean F1"].n == 2


def test_expression(root):
    found = scored("rafdb", root, emotion(happiness=0.6, neutral=0.4))
    assert found["accuracy"].value == 50
    assert found["macro F1"].value == pytest.approx((2 / 3 + 0) / 2)


def test_seven_classes_leave_contempt_out(root):
    row = emotion(contempt=0.7, happiness=0.3)
    assert scored("affectnet:7", root, row)["accuracy"].value == 100
    assert scored("affectnet:8", root, row)["accuracy"].value == 50


def test_compound_classes_by_product(root):
    row = emotion(fear=0.4, anger=0.35, surprise=0.25)
    assert scored("rafdb_compound", root, row)["accuracy"].value == 100


def test_affect(root):
    found = scored("affwild2", root, {"valence": 0.25, "arousal": 0.0})
    assert found["RMSE valence"].value == pytest.approx(0.15, abs=1e-6)
    assert found["mean CCC"].value == 0  # a constant agrees with nothing
    assert scored("affwild2:expr", root, emotion(happiness=1.0))["accuracy"].value == 50


def test_detection(root):
    found = scored("widerface", root, {"box": (10, 10, 50, 50), "confidence": 0.9})
    assert found["AP, easy"].value == pytest.approx(1)
    assert found["AP, hard"].value == pytest.approx(0.5)


def test_single_eyes_are_refused(root):
    with pytest.raises(InputError, match=r"single eyes.*mpiifacegaze"):
        scored("mpiigaze", root, None)


def test_a_peer_must_have_what_is_scored():
    assert find_protocol("wflw").needs == ("landmarks_98",)
    assert benchmark("gaze360").needs == ("gaze",)
    assert benchmark("affectnet").needs == ()
    with pytest.raises(InputError, match="or of the benchmarks affectnet"):
        find_protocol("nought")


def test_a_table_is_found_by_its_pictures_name_in_any_format(tmp_path, monkeypatch):
    picture = np.zeros((4, 4, 3), np.uint8)
    name = peers.picture_name(0, picture)
    (tmp_path / f"{name}.openface2.csv").touch()
    monkeypatch.setattr(peers, "read", lambda path: table({"box": BOX}))
    assert len(peers.Peer(tmp_path).image(picture)) == 1


RESULTS = [
    Result("w300", "300-W", pack, "0.1", (Figure("NME inter-ocular", value, "%", 689, 3.0, 4.0),))
    for pack, value in (("default", 3.5), ("<mine>", 3.4))
]


def test_page_stands_papers_beside_what_was_measured():
    text = markdown(RESULTS)
    assert "| figure | default | <mine> | OpenFace 3.0 | STAR | n |" in text
    assert "| NME inter-ocular | 3.50 % (3.00 to 4.00) | 3.40 % (3.00 to 4.00) | 2.87 % |" in text
    assert "| NME inter-ocular, common | – | – |  | 2.52 % |  |" in text
    assert "- STAR: Zhou et al., STAR loss, CVPR 2023" in text
    assert "&lt;mine&gt;" in page(RESULTS)
    assert "<mine>" not in page(RESULTS)


def test_a_page_of_another_kind_is_refused(tmp_path):
    with pytest.raises(OutputError, match=r"x\.pdf: name a page that ends in \.md or \.html"):
        write_page(RESULTS, tmp_path / "x.pdf")


def test_command(root, tmp_path):
    _written("fer2013", root)
    out, numbers = tmp_path / "page.md", tmp_path / "a.json"
    options = ["--pack", "default", "--pack", "default", "-o", str(out), "--json", str(numbers)]
    result = CliRunner().invoke(main, ["evaluate", "fer2013", str(root), *options])
    assert result.exit_code == 0, result.output
    assert out.read_text().startswith("# fer2013 · data · Prosopon")
    assert len(json.loads(numbers.read_text())["beside"]) == 1
