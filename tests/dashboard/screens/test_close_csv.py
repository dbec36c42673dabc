"""The files of a closed month and of ledger rows, for finance alone."""

import pytest

from core.access.rights import ROLES
from tests.core.reads.periods.test_adjustments import FIRST, MONTH, book, closed
from tests.dashboard.web.test_file_exports import client, table
from tests.support.fixtures_access import person

__all__ = ["client", "closed"]


@pytest.fixture
def finance(closed, client):
    return client(person(closed, "finance"))


def test_the_file_has_both_sides_of_each_figure(closed, finance):
    book(closed, "txn_late", -1, "jpy", booked=FIRST)
    rows = table(finance.get("/ui/export/closed_figures.csv", params={"month": MONTH}))
    assert [(row["currency"], row["as_closed"], row["as_known_now"]) for row in rows] == [
        ("JPY", "-30", "-31"),
        ("USD", "-2.50", "-2.50"),
    ]
    assert (rows[0]["difference"], rows[0]["late_rows"], rows[0]["difference_minor"]) == (
        "-1",
        "1",
        "-1",
    )
    assert table(finance.get("/ui/export/closed_figures.csv", params={"month": "x"})) == []


def test_the_file_of_rows_holds_what_its_address_asks_for(closed, finance):
    book(closed, "txn_late", -1, "jpy", booked=FIRST)
    (row,) = table(finance.get("/ui/export/ledger_rows.csv", params={"late": MONTH}))
    assert (row["id"], row["net"], row["counts_on"]) == ("txn_late", "-1", FIRST.isoformat())
    yen = table(finance.get("/ui/export/ledger_rows.csv", params={"currency": "jpy"}))
    assert {one["id"] for one in yen} == {"txn_jpy", "txn_late"}
    for wrong in ({"from": "then"}, {"late": "2001-01"}):
        assert finance.get("/ui/export/ledger_rows.csv", params=wrong).status_code == 422


def test_only_finance_gets_them(closed, client):
    for name in ("closed_figures", "ledger_rows"):
        allowed = {
            role
            for role in ROLES
            if client(person(closed, role)).get(f"/ui/export/{name}.csv").status_code == 200
        }
        assert allowed == {"finance"}
