"""One payout: when it goes where, what it is made of, and the rows that it paid out."""

from __future__ import annotations

import streamlit as st

from core.domain.payers import payer_of
from core.money import Money, show
from core.reads.payouts.detail import PaidOutRow, PayoutDetail, RowPage
from dashboard import i18n
from dashboard.i18n import N_, _, ngettext
from dashboard.screens.payouts import labels
from dashboard.ui import (
    bridge,
    columns,
    customer_links,
    drawer,
    file_links,
    metric_cards,
    navigation,
    status_badges,
    stripe_labels,
    viewer,
    widgets,
)
from dashboard.ui.bridge import Part
from dashboard.ui.data_table import Column, DataTable, Empty, moment, money, opener, text
from dashboard.ui.kit import links
from dashboard.ui.widgets import safe_text

_TITLES = {"payout": N_("It left Stripe"), "payout_reversal": N_("It came back")}


def figures(found: PayoutDetail) -> None:
    """Sent, expected, and whether its rows come to it."""
    row, zone = found.payout, viewer.zone()
    shown = [
        metric_cards.Card(_("Sent by Stripe"), i18n.day(row.created_at.astimezone(zone).date())),
        metric_cards.Card(_("Expected at the bank"), labels.day(row.arrival_at)),
    ]
    off = found.difference_minor
    if off is not None:
        code = row.amount.currency
        label = _("Its rows agree") if off == 0 else _("Its rows differ")
        differs = _("differs by {amount}").format(amount=show(Money(off, code)))
        shown.append(metric_cards.Card(label, show(Money(found.sum_minor, code)), differs))
    metric_cards.cards(shown, columns=3)


def failure(found: PayoutDetail) -> None:
    """Why it did not arrive, and whether its money came back."""
    row = found.payout
    if row.status not in ("failed", "canceled"):
        return
    why = stripe_labels.words(row.failure_code) or status_badges.word(
        status_badges.PAYOUT, row.status
    )
    if found.returned is None:
        back = _("Its money has not come back to Stripe's balance yet.")
    else:
        time = i18n.minute(found.returned.created_at, viewer.zone())
        back = _("Its money came back to Stripe's balance on {time}.").format(time=time)
    st.warning(safe_text(f"{why}. {back}"), icon=":material/undo:")


def made_of(found: PayoutDetail) -> None:
    """What its rows come to, by what they are."""
    title = _("Made of")
    currency = found.payout.amount.currency
    with st.container(border=True):
        widgets.card_title(title)
        if not found.parts:
            st.caption(
                _("Its rows are not read from Stripe yet.")
                if found.payout.automatic
                else _("Stripe lists no rows for a payout that was made by hand.")
            )
            return
        parts = [Part(p.category, p.count, p.gross_minor, p.net_minor) for p in found.parts]
        bridge.draw(title, parts, currency, key="made_of", closing=_("Paid out"))


def facts(found: PayoutDetail) -> None:
    """How it was made, the ids by which it is found elsewhere, and its own ledger rows."""
    row = found.payout
    with st.container(border=True):
        widgets.card_title(_("About"))
        drawer.facts(
            {
                _("Kind"): labels.kind(row),
                _("Speed"): labels.method(row.method),
                _("Its rows"): labels.rows_complete(row.reconciliation_status),
                _("Trace id"): labels.trace(row),
                _("Statement text"): found.statement_descriptor,
                _("Goes to"): found.destination,
            }
        )
        for own in (found.left, found.returned):
            if own is not None:
                title = _TITLES.get(own.category)
                name = _(title) if title else stripe_labels.words(own.category)
                amount = Money(own.net_minor, row.amount.currency)
                said = f"{show(amount)} · {i18n.minute(own.created_at, viewer.zone())}"
                drawer.facts({name: said})
    for title, other in (
        (_("It gives back the payout"), found.original_payout),
        (_("Given back by the payout"), found.reversed_by),
    ):
        if other:
            with st.container(border=True):
                st.caption(title)
                payout_link(other)


def payout_link(payout_id: str) -> None:
    """To a payout's page."""
    st.page_link(
        navigation.named("payout"),
        label=safe_text(payout_id),
        icon=":material/account_balance:",
        query_params={"id": payout_id},
    )


def rows_card(payout_id: str, page: RowPage) -> None:
    """The rows that it paid out; one about a payment opens it."""
    with st.container(border=True):
        widgets.card_title(_("What it paid out"))
        table = DataTable(
            "paid_out", N_("What it paid out"), _COLUMNS, placeholder="–", empty=_NONE
        )
        named = [row for row in page.rows if row.payment_id]
        table.draw(
            table.frame(page.rows),
            _remember,
            target=links.screen("payment"),
            caption=ngettext(
                "{n} shown, newest first", "{n} shown, newest first", len(page.rows)
            ).format(n=len(page.rows)),
            hidden=() if named else ("payment",),
        )
        if page.newer or page.older:
            widgets.pager(newer=page.newer, older=page.older)
        row = st.container(horizontal=True, horizontal_alignment="right")
        file_links.money_links(row, "payout_rows", id=payout_id)


def _remember(payment_id: str) -> None:
    """A click on a payment: the fragment opens it when it runs, for a callback cannot."""
    st.session_state["payment_opened"] = payment_id


_NONE = Empty(N_("No rows here"), N_("Stripe tells them when the payout is on its way."))
_COLUMNS: dict[str, Column[PaidOutRow]] = {
    "net": money(N_("Net"), lambda row: columns.money(row.net_minor, row.currency)),
    "kind": text(N_("Kind"), lambda row: stripe_labels.words(row.category)),
    "payment": opener(N_("Payment"), lambda row: row.payment_id),
    "customer": customer_links.column(
        N_("Customer"),
        lambda row: row.email,
        lambda row: payer_of(None, row.email),
        cut=18,
        optional=True,
    ),
    "amount": money(N_("Amount"), lambda row: columns.money(row.amount_minor, row.currency)),
    "fee": money(N_("Fee"), lambda row: columns.money(-row.fee_minor, row.currency)),
    "created": moment(N_("Booked"), lambda row: row.created_at, seconds=False),
}
