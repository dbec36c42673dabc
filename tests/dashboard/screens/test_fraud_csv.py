"""The lists' file: what it holds comes back in, whole and page by page."""

import pytest

from core.access.principals import Caller
from core.actions.fraud import list_entries, list_import
from core.actions.fraud.list_entries import NewEntry
from core.db.engine import reading, writing
from core.db.tables import list_entries as entries
from core.reads.exports import lists
from tests.dashboard.web.test_file_exports import client, table
from tests.support.fixtures_access import person

__all__ = ["client"]

FILE = "/ui/export/lists.csv"


@pytest.fixture
def risk(console):
    return Caller(person(console, "risk"))


def kept(console):
    with reading(console.engine) as conn:
        columns = (entries.c.kind, entries.c.field, entries.c.value, entries.c.reason)
        return sorted(
            tuple(row) for row in conn.execute(entries.select().with_only_columns(*columns))
        )


def test_a_file_of_the_lists_is_taken_by_the_import(console, context, risk, client, monkeypatch):
    monkeypatch.setattr(lists, "PAGE_ROWS", 2)
    for number in range(5):
        list_entries.add(context, risk, NewEntry("block", "user", f"u{number}", "=1+1"))
    before = kept(console)
    file = client(risk.user_id).get(FILE).content.decode("utf-8-sig")
    with writing(console.engine) as conn:
        conn.execute(entries.delete())
    assert list_import.import_text(context, risk, file) == 5
    assert kept(console) == before


def test_the_file_holds_what_the_filters_find(context, risk, client):
    list_entries.add(context, risk, NewEntry("block", "user", "u1", "x"))
    list_entries.add(context, risk, NewEntry("allow", "user", "v1", "x"))
    ask = client(risk.user_id)
    assert [row["value"] for row in table(ask.get(FILE, params={"kind": "allow"}))] == ["v1"]
    assert [row["value"] for row in table(ask.get(FILE, params={"search": "u1"}))] == ["u1"]


def test_only_who_manages_fraud_takes_the_lists_away(console, client):
    assert client(person(console, "finance")).get(FILE).status_code == 403
