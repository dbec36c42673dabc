"""Taking what an authorized payment holds, and ending a payment that has not succeeded."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.actions.payments import payments as actions
from core.errors import OutcomeUnknown, RequestRepeated, TillwatchError
from core.money import Money, show
from core.reads.payments.parts import Payment
from dashboard.i18n import N_, _
from dashboard.ui import viewer, widgets
from dashboard.ui.dialog import Dialog
from dashboard.ui.flash import ErrorTable, ErrorText, Flash

_ERRORS = ErrorTable(
    (
        ErrorText(
            (OutcomeUnknown, RequestRepeated),
            N_("Stripe's answer did not come. It is being looked for."),
            "warning",
        ),
        ErrorText(TillwatchError, N_("Nothing was changed. {reason}")),
    )
)
FLASH = Flash("payment_flash", _ERRORS)
_DIALOG = Dialog("payment_command")
_NEW = "payment_command_new"


@dataclass(frozen=True, slots=True)
class Command:
    """What can be done to a payment in some of Stripe's statuses, with its words in English."""

    action: Callable[..., Any]
    statuses: tuple[str, ...]
    label: str
    icon: str
    asks: str
    done: str


_COMMANDS = {
    "capture": Command(
        actions.capture,
        ("requires_capture",),
        N_("Capture"),
        ":material/download_done:",
        N_("All that is authorized is taken: {amount}. What was taken goes back as a refund only."),
        N_("The payment is captured."),
    ),
    "cancel": Command(
        actions.cancel,
        (
            "requires_payment_method",
            "requires_confirmation",
            "requires_action",
            "requires_capture",
        ),
        N_("Cancel payment"),
        ":material/cancel:",
        N_("The payment of {amount} ends; what the bank holds for it is let go. For good."),
        N_("The payment is canceled."),
    ),
}


def buttons(payment: Payment) -> None:
    """What its state allows, for those whose right it is in this mode."""
    if not payment.stripe_id.startswith("pi_"):
        return
    person = viewer.signed_in()
    if not any(person.may(right) for right in actions.TAKERS[payment.livemode]):
        return
    for name, command in _COMMANDS.items():
        if payment.status in command.statuses:
            st.button(
                _(command.label),
                key=f"payment_{name}",
                icon=command.icon,
                on_click=_ask,
                args=(name, payment),
            )


def _ask(name: str, payment: Payment) -> None:
    """Open the dialog in the next run; the operation gets its id now, so that it is sent once."""
    held = payment.amount_capturable_minor or payment.amount_minor
    amount = f"{show(Money(held, payment.currency))} {payment.currency.upper()}"
    _DIALOG.ask(name=name, payment=payment.stripe_id, amount=amount, id=str(uuid.uuid4()))
    st.session_state[_NEW] = True


def leave_fragment() -> None:
    """In a fragment that holds the buttons: run the page, for the dialog stands there."""
    if st.session_state.pop(_NEW, False):
        st.rerun()


def open_asked_dialog() -> None:
    """Draw the dialog, if it is to be open. Call it from the page's body, not from a fragment."""
    st.session_state.pop(_NEW, None)
    about = _DIALOG.about()
    if about is not None:
        command = _COMMANDS[about["name"]]
        _DIALOG.draw(_(command.label), _body)


def _body(about: dict[str, Any]) -> None:
    command = _COMMANDS[about["name"]]
    st.markdown(widgets.safe_text(_(command.asks).format(amount=about["amount"])))
    st.code(about["payment"], language=None)
    if st.button(_(command.label), key="payment_command_now", type="primary", icon=command.icon):
        FLASH.perform(
            _(command.done),
            command.action,
            about["payment"],
            livemode=viewer.livemode(),
            operation_id=about["id"],
        )
        _DIALOG.close()
        st.rerun()
