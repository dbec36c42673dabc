"""Where alerts are told: channels, a test of each, and the form for a new one."""

from __future__ import annotations

import streamlit as st

from core.actions.alerts import channels as actions
from core.reads.alerts import settings as reads
from core.reads.alerts.settings import Channel
from dashboard.i18n import _
from dashboard.screens.alerts import labels
from dashboard.screens.alerts.messages import FLASH
from dashboard.ui import status_badges, viewer, widgets


def draw() -> None:
    """Every channel, then the form."""
    found = viewer.read(reads.channels)
    if not found:
        widgets.empty(
            _("Alerts are told to nobody"),
            _("Add a channel: a webhook, an e-mail address or a chat."),
            icon=":material/notifications_off:",
        )
    for one in found:
        _card(one)
    with st.container(border=True):
        _form()


def _card(one: Channel) -> None:
    with st.container(border=True, key=f"channel_{one.channel_id}"):
        row = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        with row.container(gap=None, width="content"):
            st.text(one.name)
            kind = _(labels.TYPES[actions.type_of(one.shown)])
            st.caption(widgets.safe_text(f"{kind} · {one.shown}"))
        with row:
            status_badges.badge(labels.CHANNELS, "used" if one.enabled else "rests")
        row.button(
            _("Send a test"),
            key=f"test_{one.channel_id}",
            icon=":material/send:",
            on_click=_test,
            args=(one.channel_id,),
        )
        row.button(
            _("Let it rest") if one.enabled else _("Use it again"),
            key=f"rest_{one.channel_id}",
            on_click=_set_enabled,
            args=(one, not one.enabled),
        )
        row.button(
            _("Take away"),
            key=f"delete_channel_{one.channel_id}",
            icon=":material/delete:",
            help=_("Its address is forgotten."),
            on_click=_delete,
            args=(one.channel_id,),
        )


def _form() -> None:
    widgets.card_title(_("Add a channel"))
    with st.form("channel_add", border=False):
        st.text_input(_("Name"), key="channel_name", max_chars=actions.LONGEST_NAME)
        st.text_input(
            _("Address"),
            key="channel_url",
            type="password",
            autocomplete="off",
            help=_(
                "As apprise writes it: jsons://host/path for a webhook, "
                "mailtos://user:password@host?to=address for e-mail, slack:// and others for chat. "
                "It is a secret: it is not shown again."
            ),
        )
        st.form_submit_button(_("Add"), icon=":material/add:", on_click=_add)


def _add() -> None:
    state = st.session_state
    told = _("The channel is there. Send a test.")
    outcome = FLASH.perform(
        told, actions.create, name=state["channel_name"], url=state["channel_url"]
    )
    if outcome.done:
        state["channel_name"] = state["channel_url"] = ""


def _test(channel_id: int) -> None:
    outcome = FLASH.perform(_("The test message was taken."), actions.send_test, channel_id)
    if outcome.done and outcome.value is not None:
        said = _("The test message did not arrive. {reason}")
        FLASH.set(said.format(reason=labels.error(outcome.value)), "error")


def _set_enabled(one: Channel, enabled: bool) -> None:
    told = _("The channel is in use.") if enabled else _("Nothing is sent to the channel.")
    FLASH.perform(told, actions.change, one.channel_id, name=one.name, enabled=enabled)


def _delete(channel_id: int) -> None:
    FLASH.perform(_("The channel is gone."), actions.delete, channel_id)
