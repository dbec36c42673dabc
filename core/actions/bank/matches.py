"""Which line is which payout: decided by the machine where it may, by a person, and undone."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from core.access import audit
from core.access.principals import Caller
from core.access.rights import MANAGE_BANK
from core.actions.bank import accounts
from core.actions.context import ActionContext
from core.actions.payments.validation import text
from core.actions.transaction import permitted_change
from core.db.tables import bank_accounts, bank_lines, bank_matches, payouts
from core.db.upsert import insert_new
from core.domain.bank_matching import Pair, matched
from core.domain.open_bank_items import (
    is_matched_line,
    is_matched_payout,
    open_lines,
    open_payouts,
    undone_pairs,
)
from core.errors import AlreadyDecided, InvalidInput, NotFound
from core.money import Money, plain
from core.states import MatchReason

MATCH, UNDO, REFUSE = "bank.match", "bank.undo", "bank.refuse"
LONGEST_REASON = 500
#: The most lines or payouts of one decision.
MOST = 100


@dataclass(frozen=True)
class NewMatch:
    """What a person says: one line is these payouts, or these lines are one payout.

    `accepts_difference`: although their sums differ, as when the bank kept a charge.
    """

    line_ids: Sequence[int]
    payout_ids: Sequence[str]
    reason: str
    accepts_difference: bool = False


def match(context: ActionContext, caller: Caller, *, livemode: bool) -> tuple[Pair, ...]:
    """Let the machine decide what it may (`core.domain.bank_matching`); the pairs that it made."""

    def work(connection: Connection, now: datetime) -> tuple[Pair, ...]:
        return match_as(connection, caller.actor, livemode=livemode, now=now)

    lines = [accounts.line(livemode)]
    return permitted_change(context, caller, MATCH, work, right=MANAGE_BANK, lines=lines)


def match_as(
    connection: Connection, actor: str, *, livemode: bool, now: datetime
) -> tuple[Pair, ...]:
    """`match` for who needs no right: the command line, in the line of `accounts`."""
    unpaid = open_payouts(connection, livemode=livemode)
    lines = open_lines(connection, unpaid, livemode=livemode)
    pairs = matched(lines, unpaid, undone_pairs(connection, lines)).pairs
    if pairs:
        rows = [_row(one, str(uuid.uuid4()), actor, "", now) for one in pairs]
        insert_new(connection, bank_matches, rows)
        by_trace = sum(one.how == MatchReason.TRACE_ID for one in pairs)
        audit.append(
            connection,
            actor=actor,
            action=MATCH,
            target=f"{len(pairs)} lines",
            details={
                "livemode": livemode,
                "by_trace_id": by_trace,
                "by_amount": len(pairs) - by_trace,
            },
            now=now,
        )
    return pairs


def match_by_hand(context: ActionContext, caller: Caller, new: NewMatch, *, livemode: bool) -> str:
    """Write down what a person decided; the decision's id, by which it is undone.

    `NotFound` for a line or payout that is not there, `AlreadyDecided` for one that is matched,
    `InvalidInput` where sums differ and the difference is not accepted, with both sums.
    """

    def work(connection: Connection, now: datetime) -> str:
        text("reason", new.reason, LONGEST_REASON)
        _check_shape(new)
        lines = _lines(connection, new.line_ids, livemode)
        paid = _payouts(connection, new.payout_ids, livemode)
        pairs = _pairs(lines, paid, new.accepts_difference)
        decision = str(uuid.uuid4())
        rows = [_row(one, decision, caller.actor, new.reason, now) for one in pairs]
        insert_new(connection, bank_matches, rows)
        _note(connection, caller, MATCH, decision, new, livemode, now)
        return decision

    lines = [accounts.line(livemode)]
    return permitted_change(context, caller, MATCH, work, right=MANAGE_BANK, lines=lines)


def undo(
    context: ActionContext, caller: Caller, decision: str, reason: str, *, livemode: bool
) -> None:
    """Take a decision back, whole; what it matched is open again, and not the machine's any more.

    `NotFound` when there is none, `AlreadyDecided` when it was undone before.
    """

    def work(connection: Connection, now: datetime) -> None:
        text("reason", reason, LONGEST_REASON)
        m, n, a = bank_matches.c, bank_lines.c, bank_accounts.c
        rows = connection.execute(
            select(m.id, m.undone_at)
            .join(bank_lines, n.id == m.line_id)
            .join(bank_accounts, a.id == n.account_id)
            .where(m.decision == decision, a.livemode == livemode)
        ).all()
        if not rows:
            raise NotFound("There is no such match.")
        if any(row.undone_at is not None for row in rows):
            raise AlreadyDecided
        connection.execute(
            bank_matches.update()
            .where(m.decision == decision)
            .values(undone_at=now, undone_by=caller.actor, undone_reason=reason)
        )
        audit.append(
            connection,
            actor=caller.actor,
            action=UNDO,
            target=decision,
            details={"rows": len(rows), "reason": reason, "livemode": livemode},
            now=now,
        )

    lines = [accounts.line(livemode)]
    permitted_change(context, caller, UNDO, work, right=MANAGE_BANK, target=decision, lines=lines)


def refuse(context: ActionContext, caller: Caller, new: NewMatch, *, livemode: bool) -> None:
    """Write down that these lines are not these payouts: it is not proposed again.

    `NotFound` for a line or payout that is not there, `AlreadyDecided` for one that is matched.
    """

    def work(connection: Connection, now: datetime) -> None:
        text("reason", new.reason, LONGEST_REASON)
        _check_counts(new)
        lines = _lines(connection, new.line_ids, livemode)
        paid = _payouts(connection, new.payout_ids, livemode)
        decision = str(uuid.uuid4())
        undone = {"undone_at": now, "undone_by": caller.actor, "undone_reason": new.reason}
        pairs = [
            Pair(line.id, payout.stripe_id, 0, MatchReason.PERSON)
            for line in lines
            for payout in paid
        ]
        rows = [_row(one, decision, caller.actor, new.reason, now) | undone for one in pairs]
        insert_new(connection, bank_matches, rows)
        _note(connection, caller, REFUSE, decision, new, livemode, now)

    lines = [accounts.line(livemode)]
    permitted_change(context, caller, REFUSE, work, right=MANAGE_BANK, lines=lines)


def _note(
    connection: Connection,
    caller: Caller,
    action: str,
    decision: str,
    new: NewMatch,
    livemode: bool,
    now: datetime,
) -> None:
    audit.append(
        connection,
        actor=caller.actor,
        action=action,
        target=decision,
        details={
            "lines": sorted(new.line_ids),
            "payouts": sorted(new.payout_ids),
            "reason": new.reason,
            "livemode": livemode,
        },
        now=now,
    )


def _check_shape(new: NewMatch) -> None:
    _check_counts(new)
    if len(new.line_ids) > 1 and len(new.payout_ids) > 1:
        raise InvalidInput("lines", "must be one line, or the lines of one payout")


def _check_counts(new: NewMatch) -> None:
    for name, wanted in (("lines", new.line_ids), ("payouts", new.payout_ids)):
        if not 0 < len(wanted) <= MOST or len(set(wanted)) != len(wanted):
            raise InvalidInput(name, "must be 1 to {most}, each once", most=MOST)


def _lines(connection: Connection, wanted: Sequence[int], livemode: bool) -> list[Any]:
    n, a = bank_lines.c, bank_accounts.c
    found = connection.execute(
        select(n.id, n.amount_minor, n.currency, is_matched_line().label("is_matched"))
        .join(bank_accounts, a.id == n.account_id)
        .where(n.id.in_(wanted), a.livemode == livemode)
        .order_by(n.id)
    ).all()
    return _all_open(found, len(wanted), "There is no such line.")


def _payouts(connection: Connection, wanted: Sequence[str], livemode: bool) -> list[Any]:
    p = payouts.c
    found = connection.execute(
        select(p.stripe_id, p.amount_minor, p.currency, is_matched_payout().label("is_matched"))
        .where(p.stripe_id.in_(wanted), p.livemode == livemode)
        .order_by(p.stripe_id)
    ).all()
    return _all_open(found, len(wanted), "There is no such payout.")


def _all_open(found: Sequence[Any], wanted: int, missing: str) -> list[Any]:
    if len(found) != wanted:
        raise NotFound(missing)
    if any(row.is_matched for row in found):
        raise AlreadyDecided
    return list(found)


def _pairs(lines: list[Any], paid: list[Any], accepts_difference: bool) -> list[Pair]:
    """One pair each of the side that has several; its amount is the part of the whole."""
    if len({row.currency for row in (*lines, *paid)}) > 1:
        raise InvalidInput("payouts", "must be in the currency of the lines")
    currency = lines[0].currency
    of_lines, of_payouts = _sum(lines), _sum(paid)
    if of_lines != of_payouts and not accepts_difference:
        raise InvalidInput(
            "payouts",
            "make {payouts} {currency}, but the lines {lines}",
            payouts=plain(Money(of_payouts, currency)),
            lines=plain(Money(of_lines, currency)),
            currency=currency.upper(),
        )
    several_payouts = len(paid) > 1
    return [
        Pair(
            line.id,
            payout.stripe_id,
            payout.amount_minor if several_payouts else line.amount_minor,
            MatchReason.PERSON,
        )
        for line in lines
        for payout in paid
    ]


def _sum(rows: Iterable[Any]) -> int:
    return sum(row.amount_minor for row in rows)


def _row(pair: Pair, decision: str, actor: str, reason: str, now: datetime) -> dict[str, Any]:
    return {
        "decision": decision,
        "line_id": pair.line_id,
        "payout_id": pair.payout_id,
        "amount_minor": pair.amount_minor,
        "how": pair.how.value,
        "matched_by": actor,
        "reason": reason,
        "matched_at": now,
    }
