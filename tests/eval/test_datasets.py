"""Adapters on files of the true format: what each reads, and what it says of a missing one."""

import shutil

import numpy as np
import pytest

import benchmark_files
from benchmark_files import WRITERS, face, points
from prosopon.errors import InputError
from prosopon_eval.datasets import dataset_names, find_dataset
from prosopon_eval.datasets.w300 import read_pts


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data"


def samples(name, root, split=""):
    if not root.exists():
        WRITERS[name](root)
    return list(find_dataset(name).samples(root, split))


def test_every_dataset_has_files_to_test_on():
    assert set(dataset_names()) == set(WRITERS)


def test_unknown_dataset():
    with pytest.raises(InputError, match=r"nought: no such dataset; choose one of affectnet"):
        find_dataset("nought")


@pytest.mark.parametrize("name", WRITERS)
def test_every_split_reads_with_pictures(name, root):
    for split in find_dataset(name).splits:
        found = samples(name, root, split)
        assert len({sample.name for sample in found}) == len(found)
        for sample in found:
            image = sample.image()
            assert image.dtype == np.uint8
            assert image.ndim == 3
            assert sample.box is None or sample.box.shape == (4,)


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_missing_is_named_with_its_origin(name, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    dataset = find_dataset(name)
    with pytest.raises(InputError) as error:
        list(dataset.samples(empty))
    assert str(error.value).startswith(str(empty))
    assert dataset.origin in str(error.value)


def test_unknown_split(root):
    with pytest.raises(InputError, match=r"x: 300-W has no such split; choose one of full, common"):
        samples("w300", root, "x")


def test_one_person_or_everybody_else(root):
    assert {s.person for s in samples("mpiifacegaze", root, "person=p00")} == {"p00"}
    assert {s.person for s in samples("mpiifacegaze", root, "without=p00")} == {"p01"}


def test_w300(root):
    full = samples("w300", root)
    assert [s.name for s in full] == ["helen/testset/a_1", "lfpw/testset/a_1", "ibug/a_1"]
    assert [s.subsets for s in full] == [("common",), ("common",), ("challenging",)]
    np.testing.assert_allclose(full[0].labels["landmarks"], points(68), atol=1e-4)
    assert len(samples("w300", root, "train")) == 3
    (root / "ibug/a_1.pts").write_text("version: 1\n{\n1 2\n}\n")
    with pytest.raises(InputError, match=r"a_1.pts: holds 1 points, expected 68"):
        read_pts(root / "ibug/a_1.pts")


def test_wflw(root):
    first, second = samples("wflw", root)
    assert first.subsets == ("pose", "occlusion")
    assert second.subsets == ()
    assert first.box.tolist() == [20, 20, 80, 80]
    np.testing.assert_allclose(first.labels["landmarks"], points(98), atol=1e-4)


def test_cofw68_pictures_are_upright_and_bgr(root):
    colour, grey = samples("cofw68", root)
    np.testing.assert_array_equal(colour.image(), face(1))
    np.testing.assert_array_equal(grey.image()[:, :, 2], face(2)[:, :, 0])
    np.testing.assert_allclose(colour.labels["landmarks"], points(68), atol=1e-4)
    assert colour.box.tolist() == [20, 20, 80, 80]
    assert (colour.subsets, grey.subsets) == (("little occluded",), ("much occluded",))


def test_aflw2000_leaves_out_beyond_99_degrees_and_turns_to_our_axes(root):
    from prosopon.geometry import euler_from_rotation
    from prosopon_eval.datasets.aflw2000 import rotation

    (only,) = samples("aflw2000", root)
    assert only.name == "image00002"
    # Its yaw is positive toward image left, its pitch upward.
    np.testing.assert_allclose(
        euler_from_rotation(rotation(0, 0.5, 0)[None])[0], (0, -0.5, 0), atol=1e-9
    )
    np.testing.assert_allclose(
        euler_from_rotation(rotation(0.3, 0, 0)[None])[0], (0.3, 0, 0), atol=1e-9
    )


def test_biwi(root):
    assert [s.person for s in samples("biwi", root)] == ["01", "17"]
    (test,) = samples("biwi", root, "test")
    np.testing.assert_array_equal(
        test.labels["rotation"], [[0.8, 0, -0.6], [0, 1, 0], [0.6, 0, 0.8]]
    )


def test_disfa(root):
    found = samples("disfa", root)
    assert len(found) == 6
    second = found[1]
    assert second.labels["au"][6] == 3
    present = dict(zip(find_dataset("disfa").units, second.labels["au_present"], strict=True))
    assert present["AU12"] == 1
    assert present["AU01"] == 0
    assert np.isnan(present["AU05"])  # not among the eight whose F1 is published
    assert abs(int(second.image().mean()) - 20) < 4
    assert {s.person for s in samples("disfa", root, "fold1")} == {"SN001"}
    assert {s.person for s in samples("disfa", root, "train1")} == {"SN003", "SN006"}


def test_disfaplus(root):
    first, second, *_ = samples("disfaplus", root)
    assert first.labels["au"][0] == 2
    assert first.labels["au_present"].tolist() == [1, *[0] * 11]
    assert second.labels["au_present"].tolist() == [0] * 12
    assert second.name == "SN001/A1_AU1_TrailNo_1/001.jpg"


def test_bp4d(root):
    found = samples("bp4d", root, "fold1")
    assert [s.name for s in found] == ["F001/T1/7", "F001/T1/8"]
    units = find_dataset("bp4d").units
    present = dict(zip(units, found[1].labels["au_present"], strict=True))
    assert present["AU12"] == 1
    assert np.isnan(present["AU02"])
    assert present["AU01"] == 0
    assert found[1].labels["au"][units.index("AU12")] == 4
    assert {s.person for s in samples("bp4d", root, "train1")} == {"F003", "F004"}


def test_affectnet_lists(root):
    happy, contempt = samples("affectnet", root, "8")
    assert int(happy.labels["emotion"]) == 1
    np.testing.assert_allclose(happy.labels["affect"], (0.8, 0.2))
    assert happy.box.tolist() == [10, 12, 70, 76]
    assert int(contempt.labels["emotion"]) == 7
    assert [s.name for s in samples("affectnet", root, "7")] == ["1/a.jpg"]


def test_affectnet_arrays(root):
    benchmark_files.affectnet_arrays(root)
    found = samples("affectnet", root, "8")
    assert [(s.name, int(s.labels["emotion"])) for s in found] == [("0", 3), ("1", 7), ("10", 0)]
    assert found[0].labels["affect"][0] == 0.25
    assert np.isnan(found[0].labels["affect"][1])
    (root / "val_set/annotations/10_aro.npy").unlink()
    with pytest.raises(InputError, match=r"10_aro.npy: not found; .*affectnet"):
        samples("affectnet", root, "8")


def test_rafdb(root):
    boxed, aligned = samples("rafdb", root)
    classes = find_dataset("rafdb").classes
    assert classes[int(boxed.labels["emotion"])] == "happiness"
    assert boxed.box.tolist() == [10.5, 12, 70, 80]
    assert classes[int(aligned.labels["emotion"])] == "neutral"
    assert aligned.box is None
    (train,) = samples("rafdb", root, "train")
    assert classes[int(train.labels["emotion"])] == "sadness"


def test_rafdb_compound(root):
    (only,) = samples("rafdb_compound", root)
    assert find_dataset("rafdb_compound").classes[int(only.labels["emotion"])] == "fear+anger"


def test_fer2013(root):
    first, _ = samples("fer2013", root)
    np.testing.assert_array_equal(first.image()[:, :, 1], face(3, 48)[:, :, 0])
    assert find_dataset("fer2013").classes[int(first.labels["emotion"])] == "fear"


def test_fer2013plus_takes_the_majority_without_noise(root):
    (only,) = samples("fer2013plus", root)  # the other test row is a tie
    assert find_dataset("fer2013plus").classes[int(only.labels["emotion"])] == "sadness"
    np.testing.assert_allclose(only.labels["votes"], [0.25, 0, 0, 0.75, 0, 0, 0, 0])
    path = root / "fer2013new.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    with pytest.raises(InputError, match=r"has other rows than"):
        samples("fer2013plus", root)


def test_affwild2(root):
    va = samples("affwild2", root, "va")
    assert [s.name for s in va] == ["1-30-1280x720/1", "1-30-1280x720/3"]
    np.testing.assert_allclose(va[0].labels["affect"], (0.4, -0.2))
    assert [int(s.labels["emotion"]) for s in samples("affwild2", root, "expr")] == [4, 7]
    first, third = (s.labels["au_present"] for s in samples("affwild2", root, "au"))
    assert first.tolist() == [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    assert np.isnan(third[1])


def test_mpiifacegaze_looks_from_the_face_to_the_target(root):
    first, second, *_ = samples("mpiifacegaze", root)
    np.testing.assert_allclose(first.labels["gaze"], (0, 0, -1))
    np.testing.assert_allclose(second.labels["gaze"], np.array([1, 0, -1]) / 2**0.5, atol=1e-6)
    x0, y0, x1, y1 = first.box
    assert x0 < 30 < 70 < x1
    assert y0 < 40 < 70 < y1


def test_mpiigaze(root):
    left, right = samples("mpiigaze", root)
    assert left.image().shape == (36, 60, 3)
    np.testing.assert_allclose(left.labels["gaze"], (0.6, 0, -0.8), atol=1e-6)
    np.testing.assert_allclose(right.labels["gaze"], (0, 0, -1))


def test_gaze360(root):
    assert [s.name[-6:] for s in samples("gaze360", root)] == ["000003", "000005"]
    assert len(samples("gaze360", root, "test")) == 3
    (front,) = samples("gaze360", root, "front180")
    # Its x points to image left: this gaze is to the right.
    np.testing.assert_allclose(front.labels["gaze"], (0.6, 0, -0.8), atol=1e-6)
    (up,) = (s for s in samples("gaze360", root) if s.name.endswith("000003"))
    np.testing.assert_allclose(up.labels["gaze"], (0, -1, 0), atol=1e-6)


def test_ethxgaze(root):
    straight, aside = samples("ethxgaze", root, "val")
    assert straight.person == "subject0000"
    np.testing.assert_array_equal(aside.image(), face(6, 224))
    np.testing.assert_allclose(straight.labels["gaze"], (0, 0, -1), atol=1e-6)
    x, y, z = aside.labels["gaze"]  # up and to image left
    assert (x < 0, y < 0, z < 0) == (True, True, True)
    np.testing.assert_allclose(np.degrees(np.arcsin(-y)), 10, atol=1e-4)
    assert {s.person for s in samples("ethxgaze", root, "train-val")} == {"subject0003"}


def test_eyediap(root):
    found = samples("eyediap", root)
    # Frame 0 of the target is empty, frame 1 not a 15th.
    assert [s.name for s in found] == ["1_A_DS_S/15", "2_A_FT_M/15"]
    # The world looks along +z from the eyes to the target; the camera's axes are turned about x.
    np.testing.assert_allclose(found[0].labels["gaze"], (0, 0, -1), atol=1e-6)
    assert [s.person for s in samples("eyediap", root, "ball")] == ["2"]


def test_columbia(root):
    found = {s.name: s for s in samples("columbia", root)}
    np.testing.assert_allclose(found["0001_2m_0P_0V_0H"].labels["gaze"], (0, 0, -1))
    x, y, _ = found["0001_2m_-15P_10V_-5H"].labels["gaze"]
    np.testing.assert_allclose(np.degrees(np.arcsin(-y)), 10, atol=1e-4)
    assert x < 0
    assert found["0002_2m_30P_0V_15H"].subsets == ("head 30°",)


def test_widerface(root):
    (only,) = samples("widerface", root)
    assert only.labels["faces"].tolist() == [[10, 10, 50, 50], [60, 60, 70, 70]]
    assert only.labels["counted"].tolist() == [[True, True, True], [False, False, True]]
    first, second = samples("widerface", root, "train")
    assert first.labels["faces"].tolist() == [[10, 10, 50, 50]]  # the other is invalid
    assert second.labels["faces"].shape == (0, 4)


def test_a_broken_row_names_its_file(root):
    WRITERS["wflw"](root)
    path = root / "WFLW_annotations/list_98pt_rect_attr_train_test/list_98pt_rect_attr_test.txt"
    path.write_text("1 2 3\n")
    with pytest.raises(InputError, match=r"line 1 has 3 fields, expected 207"):
        samples("wflw", root)
    shutil.rmtree(root / "WFLW_images")
    WRITERS["wflw"](root)
    (root / "WFLW_images/0--Parade/a.jpg").write_bytes(b"nought")
    with pytest.raises(InputError, match=r"a\.jpg: not a picture that can be read"):
        samples("wflw", root)[0].image()
