"""One request in a drawer: what is known of it, and what can still be done about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.actions.refunds import cancel as refund_cancel
from core.actions.refunds.validation import LONGEST_NOTE
from core.errors import NotFound
from core.reads.refunds import requests as reads
from core.reads.refunds.requests import Request
from core.states import RefundState
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.refunds import labels as refund_labels
from dashboard.ui import (
    customer_links,
    drawer,
    flash,
    navigation,
    status_badges,
    stripe_labels,
    stripe_links,
    viewer,
    widgets,
)


def body(request_id: str) -> None:
    """What the drawer shows of a request."""
    try:
        found = viewer.read(reads.by_id, request_id=request_id, livemode=viewer.livemode())
    except NotFound:
        drawer.gone(_("There is no such request here"))
        return
    row = st.container(horizontal=True, vertical_alignment="center")
    amount = widgets.safe_text(refund_labels.exact(found.amount))
    row.header(amount, anchor=False, width="content")
    with row:
        status_badges.badge(refund_labels.REQUEST, found.state)
    if found.state == RefundState.UNKNOWN:
        st.caption(
            _("Stripe's answer has not arrived. It is being resolved; nothing is sent twice.")
        )
    _facts(found)
    _links(found)
    _cancel(found)
    _settle(found)


def _facts(found: Request) -> None:
    zone = viewer.zone()
    drawer.facts(
        {
            _("Reason"): stripe_labels.words(found.reason),
            _("Note"): found.note,
            _("Why"): refund_labels.why(found.why) or None,
            _("Rule"): refund_labels.over(found.over) or None,
            _("Asked by"): refund_labels.who(found.asked_by, by_token=found.by_token),
            _("Decided by"): found.decided_by,
            _("Seen to by"): found.settled_by,
            _("Asked at"): i18n.moment(found.created_at, zone),
            _("Last change"): i18n.moment(found.updated_at, zone),
            _("Expires"): _until(found),
        }
    )
    for label, value in (
        (_("Payment"), found.payment_id),
        (_("Refund"), found.refund_id),
        (_("Request"), found.request_id),
    ):
        if value:
            st.caption(label)
            st.code(value, language=None)


def _until(found: Request) -> str | None:
    if found.state != RefundState.AWAITING_APPROVAL or found.expires_at is None:
        return None
    return i18n.moment(found.expires_at, viewer.zone())


def _links(found: Request) -> None:
    row = st.container(horizontal=True)
    row.page_link(
        navigation.named("payment"),
        label=_("Payment"),
        icon=":material/receipt_long:",
        query_params={"id": found.payment_id},
    )
    customer_links.link(found.customer, found.customer_id, found.email, place=row)
    if found.bulk_id and viewer.signed_in().may("bulk_refund"):
        row.page_link(
            navigation.named("bulk_refund"),
            label=_("Bulk refund"),
            icon=":material/library_add_check:",
            query_params={"id": found.bulk_id},
        )
    settings = viewer.current_console().settings
    address = stripe_links.address(settings, found.refund_id, livemode=viewer.livemode())
    if address:
        row.link_button(
            _("Open in Stripe"), address, type="tertiary", icon=":material/open_in_new:"
        )


def _cancel(found: Request) -> None:
    """Take back what waits, or cancel at Stripe what waits for the customer there."""
    person = viewer.signed_in()
    own = found.asked_user_id == person.user_id
    waits = found.state == RefundState.AWAITING_APPROVAL
    may = own if waits else own or person.may("approve_refund")
    if not (found.cancelable and may):
        return
    label = _("Take back") if waits else _("Cancel at Stripe")
    if st.button(label, key="request_cancel", icon=":material/close:"):
        _perform(refund_cancel.cancel, found.request_id)


def _settle(found: Request) -> None:
    """A failed refund left its customer without the money: somebody says what was done."""
    if not found.failed_open:
        return
    st.warning(
        _("The customer did not get this money. Refund anew, or say what was done about it."),
        icon=":material/assignment_late:",
    )
    done = st.text_input(_("What was done"), key="request_settled", max_chars=LONGEST_NOTE).strip()
    if st.button(_("Seen to"), key="request_settle", disabled=not done):
        _perform(refund_cancel.settle, found.request_id, done)


def _perform(action: Callable[..., Any], *given: str) -> None:
    outcome = flash.perform(refund_labels.ERRORS, action, *given)
    if outcome.done:
        st.rerun()
    outcome.show_error()
