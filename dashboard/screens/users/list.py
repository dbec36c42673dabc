"""The people as a table: who may do what, who is in, who is shut out."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.access.rights import ADMIN, ROLES
from core.reads.admin.users import Person
from dashboard.i18n import N_
from dashboard.ui import account, status_badges
from dashboard.ui.data_table import Column, DataTable, chips, moment, number, opener, text

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


COLUMNS: dict[str, Column[Person]] = {
    "person": opener(N_("E-mail"), lambda one: one.email, width=226),
    "name": text(N_("Name"), lambda one: one.name, width=150),
    "roles": chips(
        N_("Roles"),
        lambda one: [role for role in ROLES if role in one.roles],
        lambda _codes: role_kinds(),
        width=240,
    ),
    "state": chips(N_("State"), states, STATES, width=150),
    "seen": moment(N_("Last sign-in"), lambda one: one.last_sign_in_at, seconds=False),
    "sessions": number(N_("Signed in"), lambda one: one.sessions, width=84),
    "tokens": number(N_("Tokens"), lambda one: one.tokens, width=74),
}
TABLE = DataTable("people", N_("People by e-mail address"), COLUMNS, most=20, placeholder="–")


def table(people: Sequence[Person]) -> None:
    """Draw the table; a click on an address opens its drawer."""
    ids = {one.email: one.user_id for one in people}

    def opened(email: str) -> None:
        st.query_params["user"] = ids[email]

    TABLE.draw(TABLE.frame(people), opened)
