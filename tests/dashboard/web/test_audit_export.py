"""The operators' log as a file: the screen's search, for administrators, itself in the log."""

from __future__ import annotations

import pytest

from core.access import audit
from core.access.rights import ADMIN, ROLES
from core.db.engine import writing
from tests.dashboard.web.test_file_exports import client, table
from tests.support.fixtures_access import audited, person

__all__ = ["client"]

ADDRESS = "/ui/export/audit.csv"


@pytest.fixture
def log(console):
    """More rows than the export reads at a time; one of them tries a formula."""
    with writing(console.engine) as connection:
        for number in range(1100):
            target = "=cmd()" if number == 700 else f"pi_{number}"
            audit.append(connection, actor="cli:root", action="payment.view", target=target)


def test_the_file_has_every_row_of_the_search_newest_first(console, log, client):
    ada = person(console, "admin", email="ada@shop.example")
    ask = client(ada)
    rows = table(ask.get(ADDRESS, params={"q": "action:payment.*"}))
    assert [int(row["row"]) for row in rows] == [*range(1100, 0, -1)]
    assert all(row["hash"] for row in rows)
    assert next(row["target"] for row in rows if row["row"] == "701") == "'=cmd()"
    (one,) = table(ask.get(ADDRESS, params={"q": "target:ada@shop.example"}))
    assert (one["target"], one["target_name"]) == (ada, "ada@shop.example")
    asked = audited(console, "export")
    assert [(row.actor, row.target) for row in asked] == [(ada, "audit.csv")] * 2


@pytest.mark.parametrize("role", [role for role in ROLES if role != ADMIN])
def test_nobody_else_gets_it(console, log, client, role):
    answer = client(person(console, role)).get(ADDRESS)
    assert answer.status_code == 403
    assert audited(console, "export") == []
    assert audited(console, "read")[-1].outcome == "refused"


def test_nonsense_is_named(console, client):
    answer = client(person(console, ADMIN)).get(ADDRESS, params={"q": "colour:red"})
    assert answer.status_code == 422
