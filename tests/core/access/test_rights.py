"""The matrix of rights, cell by cell."""

from __future__ import annotations

import pytest

from core.access import rights
from core.access.rights import known_roles, rights_of
from core.errors import InvalidInput

ROLES = "viewer support support_lead finance risk developer admin service".split()
#: One column a role, in the order above.
TABLE = """
see_payments         x x x x x x x .
take_payments        . . . . . . . x
ask_refund           . x x . x . . .
approve_refund       . . x . . . . .
bulk_refund          . . x . . . . .
see_revenue          . . . x . . . .
reconcile            . . . x . . . .
manage_bank          . . . x . . x .
manage_books         . . . x . . x .
see_disputes         . x x x x . . .
manage_disputes      . . . . x . . .
manage_fraud         . . . . x . . .
use_developer_tools  . . . . . x . .
see_events           . . . . . x x .
replay_events        . . . . . x x .
see_alerts           . . x x x x x .
administer           . . . . . . x .
"""
CELLS = [
    (right, role, mark == "x")
    for right, *marks in (line.split() for line in TABLE.strip().splitlines())
    for role, mark in zip(ROLES, marks, strict=True)
]


@pytest.mark.parametrize(("right", "role", "allowed"), CELLS)
def test_cell_of_the_matrix(right, role, allowed):
    assert (right in rights_of([role])) is allowed


def test_no_right_and_no_role_is_without_a_row():
    assert {right for right, _, _ in CELLS} == set(rights.RIGHTS)
    assert {role for _, role, _ in CELLS} == set(rights.TOKEN_ROLES)


def test_rights_add_up_and_default_to_none():
    assert rights_of([]) == frozenset()
    assert rights_of(["root", "ADMIN", ""]) == frozenset()
    both = rights_of(["finance", "risk"])
    assert both == rights_of(["finance"]) | rights_of(["risk"])


def test_unknown_roles_are_refused_by_name():
    with pytest.raises(InvalidInput, match="'root' is not one of viewer"):
        known_roles(["admin", "root"])
    assert known_roles(["risk", "viewer", "risk"]) == ("viewer", "risk")


def test_no_person_can_be_a_service():
    with pytest.raises(InvalidInput, match="'service' is not one of viewer"):
        known_roles(["service"])
    assert known_roles(["service"], rights.TOKEN_ROLES) == ("service",)
