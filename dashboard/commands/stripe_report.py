"""`stripe-report`: Stripe's own reports, taken in as a witness."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from datetime import date, timedelta
from gettext import ngettext
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from core import bootstrap, clock, settings
from core.actions.proof import report_import
from core.actions.proof.report_import import ImportedReport
from core.db.engine import reading, retrying, writing
from core.errors import InvalidInput
from core.gateway.report_csv import LONGEST_FILE, Days, zone_named
from core.reads.proof import reports as reads

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Stripe's reports beside the ledger."""


@command.command("import")
@click.argument("path", metavar="FILE", type=_file)
@click.option("--from", "first", metavar="D", help="The first day, where the file does not say.")
@click.option("--to", "last", metavar="D", help="The last day, included.")
@click.option("--timezone", "zone", metavar="Z", help="The report's time zone. Default: UTC.")
@click.option("--live/--test", "livemode", default=None, help="Else live where there is a key.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_(
    path: Path,
    first: str | None,
    last: str | None,
    zone: str | None,
    livemode: bool | None,
    as_json: bool,
) -> None:
    """Take in a CSV of balance.summary.1, balance_change_from_activity.summary.1 or .itemized.3,
    or payouts.itemized.3; `reconcile` then holds it against the ledger.

    All of a file or nothing. The same file again writes nothing. Exit code 2 where the file breaks
    a rule.
    """
    console = bootstrap.build(settings.load())
    mode = True in console.settings.secret_keys if livemode is None else livemode
    with path.open("rb") as file:
        # One byte more than is allowed is enough to be refused.
        data = file.read(LONGEST_FILE + 1)
    days = Days(_day("from", first), _day("to", last), zone_named(zone) if zone else None)
    arrived = report_import.read(data, livemode=mode, file_name=path.name, days=days)

    def work() -> ImportedReport:
        with writing(console.engine) as connection:
            actor = f"cli:{getpass.getuser()}"
            return report_import.write(connection, actor, arrived, clock.now())

    made = retrying(work)
    click.echo(json.dumps(asdict(made), default=str) if as_json else _said(made))


@command.command("list")
@click.option("--live/--test", "livemode", default=None, help="Else live where there is a key.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(livemode: bool | None, as_json: bool) -> None:
    """The reports that count: number, kind, days, zone, currencies, rows."""
    console = bootstrap.build(settings.load())
    mode = True in console.settings.secret_keys if livemode is None else livemode
    with reading(console.engine) as connection:
        found = reads.reports(connection, livemode=mode)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], default=str))
        return
    for one in found:
        codes = ", ".join(code.upper() for code in one.currencies)
        days = f"{one.first} to {one.last} ({one.zone})"
        click.echo(f"{one.number}  {one.report_type}  {days}  {codes}  {_rows(one.rows)}")


@command.command()
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Why it does not count; kept in the log.")
def withdraw(number: int, reason: str) -> None:
    """Have a report count no longer. Its rows stay; the same file may be taken in again."""
    console = bootstrap.build(settings.load())

    def work() -> None:
        with writing(console.engine) as connection:
            actor = f"cli:{getpass.getuser()}"
            report_import.take_back(connection, actor, number, reason, clock.now())

    retrying(work)


def _day(field: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field, "is a day such as 2026-11-01") from None


def _said(made: ImportedReport) -> str:
    zone = ZoneInfo(made.zone)
    first = made.start.astimezone(zone).date()
    last = (made.end - timedelta(seconds=1)).astimezone(zone).date()
    currencies = ", ".join(one.upper() for one in made.currencies)
    what = f"{made.report_type}, {first} to {last} ({made.zone}), {currencies}: {_rows(made.rows)}"
    return f"{what}; was taken in before, nothing was written" if made.is_known else what


def _rows(count: int) -> str:
    return ngettext("{n} row", "{n} rows", count).format(n=count)
