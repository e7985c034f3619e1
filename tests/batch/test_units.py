"""prosopon.batch.units: what is in a corpus, under which names."""

from __future__ import annotations

from pathlib import Path

import pytest

from prosopon.batch.layout import Shard
from prosopon.batch.units import PICTURES, find_units, safe_name
from prosopon.errors import InputError


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    root = tmp_path / "corpus"
    for name in ("a/1.mp4", "a/2.MOV", "b/c/3.mkv", "p/2.png", "p/10.png", "q.jpg", "n.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    (root / ".hidden").mkdir()
    (root / ".hidden" / "4.mp4").write_bytes(b"x")
    return root


def _inputs(root: Path, **options: object) -> list[str]:
    units = find_units(str(root), **options)  # type: ignore[arg-type]
    return [unit.input.replace(f"{root}/", "") for unit in units]


def test_videos_one_by_one_and_pictures_together(corpus: Path):
    everything = ["a/1.mp4", "a/2.MOV", "b/c/3.mkv", "q.jpg", "p/2.png … 10.png"]
    assert _inputs(corpus) == everything
    pictures = find_units(str(corpus))[-1]
    assert [Path(file).name for file in pictures.files] == ["2.png", "10.png"]
    assert (pictures.pictures, pictures.size) == (True, 15)


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (("*.mp4", "*.MOV"), (), ["a/1.mp4", "a/2.MOV"]),
        ((), ("a/*", "*.png", "*.jpg"), ["b/c/3.mkv"]),
        (("b/*",), (), ["b/c/3.mkv"]),
    ],
)
def test_include_and_exclude(
    corpus: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]
):
    assert _inputs(corpus, include=include, exclude=exclude) == expected


def test_output_in_the_corpus_is_left_out(corpus: Path):
    assert _inputs(corpus, leave_out=corpus / "a")[0] == "b/c/3.mkv"


def test_pictures_are_cut_into_units(tmp_path: Path):
    for number in range(PICTURES + 3):
        (tmp_path / f"{number}.png").write_bytes(b"x")
    units = find_units(str(tmp_path))
    assert [len(unit.files) for unit in units] == [PICTURES, 3]
    assert len({unit.name for unit in units}) == 2


def test_shards_share_without_overlap(corpus: Path):
    whole = {unit.name for unit in find_units(str(corpus))}
    parts = [find_units(str(corpus), shard=Shard(i, 3)) for i in (1, 2, 3)]
    names = [unit.name for part in parts for unit in part]
    assert (sorted(names), len(names)) == (sorted(whole), len(whole))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a/b c.mp4", "a-b-c-"),
        ("2020-01-01.mp4", "2020-01-01-"),
        ("ü/ß?.mp4", "input-"),
        ("x" * 300 + ".mp4", "x" * 80 + "-"),
        ("../../etc/passwd", "etc-passwd-"),
    ],
)
def test_names_are_safe_and_stay(key: str, expected: str):
    name = safe_name(key)
    assert name[:-8] == expected
    assert name == safe_name(key)
    assert int(name[-8:], 16) >= 0


def test_names_differ_where_letters_do():
    keys = ("a/b.mp4", "a-b.mp4", "A/b.mp4", "a/b.mov", "a b.mp4")
    assert len({safe_name(key).casefold() for key in keys}) == len(keys)


def test_drawings_of_earlier_runs_are_no_inputs(corpus: Path):
    for name in ("1.overlay.mp4", "p.overlay/0.png", "mine.overlay.mp4"):
        (corpus / "a" / name).parent.mkdir(exist_ok=True)
        (corpus / "a" / name).write_bytes(b"x")
    (corpus / "a/1.json").write_text('{"outputs": ["1.csv", "1.overlay.mp4"]}')
    (corpus / "a/p.json").write_text('{"outputs": ["p.csv", "p.overlay"]}')
    assert _inputs(corpus)[:3] == ["a/1.mp4", "a/2.MOV", "a/mine.overlay.mp4"]
    assert len(_inputs(corpus)) == 6


def test_list_with_columns(corpus: Path, tmp_path: Path):
    listed = tmp_path / "list.csv"
    listed.write_text("group,path\nx,a/1.mp4\ny,b/c/3.mkv\n")
    units = find_units(str(corpus), listed=listed)
    assert [(Path(u.input).name, dict(u.extra)) for u in units] == [
        ("1.mp4", {"group": "x"}), ("3.mkv", {"group": "y"}),
    ]  # fmt: skip


def test_list_as_the_corpus_is_relative_to_itself(corpus: Path):
    (corpus / "list.csv").write_text("path\na/1.mp4\ngone.mp4\n")
    units = find_units(str(corpus / "list.csv"))
    assert [unit.files for unit in units] == [
        (str(corpus / "a/1.mp4"),), (str(corpus / "gone.mp4"),)
    ]  # fmt: skip
    assert units[0].name == safe_name("a/1.mp4")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path\na/1.mp4\na/1.mp4\n", "line 3 lists 'a/1.mp4' again"),
        ("name\na/1.mp4\n", "line 2 has no path"),
        ("path\nz.mp4\n", "lists 'z.mp4', which is not in the corpus"),
        ("path\na/1.mp4,too,many\n", "line 2 has no path"),
    ],
)
def test_bad_list(corpus: Path, tmp_path: Path, text: str, message: str):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        find_units(str(corpus), listed=tmp_path / "list.csv")


def test_nothing_there(tmp_path: Path):
    with pytest.raises(InputError, match="no video or picture"):
        find_units(str(tmp_path))
    with pytest.raises(InputError, match="no such file or folder"):
        find_units(str(tmp_path / "gone"))
