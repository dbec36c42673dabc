"""Stripe's keys by mode: entered, tried, rotated; and the endpoint that events are sent to."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.actions.admin import stripe_keys
from dashboard.i18n import _
from dashboard.screens.settings import fields, messages
from dashboard.ui import viewer, widgets

_MAIN = ("stripe_secret_key", "stripe_publishable_key", "stripe_webhook_secret")
_TEST = tuple(name.replace("stripe_", "stripe_test_") for name in _MAIN)


def draw() -> None:
    """The keys of the account, those of a test mode beside it, and the endpoint."""
    values = fields.kept()
    left, right = st.columns(2, gap="medium")
    with left.container(border=True):
        widgets.card_title(_("Keys"))
        fields.form("keys", _MAIN, values, partial(_try, "stripe_secret_key"))
    with right.container(border=True):
        widgets.card_title(_("A test mode beside it"))
        fields.form("test_keys", _TEST, values, partial(_try, "stripe_test_secret_key"))
    with left.container(border=True):
        _endpoint()
    with right.container(border=True):
        _rotation()


def _try(name: str) -> None:
    """A button of the form: any other would not know what was typed."""
    st.form_submit_button(
        _("Try the key"),
        key=f"try_{name}",
        icon=":material/network_check:",
        help=_("Asks Stripe with what is typed above, and keeps nothing."),
        on_click=_tried,
        args=(name,),
    )


def _tried(name: str) -> None:
    typed = st.session_state.get(fields.widget_key(name), "")
    outcome = messages.perform(
        _("The key opens Stripe."),
        stripe_keys.try_key,
        name,
        typed,
        environment=viewer.current_console().set_outside,
    )
    if outcome.value is not None:
        found = outcome.value
        said = _("The key opens {mode}, account {account}.")
        mode = _("live mode") if found.livemode else _("test mode")
        said = said.format(mode=mode, account=found.account or _("unknown"))
        messages.FLASH.set(said, "success")


def _endpoint() -> None:
    widgets.card_title(_("Webhook endpoint"))
    settings = viewer.current_console().settings
    if not settings.public_url:
        st.caption(_("Set the address of the receiver first, under General."))
    else:
        st.code(settings.webhook_url, language=None)
    for livemode in sorted(settings.secret_keys, reverse=True):
        mode = _("live mode") if livemode else _("test mode")
        st.button(
            _("Have it made at Stripe, {mode}").format(mode=mode),
            key=f"endpoint_{livemode}",
            icon=":material/webhook:",
            disabled=not settings.public_url or settings.uses_emulator,
            on_click=_make,
            args=(livemode,),
        )
    messages.at_field("public_url")


def _make(livemode: bool) -> None:
    console = viewer.current_console()
    messages.perform(
        _("Stripe sends events here. The secret is kept, encrypted."),
        stripe_keys.make_endpoint,
        livemode=livemode,
        settings=console.settings,
        environment=console.set_outside,
    )
    viewer.reread()


def _rotation() -> None:
    widgets.card_title(_("To rotate a key"))
    st.markdown(
        _(
            "1. Roll it in Stripe's dashboard, and let the old one live for some hours.\n"
            "2. Enter the new one, try it, save it.\n"
            "3. Look at Go-live check; then let the old one end."
        )
    )
    st.caption(_("Of a webhook secret keep both for that time, with a comma between."))
