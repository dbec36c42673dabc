"""The files of differences and payouts: what the lists find, for finance alone."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from core import clock
from core.access.rights import ROLES
from core.db.engine import writing
from core.db.tables import balance_transactions, payouts
from core.reads.exports import lists
from tests.dashboard.web.test_file_exports import client, table
from tests.support import factories
from tests.support.fixtures_access import person
from tests.support.fixtures_proof import difference

__all__ = ["client"]

NOW = clock.now().replace(microsecond=0)


@pytest.fixture
def finance(console, client):
    return client(person(console, "finance"))


def payout(number, **given):
    return {
        "stripe_id": f"po_{number}",
        "status": "paid",
        "amount_minor": 1000 + number,
        "currency": "usd",
        "arrival_at": NOW,
        "automatic": True,
        "livemode": False,
        "created_at": NOW - timedelta(days=number),
        "confirmed": True,
        "as_of": NOW,
    } | given


def test_the_file_of_differences_holds_all_pages_with_both_sides(console, finance, monkeypatch):
    monkeypatch.setattr(lists, "PAGE_ROWS", 2)
    for number in range(5):
        difference(console, object_id=f"txn_{number}")
    difference(console, object_id="txn_jpy", currency="jpy", ours_minor=None, theirs_minor=7)
    difference(console, object_id="=cmd()", state="explained", reason="=cmd()")
    rows = {row["object"]: row for row in table(finance.get("/ui/export/differences.csv"))}
    assert rows.keys() == {*(f"txn_{n}" for n in range(5)), "txn_jpy"}
    assert (rows["txn_0"]["ours"], rows["txn_0"]["theirs"], rows["txn_0"]["difference"]) == (
        "11.00",
        "10.00",
        "-1.00",
    )
    assert (rows["txn_jpy"]["ours"], rows["txn_jpy"]["theirs"]) == ("", "7")
    (said,) = table(finance.get("/ui/export/differences.csv", params={"view": "explained"}))
    assert (said["object"], said["reason"]) == ("'=cmd()", "'=cmd()")


def test_the_file_of_payouts_holds_what_the_list_finds(console, finance, monkeypatch):
    monkeypatch.setattr(lists, "PAGE_ROWS", 2)
    with writing(console.engine) as connection:
        rows = [payout(number) for number in range(4)]
        connection.execute(insert(payouts), [*rows, payout(9, status="failed", currency="jpy")])
    found = table(finance.get("/ui/export/payouts.csv"))
    assert [row["id"] for row in found] == ["po_0", "po_1", "po_2", "po_3", "po_9"]
    assert (found[0]["amount"], found[4]["amount"]) == ("10.00", "1009")
    failed = table(finance.get("/ui/export/payouts.csv", params={"view": "failed"}))
    assert [row["id"] for row in failed] == ["po_9"]


def test_the_file_of_a_payouts_rows_comes_to_it(console, finance):
    with writing(console.engine) as connection:
        connection.execute(insert(payouts).values(**payout(0, amount_minor=970)))
        factories.paid(connection, amount_minor=1000)
        factories.paid(connection, amount_minor=5000)
        mine = balance_transactions.c.amount_minor == 1000
        connection.execute(balance_transactions.update().where(mine).values(payout_id="po_0"))
    (row,) = table(finance.get("/ui/export/payout_rows.csv", params={"id": "po_0"}))
    assert (row["amount"], row["fee"], row["net"]) == ("10.00", "-0.30", "9.70")


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"finance"}))
@pytest.mark.parametrize("name", ["differences", "payouts", "payout_rows"])
def test_only_finance_takes_them_away(console, client, role, name):
    assert client(person(console, role)).get(f"/ui/export/{name}.csv").status_code == 403
