"""`sync`: learns an account's past from Stripe's lists."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from gettext import ngettext
from typing import Any

import click

from core import bootstrap, clock, settings
from core.mirror.backfill import Learned, Progress, backfill
from dashboard.process import logs

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
@click.pass_context
def command(ctx: click.Context, since: datetime, as_json: bool) -> None:
    """Read Stripe's lists since a time into the database. Safe to run again at any time.

    Prints what was read, what of it was new or changed and was written, and what could not be
    read. Ends with 1 where a list that every account has was refused.
    """
    configuration = settings.load()
    logs.set_up(configuration, "sync")
    console = bootstrap.build(configuration)
    services = bootstrap.open_workshop(console)
    ends = {}
    for livemode, gateway in services.gateways.items():
        report = _silent if as_json else _Bar()
        learned = backfill(console.engine, gateway, services.books, since=since, report=report)
        ends["live" if livemode else "test"] = learned
        services.log.flush()
    if as_json:
        click.echo(json.dumps({mode: _counts(learned) for mode, learned in ends.items()}))
    else:
        for mode, learned in ends.items():
            for line in _lines(learned):
                click.echo(f"{mode}: {line}")
    if not all(learned.is_whole for learned in ends.values()):
        ctx.exit(1)


def _counts(learned: Learned) -> dict[str, Any]:
    gap = learned.gap_since
    return {
        "read": learned.read,
        "written": learned.written,
        "parked": learned.parked,
        "incomplete": learned.incomplete,
        "lacking": sorted(learned.lacking),
        "events_missing_since": gap.isoformat() if gap else None,
    }


def _lines(learned: Learned) -> list[str]:
    lines = ["read " + ", ".join(f"{n} {kind}" for kind, n in learned.read.items())]
    rows = {kind: n for kind, n in learned.written.items() if n}
    new = ", ".join(f"{n} {kind}" for kind, n in rows.items())
    total = sum(rows.values())
    wrote = ngettext("wrote {n} row", "wrote {n} rows", total).format(n=total)
    lines.append(f"{wrote}: {new}" if new else wrote)
    parked = {kind: n for kind, n in learned.parked.items() if n}
    lines += [f"could not read {n} {kind}: parked" for kind, n in parked.items()]
    lines += [f"incomplete: {kind}: {why}" for kind, why in learned.incomplete.items()]
    lines += [f"the key lacks the right {right}" for right in sorted(learned.lacking)]
    if learned.gap_since is not None:
        day = learned.gap_since.date().isoformat()
        lines.append(f"events are missing since {day}: run `sync --since {day}`")
    return lines


def _silent(_progress: Progress) -> None:
    """Says nothing: for --json."""


class _Bar:
    """One bar over all lists; a terminal sees it move, a log sees a line for each list."""

    def __call__(self, progress: Progress) -> None:
        share = progress.whole
        filled = "█" * int(share * 30)
        line = f"{filled:<30} {share:4.0%}  {progress.kind}: {progress.done}"
        if sys.stderr.isatty():
            click.echo(f"\r{line:<78}", nl=share >= 1, err=True)
        elif progress.finished:
            click.echo(line, err=True)
