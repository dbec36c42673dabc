"""The people as a table: who may do what, who is in, who is shut out."""

from __future__ import annotations

from collections.abc import Sequence

from core.access.rights import ADMIN, ROLES
from core.reads.admin.users import Person
from dashboard.i18n import N_
from dashboard.ui import account, address, status_badges
from dashboard.ui.data_table import Column, DataTable, chips, moment, number, opener, text
from dashboard.ui.kit import links

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
    "person": opener(N_("E-mail"), lambda one: one.user_id, shown=lambda one: one.email),
    "name": text(N_("Full name"), lambda one: one.name),
    "roles": chips(
        N_("Roles"),
        lambda one: [role for role in ROLES if role in one.roles],
        lambda _codes: role_kinds(),
    ),
    "state": chips(N_("State"), states, STATES),
    "seen": moment(N_("Last sign-in"), lambda one: one.last_sign_in_at, seconds=False),
    "sessions": number(N_("Sessions"), lambda one: one.sessions),
    "tokens": number(N_("Tokens"), lambda one: one.tokens),
}
TABLE = DataTable("people", N_("People by e-mail address"), COLUMNS, placeholder="–")


def table(people: Sequence[Person]) -> None:
    """Draw the table; a click on an address opens its drawer."""

    def opened(user_id: str) -> None:
        address.put("user", user_id)

    TABLE.draw(TABLE.frame(people), opened, target=links.here("user"))
