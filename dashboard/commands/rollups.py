"""`rollups`: proves the sums against their rows, or writes them anew."""

from __future__ import annotations

import json
import sys
from gettext import ngettext

import click

from core import bootstrap, clock, settings
from core.ledger import upkeep
from core.mirror import rollups


@click.group()
def command() -> None:
    """The daily sums of payments and revenue."""


@command.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def verify_sums(as_json: bool) -> None:
    """Compare every sum with its rows; exit code 1 on a difference."""
    console = bootstrap.build(settings.load())
    found = rollups.differences(console.engine)
    if as_json:
        rows = [
            {"table": d.table, "key": [str(part) for part in d.key], "kept": d.kept, "true": d.true}
            for d in found
        ]
        click.echo(json.dumps({"differences": len(found), "rows": rows}))
    else:
        for difference in found:
            key = " ".join(str(part) for part in difference.key)
            click.echo(f"{difference.table} {key}: kept {difference.kept}, rows {difference.true}")
        said = ngettext("{n} difference", "{n} differences", len(found))
        click.echo(said.format(n=len(found)))
    sys.exit(1 if found else 0)


@command.command("rebuild")
def rebuild_sums() -> None:
    """Write all sums anew from their rows, by the days of REPORTING_TIMEZONE."""
    console = bootstrap.build(settings.load())
    rollups.rebuild_all(console.engine, console.settings.zone)
    click.echo("rebuilt")


@command.command("fold")
def fold_sums() -> None:
    """Fold the slots of closed days into one row each."""
    console = bootstrap.build(settings.load())
    today = clock.business_day(clock.now(), console.settings.zone)
    gone = upkeep.fold_closed_days(console.engine, before=today)
    click.echo(ngettext("{n} row folded", "{n} rows folded", gone).format(n=gone))
