"""The two recipes: end to end, learning, and on two processes."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")
sys.path.insert(0, str(Path(__file__).parent))

import recipes  # noqa: E402

import benchmark_files  # noqa: E402
from prosopon.errors import InputError  # noqa: E402
from prosopon_train.benchmarks.engine import Joint, run_recipe  # noqa: E402
from prosopon_train.benchmarks.examples import colour, read  # noqa: E402
from prosopon_train.benchmarks.recipe import Stage  # noqa: E402
from prosopon_train.benchmarks.tasks import asymmetric, class_weights  # noqa: E402
from prosopon_train.configs import facebehaviornet, openface3  # noqa: E402

pytestmark = [
    pytest.mark.train,
    # Fabric speaks of workers and loggers that a run of seconds has no use for.
    pytest.mark.filterwarnings("ignore::UserWarning:lightning_fabric"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("benchmarks")
    recipes.write_data(root)
    return root


def log(run):
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("name", ["OPENFACE3", "BEHAVIOUR"])
def test_learns_on_made_up_data(name, data, tmp_path):
    found = run_recipe(getattr(recipes, name), data, tmp_path, threads=1)
    lines = log(tmp_path)
    assert lines[-1]["loss"]["total"] < lines[0]["loss"]["total"]
    # Two classes and their units, half each: chance is 0.5 and 0.67, beaten by 0.25 and 0.1.
    assert found["emotion accuracy"] >= 0.75
    assert found["mean AU F1"] >= 0.77
    assert (tmp_path / "final.pt").exists()
    if name == "BEHAVIOUR":
        assert found["mean affect CCC"] >= 0.25


def test_first_stage_leaves_the_trunk_alone(data, tmp_path):
    recipe = replace(recipes.OPENFACE3, stages=(Stage(1, ("base_model.",), 1e-2),))
    torch.manual_seed(0)
    before = Joint(recipe, read(data, recipe.train, recipe.picture).all_labels()).network
    run_recipe(recipe, data, tmp_path, threads=1)
    after = torch.load(tmp_path / "final.pt", weights_only=True)["average"]
    torch.testing.assert_close(
        after["base_model.1.running_mean"], before.state_dict()["base_model.1.running_mean"]
    )
    assert not torch.equal(after["heads.weight"], before.state_dict()["heads.weight"])


@pytest.mark.slow
@pytest.mark.parametrize("config", [openface3, facebehaviornet])
def test_published_recipe_runs_end_to_end(config, tmp_path):
    root = tmp_path / "data"
    for name in ("disfa", "mpiifacegaze", "affwild2"):
        benchmark_files.WRITERS[name](root / name)
    benchmark_files.affectnet_arrays(root / "affectnet")
    recipe = replace(
        config.RECIPE,
        batch=3,
        stages=tuple(replace(stage, epochs=1) for stage in config.RECIPE.stages),
    )
    found = run_recipe(recipe, root, tmp_path / "run", threads=1)
    assert set(found) >= {"emotion accuracy", "mean AU F1"}
    assert all(math.isfinite(line["loss"]["total"]) for line in log(tmp_path / "run"))


def test_published_recipe_is_what_the_paper_says():
    recipe = openface3.RECIPE
    assert [stage.epochs for stage in recipe.stages] == [5, 15]
    assert recipe.stages[0].frozen == ("base_model.",)
    assert (recipe.batch, recipe.weight_decay, recipe.learned) == (16, 5e-4, True)


@pytest.mark.slow
def test_two_processes(data, tmp_path):
    config = Path(recipes.__file__)
    options = ["--data", str(data), "--run", str(tmp_path), "--threads", "1"]
    command = [sys.executable, "-m", "prosopon_train.cli", "run", str(config), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "--devices", "2", "--strategy", "ddp"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = log(tmp_path)
    assert {line["processes"] for line in lines} == {2}
    assert len(lines) == 10
    assert lines[-1]["loss"]["total"] < lines[0]["loss"]["total"]


def test_missing_data_is_named(tmp_path):
    with pytest.raises(InputError, match=r"affectnet.*not found"):
        read(tmp_path, ("affectnet:8",), colour(8))


def test_loss_of_units_by_hand():
    said = torch.tensor([[0.5, 0.5]])
    present, known = torch.tensor([[1.0, 0.0]]), torch.ones(1, 2)
    # −(2·ln ½ + 1·½·ln ½) over two entries
    found = asymmetric(said, present, known, torch.tensor([2.0, 1.0]))
    assert float(found) == pytest.approx(1.25 * math.log(2), rel=1e-6)


def test_rare_classes_weigh_more():
    emotion = torch.zeros(4, 8)
    emotion[:3, 0] = 1
    emotion[3, 1] = 1
    weights = class_weights({"emotion": emotion})
    assert weights[:3].tolist() == pytest.approx([0.5, 1.5, 1.0])
