"""`seed`: writes months of made-up business into a running emulator."""

from __future__ import annotations

import click

from core import settings
from dashboard.process import emulator_control


@click.command(help="Make business in the emulator's past, with a progress bar.")
@click.option("--days", type=click.IntRange(1, 3650), default=60, show_default=True)
@click.option("--per-day", type=click.IntRange(1, 100_000), default=150, show_default=True)
@click.option("--seed", type=int, help="Makes it repeatable.")
@click.option("--hard", is_flag=True, help="Every rare case in between (docs/emulator.md).")
def command(days: int, per_day: int, seed: int | None, hard: bool) -> None:
    """Ask the emulator at EMULATOR_PORT or STRIPE_API_BASE for history."""
    configuration = settings.load()
    before = 0
    with click.progressbar(length=days * per_day, label="Making history") as bar:
        for done, total in emulator_control.history(
            configuration, days=days, per_day=per_day, seed=seed, hard=hard
        ):
            bar.length = total
            bar.update(done - before)
            before = done
