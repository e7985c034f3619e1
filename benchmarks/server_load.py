"""Many clients on a server of this machine: throughput, latency, memory, and whether it grows.

Usage: python benchmarks/server_load.py [PICTURE] [--requests 10000] [--clients 8]

Starts ``prosopon serve`` with a folder of its own. While ``--clients`` clients send PICTURE (by
default the example clip's first frame) to ``/v1/image`` on connections that stay open, one reads a
table a few bytes at a time, and one begins uploads and vanishes. A refusal because of load (503)
is counted and tried again. Memory is the server's resident set, without its worker; growth is that
over the last half of the requests, when all that is kept has been allocated.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import cv2
import numpy as np

from prosopon.machine import processor

CLIP = Path(__file__).parents[1] / "examples" / "clip.mp4"
HOST = "127.0.0.1"
SAMPLES = 10


@dataclass(slots=True)
class Load:
    """What the clients saw so far; seconds of each answered request, refusals, failures."""

    requests: int
    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0
    vanished: int = 0
    slow_bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: threading.Event = field(default_factory=threading.Event)

    def take(self) -> bool:
        """Whether another request is to be made."""
        with self.lock:
            self.requests -= 1
            return self.requests >= 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = HTTPConnection(HOST, port, timeout=60)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def wait_for_server(port: int, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            ask(port, "GET", "/healthz")
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def send_pictures(port: int, picture: bytes, load: Load) -> None:
    """One client, on one connection."""
    connection = HTTPConnection(HOST, port, timeout=60)
    while load.take():
        started = time.perf_counter()
        status = 503
        while status == 503:
            connection.request("POST", "/v1/image", picture, {"Content-Type": "image/jpeg"})
            answer = connection.getresponse()
            answer.read()
            status = answer.status
            if status == 503:
                load.refused += 1
                time.sleep(0.05)
        load.seconds.append(time.perf_counter() - started)
        load.failed += status != 200
    connection.close()


def read_slowly(port: int, job_id: str, load: Load) -> None:
    """A table, 256 bytes at a time with pauses, from the start again when it is read."""
    while not load.done.is_set():
        with socket.create_connection((HOST, port)) as connection:
            request = f"GET /v1/analyses/{job_id}/table HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
            connection.sendall(request.encode())
            while not load.done.is_set() and (piece := connection.recv(256)):
                load.slow_bytes += len(piece)
                time.sleep(0.02)


def vanish(port: int, load: Load) -> None:
    """Uploads that end after a part."""
    head = f"POST /v1/analyses HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5000000\r\n\r\n"
    while not load.done.wait(0.25):
        with socket.create_connection((HOST, port)) as connection:
            connection.sendall(head.encode() + b"\x1a\x45\xdf\xa3" + bytes(200_000))
        load.vanished += 1


def resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError(f"process {pid} tells no VmRSS")


def measure(port: int, pid: int, picture: bytes, requests: int, clients: int) -> Load:
    """Run the load, printing memory as it goes."""
    load = Load(requests)
    job_id = json.loads(ask(port, "POST", "/v1/analyses?name=clip.mp4", CLIP.read_bytes())[1])["id"]
    while json.loads(ask(port, "GET", f"/v1/analyses/{job_id}")[1])["state"] != "done":
        time.sleep(0.2)
    senders = [
        threading.Thread(target=send_pictures, args=(port, picture, load)) for _ in range(clients)
    ]
    others = [
        threading.Thread(target=read_slowly, args=(port, job_id, load)),
        threading.Thread(target=vanish, args=(port, load)),
    ]
    started = time.perf_counter()
    memory: list[tuple[int, float]] = []
    for thread in senders + others:
        thread.start()
    step = max(1, requests // SAMPLES)
    while any(thread.is_alive() for thread in senders):
        if len(load.seconds) >= len(memory) * step:
            memory.append((len(load.seconds), resident_mb(pid)))
        time.sleep(0.1)
    took = time.perf_counter() - started
    load.done.set()
    for thread in others:
        thread.join()
    memory.append((len(load.seconds), resident_mb(pid)))
    report(load, memory, took, clients)
    leftovers = len(json.loads(ask(port, "GET", "/v1/analyses")[1])) - 1
    print(f"analyses left by uploads that vanished: {leftovers}")
    return load


def report(load: Load, memory: list[tuple[int, float]], took: float, clients: int) -> None:
    milliseconds = np.array(load.seconds) * 1000
    p50, p99 = np.percentile(milliseconds, [50, 99])
    print(f"machine: {processor()}")
    print(
        f"requests: {len(milliseconds)} by {clients} clients in {took:.1f} s: "
        f"{len(milliseconds) / took:.1f}/s; failed {load.failed}, refused and tried again "
        f"{load.refused}"
    )
    print(f"latency: p50 {p50:.1f} ms, p99 {p99:.1f} ms, largest {milliseconds.max():.1f} ms")
    print(f"meanwhile: {load.vanished} uploads vanished, {load.slow_bytes} bytes read slowly")
    print("memory: " + ", ".join(f"{count}: {size:.1f}" for count, size in memory) + " MB")
    half = next(size for count, size in memory if count >= len(milliseconds) / 2)
    print(f"growth over the last half: {memory[-1][1] - half:+.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("picture", nargs="?", type=Path)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    if options.picture is None:
        frame = cv2.VideoCapture(str(CLIP)).read()[1]
        picture = cv2.imencode(".jpg", frame)[1].tobytes()
    else:
        picture = options.picture.read_bytes()
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "prosopon", "serve", "--port", str(port)]
        server = subprocess.Popen([*command, "--folder", folder], stdout=subprocess.DEVNULL)
        try:
            wait_for_server(port)
            measure(port, server.pid, picture, options.requests, options.clients)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
