"""`reconcile`: holds database, Stripe's list and Stripe's balance against each other."""

from __future__ import annotations

import json
import sys
from datetime import date
from typing import Any

import click

from core import bootstrap, clock, settings
from core.errors import InvalidInput
from core.money import Money, plain
from core.proof import span as spans
from core.proof.breaks import CAUSES, Break
from core.proof.reconcile import AGREES, DIFFERS, Reconciled, reconcile
from core.proof.span import Span

#: The exit code for each outcome.
_CODES = {AGREES: 0, DIFFERS: 1}
_UNKNOWN = 2


@click.command()
@click.option("--month", metavar="M", help="A month such as 2026-11. Default: this month.")
@click.option("--from", "first", metavar="D", help="The first day, such as 2026-11-01.")
@click.option("--to", "last", metavar="D", help="The last day, included.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def command(month: str | None, first: str | None, last: str | None, as_json: bool) -> None:
    """Compare the database with Stripe's list and balance, to the minor unit.

    Exit code 0: all agrees. 1: something differs. 2: Stripe could not be asked.
    """
    console = bootstrap.build(settings.load())
    services = bootstrap.open_workshop(console)
    modes = sorted(services.gateways) or [False]
    ends: dict[str, Reconciled] = {}
    for livemode in modes:
        span = _span(console.settings.zone, month, first, last, livemode)
        ends["live" if livemode else "test"] = reconcile(
            console.engine,
            services.gateways.get(livemode),
            span,
            asked_by="command line",
            report=_silent if as_json else _told,
        )
    services.log.flush()
    if as_json:
        shown = {mode: found.shown() for mode, found in ends.items()}
        # With one key, which is the rule, the mode needs no level of its own.
        click.echo(json.dumps(next(iter(shown.values())) if len(shown) == 1 else shown))
    else:
        for mode, found in ends.items():
            for line in _lines(found):
                click.echo(f"{mode}: {line}")
    outcomes = {found.outcome for found in ends.values()}
    sys.exit(1 if DIFFERS in outcomes else 0 if outcomes == {AGREES} else _UNKNOWN)


def _span(
    zone: Any, month: str | None, first: str | None, last: str | None, livemode: bool
) -> Span:
    now = clock.now()
    if month is not None and (first or last):
        raise InvalidInput("month", "is not given together with from and to")
    if first or last:
        begin = _day("from", first)
        end = _day("to", last) if last else clock.business_day(now, zone)
    else:
        today = clock.business_day(now, zone)
        begin, end = spans.month_of(month or f"{today:%Y-%m}")
    return spans.checked(livemode, begin, end, zone, now)


def _day(field: str, text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise InvalidInput(field, "is a day such as 2026-11-01") from None


def _lines(found: Reconciled) -> list[str]:
    span = found.span
    lines = [f"{span.first} to {span.last} ({span.zone})"]
    lines += [
        f"{one.state:8} {one.title}"
        + (f": {one.breaks} breaks" if one.breaks else "")
        + (f" ({one.expected} expected)" if one.expected else "")
        for one in found.identities
    ]
    lines += [_line(one) for one in found.open]
    for currency, said in found.witnesses.items():
        lines.append(
            f"{currency}: ledger, {span.last}: {plain(Money(said['ledger_minor'], currency))}"
        )
        if said["stripe_balance_minor"] is not None:
            theirs = plain(Money(said["stripe_balance_minor"], currency))
            # Stripe tells its balance of now alone, which is none of a month that is over.
            read_at = said["stripe_balance_read_at"][:16].replace("T", " ")
            lines.append(f"{currency}: Stripe's balance, {read_at} UTC: {theirs}")
    return [*lines, f"{found.outcome}: {len(found.open)} open, {len(found.expected)} expected"]


def _line(one: Break) -> str:
    sides = [
        "-" if minor is None else plain(Money(minor, one.currency))
        for minor in (one.ours_minor, one.theirs_minor)
    ]
    where = f"{one.day} {one.kind} {one.object_id} {one.currency}"
    return f"{where}: here {sides[0]}, there {sides[1]}. {CAUSES[one.cause]}"


def _silent(_step: str, _done: int, _all: int) -> None:
    return None


def _told(step: str, done: int, whole: int) -> None:
    """A line on standard error for each tenth of the days that are read from Stripe."""
    if whole > 1 and (done * 10 // whole) != ((done - 1) * 10 // whole):
        click.echo(f"{step}: {done} of {whole}", err=True)
