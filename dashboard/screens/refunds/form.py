"""Asking for a refund: a dialog on Refunds and on a payment's page.

The request's id is made when the dialog opens, so that a double click or a rerun asks once.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any, Literal

import streamlit as st

from core.access.rights import ASK_REFUND
from core.actions.refunds import allowance
from core.actions.refunds import ask as refunds
from core.actions.refunds import validation as refund_validation
from core.actions.refunds.validation import LONGEST_NOTE, NewRefund
from core.errors import (
    InvalidInput,
    NotFound,
    NotPermitted,
    RequestRepeated,
    StripeError,
)
from core.money import Money, plain
from core.reads.refunds import figures as reads
from core.reads.refunds.figures import Figures
from dashboard.i18n import _
from dashboard.screens.refunds import figures as refund_figures
from dashboard.screens.refunds import labels as refund_labels
from dashboard.screens.refunds import outcome as refund_outcome
from dashboard.screens.refunds import payment_picker
from dashboard.screens.refunds.labels import exact
from dashboard.ui import flash, refund_warnings, stripe_labels, viewer, widgets
from dashboard.ui.dialog import Dialog
from dashboard.ui.flash import ErrorText

DIALOG = Dialog("refund_form")
_NEW = "refund_form_new"
#: Asked twice, it is carried out once.
_ERRORS = replace(
    refund_labels.ERRORS,
    texts=(ErrorText(RequestRepeated, flash.REASON, "info"), *refund_labels.ERRORS.texts),
)
_FIELDS = ("refund_amount", "refund_reason", "refund_note", "refund_search")


def start(payment_id: str | None = None) -> None:
    """Open the dialog in the next run, for one payment or to look for one."""
    for name in _FIELDS:
        st.session_state.pop(name, None)
    DIALOG.ask(id=str(uuid.uuid4()), payment=payment_id)
    st.session_state[_NEW] = True


def leave_fragment() -> None:
    """In a fragment that holds the button: run the page, for the dialog stands there."""
    if st.session_state.pop(_NEW, False):
        st.rerun()


def button(
    payment_id: str | None = None,
    *,
    label: str,
    kind: Literal["primary", "secondary"] = "secondary",
) -> None:
    """What opens it, for those who may ask; the page then calls `open_asked_dialog`."""
    if viewer.signed_in().may(ASK_REFUND):
        st.button(
            label,
            key="refund_open",
            type=kind,
            icon=":material/undo:",
            on_click=start,
            args=(payment_id,),
        )


def open_asked_dialog() -> None:
    """Draw the dialog, if it is to be open. Call it from the page's body, not from a fragment."""
    st.session_state.pop(_NEW, None)
    DIALOG.draw(_("Refund"), _body)


def _body(form: dict[str, Any]) -> None:
    if "made" in form:
        refund_outcome.draw(form["made"], DIALOG.close)
        return
    if form["payment"] is None:
        chosen = payment_picker.draw()
        if chosen is None:
            return
        form["payment"] = chosen
        st.rerun()
    livemode = viewer.livemode()
    try:
        found = viewer.read(reads.figures, payment_id=form["payment"], livemode=livemode)
    except NotFound:
        widgets.empty(
            _("There is no such payment here"),
            _("Check the id and the mode. A new payment arrives within seconds."),
        )
        return
    st.code(found.payment_id, language=None)
    if found.available.minor == 0:
        refund_figures.draw(found, None, key="refund_figures")
        st.warning(_("Nothing of this payment can be refunded now."), icon=":material/block:")
        return
    _ask_for(form, found)


def _ask_for(form: dict[str, Any], found: Figures) -> None:
    figures = st.container()
    code = found.available.currency.upper()
    left, right = st.columns(2)
    text = left.text_input(
        _("Amount in {currency}").format(currency=code),
        value=plain(found.available),
        key="refund_amount",
    )
    reason = right.selectbox(
        _("Reason"),
        _reasons(),
        index=None,
        key="refund_reason",
        placeholder=_("Choose a reason"),
        format_func=stripe_labels.words,
    )
    note = st.text_input(
        _("Note for colleagues"),
        key="refund_note",
        max_chars=LONGEST_NOTE,
        placeholder=_("What happened, in a sentence; Stripe does not see it"),
    )
    amount, wrong = _amount(text, found)
    with figures:
        refund_figures.draw(found, amount, key="refund_figures")
    if wrong is not None:
        st.error(widgets.safe_text(wrong), icon=":material/error:")
    for code in found.warnings:
        st.warning(refund_warnings.warning_text(code), icon=":material/warning:")
    waits = _rule(amount, reason)
    asked = NewRefund(found.payment_id, text, str(reason), note.strip() or None)
    _button(form, asked, amount, ready=reason is not None and amount is not None, waits=waits)


def _button(
    form: dict[str, Any], asked: NewRefund, amount: Money | None, *, ready: bool, waits: bool
) -> None:
    said = exact(amount) if amount is not None else ""
    label = _("Ask for {amount}") if waits else _("Refund {amount}")
    # One widget whatever its words: a click is not lost when they change under it.
    pressed = st.button(
        widgets.safe_text(label.format(amount=said)),
        key="refund_send",
        type="primary",
        disabled=not ready,
        help=None if ready else _("Choose a reason and an amount that is available."),
    )
    if not pressed:
        return
    outcome = flash.perform(
        _ERRORS, refunds.ask, asked, livemode=viewer.livemode(), request_id=form["id"]
    )
    if outcome.done:
        form["made"] = outcome.value
        st.rerun()
    if isinstance(outcome.error, StripeError):
        # Refused by Stripe: this request is over, another one has an id of its own.
        form["id"] = str(uuid.uuid4())
    outcome.show_error()


def _reasons() -> list[str]:
    """The reasons that this person's roles ask with; risk gives back fraud alone."""
    person = viewer.signed_in()

    def may(reason: str) -> bool:
        try:
            return bool(refund_validation.asking_roles(person, reason))
        except NotPermitted:
            return False

    return [reason for reason in refund_labels.REASONS if may(reason)]


def _amount(text: str, found: Figures) -> tuple[Money | None, str | None]:
    """The amount that was typed, or what is wrong with it."""
    try:
        amount = refund_validation.read_amount(text, found.available.currency)
    except InvalidInput as error:
        return None, refund_labels.error_text(error)
    if amount > found.available:
        rule = _("must be at most {available}: more is not available")
        said = rule.format(available=exact(found.available))
        return None, _("{field}: {rule}").format(field=_("Amount"), rule=said)
    return amount, None


def _rule(amount: Money | None, reason: str | None) -> bool:
    """Say which rule applies; whether a second person has to approve."""
    if amount is None or reason is None:
        return False
    mine = viewer.act(
        allowance.allowance,
        currency=amount.currency,
        reason=reason,
        livemode=viewer.livemode(),
    )
    over = mine.above([amount])
    if over == "per_refund":
        said = _("Over your limit of {limit}: a second person approves.")
        st.info(widgets.safe_text(said.format(limit=exact(mine.per_refund))), icon=_SECOND)
    elif over == "per_day":
        said = _("{spent} of your {limit} for today are given back: a second person approves.")
        values = {"spent": exact(mine.spent), "limit": exact(mine.per_day)}
        st.info(widgets.safe_text(said.format(**values)), icon=_SECOND)
    else:
        said = _("Within your limit of {limit}: it is sent at once.")
        st.caption(widgets.safe_text(said.format(limit=exact(mine.per_refund))))
    return over is not None


_SECOND = ":material/group:"
