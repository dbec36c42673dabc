"""A second person looks at what waits: figures, who asked and why; then approves or refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.actions import refund_approvals
from core.actions.refund_rules import LONGEST_NOTE
from core.errors import NotFound, StripeError, TillwatchError
from core.reads import refund_request as requests
from core.reads import refunds as reads
from core.reads.refund_request import Request
from dashboard import (
    console,
    drawer,
    i18n,
    refund_figures,
    refund_outcome,
    refund_warnings,
    refund_words,
    stripe_words,
    widgets,
)
from dashboard.dialogs import Dialog
from dashboard.i18n import _

DIALOG = Dialog("refund_review")


def start(request_id: str) -> None:
    """Open the dialog in the next run."""
    st.session_state.pop("review_why", None)
    DIALOG.ask(id=request_id)


def follow() -> None:
    """Draw the dialog, if it is to be open. Call it from the page's body, not from a fragment."""
    DIALOG.draw(_("Approve or refuse"), _body)


def _body(review: dict[str, Any]) -> None:
    console.require("approve_refund")
    if "made" in review:
        refund_outcome.draw(review["made"], DIALOG.close)
        return
    livemode = console.livemode()
    try:
        asked = console.read(requests.by_id, request_id=review["id"], livemode=livemode)
        found = console.read(reads.figures, payment_id=asked.payment_id, livemode=livemode)
    except NotFound as error:
        st.error(refund_words.complain(error))
        return
    st.code(asked.payment_id, language=None)
    facts(asked)
    # What waits is reserved by itself: the net shown is that after it went.
    refund_figures.draw(found, asked.amount, key="review_figures")
    for code in found.warnings:
        st.warning(refund_warnings.told(code), icon=":material/warning:")
    decide(
        review,
        refund_words.exact(asked.amount),
        approve=lambda: console.act(refund_approvals.approve, asked.request_id),
        refuse=lambda why: console.act(refund_approvals.refuse, asked.request_id, why),
    )


def facts(asked: Request) -> None:
    """Who asked for how much, why, and until when it waits."""
    zone = console.zone()
    drawer.facts(
        {
            _("Amount"): refund_words.exact(asked.amount),
            _("Asked by"): refund_words.who(asked.asked_by, by_token=asked.by_token),
            _("Reason"): stripe_words.words(asked.reason),
            _("Note"): asked.note,
            _("Rule"): refund_words.over(asked.over) or None,
            _("Asked at"): i18n.moment(asked.created_at, zone),
            _("Expires"): i18n.moment(asked.expires_at, zone) if asked.expires_at else None,
        }
    )


def decide(
    review: dict[str, Any],
    amount: str,
    *,
    approve: Callable[[], Any],
    refuse: Callable[[str], Any],
) -> None:
    """The two ways out; what came of it is kept in `review`."""
    why = st.text_input(
        _("Reason, if you refuse"),
        key="review_why",
        max_chars=LONGEST_NOTE,
        placeholder=_("Who asked sees it"),
    ).strip()
    row = st.container(horizontal=True, horizontal_alignment="right")
    refused = row.button(
        _("Refuse"),
        key="review_refuse",
        disabled=not why,
        help=None if why else _("Write the reason first."),
    )
    label = _("Approve: refund {amount}").format(amount=amount)
    approved = row.button(widgets.safe_text(label), key="review_approve", type="primary")
    try:
        if approved:
            review["made"] = approve()
        elif refused:
            review["made"] = refuse(why)
        else:
            return
    except StripeError as error:
        st.error(refund_words.refused(error), icon=":material/error:")
        return
    except TillwatchError as error:
        st.error(refund_words.complain(error), icon=":material/error:")
        return
    st.rerun()
