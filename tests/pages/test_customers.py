"""Customers on the screen: found, shown with all that they paid, written about, and linked to."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from core import clock
from core.db.engine import reading, writing
from core.db.tables import customer_notes, customers, payments, refund_requests
from core.states import RefundState
from tests.support import factories
from tests.support.fixtures_access import person
from tests.support.kit_parts import click, parts, tables

MARIA, GUEST = "maria@shop.example", "guest@shop.example"
NOW = clock.now().replace(microsecond=0)


@pytest.fixture
def shop(console, nothing_cached):
    """Maria, charged twice by one order, and in euros; a guest; ids of payments by name."""
    made = {}
    with writing(console.engine) as conn:
        conn.execute(
            customers.insert().values(
                stripe_id="cus_maria",
                email=MARIA,
                name="Maria *Silva*",
                deleted=False,
                livemode=False,
                created_at=NOW - timedelta(days=9),
                confirmed=True,
                as_of=NOW,
            )
        )
        mine = {"customer_id": "cus_maria", "email": MARIA, "customer_name": "Maria *Silva*"}
        for name, minutes, given in (
            ("first", 10, {"order_id": "ord-1", "amount_minor": 5400, "risk_score": 74}),
            ("again", 8, {"order_id": "ord-1", "amount_minor": 5400}),
            ("euros", 6, {"currency": "eur", "amount_minor": 12000}),
        ):
            at = NOW - timedelta(minutes=minutes)
            made[name] = factories.paid(conn, created_at=at, **mine, **given)["stripe_id"]
        made["guest"] = factories.paid(conn, email=GUEST, created_at=NOW)["stripe_id"]
    return made


@pytest.fixture
def screen(console, shop, screen_as):
    def run(page, role="support", **query):
        test = screen_as(person(console, role), page, **query)
        assert not test.exception
        return test

    return run


def listed(test):
    return list(tables(test)[0].value["customer"])


def plain(elements):
    return " ".join(str(one.value) for one in elements).replace("\\", "")


def facts(test, key):
    found = next(part for part in parts(test, "facts") if part.key == key)
    return {fact["label"]: fact["value"] for fact in found.data["facts"]}


def cards(test):
    (found,) = parts(test, "cards")
    return {card["label"]: card for card in found.data["cards"]}


def test_customers_are_listed_and_found_by_what_is_typed(screen):
    test = screen("customers")
    assert listed(test) == ["cus_maria"]
    row = tables(test)[0].value.iloc[0]
    assert (row["name"], row["paid"], row["payments"]) == ("Maria *Silva*", "$108.00", "3")
    assert row["others"] == "€120.00 EUR"
    test.text_input(key="customer_search").set_value("guest@").run()
    assert listed(test) == [GUEST]
    assert test.query_params["q"] == "guest@"
    assert not tables(screen("customers", q="nobody@"))


def test_a_customer_is_shown_with_each_currency_by_itself(screen):
    test = screen("customer", id="cus_maria")
    assert plain(test.title) == "Maria *Silva*"
    found = cards(test)
    assert (found["Paid, USD"]["value"], found["Paid, EUR"]["value"]) == ("$108.00", "€120.00")
    assert "currency%3Ausd" in found["Paid, USD"]["href"]
    paid = tables(test)[0].value
    assert tables(test)[0].rows[0]["href"].startswith("/payment?id=")
    assert list(paid["amount"]) == ["€120.00", "$54.00", "$54.00"]
    assert list(paid["note"]) == ["", "Looks charged twice", "Looks charged twice"]
    assert facts(test, "customer_risk")["Stripe's score, highest"] == {"text": "74", "share": 74}
    assert facts(test, "customer_about")["Customer id"] == {"text": "cus_maria", "code": True}


def test_a_guest_is_shown_by_the_address(screen):
    test = screen("customer", id=GUEST)
    assert plain(test.title).replace("\N{WORD JOINER}", "") == GUEST
    assert len(tables(test)[0].names) == 1


@pytest.mark.parametrize("name", ["cus_none", "", "none@shop.example"])
def test_nobody_is_said_not_to_be_here(screen, name):
    test = screen("customer", id=name)
    assert test.title[0].value == "Customer"
    assert not tables(test)


def test_a_note_is_written_with_the_card_covered_and_shown(console, screen):
    test = screen("customer", id="cus_maria")
    test.text_input(key="customer_note").set_value("paid with 4242 4242 4242 4242")
    next(one for one in test.button if one.label == "Add note").click().run()
    assert not test.exception
    with reading(console.engine) as conn:
        assert conn.scalar(select(customer_notes.c.text)) == "paid with •••• 4242"
    (written,) = parts(test, "timeline")
    assert [one["quote"] for one in written.data["entries"]] == ["paid with •••• 4242"]


def test_who_may_not_ask_for_refunds_reads_notes_and_writes_none(screen):
    test = screen("customer", role="viewer", id="cus_maria")
    assert not any(one.label == "Add note" for one in test.button)


def test_a_customer_in_a_list_of_payments_leads_to_the_page(screen, shop):
    test = screen("payments")
    table = next(one for one in tables(test) if "customer" in one.columns)
    place = table.columns.index("customer")
    cells = {row["name"]: row["cells"][place] for row in table.rows}
    assert cells[shop["first"]]["href"] == "/customer?id=cus_maria"
    assert cells[shop["guest"]]["name"] == f"customer:{GUEST}"
    opened = click(test, table, "open", "customer:cus_maria")
    assert plain(opened.title) == "Maria *Silva*"


def test_a_payment_that_looks_charged_twice_says_so_and_compares(screen, shop):
    test = screen("payment", id=shop["again"])
    said = plain(test.markdown)
    assert "Looks charged twice" in said
    assert "same order" in said
    assert "2 minutes earlier" in said
    assert shop["first"] in said
    others = next(one for one in tables(test) if one.part and one.part.key == "others")
    assert set(others.names) == {shop["first"], shop["euros"]}
    assert "Looks charged twice" not in plain(screen("payment", id=shop["euros"]).markdown)


def test_people_stand_in_the_timeline_and_events_on_demand(console, screen, shop):
    asker, lead = person(console, "support"), person(console, "support_lead")
    at = NOW - timedelta(minutes=5)
    with writing(console.engine) as conn:
        conn.execute(
            refund_requests.insert().values(
                id="rq_1",
                payment_id=shop["first"],
                livemode=False,
                amount_minor=5000,
                currency="usd",
                reason="duplicate",
                note="two parcels",
                state=RefundState.REFUSED,
                why="one was kept",
                asked_by=asker,
                asked_user_id=asker,
                approved_by=lead,
                created_at=at,
                updated_at=at + timedelta(minutes=1),
            )
        )
    test = screen("payment", id=shop["first"])
    steps = [one.label for one in test.expander]
    assert any("asked to give back" in step for step in steps)
    refused = next(at for at, step in enumerate(steps) if "refused it" in step)
    assert refused < next(at for at, step in enumerate(steps) if "asked to give" in step)
    assert {"two parcels", "one was kept"} <= {one.value for one in test.text}
    assert not any("Booked in" in step for step in steps)
    test.toggle(key="stripe_steps").set_value(True).run()
    assert any("Booked in" in one.label for one in test.expander)


def test_refund_capture_and_cancel_stand_where_right_and_state_allow(console, screen, shop):
    def become(**changed):
        with writing(console.engine) as conn:
            mine = payments.c.stripe_id == shop["first"]
            conn.execute(update(payments).where(mine).values(**changed))

    def offered(role):
        labels = {one.label for one in screen("payment", role=role, id=shop["first"]).button}
        return labels & {"Refund", "Capture", "Cancel payment"}

    assert offered("support") == {"Refund"}
    become(amount_refunded_minor=5400)
    assert offered("support") == set()
    become(status="requires_capture", state="requires_capture", amount_refunded_minor=0)
    assert offered("support") == set()
    assert offered("developer") == {"Capture", "Cancel payment"}


def test_capture_asks_before_it_is_sent(console, screen, shop):
    with writing(console.engine) as conn:
        mine = payments.c.stripe_id == shop["first"]
        conn.execute(update(payments).where(mine).values(status="requires_capture"))
    test = screen("payment", role="developer", id=shop["first"])
    test.button(key="payment_capture").click().run()
    assert not test.exception
    assert "All that is authorized is taken: $54.00 USD." in plain(test.markdown)
    assert test.button(key="payment_command_now").label == "Capture"


def test_the_head_of_all_customers_says_what_all_of_them_paid(console, screen):
    with writing(console.engine) as conn:
        given = {"deleted": False, "livemode": False, "confirmed": True, "as_of": NOW}
        for number in range(60):
            at = NOW + timedelta(minutes=number)
            conn.execute(
                insert(customers).values(stripe_id=f"cus_{number}", created_at=at, **given)
            )
    test = screen("customers")
    assert "cus_maria" not in listed(test)
    (caption,) = [one.value for one in test.caption if "all of them paid" in one.value]
    assert "Customers: 61 · all of them paid \\$108.00 USD · €120.00 EUR" in caption


def test_the_list_says_what_the_shown_ones_paid_and_is_a_file_of_its_search(screen):
    test = screen("customers", "finance", q=MARIA)
    (caption,) = [one.value for one in test.caption if "these paid" in one.value]
    assert "these paid €120.00 EUR · \\$108.00 USD" in caption
    (link,) = [one for one in test.link_button if "customers.csv" in one.url]
    assert link.url == "/ui/export/customers.csv?mode=test&q=maria%40shop.example"
    assert not link.proto.disabled
    (link,) = [one for one in screen("customers").link_button if "customers.csv" in one.url]
    assert link.proto.disabled


LISTS = {
    "customers": (["customer", "paid"], "columns=id%2Cpaid"),
    "disputes": (["dispute", "amount"], "columns=id%2Camount"),
    "payouts": (["payout", "expected"], "columns=id%2Cexpected_utc"),
    "refunds": (["open", "state"], "columns=id%2Cstate"),
}


@pytest.mark.parametrize("page", LISTS)
def test_chosen_columns_of_a_list_are_kept_and_its_file_has_them(console, shop, screen_as, page):
    """On each list; whether rows are there is none of the choice's business."""
    chosen, asked = LISTS[page]
    who = person(console, "finance", "support")
    query = {"tab": "history"} if page == "refunds" else {}
    test = screen_as(who, page, **query)
    test.multiselect(key="v_columns").set_value(chosen).run()
    assert not test.exception
    again = screen_as(who, page, **query)
    assert again.multiselect(key="v_columns").value == chosen
    if page == "customers":
        assert tables(again)[0].columns == chosen
    assert any(asked in one.url for one in again.link_button if f"/{page}.csv" in one.url)
