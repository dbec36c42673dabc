"""`journal`: the accountant's books of a month, as a file."""

from __future__ import annotations

import json
from gettext import ngettext
from pathlib import Path
from typing import Any

import click

from core import bootstrap, settings
from core.books.export import Exported, export, wanted
from core.books.formats.book import Options
from core.books.formats.registry import FORMATS
from core.money import Money, plain


@click.group()
def command() -> None:
    """The accountant's books, made of Stripe's ledger (docs/books.md)."""


@command.command("export")
@click.option("--month", required=True, help="Such as 2026-11; its days are REPORTING_TIMEZONE's.")
@click.option("--format", "format_name", required=True, type=click.Choice(list(FORMATS)))
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Else to standard output."
)
@click.option("--currency", help="One settlement currency alone.")
@click.option("--days", help="Days of the month alone, such as 1-15.")
@click.option(
    "--continues", is_flag=True, help="Read after the month before: accounts are not opened again."
)
@click.option(
    "--live/--test", "livemode", default=None, help="Else live where there is a live key."
)
@click.option("--datev-consultant", type=int, default=1001, show_default=True)
@click.option("--datev-client", type=int, default=1, show_default=True)
@click.option("--xero-tax-rate", default="Tax Exempt", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def export_month(
    month: str,
    format_name: str,
    out: Path | None,
    currency: str | None,
    days: str | None,
    continues: bool,
    livemode: bool | None,
    datev_consultant: int,
    datev_client: int,
    xero_tax_rate: str,
    as_json: bool,
) -> None:
    """Write the journal of a month. One that is still open is marked provisional."""
    if as_json and out is None:
        raise click.UsageError("--json needs --out: the file itself goes to standard output")
    configuration = settings.load()
    live = True in configuration.secret_keys if livemode is None else livemode
    asked = wanted(month, livemode=live, days=days, currency=currency)
    options = Options(continues, datev_consultant, datev_client, xero_tax_rate)
    found = export(bootstrap.build(configuration).engine, asked, format_name, options)
    for name in found.suspense:
        click.echo(f"no rule books {name}: it stands in a suspense account", err=True)
    if out is None:
        click.echo(found.content, nl=False)
        return
    try:
        out.write_bytes(found.content)
    except OSError as error:
        raise click.ClickException(f"{out}: {error.strerror}") from error
    told = _told(found, month, format_name, out)
    click.echo(json.dumps(told) if as_json else _line(told))


def _told(found: Exported, month: str, format_name: str, out: Path) -> dict[str, Any]:
    return {
        "month": month,
        "format": format_name,
        "out": str(out),
        "provisional": found.provisional,
        "entries": found.entries,
        "lines": found.lines,
        "corrections": found.corrections,
        "closing": {name: plain(Money(minor, name)) for name, minor in found.closing.items()},
        "suspense": list(found.suspense),
    }


def _line(told: dict[str, Any]) -> str:
    state = " (provisional: the month is open)" if told["provisional"] else ""
    entries, lines = told["entries"], told["lines"]
    made = ngettext("{n} entry", "{n} entries", entries).format(n=entries)
    of = ngettext("{n} line", "{n} lines", lines).format(n=lines)
    return f"{told['out']}: {made}, {of}{state}"
