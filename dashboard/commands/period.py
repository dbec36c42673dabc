"""`period`: closes a month, proves that it is still what it was, opens it again."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from core import bootstrap, clock, settings
from core.db.engine import one_picture, retrying
from core.db.turns import in_turn
from core.ledger.booking import ALL_BOOKS
from core.money import Money, plain
from core.proof import periods
from core.proof.periods import BLOCKERS, OPERATOR, Verified

_live = click.option("--live", is_flag=True, help="The live mode's month, not the test mode's.")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """Closed months: their figures never move again."""


@command.command("close")
@click.argument("month")
@click.option("--dry-run", is_flag=True, help="Say what keeps it open, and close nothing.")
@_live
@_as_json
def close(month: str, dry_run: bool, live: bool, as_json: bool) -> None:
    """Close MONTH, such as 2026-10. Exit code 1 where something keeps it open.

    On the screens a second person confirms; who works on the machine itself stands for both.
    """
    console = bootstrap.build(settings.load())
    engine = console.engine
    span = periods.span_of(month, live, console.settings.zone)
    with one_picture(engine) as connection:
        found = periods.blockers(connection, span, clock.now())
        expected = periods.expected(connection, span, clock.now())
    digest = None
    if not found and not dry_run:

        def write() -> str:
            with in_turn(engine, *ALL_BOOKS) as connection:
                now = clock.now()
                periods.ask(connection, span, asked_by=OPERATOR, now=now)
                return periods.confirm(connection, month, live, closed_by=OPERATOR, now=now)

        digest = retrying(write)
    shown: dict[str, Any] = {
        "month": month,
        "state": "closed" if digest else "open",
        "blockers": [
            {"id": one.id, "count": one.count, "message": BLOCKERS[one.id]} for one in found
        ],
        "expected": [one.shown() for one in expected],
        "digest": digest,
    }
    if as_json:
        click.echo(json.dumps(shown))
    else:
        for one in found:
            click.echo(f"{one.id} ({one.count}): {BLOCKERS[one.id]}")
        for early in expected:
            click.echo(
                f"expected until {early.due_at:%Y-%m-%d %H:%M} UTC:"
                f" {early.kind} {early.object_id} {early.currency}"
            )
        may = "could be closed" if not found else "stays open"
        click.echo(f"{month} is closed: {digest}" if digest else f"{month} {may}")
    sys.exit(1 if found else 0)


@command.command("verify")
@click.argument("month")
@click.option("--certificate", is_flag=True, help="Print the certificate that was sealed.")
@_live
@_as_json
def verify(month: str, certificate: bool, live: bool, as_json: bool) -> None:
    """Prove that MONTH is still what it was closed as. Exit code 1 where it is not."""
    engine = bootstrap.build(settings.load()).engine
    with one_picture(engine) as connection:
        found = periods.verify(connection, month, live)
        row = periods.current(connection, month, live)
    if certificate and row is not None:
        click.echo(row.certificate)
    elif as_json:
        click.echo(json.dumps(_shown(found)))
    else:
        for line in _lines(found):
            click.echo(line)
    sys.exit(0 if found.holds else 1)


def _shown(found: Verified) -> dict[str, Any]:
    return {
        "month": found.month,
        "state": "unchanged" if found.holds else "changed",
        "digest": found.digest,
        "faults": list(found.faults),
        "differences": [
            {
                "currency": one.currency,
                "reporting_category": one.category,
                "closed_minor": one.closed_minor,
                "now_minor": one.now_minor,
            }
            for one in found.changed
        ],
        "days": [one.isoformat() for one in found.days],
        "adjustments": [
            {
                "object_id": one.stripe_id,
                "reporting_category": one.category,
                "currency": one.currency,
                "net_minor": one.net_minor,
                "happened": one.business_day.isoformat(),
                "booked": one.booked_day.isoformat(),
            }
            for one in found.adjustments
        ],
    }


def _lines(found: Verified) -> list[str]:
    lines = [f"{found.month}: {fault}" for fault in found.faults]
    for one in found.changed:
        closed, now = (
            plain(Money(minor, one.currency)) for minor in (one.closed_minor, one.now_minor)
        )
        lines.append(f"{one.category} {one.currency}: closed {closed}, now {now}")
    lines += [f"{day}: its rows are others now" for day in found.days]
    for late in found.adjustments:
        net = plain(Money(late.net_minor, late.currency))
        lines.append(
            f"adjustment {late.stripe_id} {late.category} {net} {late.currency}:"
            f" of {late.business_day}, booked {late.booked_day}"
        )
    verdict = "is what it was closed as" if found.holds else "is not what it was closed as"
    return [*lines, f"{found.month} {verdict} ({found.digest})"]


@command.command("reopen")
@click.argument("month")
@click.option("--reason", required=True, help="Why; it stands in the audit log.")
@_live
def reopen(month: str, reason: str, live: bool) -> None:
    """Open MONTH again. Its certificate is kept; closing it anew makes another one."""
    engine = bootstrap.build(settings.load()).engine

    def write() -> None:
        with in_turn(engine, *ALL_BOOKS) as connection:
            periods.reopen(
                connection, month, live, reopened_by=OPERATOR, reason=reason, now=clock.now()
            )

    retrying(write)
    click.echo(f"{month} is open")
