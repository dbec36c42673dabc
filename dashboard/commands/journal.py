"""`journal`: the accountant's books of a month, as a file."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from gettext import ngettext
from pathlib import Path
from typing import Any

import click

from core import bootstrap, clock, settings
from core.actions.books import journal_rules
from core.books import rules as book_rules
from core.books.accounts import SUBJECTS
from core.books.export import Exported, export, wanted
from core.books.formats.book import Options
from core.books.formats.registry import FORMATS
from core.books.rules import Rule, RuleInForce
from core.db.engine import one_picture, retrying, writing
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
    console = bootstrap.build(settings.load())
    live = True in console.settings.secret_keys if livemode is None else livemode
    asked = wanted(month, livemode=live, days=days, currency=currency)
    options = Options(continues, datev_consultant, datev_client, xero_tax_rate)
    found = export(console.engine, asked, format_name, options)
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


@command.group("rules")
def rules() -> None:
    """Where things are booked: categories, parts of fees, balances, and programs' own numbers."""


@rules.command("list")
@click.option("--own", is_flag=True, help="Those alone that were set here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_rules(own: bool, as_json: bool) -> None:
    """List every rule in force, beside what is usual."""
    with one_picture(bootstrap.build(settings.load()).engine) as connection:
        found = [one for one in book_rules.in_force(connection) if one.is_own or not own]
    if as_json:
        click.echo(json.dumps([asdict(one) | {"is_own": one.is_own} for one in found]))
        return
    for one in found:
        click.echo(_rule_line(one))


def _rule_line(one: RuleInForce) -> str:
    currency = f" {one.currency}" if one.currency else ""
    usual = f" (usually {one.usual or 'none'})" if one.is_own else ""
    return f"{one.subject} {one.name}{currency}: {one.account}{usual}"


@rules.command("set")
@click.argument("subject", type=click.Choice(SUBJECTS))
@click.argument("name")
@click.argument("account", required=False)
@click.option("--currency", default="", help="One settlement currency, such as eur; else all.")
@click.option("--usual", is_flag=True, help="Have the usual account again.")
def set_rule(subject: str, name: str, account: str | None, currency: str, usual: bool) -> None:
    """Book NAME on ACCOUNT from now on, such as `category refund Income:Returns`.

    What was exported of a closed month stays; its next export has the difference as a correction.
    """
    if usual is (account is not None):
        raise click.UsageError("name an account, or --usual")
    rule = Rule(subject, name.strip(), currency.strip().lower(), (account or "").strip())
    engine = bootstrap.build(settings.load()).engine

    def work() -> None:
        with writing(engine) as connection:
            journal_rules.change_as(connection, f"cli:{getpass.getuser()}", rule, clock.now())

    retrying(work)
    click.echo(f"{subject} {name}: {account or 'the usual account'}")
