"""`receiver`: takes webhooks in and serves the REST API, health and metrics."""

from __future__ import annotations

import gc
import sys

import click
import uvicorn

from core import settings as settings_
from core.db.start import prepare
from dashboard import logs
from dashboard.api import create_app

#: Requests beyond these are told to come again; Stripe does.
_MOST_CONNECTIONS = 1024
_GRACE_SECONDS = 10


@click.command(help="Serve webhooks, the REST API, /healthz, /readyz and /metrics.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Instead of RECEIVER_PORT.")
def command(host: str, port: int | None) -> None:
    """Serve until a signal comes; what was acknowledged by then is committed."""
    settings = settings_.load()
    logs.set_up(settings, "receiver")
    prepare(settings.database)
    app = create_app(settings)
    # What stands now stands for good: the collector need not walk it again.
    gc.collect()
    gc.freeze()
    uvicorn.run(
        app,
        host=host,
        port=port or settings.receiver_port,
        http="httptools",
        loop="asyncio" if sys.platform == "win32" else "uvloop",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        log_config=None,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
