"""`worker`: runs the worker until it is stopped."""

from __future__ import annotations

import os
import sys

import click

from core import bootstrap, settings
from core.private_files import secure
from dashboard.process import logs, memory
from dashboard.process.worker import run_loops

#: Each loop may have a connection with a page cache of its own. Events are not applied any slower
#: with a quarter of the usual one: what SQLite does not keep, the system does.
_CACHE_MIB = 16


@click.command()
@click.option("--slot", type=int, help="Which slot of the sums this worker writes (0 to 15).")
def command(slot: int | None) -> None:
    """Apply events, read objects again, poll, and keep the ledger."""
    memory.share()
    memory.give_back()
    configuration = settings.load()
    logs.set_up(configuration, "worker")
    secure(configuration.var_dir)
    console = bootstrap.build(configuration, cache_mib=_CACHE_MIB)
    code = run_loops(console, bootstrap.open_workshop(console, slot=slot))
    if code is not None:
        sys.exit(code)
    # In the same process, so that who watches it sees no end: with nothing left of what was.
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - no shell
