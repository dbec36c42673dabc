"""`ui`: serves the screens behind the auth middleware."""

from __future__ import annotations

import logging
import os

import click

from core.private_files import secure
from dashboard.asgi.http_protocol import BoundedHttp
from dashboard.asgi.server import serve
from dashboard.process import logs
from dashboard.ui.viewer import current_console
from dashboard.web import app as web_app
from dashboard.web import streamlit_logs

_GRACE_SECONDS = 5
_log = logging.getLogger(__name__)


@click.command(help="Serve the screens (Streamlit behind the auth middleware).")
@click.option("--port", type=click.IntRange(1, 65535), help="Instead of UI_PORT.")
def command(port: int | None) -> None:
    """Serve until a signal comes; ends with an exit code unless the self-test of identity passes.

    It listens on this machine alone: a proxy in front brings https and the public address.
    """
    if port is not None:
        # Links and passkeys are of the port that people come to.
        os.environ["UI_PORT"] = str(port)
    settings = current_console().settings
    logs.set_up(settings, "ui")
    secure(settings.var_dir)
    streamlit_logs.take_over()
    app = web_app.create_app(current_console(), settings.ui_port)
    if (settings.ui_origin or settings.force_https) and not settings.proxies:
        _log.warning(
            "a proxy stands in front, and TRUSTED_PROXIES names none: everybody who signs in"
            " counts as one address"
        )
    serve(
        app,
        host="127.0.0.1",
        port=settings.ui_port,
        http=BoundedHttp,
        ws="websockets-sansio",
        # A screen's message is at most its widgets' states; uploads come by HTTP.
        ws_max_size=50 * 1024 * 1024,
        ws_ping_interval=30,
        ws_ping_timeout=30,
        # As Streamlit itself serves: else each open screen keeps 300 KB to compress with.
        ws_per_message_deflate=False,
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
