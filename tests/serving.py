"""A real server on a free port of this machine, and the least of a client for it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import uvicorn

from prosopon.server.app import create_app
from prosopon.server.settings import Settings

BOUNDARY = "aBoundaryThatNoFileHolds"
_STARTED_SECONDS = 60.0
_DONE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Client:
    """host, port: where the server is; settings: its own."""

    host: str
    port: int
    settings: Settings

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()

    def upload(self, content: bytes, name: str = "clip.mkv", **headers: str) -> Answer:
        """As a browser's form."""
        head = (
            f"--{BOUNDARY}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return self.ask("POST", "/v1/analyses", body, kind | headers)

    def post_json(self, path: str, value: object) -> Answer:
        return self.ask("POST", path, json.dumps(value), {"Content-Type": "application/json"})

    def wait(self, job_id: str, *states: str) -> Any:
        """The analysis once it is in one of ``states``, by default when it has ended."""
        wanted = states or ("done", "failed")
        until = time.monotonic() + _DONE_SECONDS
        while time.monotonic() < until:
            job = self.ask("GET", f"/v1/analyses/{job_id}").json
            if job["state"] in wanted:
                return job
            time.sleep(0.05)
        raise TimeoutError(f"{job_id} is {job['state']}")


@contextmanager
def running(settings: Settings, host: str = "127.0.0.1") -> Iterator[Client]:
    """A server of ``settings``, with its worker, until the block ends."""
    config = uvicorn.Config(
        create_app(settings), log_level="warning", access_log=False, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    listener = socket.socket()
    listener.bind((host, 0))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        until = time.monotonic() + _STARTED_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > until:
                raise TimeoutError("the server did not start")
            time.sleep(0.02)
        yield Client(host, listener.getsockname()[1], settings)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
