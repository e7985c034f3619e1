"""Corpora by URL, from a real S3-compatible server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import corpora
from prosopon.batch.remote import fetch, list_files
from prosopon.errors import InputError

pytest.importorskip("fsspec")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpora.write_corpus(tmp_path_factory.mktemp("corpus"), videos=2)


def test_file_url(corpus: Path, tmp_path: Path):
    found = list(list_files(corpus.as_uri()))
    keys = ["0.png", "1.png", "2.png", "a/clip 0.mp4", "b/clip 1.mp4"]
    assert [file.key for file in found] == keys
    assert found[3].size == (corpus / "a/clip 0.mp4").stat().st_size
    copy = fetch(found[3].location, tmp_path)
    assert copy.read_bytes() == (corpus / "a/clip 0.mp4").read_bytes()


def test_what_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(InputError, match="no such file"):
        fetch((tmp_path / "gone.mp4").as_uri(), tmp_path)
    with pytest.raises(InputError, match=r"nowhere://x: Protocol not known"):
        list(list_files("nowhere://x"))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An S3 server on this machine."""
    moto = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_same_rows_from_s3(server: str, corpus: Path, tmp_path: Path):
    import boto3

    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    client = boto3.client(
        "s3", endpoint_url=server, region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="test",
    )  # fmt: skip
    client.create_bucket(Bucket="lab")
    for path in sorted(corpus.rglob("*.*")):
        client.upload_file(str(path), "lab", f"study/{path.relative_to(corpus).as_posix()}")
    client.put_object(Bucket="lab", Key="study/a/broken.mp4", Body=b"no video")
    pack = corpora.pack(tmp_path)
    code, _, err = corpora.run("batch", corpus, "-o", tmp_path / "here", "--pack", pack)
    assert (code, err) == (0, "")

    environment = credentials | {"AWS_ENDPOINT_URL": server, "AWS_REGION": "us-east-1"}
    arguments = ("batch", "s3://lab/study", "-o", tmp_path / "there", "--pack", pack)
    code, _, err = corpora.run(*arguments, **environment)
    assert code == 1
    assert err == (
        "error: s3://lab/study/a/broken.mp4: neither a video nor a picture that can be read; "
        "convert it to MP4 or PNG\n"
    )
    assert corpora.results(tmp_path / "there") == corpora.results(tmp_path / "here")
    before = [entry for entry in corpora.entries(tmp_path / "there") if entry.state == "done"]
    assert before[0].input == "s3://lab/study/a/clip 0.mp4"

    client.delete_object(Bucket="lab", Key="study/a/broken.mp4")
    code, _, err = corpora.run(*arguments, "--resume", **environment)
    assert (code, err) == (0, "")
    assert corpora.entries(tmp_path / "there") == before
