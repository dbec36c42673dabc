"""`receiver`: takes webhooks in and serves the REST API, health and metrics."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading

import click

from core import settings as settings_
from core.db.start import prepare
from core.private_files import secure
from dashboard.asgi.http_protocol import BoundedHttp
from dashboard.asgi.server import serve
from dashboard.process import logs, memory
from dashboard.receiver.app import create_app

#: Requests beyond these are told to come again; Stripe does.
_MOST_CONNECTIONS = 1024
_GRACE_SECONDS = 10

_log = logging.getLogger(__name__)


def _end(died: threading.ExceptHookArgs) -> None:
    """A thread died of something unforeseen: end, to be started again, rather than limp on."""
    error = (died.exc_type, died.exc_value or died.exc_type(), died.exc_traceback)
    _log.critical("a thread died; the receiver ends", exc_info=error)
    os.kill(os.getpid(), signal.SIGTERM)


def _most_connections() -> int:
    """As many as the limit of open files leaves room for, which is raised as far as it may be."""
    if sys.platform == "win32":
        return _MOST_CONNECTIONS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _MOST_CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return min(_MOST_CONNECTIONS, soft // 2)


@click.command(help="Serve webhooks, the REST API, /healthz, /readyz and /metrics.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Instead of RECEIVER_PORT.")
def command(host: str, port: int | None) -> None:
    """Serve until a signal comes; what was acknowledged by then is committed."""
    memory.share()
    if port is not None:
        # Where customers come back to, and Stripe's events go, is this port.
        os.environ["RECEIVER_PORT"] = str(port)
    settings = settings_.load()
    logs.set_up(settings, "receiver")
    secure(settings.var_dir)
    # One line for each nonsense that a stranger sends would let him fill the disk.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    prepare(settings.database)
    app = create_app(settings)
    threading.excepthook = _end
    # What stands now stands for good: the collector need not walk it again.
    gc.collect()
    gc.freeze()
    serve(
        app,
        host=host,
        port=settings.receiver_port,
        http=BoundedHttp,
        loop="asyncio" if sys.platform == "win32" else "uvloop",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_config=None,
        limit_concurrency=_most_connections(),
        timeout_keep_alive=60,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
