"""The whole road on made-up data: shards, loop, resume, export, int8, pack."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

import onnxruntime  # noqa: E402

import fakepack  # noqa: E402
from prosopon.errors import PackError  # noqa: E402
from prosopon.packs import load_pack  # noqa: E402
from prosopon_train.config import Config, Source, load_config  # noqa: E402
from prosopon_train.data.schema import write_shard  # noqa: E402
from prosopon_train.export import export_onnx, halve, load_network, narrow, quantize  # noqa: E402
from prosopon_train.loop import learning_rate, train  # noqa: E402
from prosopon_train.model.network import FaceNetwork  # noqa: E402
from prosopon_train.model.outputs import OUTPUT_SIZE  # noqa: E402
from prosopon_train.pack import PackInfo, write_pack  # noqa: E402
from prosopon_train.restore import network_from_pack  # noqa: E402

pytestmark = pytest.mark.train
SMALL = {
    "widths": (4, 8, 8, 8),
    "depths": (1, 0, 0),
    "squeeze": 4,
    "spatial": 16,
    "pooled": 8,
    "band": 8,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for folder in ("made", "made_test"):
        examples = []
        for _ in range(8):
            x, y = rng.uniform(60, 100, 2)
            image = np.zeros((160, 160), dtype=np.uint8)
            image[int(y) - 5 : int(y) + 6, int(x) - 5 : int(x) + 6] = 255
            examples.append(
                {"image": image, "points": np.tile([x, y], (78, 1)), "face": 1.0, "person": "a"}
            )
        write_shard(root / folder / "0.npz", examples)
    return root


def config(images):
    return Config(
        (Source("made", 1.0),), images=images, batch=8, warmup=16, learning_rate=5e-3, model=SMALL
    )


def options():
    return {"threads": 1, "report_every": 10, "validate_every": 1000, "save_every": 20}


def lines(run):
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def test_loss_falls_and_a_stopped_run_goes_on(data, tmp_path):
    train(config(320), data, tmp_path, **options())
    reports = [line["loss"]["points"] for line in lines(tmp_path) if "loss" in line]
    assert reports[-1] < reports[0]
    steps = lines(tmp_path)[-1]["step"]
    train(config(480), data, tmp_path, **options())
    assert lines(tmp_path)[-1]["step"] == 60 > steps
    assert load_network(tmp_path / "final.pt")(torch.zeros(1, 1, 128, 128)).shape[1] == OUTPUT_SIZE


def test_two_processes_share_a_run(data, tmp_path):
    train(config(480), data, tmp_path, **options(), processes=2)
    reports = [line["loss"]["points"] for line in lines(tmp_path) if "loss" in line]
    assert reports[-1] < reports[0]
    ends = [line for line in lines(tmp_path) if "done" in line]
    assert [(line["step"], line["images"]) for line in ends] == [(30, 480)]
    assert load_network(tmp_path / "final.pt").arguments["widths"] == SMALL["widths"]


def test_learning_rate_warms_up_and_falls():
    c = config(1000)
    assert learning_rate(c, 0) < learning_rate(c, 8) < learning_rate(c, 16) == c.learning_rate
    assert learning_rate(c, 1000) == pytest.approx(0.01 * c.learning_rate)


def test_export_and_int8_agree_with_torch(tmp_path):
    torch.manual_seed(0)
    model = FaceNetwork(**SMALL).eval()
    assert export_onnx(model, tmp_path / "a.onnx") < 1e-3
    crops = np.random.default_rng(0).normal(size=(32, 1, 128, 128)).astype(np.float32)
    quantize(tmp_path / "a.onnx", tmp_path / "b.onnx", crops)
    full, small = (
        onnxruntime.InferenceSession(tmp_path / name).run(None, {"crops": crops[:4]})[0]
        for name in ("a.onnx", "b.onnx")
    )
    assert np.corrcoef(full.ravel(), small.ravel())[0, 1] > 0.99


def test_halved_constants_change_little(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "a.onnx"
    export_onnx(FaceNetwork(**SMALL).eval(), path)
    crops = np.random.default_rng(0).normal(size=(2, 1, 128, 128)).astype(np.float32)
    before = onnxruntime.InferenceSession(path).run(None, {"crops": crops})[0]
    size = path.stat().st_size
    halve(path)
    assert path.stat().st_size < 0.75 * size
    after = onnxruntime.InferenceSession(path).run(None, {"crops": crops})[0]
    np.testing.assert_allclose(after, before, atol=5e-3)


def test_narrowed_layers_change_little(tmp_path):
    torch.manual_seed(0)
    path, crops = tmp_path / "a.onnx", torch.randn(2, 1, 128, 128).numpy()
    export_onnx(FaceNetwork().eval(), path)
    before = onnxruntime.InferenceSession(str(path)).run(None, {"crops": crops})[0]
    size = path.stat().st_size
    narrow(path)
    halve(path)
    after = onnxruntime.InferenceSession(str(path)).run(None, {"crops": crops})[0]
    np.testing.assert_allclose(after, before, atol=0.01 * np.abs(before).max())
    assert path.stat().st_size < 0.45 * size


def test_a_file_without_config_is_refused(tmp_path):
    path = tmp_path / "c.py"
    path.write_text("x = 1\n")
    with pytest.raises(ValueError, match="defines no CONFIG"):
        load_config(path)


def test_a_pack_can_be_trained_on(tmp_path):
    torch.manual_seed(0)
    examples = [torch.randn(32, 1, 128, 128) for _ in range(2)]
    model = network_from_pack("default", examples).eval()
    crops = torch.randn(4, 1, 128, 128)
    with torch.inference_mode():
        found = model(crops).numpy()
    path = load_pack("default").network.file("fp32").path
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"crops": crops.numpy()})[0][:, :OUTPUT_SIZE]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    inputs: list[torch.Tensor] = []
    model.fine[0][1].register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    with torch.inference_mode():
        model(torch.cat(examples))
    mean = inputs[0].mean((0, 2, 3))
    torch.testing.assert_close(model.fine[0][1].running_mean, mean, atol=1e-4, rtol=1e-3)


def test_a_pack_of_another_kind_can_not(tmp_path):
    with pytest.raises(PackError, match="not a network of this architecture"):
        network_from_pack(fakepack.write_pack(tmp_path), [])


def test_a_pack_is_renewed_and_another_shares_its_files(tmp_path, data, monkeypatch):
    monkeypatch.setenv("PROSOPON_PACKS", str(tmp_path))
    folder = fakepack.write_pack(tmp_path / "made")
    before = (folder / "pack.toml").read_text()
    checkpoint = tmp_path / "final.pt"
    torch.save({"average": FaceNetwork(**SMALL).state_dict(), "arguments": SMALL}, checkpoint)
    calibration = [data / "made_test"]
    info = PackInfo("made", "0.2.0", "Apache-2.0", "", "Renewed", "int8")
    write_pack(folder, info, checkpoint, calibration)
    renewed = load_pack("made")
    assert renewed.version == "0.2.0"
    assert list(renewed.network.files) == ["fp32", "int8"]
    assert (folder / "pack.toml").read_text().endswith(before[before.index("[detector]") :])

    info = PackInfo("second", "0.2.0", "Apache-2.0", "", "Shares", "int8", base="made")
    write_pack(tmp_path / "second", info, checkpoint, calibration, precisions=["int8"])
    second = load_pack("second")
    assert second.detector.file.path == folder / "detector.onnx"
    assert sorted(p.name for p in second.folder.iterdir()) == ["network-int8.onnx", "pack.toml"]
