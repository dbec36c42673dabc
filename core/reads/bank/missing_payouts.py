"""Payouts that Stripe has paid and the bank does not show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, select

from core.db.tables import bank_accounts, bank_statements
from core.domain.bank_matching import due_on
from core.domain.open_bank_items import open_payouts
from core.reads.permissions import requires


@dataclass(frozen=True, slots=True)
class MissingPayout:
    """A payout without a line; `amount_minor` in minor units of `currency`, below zero a debit.

    `due_on` is the last day on which it may have come in: five business days after Stripe's
    expectation. `is_covered`: statements in its currency reach that day, and do not begin in a
    later month than Stripe's day. Where they do not, it is the statement that is missing.
    """

    payout_id: str
    amount_minor: int
    currency: str
    arrives_on: date
    due_on: date
    is_covered: bool


@requires("manage_bank")
def missing_payouts(conn: Connection, *, livemode: bool, today: date) -> tuple[MissingPayout, ...]:
    """Payouts of a mode that are paid, past due and not matched: the oldest first."""
    a, s = bank_accounts.c, bank_statements.c
    covered = {
        row.currency: (row.since, row.until)
        for row in conn.execute(
            select(
                a.currency,
                func.min(s.opened_on).label("since"),
                func.max(s.closed_on).label("until"),
            )
            .join(bank_accounts, a.id == s.account_id)
            .where(a.livemode == livemode)
            .group_by(a.currency)
        )
    }
    found = []
    for one in open_payouts(conn, livemode=livemode):
        if one.status != "paid" or one.arrives_on is None:
            continue
        due = due_on(one.arrives_on)
        if due < today:
            since, until = covered.get(one.currency, (date.max, date.min))
            # Within the month a statement is there: what it lacks is a difference in the proof too.
            is_covered = since.replace(day=1) <= one.arrives_on and until >= due
            found.append(
                MissingPayout(
                    one.payout_id, one.amount_minor, one.currency, one.arrives_on, due, is_covered
                )
            )
    return tuple(found)
