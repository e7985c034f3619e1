"""A user's own labels taught to the default pack, and the pack that comes out."""

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from click.testing import CliRunner  # noqa: E402

import prosopon  # noqa: E402
from prosopon.errors import InputError, OutputError  # noqa: E402
from prosopon.packs import load_pack  # noqa: E402
from prosopon_train.cli import main  # noqa: E402
from prosopon_train.finetune import Stage, finetune, read_table, split  # noqa: E402

pytestmark = pytest.mark.train
SHORT = (Stage(3e-3, 300, 0), Stage(1e-4, 4, 0))


def drawn_face(rng, mouth_open):
    image = np.full((96, 96, 3), 60, np.uint8)
    cv2.ellipse(image, (48, 48), (30, 40), 0, 0, 360, (180, 180, 180), cv2.FILLED)
    for x in (37, 59):
        cv2.ellipse(image, (x, 40), (6, 3), 0, 0, 360, (40, 40, 40), cv2.FILLED)
    cv2.ellipse(image, (48, 70), (9, 9 if mouth_open else 1), 0, 0, 360, (30, 30, 30), cv2.FILLED)
    return cv2.add(image, rng.integers(0, 40, image.shape, dtype=np.uint8))


def write_table(folder, heading, label, people=10, each=2):
    """Drawn faces, mouths open and shut by turns; ``label(open)`` fills the last columns."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    rows = [f"image,person,x0,y0,x1,y1,{heading}"]
    for i in range(people * each):
        cv2.imwrite(str(folder / f"{i}.png"), drawn_face(rng, i % 2 == 1))
        rows.append(f"{i}.png,p{i // each},16,8,80,88,{label(i % 2 == 1)}")
    path = folder / "labels.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    root = tmp_path_factory.mktemp("mine")
    table = write_table(
        root / "data", "emotion", lambda mouth: "fear" if mouth else "disgust", people=30
    )
    return (
        table,
        root / "My pack",
        finetune(table, "emotion", "default", root / "My pack", stages=SHORT),
    )


def test_people_kept_out_are_told_better(taught):
    _, _, outcome = taught
    assert outcome.before["emotion accuracy"] <= 0.5
    assert outcome.after["emotion accuracy"] >= 0.75  # chance is a half
    assert outcome.training == 48
    assert outcome.held_out == 12


def test_the_pack_stands_alone_and_keeps_its_other_tasks(taught):
    _, folder, _ = taught
    pack = load_pack(folder)
    assert pack.name == "my-pack"
    assert all(file.path.parent == folder for file in pack.files)
    assert pack.network.outputs == load_pack("default").network.outputs
    assert "| emotion accuracy |" in pack.card.read_text()
    image = np.full((200, 200, 3), 90, np.uint8)
    cv2.circle(image, (100, 100), 60, (170, 170, 170), -1)
    boxes = [[40, 40, 160, 160]]
    before = prosopon.Analyzer(precision="fp32").image(image, boxes=boxes)
    after = prosopon.Analyzer(pack=folder).image(image, boxes=boxes)
    assert list(after) == list(before)


def test_a_persons_pictures_stay_together(taught):
    train, held_out = split(read_table(taught[0], "emotion"))
    people = [{sample.person for sample, _ in part.samples} for part in (train, held_out)]
    assert not people[0] & people[1]
    assert len(people[1]) == 6


def test_units_and_affect_are_read(tmp_path):
    table = write_table(tmp_path, "AU04,AU12", lambda mouth: f"{2 * mouth},")
    (_, shut), (_, wide), *_ = read_table(table, "au")
    assert int((~torch.isnan(wide["au"])).sum()) == 1
    assert float(torch.nansum(wide["au_present"])) == 1
    assert float(torch.nansum(shut["au_present"])) == 0
    table = write_table(tmp_path, "valence,arousal", lambda mouth: "0.5,-0.25")
    assert read_table(table, "affect")[0][1]["affect"].tolist() == [0.5, -0.25]


@pytest.mark.parametrize(
    ("heading", "label", "task", "message"),
    [
        (
            "emotion",
            "joy",
            "emotion",
            r"labels.csv: line 2: emotion 'joy', expected one of neutral",
        ),
        ("mood", "x", "emotion", r"labels.csv: has no column emotion"),
        ("AU99", "1", "au", r"line 2: codes no unit; columns are AU01"),
        ("valence,arousal", "0.1,x", "affect", r"line 2: arousal: expected a number, got 'x'"),
    ],
)
def test_a_bad_table_is_refused(heading, label, task, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read_table(write_table(tmp_path, heading, lambda mouth: label, 2, 1), task)


def test_one_person_is_too_few(tmp_path):
    table = write_table(tmp_path, "emotion", lambda mouth: "fear", people=1)
    with pytest.raises(InputError, match="names fewer than two people"):
        read_table(table, "emotion")


def test_a_folder_in_use_is_left_alone(taught):
    with pytest.raises(OutputError, match="is not empty"):
        finetune(taught[0], "emotion", "default", taught[1])


def test_command_says_one_line(tmp_path):
    table = write_table(tmp_path, "emotion", lambda mouth: "joy", 2, 1)
    options = ["--table", str(table), "--task", "emotion", "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(main, ["finetune", *options])
    assert result.exit_code == 1
    assert result.output.startswith("error: ")
