"""The people as a table: who may do what, who is in, who is shut out."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from core.access.rights import ADMIN, ROLES
from core.reads.admin.users import Person
from dashboard.i18n import N_, _
from dashboard.ui import account, columns, status_badges, widgets
from dashboard.ui.widgets import ROW

STATES: status_badges.Kind = {
    "active": (N_("Active"), "green"),
    "disabled": (N_("Disabled"), "red"),
    "demo": (N_("Demo"), "violet"),
}


def states(person: Person) -> list[str]:
    """What an account is: codes of `STATES`."""
    return ["disabled" if person.disabled else "active", *(["demo"] if person.demo else [])]


def role_kinds() -> status_badges.Kind:
    """Roles as chips."""
    words = account.role_words()
    return {role: (words[role], "blue" if role == ADMIN else "gray") for role in ROLES}


def frame(people: Sequence[Person]) -> pd.DataFrame:
    """One line a person."""
    return pd.DataFrame(
        {
            "person": [columns.opener(one.email) for one in people],
            "name": [one.name for one in people],
            "roles": [[role for role in ROLES if role in one.roles] for one in people],
            "state": [states(one) for one in people],
            "seen": pd.Series([one.last_sign_in_at for one in people], dtype="datetime64[us, UTC]"),
            "sessions": [one.sessions for one in people],
            "tokens": [one.tokens for one in people],
        }
    )


def table(people: Sequence[Person], zone: ZoneInfo) -> None:
    """Draw the table; a click on an address opens its drawer."""
    ids = {one.email: one.user_id for one in people}

    def clicked() -> None:
        st.query_params["user"] = ids[columns.opened("people_open")]

    st.dataframe(
        frame(people),
        hide_index=True,
        height=widgets.height(len(people), 20),
        row_height=ROW,
        column_config={
            "person": columns.open_column(_("E-mail"), "people_open", clicked, width=226),
            "name": columns.text_column(_("Name"), width=150),
            "roles": status_badges.chip_column(_("Roles"), role_kinds(), width=240),
            "state": status_badges.chip_column(_("State"), STATES, width=150),
            "seen": columns.time_column(_("Last sign-in"), zone, seconds=False),
            "sessions": st.column_config.NumberColumn(_("Signed in"), width=84),
            "tokens": st.column_config.NumberColumn(_("Tokens"), width=74),
        },
        key="people",
        placeholder="–",
        alt=_("People by e-mail address"),
    )
