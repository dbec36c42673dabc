"""The form for a new person."""

from __future__ import annotations

import streamlit as st

from core.actions.admin import users as actions
from dashboard.i18n import _, ngettext
from dashboard.screens.users import messages as user_messages
from dashboard.ui import account, address

#: What the URL says while the form is open.
NEW = "new"


def body() -> None:
    """The form; what came of it stands above, and a password that was made up, once."""
    user_messages.show()
    words = account.role_words()
    with st.form("new_user", border=False):
        st.text_input(_("E-mail"), key="new_email", autocomplete="off")
        st.text_input(_("Full name"), key="new_name", autocomplete="off")
        st.pills(
            _("Roles"),
            actions.ROLES,
            selection_mode="multi",
            key="new_roles",
            format_func=words.__getitem__,
        )
        st.text_input(
            _("Password"),
            type="password",
            key="new_user_password",
            placeholder=_("Empty: one is made up"),
            autocomplete="new-password",
            help=ngettext(
                "{n} character at least.", "{n} characters at least.", actions.SHORTEST
            ).format(n=actions.SHORTEST),
        )
        st.form_submit_button(
            _("Create user"), icon=":material/person_add:", type="primary", on_click=_create
        )


def _create() -> None:
    state = st.session_state
    outcome = user_messages.FLASH.perform(
        _("The account is made."),
        actions.create,
        email=state["new_email"],
        name=state["new_name"],
        roles=list(state["new_roles"]),
        password=state["new_user_password"] or None,
    )
    user_messages.remember_password(outcome.value)
    if outcome.done:
        for key, nothing in (
            ("new_email", ""),
            ("new_name", ""),
            ("new_roles", []),
            ("new_user_password", ""),
        ):
            state[key] = nothing


def opened() -> None:
    """The button was clicked."""
    address.put("user", NEW)
