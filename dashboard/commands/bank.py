"""`bank`: statements of banks taken in, and matched with Stripe's payouts."""

from __future__ import annotations

import getpass
import json
import sys
from dataclasses import asdict
from gettext import ngettext
from pathlib import Path
from typing import Any

import click

from core import bootstrap, clock, settings
from core.actions.bank import accounts as bank_accounts
from core.actions.bank import matches, statement_import
from core.actions.bank.accounts import NewAccount
from core.actions.bank.statement_import import Arrived, Imported
from core.bank import csv_profile, formats
from core.bank.statements import LONGEST_FILE
from core.bootstrap import Console
from core.db.engine import one_picture, retrying
from core.db.turns import in_turn
from core.domain.bank_matching import Pair
from core.errors import InvalidInput
from core.money import Money
from core.reads.bank.missing_payouts import MissingPayout, missing_payouts
from core.reads.bank.proposals import ProposalRow, proposals
from core.reads.bank.statements import accounts as all_accounts

_mode = click.option(
    "--live/--test", "livemode", default=None, help="Else live where there is a live key."
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """The bank's side of payouts."""


@command.command("import")
@click.argument("path", metavar="FILE", type=_file)
@click.option("--account", "account_id", type=int, help="Its number; CSV needs one.")
@_mode
@_as_json
def import_(path: Path, account_id: int | None, livemode: bool | None, as_json: bool) -> None:
    """Take in a statement: CAMT.053, MT940, OFX, BAI2, or CSV by the account's column profile.

    All of a file or nothing. The same file again writes nothing. Exit code 2 where the file breaks
    a rule, such as a closing balance that its lines do not make.
    """
    configuration = settings.load()
    console = bootstrap.build(configuration)
    mode = _livemode(console, livemode)
    with path.open("rb") as file:
        # One byte more than is allowed is enough to be refused.
        data = file.read(LONGEST_FILE + 1)
    found = statement_import.read(console.engine, data, livemode=mode, account_id=account_id)
    arrived = Arrived(found, formats.sha256(data), path.name, account_id, mode)

    def work() -> Imported:
        with in_turn(console.engine, bank_accounts.line(mode)) as connection:
            return statement_import.write(connection, _actor(), arrived, clock.now())

    made = retrying(work)
    click.echo(json.dumps(_imported(made), default=str) if as_json else _said(made))


@command.command("match")
@_mode
@_as_json
def match(livemode: bool | None, as_json: bool) -> None:
    """Match lines with payouts where that is certain; list what is left to a person.

    Exit code 1 while something is left: a proposal, or a payout past its day without a line.
    """
    console = bootstrap.build(settings.load())
    mode = _livemode(console, livemode)
    now = clock.now()

    def work() -> tuple[Pair, ...]:
        with in_turn(console.engine, bank_accounts.line(mode)) as connection:
            return matches.match_as(connection, _actor(), livemode=mode, now=now)

    pairs = retrying(work)
    with one_picture(console.engine) as connection:
        waiting = proposals(connection, livemode=mode)
        missing = missing_payouts(connection, livemode=mode, today=now.date())
    if as_json:
        found = {
            "matched": [asdict(one) for one in pairs],
            "proposals": [asdict(one) for one in waiting],
            "missing": [asdict(one) for one in missing],
        }
        click.echo(json.dumps(found, default=str, ensure_ascii=False))
    else:
        click.echo("\n".join(_left(pairs, waiting, missing)))
    sys.exit(1 if waiting or missing else 0)


@command.command("account")
@click.argument("account")
@click.option("--currency", required=True, help="Such as eur.")
@click.option("--name", help="What it is called here.")
@click.option(
    "--payer", "payers", multiple=True, help="What its bank calls Stripe, besides Stripe."
)
@click.option("--csv-profile", "profile", type=_file, help="How its CSV is read, as JSON.")
@_mode
@_as_json
def account(
    account: str,
    currency: str,
    name: str | None,
    payers: tuple[str, ...],
    profile: Path | None,
    livemode: bool | None,
    as_json: bool,
) -> None:
    """Write an account down, or change it; prints its number, which `import --account` takes."""
    read = csv_profile.from_json(_text(profile)) if profile else None
    new = NewAccount(account, currency, name, payers or None, read)
    console = bootstrap.build(settings.load())
    mode = _livemode(console, livemode)

    def work() -> int:
        with in_turn(console.engine, bank_accounts.line(mode)) as connection:
            return bank_accounts.save_as(connection, _actor(), new, livemode=mode, now=clock.now())

    made = retrying(work)
    click.echo(json.dumps({"account_id": made}) if as_json else f"account {made}")


@command.command("accounts")
@_mode
@_as_json
def accounts(livemode: bool | None, as_json: bool) -> None:
    """List the accounts, and the day up to which there are statements."""
    console = bootstrap.build(settings.load())
    with one_picture(console.engine) as connection:
        found = all_accounts(connection, livemode=_livemode(console, livemode))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], default=str, ensure_ascii=False))
        return
    for one in found:
        until = one.covered_until or "no statement"
        statements = ngettext("{n} statement", "{n} statements", one.statements)
        statements = statements.format(n=one.statements)
        click.echo(
            f"{one.account_id:>4} {one.account} {one.currency.upper()} {one.name}"
            f" {statements}, {_lines_of(one.lines)}, until {until}"
        )


def _livemode(console: Console, asked: bool | None) -> bool:
    return True in console.settings.secret_keys if asked is None else asked


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput("csv_profile", "must be a JSON object") from None


def _imported(made: Imported) -> dict[str, Any]:
    return asdict(made) | {"new_lines": made.new_lines}


def _said(made: Imported) -> str:
    if made.is_known:
        return "this file was taken in before; nothing was written"
    rows = []
    for one in made.statements:
        row = f"{one.account} {one.currency.upper()} {one.closed_on} {one.format} {one.number}:"
        if one.is_known:
            rows.append(f"{row} was taken in before; nothing was written")
            continue
        row = f"{row} {_lines_of(one.lines)}, {one.new_lines} new"
        rows.append(row if one.is_proved else f"{row}; it has no balances that prove its sum")
    return "\n".join(rows)


def _lines_of(count: int) -> str:
    return ngettext("{n} line", "{n} lines", count).format(n=count)


def _left(
    pairs: tuple[Pair, ...],
    waiting: tuple[ProposalRow, ...],
    missing: tuple[MissingPayout, ...],
) -> list[str]:
    rows = [f"{one.payout_id} is line {one.line_id}, by {one.how}" for one in pairs]
    for found in waiting:
        lines = ", ".join(f"{one.line_id} of {one.booked_on}" for one in found.lines)
        payouts = ", ".join(one.payout_id for one in found.payouts)
        rows.append(f"to decide ({found.why}): line {lines}; {payouts}")
    for late in missing:
        amount = Money(late.amount_minor, late.currency)
        why = "" if late.is_covered else "; no statement reaches that day"
        rows.append(f"{late.payout_id} of {amount} has no line, due {late.due_on}{why}")
    return [*rows, f"{len(pairs)} matched, {len(waiting)} to decide, {len(missing)} missing"]


def _actor() -> str:
    return f"cli:{getpass.getuser()}"
