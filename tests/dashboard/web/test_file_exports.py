"""Files: the same rows as the screen, for those who may, without formulas, and written down."""

import csv
import io
import socket
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.testclient import TestClient

from core import clock
from core.access.rights import ROLES
from core.actions.exports import csv_writer, requests
from core.db.engine import writing
from core.db.tables import api_requests, customers
from core.events.store import parse_envelope, store
from core.reads.customers import list as customer_list
from core.reads.exports import lists, permitted
from core.reads.exports import revenue as revenue_file
from core.reads.revenue.categories import MOVEMENTS
from dashboard.ui import viewer
from dashboard.web import file_exports
from tests.support import factories
from tests.support.fixtures_access import audited, give, person
from tests.support.receivers import free_port, wait_until


@pytest.fixture
def client(console, monkeypatch):
    """The route as a user reaches it behind the auth middleware."""
    from dashboard.ui import viewer as console_

    monkeypatch.setattr(console_, "current_console", lambda: console)

    def made(user_id):
        async def introduce(request, call_next):
            request.state.principal = console.principal(user_id)
            return await call_next(request)

        app = Starlette(routes=file_exports.routes())
        app.add_middleware(BaseHTTPMiddleware, dispatch=introduce)
        return TestClient(app)

    return made


def table(answer):
    assert answer.status_code == 200, answer.text
    text = answer.content.decode("utf-8")
    assert text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}")
    return list(csv.DictReader(io.StringIO(text[1:])))


def test_the_file_has_the_rows_of_the_screens_search(console, shop, client):
    ask = client(person(console, "finance"))
    rows = table(ask.get("/ui/export/payments.csv", params={"q": "currency:usd -status:failed"}))
    assert {row["id"] for row in rows} == {
        shop[name] for name in ("dollars", "refunded", "disputed", "hostile")
    }
    live = table(ask.get("/ui/export/payments.csv", params={"mode": "live"}))
    assert [row["id"] for row in live] == [shop["live"]]


def test_the_file_has_the_order_and_the_columns_that_were_seen(console, shop, client):
    ask = client(person(console, "finance"))
    seen = {"q": "currency:usd", "sort": "amount", "columns": "amount,id"}
    rows = table(ask.get("/ui/export/payments.csv", params=seen))
    assert list(rows[0]) == ["amount", "id", "amount_minor"]
    amounts = [int(row["amount_minor"]) for row in rows]
    assert amounts == sorted(amounts)
    assert len(amounts) > 2


def test_amounts_are_plain_major_units_with_their_currency(console, shop, client):
    rows = {
        row["id"]: row
        for row in table(client(person(console, "finance")).get("/ui/export/payments.csv"))
    }
    assert (rows[shop["dollars"]]["amount"], rows[shop["dollars"]]["currency"]) == (
        "1234.56",
        "USD",
    )
    assert (rows[shop["yen"]]["amount"], rows[shop["yen"]]["currency"]) == ("5000", "JPY")
    assert rows[shop["dinar"]]["amount"] == "10.580"


def test_formulas_are_neutralised(console, shop, client):
    rows = table(
        client(person(console, "finance")).get(
            "/ui/export/payments.csv", params={"q": f"id:{shop['hostile']}"}
        )
    )
    assert rows[0]["customer_name"].startswith("'=")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "|", "%"])
def test_no_cell_begins_as_a_formula_does(start):
    text = "".join(csv_writer.text([f"{start}cmd()"], []))
    cell = next(csv.reader(io.StringIO(text[1:], newline="")))[0]
    assert cell.startswith("'")


def test_negative_amounts_stay_numbers():
    assert "".join(csv_writer.text(["-12.34"], []))[1:].strip() == "-12.34"


def test_customers_are_a_file_with_a_line_for_each_currency(console, client, monkeypatch):
    monkeypatch.setattr(permitted, "CUSTOMERS", 2)
    with writing(console.engine) as conn:
        for number in range(5):
            conn.execute(customers.insert().values(customer_row(f"cus_{number}", number)))
        for currency in ("usd", "jpy"):
            paid = {"customer_id": "cus_3", "currency": currency, "amount_minor": 5000}
            factories.paid(conn, **paid)
        factories.paid(conn, email="guest@shop.example")
    ask = client(person(console, "finance"))
    rows = table(ask.get("/ui/export/customers.csv"))
    assert [row["id"] for row in rows] == ["cus_4", "cus_3", "cus_3", "cus_2", "cus_1", "cus_0"]
    paid = {row["currency"]: row["paid"] for row in rows if row["id"] == "cus_3"}
    assert paid == {"USD": "50.00", "JPY": "5000"}
    assert (rows[0]["payments"], rows[0]["currency"], rows[0]["paid"]) == ("0", "", "")
    guest = table(ask.get("/ui/export/customers.csv", params={"q": "guest@shop.example"}))
    assert [row["id"] for row in guest] == ["guest@shop.example"]
    assert client(person(console, "support")).get("/ui/export/customers.csv").status_code == 403


def test_a_search_that_finds_too_many_customers_is_no_file(console, client, monkeypatch):
    monkeypatch.setattr(customer_list, "MOST_FOUND", 2)
    with writing(console.engine) as conn:
        for number in range(3):
            factories.paid(conn, email=f"guest{number}@shop.example")
    ask = client(person(console, "finance"))
    cut = ask.get("/ui/export/customers.csv", params={"q": "guest"})
    assert (cut.status_code, "finds too many" in cut.text) == (422, True)
    whole = table(ask.get("/ui/export/customers.csv", params={"q": "guest1"}))
    assert [row["id"] for row in whole] == ["guest1@shop.example"]


def customer_row(stripe_id, number):
    at = clock.now() - timedelta(days=9 - number)
    return {
        "stripe_id": stripe_id,
        "email": f"{stripe_id}@shop.example",
        "name": "=cmd()",
        "deleted": False,
        "livemode": False,
        "created_at": at,
        "confirmed": True,
        "as_of": at,
    }


def test_all_pages_of_a_long_list_are_in_the_file(console, client, monkeypatch):
    monkeypatch.setattr(lists, "PAGE_ROWS", 20)
    with writing(console.engine) as conn:
        made = [factories.paid(conn)["stripe_id"] for _ in range(65)]
    rows = table(client(person(console, "finance")).get("/ui/export/payments.csv"))
    assert [row["id"] for row in rows] == made[::-1]


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"finance"}))
@pytest.mark.parametrize("name", ["payments.csv", "revenue.csv?since=2026-11-01&until=2026-11-02"])
def test_only_finance_takes_money_away(console, client, role, name):
    answer = client(person(console, role)).get(f"/ui/export/{name}")
    assert answer.status_code == 403
    assert audited(console, "export") == []


def test_a_right_taken_away_ends_the_next_file(console, client):
    user = person(console, "finance")
    ask = client(user)
    assert ask.get("/ui/export/payments.csv").status_code == 200
    give(console, user, "viewer")
    assert ask.get("/ui/export/payments.csv").status_code == 403


def test_each_file_is_written_down_has_its_own_name_and_is_not_kept(console, shop, client):
    user = person(console, "finance")
    ask = client(user)
    answers = [ask.get("/ui/export/payments.csv", params={"q": "status:failed"}) for _ in range(2)]
    names = [answer.headers["content-disposition"] for answer in answers]
    assert names[0] != names[1]
    assert all(answer.headers["cache-control"] == "no-store" for answer in answers)
    rows = audited(console, "export")
    assert [row.actor for row in rows] == [user, user]
    assert "status" in rows[0].details


PARTS = "gross refunds disputes platform_earnings fees network_costs tax".split()


COUNTED = ["charges", "days", "of_days", "state"]
MINORS = [f"{name}_minor" for name in revenue_file.AMOUNTS]


@pytest.fixture
def busy_day(console):
    """A day with a sale, costs, and movements that are no revenue; what a file of it is asked."""
    now = clock.now()
    with writing(console.engine) as conn:
        sale = factories.paid(conn, created_at=now, amount_minor=10000)
        for category, amount, fee in (
            ("refund", -2500, 0),
            ("network_cost", -150, 0),
            ("tax", -60, 0),
            ("payout", -8000, 80),
            ("financing_payout", 500000, 0),
            ("obligation", -3000, 0),
        ):
            given = {"reporting_category": category, "amount_minor": amount, "fee_minor": fee}
            factories.add_ledger(conn, [factories.ledger_row(sale, created_at=now, **given)])
    today = now.date()
    return {"currency": "usd", "since": str(today), "until": str(today + timedelta(days=1))}


def test_revenue_has_both_blocks_with_the_signs_of_the_screen(console, client, busy_day):
    ask = client(person(console, "finance"))
    (day,) = table(ask.get("/ui/export/revenue.csv", params=busy_day | {"by": "day"}))
    assert list(day) == ["period", "currency", *revenue_file.AMOUNTS, *COUNTED, *MINORS]
    said = {name: text for name, text in day.items() if name not in MINORS and text != "0.00"}
    assert said == {
        "period": busy_day["since"],
        "currency": "USD",
        "gross": "100.00",
        "refunds": "-25.00",
        "fees": "-3.80",
        "network_costs": "-1.50",
        "tax": "-0.60",
        "net": "69.10",
        "payouts": "-80.00",
        "financing": "5000.00",
        "unmapped": "-30.00",
        "balance_change": "4959.10",
        "charges": "1",
        "days": "1",
        "of_days": "1",
        "state": "running",
    }
    method = table(ask.get("/ui/export/revenue.csv", params=busy_day | {"by": "method"}))
    assert [(row["method"], row["net"]) for row in method] == [("card", "69.10")]
    country = table(ask.get("/ui/export/revenue.csv", params=busy_day | {"by": "country"}))
    assert country[0]["card_country"] == "US"


def test_parts_of_fees_add_up_to_the_fees_of_the_same_period(console, client, busy_day):
    now = clock.now()
    with writing(console.engine) as conn:
        sale = factories.payment_row(created_at=now)
        row = factories.ledger_row(sale, created_at=now, amount_minor=1000, fee_minor=60)
        factories.add_ledger(conn, [row])
        factories.add_fees(conn, row, {"stripe_fee": 50, "tax": 10})
    ask = client(person(console, "finance"))
    rows = table(ask.get("/ui/export/revenue.csv", params=busy_day | {"by": "fees"}))
    assert [(row["part"], row["currency"], row["amount"]) for row in rows] == [
        ("unspecified", "USD", "-3.80"),
        ("stripe_fee", "USD", "-0.50"),
        ("tax", "USD", "-0.10"),
    ]
    (day,) = table(ask.get("/ui/export/revenue.csv", params=busy_day | {"by": "day"}))
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal(day["fees"])


def test_no_digit_of_a_very_large_amount_is_lost(console, client):
    now = clock.now()
    #: One more than a float holds, in a currency with two decimals; and a code of four letters.
    large = 2**53 + 1
    with writing(console.engine) as conn:
        for currency in ("idr", "usdc"):
            sale = factories.payment_row(created_at=now)
            given = {"currency": currency, "amount_minor": large, "fee_minor": 0}
            factories.add_ledger(conn, [factories.ledger_row(sale, created_at=now, **given)])
    today = now.date()
    asked = {"since": str(today), "until": str(today + timedelta(days=1))}
    ask = client(person(console, "finance"))
    for currency in ("idr", "usdc"):
        (row,) = table(ask.get("/ui/export/revenue.csv", params=asked | {"currency": currency}))
        assert (row["gross"], row["net"]) == ("90071992547409.93", "90071992547409.93")
        assert row["currency"] == currency.upper()


@pytest.mark.parametrize("by", ["day", "week", "month", "method", "country"])
def test_the_columns_of_a_file_add_up_to_its_net_and_to_the_balance(console, client, busy_day, by):
    rows = table(
        client(person(console, "finance")).get(
            "/ui/export/revenue.csv", params=busy_day | {"by": by}
        )
    )
    for row in rows:
        assert sum(Decimal(row[name]) for name in PARTS) == Decimal(row["net"])
        blocks = sum(Decimal(row[name]) for name in ("net", *MOVEMENTS))
        assert blocks == Decimal(row["balance_change"])


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("payments.csv?q=colour:red", 422),
        ("payments.csv?sort=colour", 422),
        ("payments.csv?columns=id,colour", 422),
        ("revenue.csv?currency=usd&since=soon&until=2026-11-02", 422),
        ("revenue.csv?currency=usd&since=2026-11-02&until=2026-11-01", 422),
        ("revenue.csv?currency=usd&since=2026-11-01&until=2026-11-02&by=hour", 422),
        ("revenue.csv?currency=nopes&since=2026-11-01&until=2026-11-02", 422),
        ("users.csv", 404),
    ],
)
def test_nonsense_is_named_and_nothing_is_written_down(console, client, address, status):
    answer = client(person(console, "finance")).get(f"/ui/export/{address}")
    assert answer.status_code == status
    assert audited(console, "export") == []


def test_events_and_calls_are_files_for_those_who_see_them(console, client):
    now = clock.now()
    event = parse_envelope(
        b'{"id": "evt_1", "object": "event", "type": "customer.created", "livemode": false,'
        b' "created": 1790000000, "data": {"object": {"id": "cus_1", "object": "customer"}}}'
    )
    with writing(console.engine) as conn:
        store(conn, [event], source="webhook", received_at=now)
        conn.execute(
            api_requests.insert().values(
                livemode=False,
                method="GET",
                path="/v1/balance",
                status=200,
                duration_us=1200,
                attempt=1,
                started_at=now,
            )
        )
    ask = client(person(console, "developer"))
    (row,) = table(ask.get("/ui/export/events.csv", params={"q": "type:customer.created"}))
    assert (row["id"], row["object"], row["received_utc"]) == ("evt_1", "cus_1", now.isoformat())
    (row,) = table(ask.get("/ui/export/api_log.csv"))
    assert (row["path"], row["status"], row["error"]) == ("/v1/balance", "200", "")
    assert table(ask.get("/ui/export/events.csv", params={"mode": "live"})) == []
    for name in ("events", "api_log"):
        stranger = client(person(console, "finance"))
        assert stranger.get(f"/ui/export/{name}.parquet").status_code == 403


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("0001-01-01", "9999-12-31"),
        ("2015-01-01", "2026-01-01"),
        ("0001-01-01", "0001-01-02"),
        ("2026-11-02", "2026-11-01"),
    ],
)
@pytest.mark.parametrize("by", ["day", "week", "month", "method", "country", "fees"])
def test_a_period_without_end_is_refused_before_it_is_read(console, client, since, until, by):
    """One that was not asked for 3.6 million rows of zeroes: a minute, and 1.5 GiB."""
    asked = {"currency": "usd", "since": since, "until": until, "by": by}
    answer = client(person(console, "finance")).get("/ui/export/revenue.csv", params=asked)
    assert answer.status_code == 422
    assert answer.text.startswith(("since: ", "until: "))


def test_every_list_without_a_bound_of_its_own_is_counted_first():
    """A bulk of refunds has one, and a month has few currencies and categories."""
    uncounted = {name for name, one in lists.LISTS.items() if one.exceeds is None}
    assert uncounted == {"bulk_refund", "closed_figures"}


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("differences", "finance"),
        ("payouts", "finance"),
        ("payout_rows", "finance"),
        ("lists", "risk"),
    ],
)
def test_a_long_list_is_left_to_the_worker(console, client, monkeypatch, name, role):
    ask = client(person(console, role))
    address = f"/ui/export/{name}.csv?id=po_1"
    assert ask.get(address, follow_redirects=False).status_code == 200
    monkeypatch.setattr(requests, "LARGE", -1)
    answer = ask.get(address, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"][:12]) == (303, "/ui/exports/")


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_a_file_is_read_no_further_once_its_reader_has_left(console, monkeypatch, format_):
    monkeypatch.setattr(lists, "PAGE_ROWS", 1)
    monkeypatch.setattr(csv_writer, "PIECE_ROWS", 1)
    with writing(console.engine) as conn:
        for _ in range(200):
            factories.paid(conn)
    user, left, pages, ended = person(console, "finance"), threading.Event(), [], []
    ask = console.read

    def read(user_id, what, /, **named):
        if what.__name__ == "payments":
            pages.append(what)
            if len(pages) == 3:
                left.wait(30)
            time.sleep(0.01 if len(pages) > 3 else 0)
        return ask(user_id, what, **named)

    watched = SimpleNamespace(read=read, settings=console.settings, engine=console.engine)
    monkeypatch.setattr(viewer, "current_console", lambda: watched)
    routes = Starlette(routes=file_exports.routes())

    async def app(scope, receive, send):
        if scope["type"] == "http":
            scope["state"] = {"principal": console.principal(user)}
        await routes(scope, receive, send)
        ended.append(scope["type"])

    with served(app) as port:
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(f"GET /ui/export/payments.{format_} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            wait_until(lambda: len(pages) >= 3)
        left.set()
        wait_until(lambda: ended)
    assert len(pages) < 150


@contextmanager
def served(app):
    """An ASGI application on a port of this machine."""
    port = free_port()
    config = uvicorn.Config(app, port=port, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield port
    finally:
        server.should_exit = True
        thread.join(30)
