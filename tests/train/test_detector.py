import numpy as np
import pytest

torch = pytest.importorskip("torch")

from prosopon.crop import face_boxes  # noqa: E402
from prosopon_train.data.cutouts import Cutout, five_points, load, save  # noqa: E402
from prosopon_train.data.detection import Composer  # noqa: E402
from prosopon_train.data.scene import Scene  # noqa: E402
from prosopon_train.detector_export import check, export  # noqa: E402
from prosopon_train.detector_loop import Average, DetectorTraining, train_step  # noqa: E402
from prosopon_train.detector_loss import (  # noqa: E402
    IGNORED,
    NEGATIVE,
    assign,
    cell_levels,
    detector_loss,
    giou,
)
from prosopon_train.model.detector import N_VALUES, STRIDES, Detector  # noqa: E402

pytestmark = pytest.mark.train


def scene(boxes=(), ignored=(), size=(128, 128)):
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    middle = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    return Scene(
        np.zeros(size, np.uint8),
        boxes,
        np.repeat(middle, 5, axis=1),
        np.array(ignored, np.float32).reshape(-1, 4),
    )


def face_68(side=40.0):
    """68 points that fill a square of ``side`` px at the origin, eyes above the mouth."""
    points = np.random.default_rng(0).uniform(0.3, 0.7, (68, 2))
    points[[0, 16, 8, 19]] = (0, 0.4), (1, 0.4), (0.5, 1), (0.3, 0)
    points[36:42], points[42:48] = (0.3, 0.3), (0.7, 0.3)
    points[48], points[54], points[30] = (0.35, 0.8), (0.65, 0.8), (0.5, 0.55)
    return (points * side).astype(np.float32)


def labels_of(truth):
    from prosopon.detect.cells import cell_centers

    return assign(truth, cell_centers(*truth.luma.shape), cell_levels(*truth.luma.shape))


def test_a_small_face_is_answered_for_at_the_finest_level_only():
    labels = labels_of(scene([(40, 40, 60, 60)]))
    assert np.flatnonzero(labels == 0).tolist() == [6 * 16 + 6]  # the cell centred at (51.5, 51.5)
    assert labels[6 * 16 + 5] == IGNORED  # (43.5, 51.5): in the face, beside its middle
    assert labels[0] == NEGATIVE
    assert (labels[256 + 64 :] == NEGATIVE).all()


def test_every_face_has_a_cell_and_the_smaller_one_wins():
    labels = labels_of(scene([(2, 2, 126, 126), (58, 58, 72, 72), (9.5, 9.5, 21.5, 21.5)]))
    assert {0, 1, 2} <= set(labels.tolist())


def test_ignored_areas_are_not_judged():
    labels = labels_of(scene(ignored=[(0, 0, 63.5, 127)]))
    assert (labels[:256].reshape(16, 16)[:, :8] == IGNORED).all()
    assert (labels[:256].reshape(16, 16)[:, 8:] == NEGATIVE).all()


def test_giou_of_apart_and_equal_boxes():
    a = torch.tensor([(0.0, 0, 2, 2), (0, 0, 2, 2)])
    b = torch.tensor([(0.0, 0, 2, 2), (2, 0, 4, 2)])
    iou, generalised = giou(a, b)
    assert iou.tolist() == [1, 0]
    assert generalised.tolist() == [1, 0]


def test_loss_vanishes_on_the_truth():
    truth = scene([(40, 40, 60, 60)])
    maps = []
    labels = labels_of(truth)
    start = 0
    for stride in STRIDES:
        n = 128 // stride
        part = labels[start : start + n * n].reshape(n, n)
        start += n * n
        values = torch.zeros(1, N_VALUES, n, n)
        values[0, 0] = torch.from_numpy(np.where(part == 0, 20.0, -20.0))
        grid = (torch.arange(n) + 0.5) * stride - 0.5
        values[0, 1] = (50 - grid[None]) / stride
        values[0, 2] = (50 - grid[:, None]) / stride
        values[0, 3:5] = float(np.log(20 / stride))
        values[0, 5::2] = values[0, 1]
        values[0, 6::2] = values[0, 2]
        maps.append(values)
    for part in detector_loss(maps, [truth]).values():
        assert float(part) == pytest.approx(0, abs=1e-4)


def test_loss_of_a_batch_without_faces_is_finite():
    maps = Detector().eval()(torch.zeros(2, 1, 64, 64))
    loss = sum(detector_loss(maps, [scene(size=(64, 64))] * 2).values())
    assert torch.isfinite(loss)


def test_a_few_steps_lower_the_loss():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    net = Detector()
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    scenes = []
    for x, y in ((10, 20), (60, 30), (40, 70), (80, 80)):
        scenes.append(scene([(x, y, x + 36, y + 40)]))
        scenes[-1].luma[:] = rng.integers(0, 60, (128, 128))
        scenes[-1].luma[y : y + 40, x : x + 36] += 150
    losses = []
    for _ in range(14):
        loss, parts = train_step(net, scenes, DetectorTraining(), bf16=False)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert set(parts) == {"score", "box", "points"}
    assert losses[-1] < 0.6 * losses[0]


def test_rate_rises_holds_and_falls():
    training = DetectorTraining(steps=1000, rate=1.0, warm_up=100, decay=0.5)
    assert training.rate_at(9) == pytest.approx(0.1, abs=1e-5)
    assert training.rate_at(400) == pytest.approx(1, abs=1e-5)
    assert training.rate_at(750) == pytest.approx(0.5, abs=1e-5)
    assert training.rate_at(1000) < 1e-5


def test_average_forgets_the_start():
    net = torch.nn.Linear(1, 1)
    average = Average(net, 0.5)
    torch.nn.init.constant_(net.weight, 8.0)
    for step in range(100, 130):
        average.update(net, step)
    assert float(average.net.weight) == pytest.approx(8, abs=1e-4)


def test_export_is_equal_to_the_network(tmp_path):
    pytest.importorskip("onnxruntime")
    torch.manual_seed(0)
    net = Detector()
    net.train()(torch.rand(2, 1, 128, 128) * 4)  # gives batch normalisation something to fold
    net.eval()
    path = tmp_path / "detector.onnx"
    export(net, path)
    picture = np.random.default_rng(0).integers(0, 256, (64, 128), dtype=np.uint8)
    check(net, path, [picture])
    torch.nn.init.constant_(net.predict[0].bias, 3.0)
    with pytest.raises(ValueError, match="differs from the network"):
        check(net, path, [picture])


def test_face_box_adds_a_quarter_above():
    points = face_68()
    np.testing.assert_allclose(face_boxes(points[None]), [(0, -10, 40, 40)])
    np.testing.assert_allclose(five_points(points[None])[0, 0], (12, 12))


def test_cutouts_survive_a_file(tmp_path):
    luma = np.arange(12, dtype=np.uint8).reshape(3, 4)
    cutouts = [
        Cutout(luma, face_68()[None], np.array([True]), "a"),
        Cutout(luma.T.copy(), np.stack([face_68()] * 2), np.array([True, False]), "b"),
    ]
    save(tmp_path / "c.npz", cutouts)
    found = load(tmp_path / "c.npz")
    np.testing.assert_array_equal(found[1].luma, luma.T)
    np.testing.assert_array_equal(found[1].sure, [True, False])
    assert [c.source for c in found] == ["a", "b"]
    assert [c.points.shape for c in found] == [(1, 68, 2), (2, 68, 2)]


def test_scenes_keep_to_their_size_and_repeat():
    rng = np.random.default_rng(0)
    luma = rng.integers(0, 256, (60, 60), dtype=np.uint8)
    faces = [Cutout(luma, face_68()[None] + 10, np.array([True]), "muxspace")]
    grounds = [rng.integers(0, 256, (48, 64), dtype=np.uint8)]
    first = Composer({"muxspace": faces}, grounds, np.random.default_rng(1))
    again = Composer({"muxspace": faces}, grounds, np.random.default_rng(1))
    count = 0
    for _ in range(12):
        a, b = first(128, 192), again(128, 192)
        assert a.luma.shape == (128, 192)
        assert a.luma.dtype == np.uint8
        assert len(a.boxes) == len(a.points)
        np.testing.assert_array_equal(a.luma, b.luma)
        np.testing.assert_array_equal(a.boxes, b.boxes)
        assert (a.points.min(1) >= a.boxes[:, :2] - 1).all()
        assert (a.points.max(1) <= a.boxes[:, 2:] + 1).all()
        count += len(a.boxes)
    assert count > 6
