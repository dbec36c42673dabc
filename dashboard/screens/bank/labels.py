"""The words of the bank: states of lines, why something is proposed, how it was matched."""

from __future__ import annotations

from datetime import date

from core.domain.bank_matching import OpenPayout
from core.money import Money, show
from core.reads.bank.lines import MATCHED, OPEN, MatchRow
from core.reads.bank.statements import BankAccountRow
from dashboard import i18n
from dashboard.i18n import N_, _
from dashboard.ui.status_badges import Kind

STATES: Kind = {
    MATCHED: (N_("Matched"), "green"),
    OPEN: (N_("Without a payout"), "gray"),
}
#: Whether a statement's opening balance and lines were held against its closing balance.
PROVED: Kind = {
    "proved": (N_("Adds up"), "green"),
    "not_proved": (N_("No balances"), "gray"),
}
#: Why a match is proposed and not made, by the word of `core.domain.bank_matching`.
WHY = {
    "trace_id": N_("The trace id fits, but not alone, or not with its amount"),
    "equal": N_("Several have this amount"),
    "unnamed": N_("The amount fits, but the line does not name Stripe"),
    "combined": N_("One line of several payouts"),
    "split": N_("One payout in several lines"),
}
HOW = {
    "trace_id": N_("by its trace id"),
    "amount": N_("by its amount"),
    "person": N_("by {name}"),
}


def exact(minor: int, currency: str) -> str:
    """An amount with its currency's code."""
    return f"{show(Money(minor, currency))} {currency.upper()}"


def how(match: MatchRow) -> str:
    """By what, or by whom, a line was matched."""
    return _(HOW[match.how]).format(name=match.matched_by_name)


def account(one: BankAccountRow) -> str:
    """An account by its name, else by its number, with its currency."""
    return f"{one.name or one.account} · {one.currency.upper()}"


def day(when: date | None) -> str:
    """A day, or a dash."""
    return "–" if when is None else i18n.day(when)


def payout(one: OpenPayout) -> str:
    """A payout to choose: its amount, when it was expected, and its id."""
    return f"{exact(one.amount_minor, one.currency)} · {day(one.arrives_on)} · {one.payout_id}"
