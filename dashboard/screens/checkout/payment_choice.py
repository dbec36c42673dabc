"""How the order is paid: the way, and for a test card which one, grouped by what each shows."""

from __future__ import annotations

import streamlit as st

from core.actions.developer.stripe_test_cards import BY_NAME, CARDS, GROUPS, Card
from dashboard.i18n import N_, _
from dashboard.screens.checkout import payment_element
from dashboard.screens.checkout.state import CARD, ELEMENT, HOSTED
from dashboard.ui.widgets import card_title

_GROUPS = {
    "pays": N_("Pays"),
    "three_d_secure": N_("3-D Secure"),
    "declines": N_("Declines"),
    "disputes": N_("Disputes and fraud"),
    "networks": N_("Other networks"),
}
_WAYS = {
    CARD: (N_("Test card"), N_("We confirm the payment with a named test card.")),
    HOSTED: (N_("Hosted page"), N_("The customer types a card on Stripe's own page.")),
    ELEMENT: (N_("Card form"), N_("Stripe's Payment Element, here on this page.")),
}


def draw(*, disabled: bool) -> tuple[str, Card]:
    """The choice: the way, and the card."""
    card_title(_("Pay with"))
    ways = [CARD, HOSTED, *([ELEMENT] if payment_element.key() else [])]
    if st.session_state.get("checkout_way") not in ways:
        st.session_state["checkout_way"] = CARD
    st.segmented_control(
        _("Way to pay"),
        ways,
        key="checkout_way",
        required=True,
        format_func=lambda code: _(_WAYS[code][0]),
        label_visibility="collapsed",
        disabled=disabled,
    )
    way = str(st.session_state["checkout_way"])
    st.caption(_(_WAYS[way][1]))
    if ELEMENT not in ways:
        st.caption(_("Stripe's card form needs a publishable test key, pk_test_…, of your own."))
    card = _card(disabled)
    if way != CARD:
        st.caption(_("A number to type there; any future date and any CVC will do."))
        st.code(card.number, language=None)
    return way, card


def _card(disabled: bool) -> Card:
    if st.session_state.get("checkout_group") not in GROUPS:
        st.session_state["checkout_group"] = GROUPS[0]
    group = st.pills(
        _("What the card shows"),
        GROUPS,
        key="checkout_group",
        required=True,
        format_func=lambda code: _(_GROUPS[code]),
        disabled=disabled,
    )
    cards = [card for card in CARDS if card.group == group]
    name = st.radio(
        _("Test card"),
        [card.name for card in cards],
        key=f"checkout_card_{group}",
        format_func=lambda code: title(BY_NAME[code]),
        captions=[f"{card.spaced} · {outcome(card)}" for card in cards],
        label_visibility="collapsed",
        disabled=disabled,
    )
    return BY_NAME[str(name)]


def title(card: Card) -> str:
    """What a card is called."""
    return _(card.title)


def outcome(card: Card) -> str:
    """What comes of paying with a card, in a few words."""
    if card.outcome.status != "succeeded":
        return card.outcome.decline_code or card.outcome.code or ""
    if card.challenged:
        return _("asks the customer")
    if card.follows:
        return _("pays; {event} follows").format(event=card.follows[-1])
    return _("pays")
