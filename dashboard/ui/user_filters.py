"""Which people a list of users shows: those inside, those without a second factor."""

from __future__ import annotations

from collections.abc import Callable

from core.reads.admin.users import Person
from dashboard.i18n import N_

EVERY = "all"
Test = Callable[[Person], bool]


def is_inside(one: Person) -> bool:
    """Whether they have a session in force."""
    return not one.disabled and one.sessions > 0


def has_one_factor(one: Person) -> bool:
    """Whether a password alone opens their account."""
    return not one.disabled and not one.second_factor


#: In an address, as a title, and who it is true of.
COUNTED: tuple[tuple[str, str, Test], ...] = (
    ("inside", N_("People signed in"), is_inside),
    ("one_factor", N_("Without a second factor"), has_one_factor),
)
