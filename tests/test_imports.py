"""What may import what, and what ``import prosopon`` may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import prosopon

SOURCE = Path(prosopon.__file__).parents[1]
HEAVY = ("numpy", "cv2", "onnxruntime", "av", "pyarrow", "rich", "click", "pandas", "torch")
STAGES = ("sources", "detect", "track", "crop", "network", "heads", "filters", "writers")
SHARED = ("types", "errors", "geometry", "mirror")
"""What every stage may use."""


def modules(package: str) -> dict[str, Path]:
    """Dotted name → file of every module of ``package``."""
    found = {}
    for path in sorted((SOURCE / package).rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it, except for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_is_light():
    loaded = run("import prosopon, sys; print(*sys.modules)").split()
    assert not {name.partition(".")[0] for name in loaded} & set(HEAVY)


def test_import_takes_no_time():
    timed = "import time; t = time.perf_counter(); import prosopon; print(time.perf_counter() - t)"
    assert float(run(timed)) < 0.3


def test_help_loads_no_library_but_click():
    code = (
        "import sys; from prosopon.cli import main; main(['analyze', '--help'], 'p', None, False)"
    )
    loaded = run(f"{code}; print('LOADED', *sys.modules)").partition("LOADED")[2].split()
    assert {name.partition(".")[0] for name in loaded} & set(HEAVY) == {"click"}


@pytest.mark.parametrize("name", modules("prosopon"))
def test_no_module_imports_torch(name: str):
    # Read from the source: a process for each would be slow, and late imports would not show.
    assert not any(used.partition(".")[0] == "torch" for used in imports(modules("prosopon")[name]))


def test_pipeline_imports_with_torch_blocked():
    run("import sys; sys.modules['torch'] = None; import prosopon.pipeline, prosopon.runner")


def test_analysing_needs_neither_arrow_nor_rich_nor_ffmpeg():
    loaded = run("import sys, prosopon.commands.analyze; print(*sys.modules)").split()
    assert not {"pyarrow", "rich", "av", "pandas"} & set(loaded)


@pytest.mark.parametrize("name", modules("prosopon"))
def test_inference_does_not_import_training_or_evaluation(name: str):
    allowed = {"prosopon_eval"} if name == "prosopon.commands.evaluate" else set()
    used = {module.partition(".")[0] for module in imports(modules("prosopon")[name])}
    assert used & {"prosopon_train", "prosopon_eval"} <= allowed


@pytest.mark.parametrize(
    "name", [n for n in modules("prosopon") if n.split(".")[1:2] and n.split(".")[1] in STAGES]
)
def test_stages_do_not_import_one_another(name: str):
    stage = name.split(".")[1]
    used = {m.split(".")[1] for m in imports(modules("prosopon")[name]) if m[:9] == "prosopon."}
    assert used <= {stage, *SHARED}


def test_stages_meet_in_the_pipeline_alone():
    stages = {f"prosopon.{name}" for name in ("detect", "track.tracker", "network")}
    found = {name for name, path in modules("prosopon").items() if len(stages & imports(path)) > 1}
    # bench times each of them by itself.
    assert found == {"prosopon.pipeline", "prosopon.measuring", "prosopon.commands.bench"}


def test_evaluation_runs_with_torch_blocked():
    run(
        "import sys; sys.modules['torch'] = None\n"
        "from prosopon_eval.run import find_protocol, protocol_names\n"
        "for name in protocol_names(): find_protocol(name)"
    )


def test_names_are_found_when_asked_for():
    assert prosopon.FaceTable.__module__ == "prosopon.types"
    assert prosopon.InputError.__module__ == "prosopon.errors"
    assert set(prosopon.__all__) <= set(dir(prosopon))


def test_function_survives_the_import_of_every_module():
    code = "import prosopon, prosopon.commands.analyze; print(type(prosopon.analyze).__name__)"
    assert run(code) == "function"


def test_unknown_name():
    with pytest.raises(AttributeError, match="module 'prosopon' has no attribute 'nought'"):
        _ = prosopon.nought


def test_version_is_the_projects():
    pyproject = SOURCE.parent / "pyproject.toml"
    if not pyproject.is_file():
        pytest.skip("not a checkout")
    assert f'version = "{prosopon.__version__}"' in pyproject.read_text(encoding="utf-8")
