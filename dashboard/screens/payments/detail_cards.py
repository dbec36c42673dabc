"""The cards of one payment: figures, breakdown, customer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.money import Money, show
from core.reads.payments.detail import PaymentDetail
from core.reads.payments.parts import Payment
from dashboard.i18n import _
from dashboard.ui import (
    columns,
    customer_links,
    error_explanations,
    navigation,
    status_badges,
    stripe_labels,
    viewer,
    widgets,
)
from dashboard.ui.columns import money
from dashboard.ui.metric_cards import Card
from dashboard.ui.metric_cards import cards as draw_cards


def amount(payment: Payment) -> str:
    """The payment's amount as people read it."""
    return money(payment.amount_minor, payment.currency)


def draw_status(payment: Payment) -> None:
    """The payment's state, and beside it how its disputes stand."""
    status_badges.badge(status_badges.PAYMENT, payment.state)
    if payment.dispute_outcome:
        status_badges.badge(status_badges.OUTCOME, payment.dispute_outcome)


def figures(detail: PaymentDetail) -> None:
    """Captured, refunded, disputed as paid; fee and net as settled, once Stripe booked them.

    Each is exact: on a page of one payment nothing is rounded."""
    payment = detail.payment
    cards = [
        _card(_("Captured, {currency}"), payment.amount_captured_minor, payment.currency),
        _card(_("Refunded, {currency}"), payment.amount_refunded_minor, payment.currency),
    ]
    if payment.amount_disputed_minor:
        disputed = payment.amount_disputed_minor
        cards.append(_card(_("Disputed, {currency}"), disputed, payment.currency))
    for settled in detail.money:
        cards.append(_card(_("Stripe fee, {currency}"), settled.fee_minor, settled.currency))
        cards.append(_card(_("Net, {currency}"), settled.net_minor, settled.currency))
    if not detail.money:
        cards += [Card(_("Stripe fee"), "–"), Card(_("Net"), "–")]
    draw_cards(cards, columns=max(4, len(cards)))


def _card(label: str, minor: int, currency: str) -> Card:
    return Card(label.format(currency=currency.upper()), show(Money(minor, currency)))


def breakdown(detail: PaymentDetail) -> None:
    """From what was paid to what is left, in the currency it settles in."""
    widgets.card_title(_("Breakdown"))
    if not detail.money:
        st.caption(_("Stripe has booked nothing for this payment yet."))
    for settled in detail.money:
        shown = {
            _("Gross"): settled.gross_minor,
            _("Refunds"): settled.refund_minor,
            _("Disputes"): settled.dispute_minor,
            _("Platform earnings"): settled.platform_earning_minor,
            _("Stripe fees"): -settled.fee_minor,
            _("Network costs"): -settled.network_cost_minor,
            _("Tax on fees"): -settled.tax_minor,
        }
        lines = {name: minor for name, minor in shown.items() if minor}
        lines[_("Net")] = settled.net_minor
        # No revenue, so under the net: by the names that Stripe books them under.
        lines |= {stripe_labels.words(category): minor for category, minor in settled.others}
        _sums(lines, settled.currency)
    rates = {row.exchange_rate for row in detail.ledger if row.exchange_rate}
    for rate in sorted(rates):
        st.caption(_("Exchange rate {rate}").format(rate=rate))
    if detail.money:
        _payouts(tuple(dict.fromkeys(row.payout_id for row in detail.ledger if row.payout_id)))


def _payouts(found: tuple[str, ...]) -> None:
    """The payouts that its money went out with, as links for who may open them."""
    if not found:
        st.caption(_("Not paid out to the bank yet."))
    for payout_id in found:
        if navigation.may_open(viewer.signed_in(), "payout"):
            st.page_link(
                navigation.named("payout"),
                label=_("Paid out with {payout}").format(payout=widgets.safe_text(payout_id)),
                icon=":material/account_balance:",
                query_params={"id": payout_id},
            )
        else:
            said = _("Paid out with {payout}").format(payout=payout_id)
            st.caption(widgets.safe_text(said))


def _sums(lines: dict[str, int], currency: str) -> None:
    table: columns.Table = {
        "what": list(lines),
        "amount": [money(minor, currency) for minor in lines.values()],
        "currency": [currency.upper()] * len(lines),
    }
    layout = {
        "what": columns.text_column(_("What")),
        "amount": columns.money_column(_("Amount"), width=110),
        "currency": columns.currency_column(),
    }
    widgets.plain_table(table, layout, key=f"sums_{currency}", alt=_("From gross to net"))


def failure(payment: Payment) -> None:
    """Why the last attempt failed, what to tell the customer, what the customer can do."""
    found = error_explanations.explained(payment)
    if found is None or payment.status == "succeeded":
        return
    code = payment.decline_code or payment.failure_code or ""
    with st.container(border=True):
        widgets.card_title(_("Why it failed"))
        _facts(
            (_("Meaning"), found.meaning, st.text),
            (_("Tell the customer"), found.message, st.text),
            (_("Next step for the customer"), found.action_text, st.text),
            (_("Stripe's code"), code, _code),
        )


def customer(payment: Payment) -> None:
    """Who paid, how, and for what: foreign text, so nothing here is markdown."""
    method = columns.method(payment.method_type, payment.card_brand, payment.card_last4)
    with st.container(border=True):
        widgets.card_title(_("Customer"))
        _facts(
            (_("Customer"), _payer(payment), lambda name: _link(payment, name)),
            (_("E-mail"), payment.email, _code),
            (_("Customer id"), payment.customer_id, _code),
            (_("Method"), method, st.text),
            (_("Card country"), columns.country(payment.card_country), st.text),
            (_("Order"), payment.order_id, _code),
            (_("User"), payment.user_id, _code),
            (_("IP address"), payment.ip, _code),
            (_("Description"), payment.description, st.text),
        )


def _payer(payment: Payment) -> str | None:
    return payment.customer_name or payment.email or payment.customer_id


def _link(payment: Payment, name: str) -> None:
    customer_links.link(name, payment.customer_id, payment.email)


def _facts(*shown: tuple[str, str | None, Callable[[str], Any]]) -> None:
    """Values under their names, in a grid; what is not known is left out."""
    # An id of Stripe stands in one line.
    with st.grid(4, min_column_width=210):
        for name, value, draw in shown:
            if value:
                with st.container(gap="xsmall"):
                    st.caption(name)
                    draw(value)


def _code(value: str) -> None:
    st.code(value, language=None, wrap_lines=True)
