"""The disputes' file: the list of the screen, whole, for those who may take money away."""

from datetime import timedelta

import pytest

from core import clock
from core.access.rights import ROLES
from core.db.engine import writing
from core.db.tables import disputes
from core.reads.exports import lists
from tests.dashboard.web.test_file_exports import client, table
from tests.support.fixtures_access import audited, person

__all__ = ["client"]

FILE = "/ui/export/disputes.csv"
NOW = clock.now().replace(microsecond=0)


@pytest.fixture
def kept(console):
    """Seven disputes, a day between their deadlines; the first three were lost."""
    rows = [
        {
            "stripe_id": f"du_{number}",
            "status": "lost" if number < 3 else "needs_response",
            "amount_minor": 1000 + number,
            "currency": "jpy" if number == 6 else "usd",
            "reason": "=cmd()" if number == 5 else "duplicate",
            "due_by": NOW + timedelta(days=number),
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "livemode": False,
            "created_at": NOW - timedelta(days=number),
            "confirmed": True,
            "as_of": NOW,
        }
        for number in range(7)
    ]
    with writing(console.engine) as connection:
        connection.execute(disputes.insert(), rows)


@pytest.fixture
def finance(console, client):
    return client(person(console, "finance"))


def ids(answer):
    return [row["id"] for row in table(answer)]


def test_the_file_holds_the_list_in_its_order_over_all_pages(kept, finance, monkeypatch):
    monkeypatch.setattr(lists, "PAGE_ROWS", 2)
    assert ids(finance.get(FILE)) == ["du_3", "du_4", "du_5", "du_6"]
    assert ids(finance.get(FILE, params={"view": "all"})) == [f"du_{n}" for n in range(7)]


def test_the_file_holds_what_the_filters_find(kept, finance):
    assert ids(finance.get(FILE, params={"view": "lost"})) == ["du_0", "du_1", "du_2"]
    assert ids(finance.get(FILE, params={"currency": "jpy"})) == ["du_6"]
    assert ids(finance.get(FILE, params={"reason": "fraudulent"})) == []
    assert ids(finance.get(FILE, params={"mode": "live"})) == []


def test_amounts_are_in_major_units_and_foreign_text_is_no_formula(kept, finance):
    rows = {row["id"]: row for row in table(finance.get(FILE))}
    assert (rows["du_3"]["amount"], rows["du_3"]["currency"]) == ("10.03", "USD")
    assert (rows["du_6"]["amount"], rows["du_6"]["currency"]) == ("1006", "JPY")
    assert rows["du_5"]["reason"] == "'=cmd()"
    assert rows["du_3"]["due_utc"] == (NOW + timedelta(days=3)).isoformat()


def test_an_unknown_list_is_named(kept, finance):
    answer = finance.get(FILE, params={"view": "old"})
    assert (answer.status_code, answer.text[:5]) == (422, "view:")


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"finance"}))
def test_only_finance_takes_disputes_away(kept, console, client, role):
    assert client(person(console, role)).get(FILE).status_code == 403
    assert audited(console, "export") == []


def test_a_file_of_disputes_is_noted(kept, console, finance):
    finance.get(FILE)
    assert [row.target for row in audited(console, "export")] == ["disputes.csv"]
