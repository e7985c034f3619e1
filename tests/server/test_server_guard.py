"""Who is let in, and what browsers are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra 'server'")
from click.testing import CliRunner
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from prosopon.cli import main
from prosopon.server.settings import Settings, is_loopback
from serving import Client, running

TOKEN = "a token that is long enough"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, fake_pack: Path) -> Iterator[Client]:
    """A server that asks for a token and may be called by any host name."""
    settings = Settings(
        folder=tmp_path_factory.mktemp("guarded"),
        token=TOKEN,
        local=False,
        analyzer={"pack": fake_pack},
    )
    with running(settings) as client:
        yield client


def test_pages_are_isolated_and_strict(client: Client):
    headers = client.ask("GET", "/").headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe-inline" not in headers["content-security-policy"]
    assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers
    assert client.ask("GET", "/v1/analyses").headers["cache-control"] == "no-store"


def test_headers_stand_on_errors_too(client: Client):
    assert "content-security-policy" in client.ask("GET", "/nought").headers


@pytest.mark.parametrize("host", ["attacker.example", "attacker.example:80", "10.0.0.1", ""])
def test_local_server_refuses_other_names(client: Client, host: str):
    answer = client.ask("GET", "/v1/analyses", headers={"Host": host})
    assert answer.status == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8600", "[::1]:8600"])
def test_local_server_answers_to_its_own_names(client: Client, host: str):
    assert client.ask("GET", "/v1/analyses", headers={"Host": host}).status == 200


@pytest.mark.parametrize("origin", ["http://attacker.example", "null", "http://127.0.0.1:1"])
def test_other_sites_pages_are_refused(client: Client, clip: bytes, origin: str):
    assert client.upload(clip, Origin=origin).status == 403


def test_own_page_is_not(client: Client, picture: bytes):
    answer = client.ask("POST", "/v1/image", picture, {"Origin": client.url})
    assert answer.status == 200


def test_other_sites_sockets_are_refused(client: Client):
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://{client.host}:{client.port}/v1/live", origin="http://attacker.example")


def test_without_the_token(guarded: Client):
    for method, path in (
        ("GET", "/v1/analyses"),
        ("POST", "/v1/image"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
        ("GET", "/v1/server"),
        ("GET", "/v1/session/../analyses"),
    ):
        answer = guarded.ask(method, path)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer"), path
    assert guarded.ask("GET", "/").status == 200
    assert guarded.ask("GET", "/healthz").status == 200


@pytest.mark.parametrize("value", ["Bearer wrong", "Basic x", TOKEN, "Bearer", "Bearer \xe9"])
def test_wrong_token(guarded: Client, value: str):
    answer = guarded.ask("GET", "/v1/analyses", headers={"Authorization": value})
    assert answer.status == 401


def test_with_the_token(guarded: Client):
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "lab.example:8600"}
    assert guarded.ask("GET", "/v1/analyses", headers=headers).status == 200


def test_session_cookie(guarded: Client):
    assert guarded.post_json("/v1/session", {"token": "wrong"}).status == 401
    answer = guarded.post_json("/v1/session", {"token": TOKEN})
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert answer.status == 204
    assert TOKEN not in cookie
    assert {"HttpOnly", "SameSite=strict"} <= set(attributes)
    assert guarded.ask("GET", "/v1/analyses", headers={"Cookie": cookie}).status == 200
    forged = {"Cookie": "prosopon_session=0000"}
    assert guarded.ask("GET", "/v1/analyses", headers=forged).status == 401


def test_socket_needs_the_token(guarded: Client):
    url = f"ws://{guarded.host}:{guarded.port}/v1/live"
    with pytest.raises(InvalidStatus, match="403"):
        connect(url)
    with connect(url, additional_headers={"Authorization": f"Bearer {TOKEN}"}):
        pass


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.9.9.9", True),
     ("0.0.0.0", False), ("::", False), ("192.168.1.2", False), ("lab.example", False)],
)  # fmt: skip
def test_is_loopback(host: str, local: bool):
    assert is_loopback(host) is local


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "give a token"),
        (["--token", "short"], "16 characters"),
        (["--allow", "nought"], "no such folder"),
    ],
)
def test_unsafe_starts_are_refused(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("PROSOPON_TOKEN", raising=False)
    result = CliRunner().invoke(main, ["serve", *arguments])
    assert result.exit_code == 2
    assert message in result.output


def test_settings_are_replaceable_but_fixed(client: Client):
    with pytest.raises(AttributeError):
        client.settings.token = "x"  # type: ignore[misc]
    assert replace(client.settings, token="x").token == "x"


def test_document_names_every_route(client: Client):
    document = json.loads(client.ask("GET", "/openapi.json").body)
    assert set(document["paths"]) >= {
        "/v1/analyses", "/v1/analyses/{job_id}", "/v1/analyses/{job_id}/table",
        "/v1/analyses/{job_id}/media", "/v1/image", "/healthz", "/metrics",
    }  # fmt: skip
