"""The HTTP API from outside: what a script sees."""

from __future__ import annotations

import io
import json
import socket
import time
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest

pytest.importorskip("fastapi", reason="needs the extra 'server'")

from serving import Client


@pytest.fixture(scope="module")
def done(client: Client, clip: bytes) -> str:
    """Id of an analysis that is done."""
    answer = client.upload(clip, "an interview.mkv")
    assert answer.status == 202
    assert client.wait(answer.json["id"])["state"] == "done"
    return answer.json["id"]


def test_upload_is_queued_and_analysed(client: Client, done: str):
    job = client.ask("GET", f"/v1/analyses/{done}").json
    assert (job["name"], job["media"]) == ("an interview.mkv", "video/x-matroska")
    assert (job["frames"], job["frames_expected"], job["error"]) == (6, 6, None)
    assert job["summary"]["frames_with_face"] == 6
    assert job["summary"]["problems"] == []


def test_tables_are_the_same_in_every_format(client: Client, done: str):
    def table(format: str) -> bytes:
        answer = client.ask("GET", f"/v1/analyses/{done}/table?format={format}")
        assert answer.status == 200
        assert f"an%20interview.{format}" in answer.headers["content-disposition"]
        return answer.body

    rows = [json.loads(line) for line in table("jsonl").splitlines()]
    csv = pyarrow.csv.read_csv(io.BytesIO(table("csv")))
    parquet = pyarrow.parquet.read_table(io.BytesIO(table("parquet")))
    assert [row["frame"] for row in rows] == list(range(6))
    assert csv["frame"].to_pylist() == parquet["frame"].to_pylist() == list(range(6))
    assert csv["time"].to_pylist() == parquet["time"].to_pylist() == [i / 10 for i in range(6)]


def test_media_can_be_read_in_ranges(client: Client, done: str, clip: bytes):
    answer = client.ask("GET", f"/v1/analyses/{done}/media", headers={"Range": "bytes=10-19"})
    assert (answer.status, answer.body) == (206, clip[10:20])
    assert answer.headers["content-type"] == "video/x-matroska"


def test_report(client: Client, done: str):
    data = client.ask("GET", f"/v1/analyses/{done}/report?format=json").json
    assert (data["title"], len(data["people"])) == ("an interview.mkv", 1)
    assert data["info"]["input"]["path"] == "upload"
    page = client.ask("GET", f"/v1/analyses/{done}/report")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert str(client.settings.folder).encode() not in page.body
    for name, content in (("report.js", b"mountReport"), ("report.css", b".prosopon-report")):
        assert content in client.ask("GET", f"/report/{name}").body
    assert client.ask("GET", "/report/page.py").status == 404


def test_raw_body_is_an_upload_too(client: Client, clip: bytes):
    answer = client.ask("POST", "/v1/analyses?name=raw.mkv", clip)
    assert (answer.status, answer.json["name"]) == (202, "raw.mkv")
    assert client.wait(answer.json["id"])["state"] == "done"


def test_newest_is_listed_first(client: Client, clip: bytes):
    ids = [client.upload(clip).json["id"] for _ in range(2)]
    assert [job["id"] for job in client.ask("GET", "/v1/analyses?most=2").json] == ids[::-1]


def test_deleting_removes_every_file(client: Client, clip: bytes):
    job_id = client.upload(clip).json["id"]
    client.wait(job_id)
    folder = client.settings.job_folder(job_id)
    assert {path.name for path in folder.iterdir()} >= {"upload", "result.csv", "result.json"}
    assert client.ask("DELETE", f"/v1/analyses/{job_id}").status == 204
    assert not folder.exists()
    assert client.ask("DELETE", f"/v1/analyses/{job_id}").status == 404


def test_result_of_an_unfinished_analysis(client: Client):
    broken = b"\x1a\x45\xdf\xa3" + bytes(500)
    job = client.wait(client.upload(broken, "broken.mkv").json["id"])
    assert job["state"] == "failed"
    assert job["error"].startswith("broken.mkv: ")
    answer = client.ask("GET", f"/v1/analyses/{job['id']}/table")
    assert (answer.status, answer.json["detail"][:23]) == (409, "the analysis failed: br")


def test_image_is_measured_at_once(client: Client, picture: bytes):
    answer = client.ask("POST", "/v1/image", picture, {"Content-Type": "image/png"})
    result = answer.json
    assert (answer.status, result["width"], result["height"]) == (200, 128, 96)
    (face,) = result["faces"]
    assert len(face["landmarks"]) == 68
    assert face["pose_euler"] == [0, 0, 0]
    assert sum(face["emotion"]) == pytest.approx(1, abs=1e-3)


def test_image_in_a_form(client: Client, picture: bytes):
    body = b"\r\n".join(
        (
            b"--b",
            b'Content-Disposition: form-data; name="note"',
            b"",
            b"x",
            b"--b",
            b'Content-Disposition: form-data; name="file"; filename="a.png"',
            b"",
            picture,
            b"--b--",
            b"",
        )
    )
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    assert len(client.ask("POST", "/v1/image", body, kind).json["faces"]) == 1


@pytest.mark.parametrize(
    ("body", "kind", "status", "detail"),
    [
        pytest.param(b"", "image/png", 400, "holds no file", id="empty"),
        pytest.param(b"#EXTM3U", "image/png", 422, "not a picture", id="no picture"),
        pytest.param(b"x" * 1_000_001, "image/png", 413, "limit of 1 MB", id="too large"),
        pytest.param(b"x", "multipart/form-data", 400, "damaged", id="no boundary"),
        pytest.param(
            b"nonsense", "multipart/form-data; boundary=b", 400, "damaged", id="broken form"
        ),
    ],
)
def test_bad_image(client: Client, body: bytes, kind: str, status: int, detail: str):
    answer = client.ask("POST", "/v1/image", body, {"Content-Type": kind})
    assert answer.status == status
    assert detail in answer.json["detail"]


def test_what_is_no_media_is_refused_at_once(client: Client):
    answer = client.upload(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "film.mp4")
    assert answer.status == 415
    assert answer.json["detail"].startswith("film.mp4: not a picture or video")


def test_upload_over_the_limit(client: Client):
    before = client.ask("GET", "/v1/analyses").json
    assert client.upload(b"\x1a\x45\xdf\xa3" + bytes(2_000_000)).status == 413
    assert client.ask("GET", "/v1/analyses").json == before


def test_client_that_vanishes_leaves_nothing(client: Client):
    jobs = client.settings.folder / "jobs"
    before = set(jobs.iterdir())
    with socket.create_connection((client.host, client.port)) as connection:
        connection.sendall(
            b"POST /v1/analyses HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
            b"\x1a\x45\xdf\xa3" + bytes(5_000)
        )
        until = time.monotonic() + 10
        while set(jobs.iterdir()) == before and time.monotonic() < until:
            time.sleep(0.01)
        assert set(jobs.iterdir()) != before
    while set(jobs.iterdir()) != before and time.monotonic() < until:
        time.sleep(0.01)
    assert set(jobs.iterdir()) == before


def test_upload_that_stalls_is_given_up(client: Client):
    with socket.create_connection((client.host, client.port)) as connection:
        connection.sendall(
            b"POST /v1/image HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc"
        )
        assert b" 408 " in connection.recv(1000)


def test_server_path(client: Client, clip: bytes):
    (allowed,) = client.settings.roots
    (allowed / "session 1").mkdir(exist_ok=True)
    path = allowed / "session 1" / "clip.mkv"
    path.write_bytes(clip)
    for given in ("session 1/clip.mkv", str(path)):
        answer = client.post_json("/v1/analyses", {"path": given})
        assert (answer.status, answer.json["name"]) == (202, "clip.mkv")
        job_id = answer.json["id"]
        assert client.wait(job_id)["state"] == "done"
        assert client.ask("GET", f"/v1/analyses/{job_id}/media").body == clip
        client.ask("DELETE", f"/v1/analyses/{job_id}")
    assert path.exists()


@pytest.mark.parametrize("path", ["../data/queue.sqlite", "/etc/passwd", "link", "nought", "\0"])
def test_server_path_elsewhere(client: Client, path: str):
    (allowed,) = client.settings.roots
    link = allowed / "link"
    if not link.is_symlink():
        link.symlink_to("/etc/passwd")
    answer = client.post_json("/v1/analyses", {"path": path})
    assert answer.status == 422
    assert "no such file in the folders" in answer.json["detail"]


@pytest.mark.parametrize("value", [{}, {"path": ""}, {"path": 1}, {"path": "a", "x": 1}, []])
def test_malformed_path_request(client: Client, value: object):
    answer = client.post_json("/v1/analyses", value)
    assert answer.status == 422
    assert answer.json["detail"].startswith('expected {"path": "…"}')


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/analyses/" + "0" * 32, 404),
        ("/v1/analyses/..%2f..%2fetc%2fpasswd", 404),
        ("/v1/analyses/not-an-id", 422),
        ("/v1/analyses?most=0", 422),
        ("/v1/pack/..%2fpack.toml", 404),
        ("/v1/pack/CARD.md", 404),
        ("/assets/..%2f..%2fapp.py", 404),
    ],
)
def test_what_is_not_there(client: Client, path: str, status: int):
    assert client.ask("GET", path).status == status


def test_pack_files_for_the_browser(client: Client, fake_pack: Path):
    info = client.ask("GET", "/v1/server").json
    assert info["pack"]["name"] == "fake"
    answer = client.ask("GET", "/v1/pack/detector.onnx")
    assert answer.body == (fake_pack / "detector.onnx").read_bytes()
    assert answer.headers["etag"] == f'"{info["pack"]["files"]["detector.onnx"]}"'


def test_health_and_metrics(client: Client, picture: bytes):
    assert client.ask("GET", "/healthz").json["status"] == "ok"
    client.ask("POST", "/v1/image", picture)
    text = client.ask("GET", "/metrics").body.decode()
    assert 'prosopon_requests_total{method="POST",route="/v1/image",status="200"}' in text
    assert 'prosopon_analyses{state="queued"} ' in text
    assert "/v1/analyses/{job_id}" in text
    assert "nought" not in text
