"""API tokens: made, shown once, revoked."""

from __future__ import annotations

import streamlit as st

from core import clock
from core.actions.admin import tokens as actions
from core.actions.admin import users as user_actions
from core.reads.admin import settings as reads
from core.reads.admin import users as user_reads
from core.reads.admin.settings import GivenToken
from dashboard import i18n
from dashboard.i18n import _
from dashboard.screens.settings import messages
from dashboard.ui import account, viewer, widgets
from dashboard.ui.said_once import SaidOnce

_SECRET: SaidOnce[str] = SaidOnce("settings_new_token")
_DAYS = (30, 90, 365, 0)


def draw() -> None:
    """A new token once, the form, and all there are."""
    secret = _SECRET.take()
    if secret is not None:
        st.code(secret, language=None)
        st.caption(_("This token is shown this once, and kept nowhere."))
    left, right = st.columns([3, 2], gap="medium")
    with left.container(border=True):
        widgets.card_title(_("API tokens"))
        given = viewer.read(reads.tokens)
        if not given:
            st.caption(_("None."))
        for one in given:
            _row(one)
    with right.container(border=True):
        widgets.card_title(_("Make a token"))
        _form()


def _row(one: GivenToken) -> None:
    row = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    )
    with row.container(gap=None, width="content"):
        st.text(f"{one.name or one.token_id[:8]} · {one.email}")
        st.caption(widgets.safe_text(_facts(one)))
    if one.in_force(clock.now()):
        row.button(
            _("Revoke"), key=f"revoke_{one.token_id}", on_click=_revoke, args=(one.token_id,)
        )
    else:
        row.badge(_("Ended"), color="gray")


def _facts(one: GivenToken) -> str:
    words, zone = account.role_words() | {"service": _("Service")}, viewer.zone()
    used, ends = one.last_used_at, one.expires_at
    return " · ".join(
        [
            _(", ").join(words.get(role, role) for role in one.roles),
            _("used {time}").format(time=i18n.minute(used, zone)) if used else _("never used"),
            _("ends {time}").format(time=i18n.minute(ends, zone)) if ends else _("no end"),
        ]
    )


def _form() -> None:
    words = account.role_words() | {"service": _("Service")}
    people = [
        one.email for one in viewer.read(user_reads.people, now=clock.now()) if not one.disabled
    ]
    with st.form("token", border=False):
        st.selectbox(_("Acts for"), people, key="token_email")
        messages.at_field("email")
        st.pills(
            _("Roles"),
            actions.ROLES,
            selection_mode="multi",
            default=["service"],
            key="token_roles",
            format_func=words.__getitem__,
        )
        messages.at_field("roles")
        st.text_input(_("What it is for"), key="token_name", max_chars=actions.LONGEST_NAME)
        messages.at_field("name")
        st.selectbox(_("Ends"), _DAYS, index=1, key="token_days", format_func=_lasts)
        messages.at_field("expires")
        st.form_submit_button(
            _("Make a token"), type="primary", icon=":material/key:", on_click=_make
        )


def _lasts(days: int) -> str:
    if not days:
        return _("no end")
    return i18n.ngettext("in {n} day", "in {n} days", days).format(n=days)


def _make() -> None:
    state = st.session_state
    outcome = messages.perform(
        _("The token is made."),
        actions.create,
        email=state["token_email"],
        roles=list(state["token_roles"]),
        name=state["token_name"],
        days=state["token_days"] or None,
    )
    if outcome.value is not None:
        _SECRET.put(outcome.value.secret)
        state["token_name"] = ""


def _revoke(token_id: str) -> None:
    messages.perform(_("The token is revoked."), user_actions.revoke_token, token_id)
