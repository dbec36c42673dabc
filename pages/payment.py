"""One payment: what it came to, what happened to it, and the Stripe id of each step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.errors import NotFound
from core.reads.payments import detail as reads
from core.reads.payments.detail import PaymentDetail
from core.reads.payments.parts import Payment
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.payments import commands, same_payer
from dashboard.screens.payments import detail_cards as payment_detail_cards
from dashboard.screens.payments import detail_tables as payment_detail_tables
from dashboard.screens.payments import risk as payment_risk
from dashboard.screens.payments import timeline as payment_timeline
from dashboard.screens.refunds import form as refund_form
from dashboard.ui import address, live, navigation, stripe_links, viewer, widgets


@st.fragment
def main(asked: str, back: str) -> None:
    """Draw the screen; again, by itself, while Stripe has still to book something."""
    refund_form.leave_fragment()
    commands.leave_fragment()
    livemode, version = viewer.livemode(), live.version("payments")
    st.page_link(
        navigation.named("payments"),
        label=_("Payments"),
        icon=":material/arrow_back:",
        query_params={"q": back} if back else None,
    )
    try:
        detail = viewer.read(reads.by_id, payment_id=asked, livemode=livemode)
    except NotFound:
        widgets.header(_("Payment"), livemode=livemode)
        widgets.empty(
            _("There is no such payment here"),
            _("Check the id and the mode. A new payment arrives within seconds."),
        )
        st.stop()
    payment, link = detail.payment, partial(in_stripe, livemode=livemode)
    head(detail, link)
    commands.FLASH.show()
    same_payer.strip(payment)
    payment_detail_cards.failure(payment)
    payment_detail_cards.figures(detail)
    left, right = st.columns([2, 1])
    with left:
        with st.container(border=True):
            payment_timeline.draw(detail, viewer.zone(), link)
        same_payer.others(payment)
    with right.container(border=True):
        payment_detail_cards.breakdown(detail)
    payment_detail_cards.customer(payment)
    payment_risk.draw(payment)
    payment_detail_tables.draw(detail, viewer.zone())
    foot(payment)
    if not payment.confirmed or (payment.amount_received_minor and not detail.money):
        live.ping("payments", version)


def in_stripe(stripe_id: str, *, livemode: bool) -> str | None:
    """The address of an object in Stripe's dashboard; None for the emulator's."""
    settings = viewer.current_console().settings
    return stripe_links.address(settings, stripe_id, livemode=livemode)


def head(detail: PaymentDetail, link: Callable[[str], str | None]) -> None:
    """The amount with its state, what can be done about the payment, and its id."""
    payment = detail.payment
    amount = f"{payment_detail_cards.amount(payment)} {payment.currency.upper()}"
    with widgets.header(
        widgets.safe_text(amount),
        livemode=payment.livemode,
        beside=lambda: payment_detail_cards.draw_status(payment),
    ):
        commands.buttons(payment)
        if detail.left_minor:
            refund_form.button(payment.stripe_id, label=_("Refund"))
        if there := link(payment.stripe_id):
            st.link_button(_("Open in Stripe"), there, icon=":material/open_in_new:")
    st.code(payment.stripe_id, language=None, width="content")
    if any(attempt.stripe_id == payment.stripe_id for attempt in detail.attempts):
        st.caption(_("A charge without a PaymentIntent, as older integrations make them."))


def foot(payment: Payment) -> None:
    """What the shop wrote on it, and when Stripe was read."""
    if payment.metadata_json:
        with st.expander(_("Metadata"), icon=":material/data_object:"):
            st.json(payment.metadata_json)
    as_of = i18n.moment(payment.as_of, viewer.zone())
    if payment.confirmed:
        st.caption(_("As read from Stripe at {time}").format(time=as_of))
    else:
        st.caption(_("As an event told at {time}; not yet read back").format(time=as_of))


main(address.get("id", ""), address.get("back", ""))
refund_form.open_asked_dialog()
commands.open_asked_dialog()
