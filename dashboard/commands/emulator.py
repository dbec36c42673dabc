"""`python -m dashboard emulator`: the local Stripe, for any client in any language."""

from __future__ import annotations

import os
from pathlib import Path

import click

from core.emulator.server import serve
from core.errors import Misconfigured
from core.private_files import private_folder


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    envvar="EMULATOR_PORT",
    default=12111,
    show_default=True,
    help="Port to listen on (EMULATOR_PORT).",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="SQLite file that keeps the state. [default: $VAR_DIR/emulator.db]",
)
@click.option("--memory", is_flag=True, help="Keep nothing: a throw-away instance.")
@click.option("--seed", type=int, default=None, help="Makes ids and outcomes repeatable.")
@click.option("--webhook", default=None, help="Send every event to this URL.")
@click.option(
    "--webhook-secret",
    envvar="STRIPE_WEBHOOK_SECRET",
    default=None,
    help="Signs what is sent to --webhook (STRIPE_WEBHOOK_SECRET).",
)
@click.option(
    "--allowed-host",
    multiple=True,
    help="A name under which others ask for it; addresses and localhost need none.",
)
def command(
    port: int,
    host: str,
    state: Path | None,
    memory: bool,
    seed: int | None,
    webhook: str | None,
    webhook_secret: str | None,
    allowed_host: tuple[str, ...],
) -> None:
    """Run a local, stateful Stripe in test mode. Any sk_test_ key is accepted."""
    if webhook and not webhook_secret:
        raise click.UsageError("--webhook needs --webhook-secret.")
    if memory and state:
        raise click.UsageError("--memory keeps no --state.")
    state = state or Path(os.environ.get("VAR_DIR") or "var") / "emulator.db"
    if not memory:
        private_folder(state.parent)
    kept = "in memory" if memory else f"in {state}"
    click.echo(f"Stripe emulator on http://{host}:{port} (STRIPE_API_BASE), state {kept}")
    try:
        serve(
            state_path=":memory:" if memory else state,
            port=port,
            host=host,
            seed=seed,
            webhook=webhook,
            webhook_secret=webhook_secret,
            names=allowed_host,
        )
    except Misconfigured as reason:
        raise click.ClickException(reason.message) from reason
