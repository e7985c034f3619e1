"""``prosopon serve``: the web application and HTTP service, until Ctrl-C."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from prosopon.errors import MissingExtraError
from prosopon.server.settings import MEGABYTE, Limits, Settings, is_loopback

TOKEN_VARIABLE = "PROSOPON_TOKEN"
_SHORTEST_TOKEN = 16
_MOST_CONNECTIONS = 256


def run(
    host: str,
    port: int,
    token: str | None,
    folder: Path | None,
    roots: tuple[Path, ...],
    max_upload: int,
    max_minutes: float,
    keep_days: float,
    **options: Any,
) -> int:
    """Serve; 2 when it may not be reached so, or can't start."""
    try:
        import uvicorn

        from prosopon.server.app import create_app
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "server", "prosopon serve") from None

    local = is_loopback(host)
    token = token or os.environ.get(TOKEN_VARIABLE)
    if token is None and not local:
        raise click.UsageError(
            f"{host} can be reached from other machines: give a token with --token or "
            f"{TOKEN_VARIABLE}, or leave --host out"
        )
    if token is not None and len(token) < _SHORTEST_TOKEN:
        raise click.UsageError(f"the token must have {_SHORTEST_TOKEN} characters or more")
    for root in roots:
        if not root.is_dir():
            raise click.UsageError(f"--allow {root}: no such folder")
    settings = Settings(
        folder=folder or default_folder(),
        roots=roots,
        token=token,
        local=local,
        limits=Limits(
            upload_bytes=max_upload * MEGABYTE,
            seconds=max_minutes * 60,
            kept_seconds=keep_days * 24 * 3600,
        ),
        analyzer={key: value for key, value in options.items() if value is not None},
    )
    app = create_app(settings)
    address = f"[{host}]" if ":" in host else host
    click.echo(f"http://{address}:{port}  (Ctrl-C ends it; results: {settings.folder})")
    with suppress(KeyboardInterrupt):
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_level="warning",
            access_log=False,  # names of files stand in addresses
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_MOST_CONNECTIONS,
            ws_max_size=settings.limits.image_bytes + 64,
            ws_max_queue=2,
            timeout_graceful_shutdown=5,
        )
    return 0


def default_folder() -> Path:
    """Where results are kept unless another folder is given (XDG base directories)."""
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local/share") / "prosopon/server"
