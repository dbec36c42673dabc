"""Where the ledger is not Stripe's: told with both sides' amounts, for figures rest on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from core.reads.revenue.ledger_checks import BalanceDifference, DayDifference, LedgerChecks
from dashboard import i18n
from dashboard.i18n import _, ngettext
from dashboard.ui import columns, widgets

#: So many are told one by one; the others are counted.
TOLD = 5


def differences(found: LedgerChecks) -> None:
    """A banner for days that differ from Stripe's list, and one for balances."""
    _banner(
        _("The ledger differs from Stripe's list. Figures of these days (UTC) are not proved:"),
        found.days,
        _day,
    )
    _banner(
        _("The ledger does not add up to Stripe's balance:"),
        found.balances,
        _balance,
    )


def _banner(head: str, found: Sequence[Any], line: Callable[[Any], str]) -> None:
    if not found:
        return
    lines = [line(one) for one in found[:TOLD]]
    if len(found) > TOLD:
        left = len(found) - TOLD
        lines.append(ngettext("and {n} more", "and {n} more", left).format(n=i18n.number(left)))
    listed = "\n".join(f"- {one}" for one in lines)
    st.warning(f"**{head}**\n\n{listed}", icon=":material/difference:")


def _day(one: DayDifference) -> str:
    said = _(
        "{day}, {currency}: Stripe has {theirs} in {theirs_rows}, the ledger {ours} in {ours_rows}"
    )
    return said.format(
        day=i18n.day(one.day),
        currency=widgets.safe_text(one.currency.upper()),
        theirs=_amount(one.theirs_net_minor, one.currency),
        theirs_rows=_rows(one.theirs_count),
        ours=_amount(one.ours_net_minor, one.currency),
        ours_rows=_rows(one.ours_count),
    )


def _rows(n: int) -> str:
    return ngettext("{n} row", "{n} rows", n).format(n=i18n.number(n))


def _balance(one: BalanceDifference) -> str:
    said = _("{currency}, {kind}: Stripe has {theirs}, the ledger makes it {ours}")
    return said.format(
        currency=widgets.safe_text(one.currency.upper()),
        kind=widgets.safe_text(one.balance_type.replace("_", " ")),
        theirs=_amount(one.balance_minor, one.currency),
        ours=_amount(one.expected_minor, one.currency),
    )


def _amount(minor: int, currency: str) -> str:
    # A dollar sign would begin a formula.
    return widgets.safe_text(columns.money(minor, currency))
