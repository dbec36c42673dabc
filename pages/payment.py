"""One payment: what it came to, what happened to it, and the Stripe id of each step."""

from __future__ import annotations

import streamlit as st

from core.errors import NotFound
from core.reads import payment as reads
from dashboard import (
    console,
    i18n,
    live,
    navigation,
    payment_cards,
    payment_risk,
    payment_tables,
    refund_form,
    stripe_links,
    timeline,
    widgets,
)
from dashboard.i18n import _


@st.fragment
def main(asked: str, back: str) -> None:
    """Draw the screen; again, by itself, while Stripe has still to book something."""
    refund_form.leave_fragment()
    livemode, version = console.livemode(), live.version("payments")
    st.page_link(
        navigation.named("payments"),
        label=_("Payments"),
        icon=":material/arrow_back:",
        query_params={"q": back} if back else None,
    )
    try:
        detail = console.read(reads.by_id, payment_id=asked, livemode=livemode)
    except NotFound:
        widgets.header(_("Payment"), livemode=livemode)
        widgets.empty(
            _("There is no such payment here"),
            _("Check the id and the mode. A new payment arrives within seconds."),
        )
        st.stop()
    payment = detail.payment
    settings = console.console().settings

    def link(stripe_id: str) -> str | None:
        return stripe_links.address(settings, stripe_id, livemode=livemode)

    amount = f"{payment_cards.amount(payment)} {payment.currency.upper()}"
    with widgets.header(
        widgets.safe_text(amount),
        livemode=livemode,
        beside=lambda: payment_cards.standing(payment),
    ):
        if refund_form.refundable(payment):
            refund_form.button(payment.stripe_id, label=_("Refund"))
        if address := link(payment.stripe_id):
            st.link_button(_("Open in Stripe"), address, icon=":material/open_in_new:")
    st.code(payment.stripe_id, language=None, width="content")
    if any(attempt.stripe_id == payment.stripe_id for attempt in detail.attempts):
        st.caption(_("A charge without a PaymentIntent, as older integrations make them."))
    payment_cards.failure(payment)
    payment_cards.figures(detail)
    left, right = st.columns([2, 1])
    with left.container(border=True):
        widgets.card_title(_("Timeline"))
        timeline.draw(detail, console.zone(), link)
    with right.container(border=True):
        payment_cards.breakdown(detail)
    payment_cards.customer(payment)
    payment_risk.draw(payment)
    payment_tables.draw(detail, console.zone())
    if payment.metadata_json:
        with st.expander(_("Metadata"), icon=":material/data_object:"):
            st.json(payment.metadata_json)
    as_of = i18n.moment(payment.as_of, console.zone())
    if payment.confirmed:
        st.caption(_("As read from Stripe at {time}").format(time=as_of))
    else:
        st.caption(_("As an event told at {time}; not yet read back").format(time=as_of))
    if not payment.confirmed or (payment.amount_received_minor and not detail.money):
        live.ping("payments", version)


main(st.query_params.get("id", ""), st.query_params.get("back", ""))
refund_form.follow()
