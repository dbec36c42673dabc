"""`up`: starts everything, as `make run` does."""

from __future__ import annotations

import click

from core import settings
from dashboard.process import logs
from dashboard.process.launcher import Plan
from dashboard.process.launcher import up as bring_up


@click.command(help="Start everything and keep it running; what is done without a command.")
@click.option("--days", type=click.IntRange(0, 3650), default=60, show_default=True)
@click.option("--per-day", type=click.IntRange(1, 100_000), default=150, show_default=True)
@click.option("--seed", type=int, help="Makes the history of a first start repeatable.")
@click.option(
    "--trickle/--no-trickle", default=True, show_default=True, help="Let live payments arrive."
)
@click.option(
    "--per-minute",
    type=click.IntRange(1, 6000),
    default=3,
    show_default=True,
    help="Live payments, as many as this in a minute; many dwarf the history in charts.",
)
def command(days: int, per_day: int, seed: int | None, trickle: bool, per_minute: int) -> None:
    """Bring up the emulator (when no Stripe key is set), receiver, worker and ui."""
    configuration = settings.load()
    logs.set_up(configuration, "up")
    bring_up(configuration, Plan(days, per_day, seed, per_minute if trickle else 0))
