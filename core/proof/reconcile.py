"""Reconciliation: every identity of a span held, its breaks kept, and what each witness says."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine

from core import clock
from core.db.engine import one_picture, retrying
from core.db.turns import in_turn
from core.domain.closings import Closing, last_readings
from core.errors import StripeError
from core.gateway.client import Gateway
from core.mirror.balance_check import check_balance
from core.proof import (
    balance,
    bank,
    books,
    objects,
    pairs,
    payouts,
    rows,
    stripe_list,
    stripe_report,
)
from core.proof.breaks import CAUSES, Break, merged
from core.proof.record import LINE, record_run
from core.proof.span import Span
from core.proof.stripe_list import Listed

AGREES, DIFFERS, UNKNOWN = "agrees", "differs", "unknown"
#: Why an identity is unknown. Statements and reports are for who has them: without one nothing is
#: known of it, and that is no reason to ask again or to leave a month open.
NOT_ASKED, NO_STATEMENT, NO_REPORT = "not_asked", "no_statement", "no_report"
#: The identities, in the order in which they are shown.
IDENTITIES = {
    rows.IDENTITY: "Each row's net is its amount less its fee, and its fee the sum of its parts",
    objects.IDENTITY: "Each charge, refund, dispute and payout has its rows",
    stripe_list.IDENTITY: "Each day's rows are those of Stripe's list",
    balance.BRIDGE: "Opening and each category come to the closing",
    balance.BALANCE: "The ledger comes to Stripe's balance",
    payouts.SUM: "Each automatic payout is the sum of its rows",
    payouts.UNPAID: "What no payout paid out is what is left",
    payouts.LIFE: "Each payout that failed or was canceled came back",
    stripe_report.IDENTITY: "Stripe's own reports say what the ledger says",
    bank.IDENTITY: "Each payout that was paid is a line of the bank's statement",
    books.IDENTITY: "What was exported for the books is what was kept of it",
    pairs.IDENTITY: "What was held back is released once",
}
#: So often the balance is read again where Stripe moved it meanwhile.
_READINGS = 5

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Identity:
    """One rule: `state` is agrees, differs, or unknown; `why` it is unknown: not_asked (Stripe
    could not be asked), no_statement or no_report (none of these days was imported)."""

    name: str
    title: str
    state: str
    breaks: int
    expected: int
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one run found. `witnesses`: by currency what each says the closing is, in minor units,
    and when it was read; None for one that says nothing."""

    span: Span
    identities: tuple[Identity, ...]
    open: tuple[Break, ...]
    expected: tuple[Break, ...]
    witnesses: Mapping[str, Mapping[str, Any]]
    started_at: datetime
    ended_at: datetime

    @property
    def outcome(self) -> str:
        """agrees, differs, or unknown: Stripe could not be asked for something."""
        if self.open:
            return DIFFERS
        return UNKNOWN if any(one.why == NOT_ASKED for one in self.identities) else AGREES

    def shown(self) -> dict[str, Any]:
        """As `reconcile --json` prints it."""
        return {
            "identities": [
                {
                    "id": one.name,
                    "title": one.title,
                    "state": one.state,
                    "breaks": one.breaks,
                    "expected": one.expected,
                    "why": one.why,
                }
                for one in self.identities
            ],
            "breaks": [_shown(one) for one in self.open],
            "expected": [_shown(one) for one in self.expected],
            "witnesses": self.witnesses,
        }

    def kept(self) -> dict[str, Any]:
        """What is kept with the run: its witnesses, and the identities that could not be held."""
        unknown = [one.name for one in self.identities if one.state == UNKNOWN]
        return {"currencies": self.witnesses, "unknown": unknown}

    def digest(self) -> str:
        """SHA-256 of the breaks, in the form of `shown`."""
        text = json.dumps([_shown(one) for one in (*self.open, *self.expected)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def _shown(one: Break) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "object_id": one.object_id,
        "currency": one.currency,
        "ours_minor": one.ours_minor,
        "theirs_minor": one.theirs_minor,
        "due": one.due.isoformat() if one.due else None,
        "cause": CAUSES[one.cause],
        "identity": one.identity,
        "day": one.day.isoformat(),
    }


def _silent(_step: str, _done: int, _all: int) -> None:
    return None


def reconcile(
    engine: Engine,
    gateway: Gateway | None,
    span: Span,
    *,
    asked_by: str,
    report: Progress = _silent,
) -> Reconciled:
    """Hold every identity over a span, and keep the run and its breaks.

    Without a gateway, or where Stripe does not answer, what only Stripe can tell is `unknown`. What
    is kept of Stripe (readings of its list, of its balance) is used as far as it goes.
    """
    started = clock.now()
    unknown: dict[str, str] = {}
    found: list[Break] = []
    listed = Listed()
    try:
        listed = stripe_list.compare_list(
            engine, gateway, span, now=started, report=partial(report, stripe_list.IDENTITY)
        )
        found += listed.breaks
        if listed.unread:
            unknown[stripe_list.IDENTITY] = NOT_ASKED
    except StripeError:
        unknown[stripe_list.IDENTITY] = NOT_ASKED
    if not _balance_read(engine, gateway):
        unknown[balance.BALANCE] = NOT_ASKED
    report(rows.IDENTITY, 0, 1)
    with one_picture(engine) as connection:
        bridges = balance.closings(connection, span)
        found += _here(connection, span, listed, bridges, started)
        unknown |= _not_imported(connection, span)
        witnesses = _witnesses(connection, span, bridges)
        paid_out = payouts.gathered(connection, span)
    try:
        found += _of_payouts(engine, gateway, span, listed, paid_out)
    except StripeError:
        unknown |= {payouts.SUM: NOT_ASKED, stripe_list.IDENTITY: NOT_ASKED}
    ended = clock.now()
    report(rows.IDENTITY, 1, 1)
    breaks = merged(found)
    result = Reconciled(
        span,
        tuple(_identities(breaks, unknown, ended)),
        tuple(one for one in breaks if not one.is_expected(ended)),
        tuple(one for one in breaks if one.is_expected(ended)),
        witnesses,
        started,
        ended,
    )
    retrying(partial(_keep, engine, result, asked_by))
    return result


def _balance_read(engine: Engine, gateway: Gateway | None) -> bool:
    if gateway is None:
        return False
    try:
        return any(check_balance(engine, gateway).compared for _ in range(_READINGS))
    except StripeError:
        return False


def _here(
    connection: Connection, span: Span, listed: Listed, bridges: Sequence[Closing], now: datetime
) -> Iterator[Break]:
    deltas = [one for some in listed.deltas.values() for one in some]
    yield from rows.row_breaks(connection, span)
    yield from objects.object_breaks(connection, span, listed.explained)
    yield from balance.bridge_breaks(connection, span, deltas, bridges)
    yield from balance.balance_breaks(connection, span, deltas, now)
    yield from payouts.currency_breaks(connection, span)
    yield from payouts.unpaid_breaks(connection, span)
    yield from payouts.life_breaks(connection, span, listed.explained)
    yield from pairs.pair_breaks(connection, span, deltas)
    yield from bank.bank_breaks(connection, span, now)
    yield from books.book_breaks(connection, span)
    yield from stripe_report.report_breaks(connection, span, listed.deltas)


def _not_imported(connection: Connection, span: Span) -> dict[str, str]:
    """The identities that nothing was imported for, and why they are unknown."""
    found = {}
    if not bank.has_statement(connection, span):
        found[bank.IDENTITY] = NO_STATEMENT
    if not stripe_report.held_reports(connection, span):
        found[stripe_report.IDENTITY] = NO_REPORT
    return found


def _of_payouts(
    engine: Engine, gateway: Gateway | None, span: Span, listed: Listed, here: payouts.Here
) -> list[Break]:
    """Stripe is asked first: a picture of the database that waits for it would hold up writers."""
    there = payouts.asked(gateway, span, here)
    wrong: dict[str, int] = defaultdict(int)
    for stripe_id, deltas in listed.deltas.items():
        wrong[stripe_id] += sum(one.net_minor for one in deltas)
    with one_picture(engine) as connection:
        return [
            *payouts.sum_breaks(connection, span, here, there, wrong),
            *payouts.list_breaks(connection, span, here, there),
        ]


def _witnesses(
    connection: Connection, span: Span, bridges: Iterable[Closing]
) -> dict[str, dict[str, Any]]:
    """By currency: the ledger's closing, and Stripe's balance when it was read last."""
    found: dict[str, dict[str, Any]] = {}
    for closing in bridges:
        if closing.balance_type == "payments":
            found[closing.currency] = {
                "ledger_minor": closing.closing_minor,
                "opening_minor": closing.opening_minor,
                "stripe_balance_minor": None,
                "stripe_balance_read_at": None,
            }
    for reading in last_readings(connection, span.livemode, clock.NEVER):
        if reading.balance_type == "payments" and reading.currency in found:
            found[reading.currency] |= {
                "stripe_balance_minor": reading.amount_minor,
                "stripe_balance_read_at": reading.read_at.isoformat(),
            }
    return found


def _identities(
    breaks: Iterable[Break], unknown: Mapping[str, str], now: datetime
) -> Iterator[Identity]:
    open_, expected = defaultdict[str, int](int), defaultdict[str, int](int)
    for one in breaks:
        (expected if one.is_expected(now) else open_)[one.identity] += 1
    for name, title in IDENTITIES.items():
        state = DIFFERS if open_[name] else UNKNOWN if name in unknown else AGREES
        why = unknown.get(name) if state == UNKNOWN else None
        yield Identity(name, title, state, open_[name], expected[name], why)


def _keep(engine: Engine, result: Reconciled, asked_by: str) -> None:
    with in_turn(engine, LINE) as connection:
        record_run(
            connection,
            result.span,
            found=(*result.open, *result.expected),
            outcome=result.outcome,
            witnesses=json.dumps(result.kept(), sort_keys=True),
            digest=result.digest(),
            asked_by=asked_by,
            started_at=result.started_at,
            ended_at=result.ended_at,
            whole=result.outcome != UNKNOWN,
        )
