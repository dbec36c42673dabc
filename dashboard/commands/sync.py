"""`sync`: learns an account's past from Stripe's lists."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta

import click

from core import bootstrap, clock, settings
from core.inbox.backfill import LEDGER, ORDER, Progress, backfill
from dashboard import logs

_AGO = re.compile(r"(\d{1,5})d")


class Since(click.ParamType[datetime]):
    """`90d` for so many days ago, or a day such as 2026-01-31."""

    name = "since"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        ago = _AGO.fullmatch(str(value))
        try:
            if ago:
                return clock.now() - timedelta(days=int(ago[1]))
            return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail("is neither like 90d nor a day such as 2026-01-31", param, ctx)


@click.command()
@click.option(
    "--since", type=Since(), default="90d", show_default=True, help="How far back to read."
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def command(since: datetime, as_json: bool) -> None:
    """Read Stripe's lists since a time into the database. Safe to run again at any time."""
    configuration = settings.load()
    logs.set_up(configuration, "sync")
    console = bootstrap.build(configuration)
    workshop = bootstrap.open_workshop(console)
    counts = {}
    for livemode, gateway in workshop.gateways.items():
        report = _silent if as_json else _Bar()
        found = backfill(console.engine, gateway, workshop.books, since=since, report=report)
        counts["live" if livemode else "test"] = found
        workshop.log.flush()
    if as_json:
        click.echo(json.dumps(counts))
    else:
        for mode, found in counts.items():
            click.echo(f"{mode}: " + ", ".join(f"{n} {kind}" for kind, n in found.items()))


def _silent(_progress: Progress) -> None:
    """Says nothing: for --json."""


class _Bar:
    """One bar over all lists; a terminal sees it move, a log sees a line for each list."""

    _KINDS = (*ORDER, LEDGER)

    def __call__(self, progress: Progress) -> None:
        share = (self._KINDS.index(progress.kind) + progress.fraction) / len(self._KINDS)
        filled = "█" * int(share * 30)
        line = f"{filled:<30} {share:4.0%}  {progress.kind}: {progress.done}"
        if sys.stderr.isatty():
            click.echo(f"\r{line:<78}", nl=share >= 1, err=True)
        elif progress.finished:
            click.echo(line, err=True)
