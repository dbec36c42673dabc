"""Test checkout: an order, a card, and every step that a payment takes on its way."""

from __future__ import annotations

import streamlit as st

from core.reads.developer import scenarios
from dashboard.i18n import _
from dashboard.screens.checkout import flow as checkout_flow
from dashboard.screens.checkout import order_form as checkout_order_form
from dashboard.screens.checkout import payment_choice
from dashboard.screens.checkout import result as checkout_result
from dashboard.screens.checkout import scenarios as checkout_scenarios
from dashboard.screens.checkout import state as checkout_state
from dashboard.screens.checkout.state import CARD, HOSTED, Filled
from dashboard.ui import columns, viewer, widgets


def main() -> None:
    """Draw the screen; a payment that was begun goes on first."""
    viewer.read(scenarios.latest, livemode=False)
    widgets.header(_("Checkout"), livemode=False)
    closed = checkout_result.closed_reason()
    if closed:
        st.warning(closed, icon=":material/lock:")
    attempt = checkout_state.current()
    disabled = closed is not None or attempt.under_way
    left, right = st.columns([3, 2])
    with left.container(border=True):
        order, name, email = checkout_order_form.draw(disabled=disabled)
    with right.container(border=True):
        way, card = payment_choice.draw(disabled=disabled)
        filled = Filled(order, name, email, way, card.name) if order else None
        _pay_button(filled, closed)
    shown = checkout_state.shown()
    if shown is not None and shown.under_way and not closed:
        with st.spinner(_("Speaking with Stripe …")):
            checkout_flow.advance(shown)
    checkout_result.draw()
    checkout_scenarios.draw(disabled=closed is not None, why=closed)


def _pay_button(filled: Filled | None, closed: str | None) -> None:
    way = st.session_state["checkout_way"]
    label = {CARD: _("Pay {amount}"), HOSTED: _("Open a hosted page for {amount}")}.get(
        way, _("Continue to the card form for {amount}")
    )
    amount = ""
    if filled:
        total = filled.order.total
        amount = f"{columns.money(total.minor, total.currency)} {total.currency.upper()}"
    under_way = checkout_state.current().under_way
    why = closed or (_("A payment is under way.") if under_way else None)
    if filled is None:
        why = why or _("The order cannot be charged as it stands.")
    st.button(
        widgets.safe_text(label.format(amount=amount).strip()),
        key="checkout_pay",
        type="primary",
        width="stretch",
        disabled=filled is None or why is not None,
        help=why,
        on_click=checkout_state.begin,
        args=(filled,),
    )


main()
