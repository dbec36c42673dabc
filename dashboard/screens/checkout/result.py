"""What came of a test payment: a card with the result, and each call and event as a timeline."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.errors import StripeError
from dashboard.i18n import N_, _
from dashboard.screens.checkout import flow as checkout_flow
from dashboard.screens.checkout import order_form as checkout_order_form
from dashboard.screens.checkout import payment_element
from dashboard.screens.checkout import steps as checkout_steps
from dashboard.screens.checkout.flow import AttemptStatus
from dashboard.screens.checkout.state import ELEMENT, Attempt, Filled, shown
from dashboard.ui import columns, error_explanations, live, navigation, viewer, widgets

#: Badge, colour, icon and the sentence under it, by where an attempt stands.
_WORDS = {
    "working": (N_("In progress"), "blue", "hourglass_top", ""),
    "hosted": (
        N_("Waiting for customer"),
        "blue",
        "hourglass_top",
        N_("Pay on the hosted page. This card follows by itself."),
    ),
    "element": (N_("Waiting for customer"), "blue", "hourglass_top", ""),
    "requires_action": (
        N_("Waiting for customer"),
        "blue",
        "hourglass_top",
        N_("The bank asks the customer to authenticate. This card follows by itself."),
    ),
    "processing": (N_("Processing"), "blue", "hourglass_top", N_("The bank takes its time.")),
    "succeeded": (N_("Succeeded"), "green", "check_circle", N_("The money is taken.")),
    "requires_capture": (N_("To be captured"), "orange", "pan_tool", ""),
    "canceled": (N_("Canceled"), "gray", "block", ""),
    "again": (
        N_("Failed"),
        "red",
        "cancel",
        N_("The last try failed; the customer may try another card."),
    ),
    "failed": (N_("Failed"), "red", "cancel", ""),
    "busy": (N_("Not sent"), "orange", "schedule", N_("Stripe asks us to slow down.")),
    "unknown": (
        N_("Unknown"),
        "orange",
        "help",
        N_("Stripe's answer did not arrive. It is being resolved; nothing is sent twice."),
    ),
}


@dataclass(frozen=True)
class _Codes:
    """Stripe's codes of a failure, as the explanations take them."""

    failure_code: str | None
    decline_code: str | None


@st.fragment
def draw() -> None:
    """The last attempt, followed by live pings until nothing more is to come."""
    attempt = shown()
    if attempt is None or attempt.filled is None:
        return
    version = live.version("payments")
    if attempt.error is not None and attempt.ended_at is None and checkout_flow.resolved(attempt):
        checkout_flow.retry(attempt)
        checkout_flow.advance(attempt)
    found = checkout_flow.attempt_status(attempt)
    if attempt.ended_at is not None and not attempt.announced:
        # The form above opens again for the next order.
        attempt.announced = True
        st.rerun()
    with st.container(border=True, key="checkout_result"):
        _head(attempt, attempt.filled, found)
        _waiting(attempt, attempt.filled, found)
        _failure(attempt, found)
        checkout_steps.draw(attempt, found.detail)
    if attempt.followed:
        live.ping("payments", version)


def _head(attempt: Attempt, filled: Filled, found: AttemptStatus) -> None:
    word, colour, icon, sentence = _WORDS.get(found.word, (found.word, "gray", "circle", ""))
    row = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    )
    with row.container(horizontal=True, vertical_alignment="center", width="content"):
        total = filled.order.total
        amount = f"{columns.money(total.minor, total.currency)} {total.currency.upper()}"
        st.header(widgets.safe_text(amount), anchor=False, width="content")
        st.badge(_(word), icon=f":material/{icon}:", color=colour)  # type: ignore[arg-type]
    if attempt.payment_id:
        row.page_link(
            navigation.named("payment"),
            label=_("Open the payment"),
            icon=":material/receipt_long:",
            query_params={"id": attempt.payment_id},
            width="content",
        )
    if sentence:
        st.caption(_(sentence))
    if attempt.payment_id:
        st.code(attempt.payment_id, language=None, width="content")


def _waiting(attempt: Attempt, filled: Filled, found: AttemptStatus) -> None:
    """What the customer, or whoever plays one, has to do now."""
    if attempt.ended_at is not None:
        return
    row = st.container(horizontal=True, vertical_alignment="center")
    if found.word == "requires_action" and attempt.challenge_url:
        label = _("Authenticate at the bank")
        row.link_button(label, attempt.challenge_url, type="primary", icon=":material/lock:")
    if attempt.session_url and found.word in ("hosted", "again"):
        label = _("Open the hosted page")
        row.link_button(label, attempt.session_url, type="primary", icon=":material/open_in_new:")
    if found.word == "busy":
        row.button(_("Try again"), on_click=checkout_flow.retry, args=(attempt,), type="primary")
    if filled.way == ELEMENT and attempt.client_secret and found.word in ("element", "again"):
        _element(attempt, filled)
    row.button(
        _("Stop waiting"),
        key="checkout_stop",
        type="tertiary",
        help=_("The payment stays at Stripe as it is. The form opens for another order."),
        on_click=attempt.end,
    )


def _element(attempt: Attempt, filled: Filled) -> None:
    total = filled.order.total
    amount = f"{columns.money(total.minor, total.currency)} {total.currency.upper()}"
    answer = payment_element.draw(
        str(attempt.client_secret), amount=amount, name=filled.name, email=filled.email
    )
    if answer.get("failed"):
        st.session_state["checkout_element_failed"] = attempt.create_id
    if st.session_state.get("checkout_element_failed") == attempt.create_id:
        st.warning(
            _(
                "Stripe's card form could not be loaded: the network, a blocker or the key may be"
                " why. Nothing was paid. Pay with a named test card or on the hosted page instead."
            ),
            icon=":material/cloud_off:",
        )


def _failure(attempt: Attempt, found: AttemptStatus) -> None:
    """What went wrong, what to tell the customer, what to do, and Stripe's codes."""
    error = attempt.error
    if found.word not in ("failed", "again"):
        return
    if error is None and found.detail is not None:
        payment = found.detail.payment
        _explained(_Codes(payment.failure_code, payment.decline_code), payment.failure_message)
    elif isinstance(error, StripeError):
        _explained(_Codes(error.stripe_code or error.code, error.decline_code), error.message)
    elif error is not None:
        st.error(widgets.safe_text(checkout_order_form.error_text(error)))


def _explained(codes: _Codes, message: str | None) -> None:
    found = error_explanations.explained(codes)
    if found is None:
        return
    shown_codes = " · ".join(code for code in (codes.failure_code, codes.decline_code) if code)
    facts = {
        _("Tell the customer"): found.message,
        _("Next step for the customer"): found.action_text,
        _("Meaning"): found.meaning,
        _("Stripe's message"): message,
    }
    with st.grid(2, min_column_width=240):
        for name, value in facts.items():
            if value:
                with st.container(gap="xsmall"):
                    st.caption(name)
                    st.text(value)
    with st.container(gap="xsmall"):
        st.caption(_("Stripe's code"))
        st.code(shown_codes, language=None, width="content")


def closed_reason() -> str | None:
    """Why the page takes no payments, if it takes none."""
    modes = viewer.current_console().settings.secret_keys
    if False not in modes or st.session_state.get("checkout_closed"):
        return _("Test payments need a Stripe test key: set STRIPE_TEST_SECRET_KEY and start anew.")
    if viewer.livemode():
        return _("Live data is shown. Switch to test data in the sidebar: no payment here is live.")
    return None
