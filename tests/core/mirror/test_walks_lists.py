"""Lists that Stripe does not give as asked: a right is lacking, an object was deleted."""

import pytest

from core import clock
from core.db.engine import writing
from core.db.tables import balance_transactions, charges, customers, payments, refunds
from core.domain import cursors
from core.errors import MalformedObject, StripeBusy, StripeKeyRefused, StripeUnreachable
from core.gateway import walk
from core.gateway.readings import read_page
from core.inbox.poll import poll
from core.mirror.ledger_walk import catch_up
from core.mirror.refresh import refresh
from core.mirror.rollups import differences
from tests.support.stripe_lists import (
    charge,
    customer,
    intent,
    lacking,
    ledger_row,
    mirror_of,
    missing,
    refund,
    serving,
)

SOURCES = "rak_balance_transaction_source_read"


@pytest.fixture
def stripe():
    with serving() as lists:
        yield lists


def ago(seconds):
    return clock.to_unix(clock.now()) - seconds


def paid(stripe, number, created):
    stripe.put("payment_intent", intent(number, created))
    stripe.put("charge", charge(number, created + 1))
    stripe.put("balance_transaction", ledger_row(number, created + 2, f"ch_{number:05}"))


def refuse_expanding(right, name):
    def fault(_path, query):
        asked = [value for key, values in query.items() if "expand" in key for value in values]
        return lacking(right) if any(one.endswith(name) for one in asked) else None

    return fault


def test_without_the_right_to_sources_every_row_is_booked_and_the_right_is_named(
    stripe, database_url
):
    for number in range(250):
        paid(stripe, number, ago(600 + number))
    stripe.faults.append(refuse_expanding(SOURCES, "source"))
    mirror = mirror_of(stripe, database_url)
    walked = catch_up(mirror.engine, mirror.gateway, mirror.books)
    assert (walked.new, walked.lacking) == (250, (SOURCES,))
    # Once told, the walk does not ask for them on each page.
    listed = [query for path, query in stripe.asked if path == "/v1/balance_transactions"]
    assert len(listed) == 4
    mirror.rest()
    assert len(mirror.rows(charges)) == 250
    assert {row["method"] for row in mirror.rows(balance_transactions).values()} == {"card"}
    assert {row["fee_minor"] for row in mirror.rows(payments).values()} == {59}
    assert differences(mirror.engine) == []
    learned = mirror.sync()
    assert (learned.lacking, learned.incomplete) == ({SOURCES}, {})


def test_a_payment_is_read_without_the_charge_that_the_key_may_not_see(stripe, database_url):
    paid(stripe, 1, ago(600))
    stripe.faults.append(refuse_expanding("rak_charge_read", "latest_charge"))
    stripe.faults.append(
        lambda path, _query: lacking("rak_charge_read") if "/v1/charges" in path else None
    )
    mirror = mirror_of(stripe, database_url)
    learned = mirror.sync()
    assert learned.incomplete == {"charge": "The API key lacks the right rak_charge_read."}
    assert not learned.is_whole
    assert mirror.rows(payments)["pi_00001"]["amount_minor"] == 1001
    assert mirror.rows(balance_transactions).keys() == {"txn_00001"}


@pytest.mark.parametrize(
    "refusal", [lacking("rak_refund_read"), (404, missing("x")), (400, missing("x", "limit"))]
)
def test_a_list_that_is_refused_is_told_of_and_the_others_are_read(stripe, database_url, refusal):
    paid(stripe, 1, ago(600))
    stripe.put("customer", customer(1, ago(600)))
    stripe.faults.append(lambda path, _query: refusal if path == "/v1/refunds" else None)
    mirror = mirror_of(stripe, database_url)
    learned = mirror.sync()
    assert learned.incomplete.keys() == {"refund"}
    assert len(mirror.rows(payments)) == len(mirror.rows(customers)) == 1
    assert len(mirror.rows(balance_transactions)) == 1
    # The next run begins anew, and reads it all.
    stripe.faults.clear()
    stripe.put("refund", refund(1, ago(500), 1))
    learned = mirror.sync()
    assert learned.incomplete == {}
    assert mirror.rows(refunds).keys() == {"re_00001"}


@pytest.mark.parametrize("answer", [b"<html>", b'"text"', {"data": None}, {"data": {}}])
def test_a_page_that_is_no_list_is_told_of(stripe, tmp_path, answer):
    paid(stripe, 1, ago(600))
    stripe.faults.append(lambda path, _query: (200, answer) if path == "/v1/charges" else None)
    mirror = mirror_of(stripe, f"sqlite:///{tmp_path}/page.db")
    with pytest.raises((MalformedObject, StripeUnreachable)):
        read_page(mirror.gateway, "charge")


@pytest.mark.parametrize(
    ("code", "error"), [(401, StripeKeyRefused), (429, StripeBusy), (500, StripeUnreachable)]
)
def test_what_is_about_the_walk_is_raised_and_the_walk_goes_on_later(stripe, tmp_path, code, error):
    for number in range(150):
        paid(stripe, number, ago(600 + number))
    mirror = mirror_of(stripe, f"sqlite:///{tmp_path}/walk.db")
    said = {"error": {"type": "api_error", "message": "not now"}}

    def second_page(path, query):
        return (code, said) if "starting_after" in query or "/v1/events" in path else None

    stripe.faults.append(second_page)
    with pytest.raises(error):
        catch_up(mirror.engine, mirror.gateway, mirror.books)
    with pytest.raises(error):
        mirror.sync()
    with pytest.raises(error):
        poll(mirror.engine, mirror.gateway)
    stripe.faults.clear()
    catch_up(mirror.engine, mirror.gateway, mirror.books)
    mirror.sync()
    assert len(mirror.rows(balance_transactions)) == len(mirror.rows(payments)) == 150


def test_an_object_that_stripe_always_fails_over_holds_up_no_other(stripe, tmp_path):
    mirror = mirror_of(stripe, f"sqlite:///{tmp_path}/fails.db")
    for number in range(3):
        stripe.put("payment_intent", intent(number, ago(60), latest_charge=None))
    said = {"error": {"type": "api_error", "message": "not this one"}}
    stripe.faults.append(lambda path, _query: (500, said) if path.endswith("pi_00000") else None)
    from core.mirror import refresh_queue

    with writing(mirror.engine) as connection:
        marks = [
            refresh_queue.RefreshRequest(
                "payment_intent", f"pi_{number:05}", False, clock.now(), None
            )
            for number in range(3)
        ]
        refresh_queue.enqueue(connection, marks, at=clock.now())
    with pytest.raises(StripeUnreachable):
        refresh(mirror.engine, mirror.gateway, mirror.books)
    assert refresh(mirror.engine, mirror.gateway, mirror.books) == 2
    assert mirror.rows(payments).keys() == {"pi_00001", "pi_00002"}
    assert [row["stripe_id"] for row in mirror.waiting()] == ["pi_00000"]


def test_a_walk_goes_on_though_the_object_that_it_came_to_is_deleted(stripe, database_url):
    for number in range(350):
        # Many in one second: the time alone does not say where the walk was.
        stripe.put("customer", customer(number, ago(600) - number // 60))
    mirror = mirror_of(stripe, database_url)
    gone = []

    def lose(path, query):
        for after in query.get("starting_after", ()):
            if path == "/v1/customers" and len(gone) < 3 and after not in gone:
                gone.append(after)
                del stripe.entries[after]
        return

    stripe.faults.append(lose)
    learned = mirror.sync()
    assert len(gone) == 3
    assert learned.incomplete == {}
    assert mirror.rows(customers).keys() == {f"cus_{number:05}" for number in range(350)}


def test_a_walk_that_lost_what_follows_a_deleted_object_would_be_caught(
    stripe, tmp_path, monkeypatch
):
    """The planted fault: the walk takes the refusal for the end of the list."""
    for number in range(250):
        stripe.put("customer", customer(number, ago(600) - number))
    real = walk.Place.behind

    def forgetful(self, page):
        return walk.Place(real(self, page).after, self.until, 1)

    monkeypatch.setattr(walk.Place, "behind", forgetful)
    mirror = mirror_of(stripe, f"sqlite:///{tmp_path}/lost.db")

    def lose(path, query):
        for after in query.get("starting_after", ()):
            stripe.entries.pop(after, None)
        return

    stripe.faults.append(lose)
    mirror.sync()
    assert len(mirror.rows(customers)) < 250


def test_a_sync_cut_short_goes_on_though_the_object_at_its_cursor_was_deleted(stripe, database_url):
    for number in range(250):
        stripe.put("customer", customer(number, ago(600) - number))
    mirror = mirror_of(stripe, database_url)
    said = {"error": {"type": "api_error", "message": "not now"}}
    stripe.faults.append(lambda _path, query: (500, said) if "starting_after" in query else None)
    with pytest.raises(StripeUnreachable):
        mirror.sync()
    assert len(mirror.rows(customers)) == 100
    stripe.faults.clear()
    del stripe.entries["cus_00099"]
    learned = mirror.sync()
    assert learned.incomplete == {}
    assert len(mirror.rows(customers)) == 250


def test_a_list_that_never_ends_is_left(stripe, tmp_path):
    stripe.put("customer", customer(1, ago(600)))
    page = {"object": "list", "data": [customer(1, ago(600))], "has_more": True}
    stripe.faults.append(lambda path, _query: (200, page) if path == "/v1/customers" else None)
    mirror = mirror_of(stripe, f"sqlite:///{tmp_path}/endless.db")
    assert mirror.sync().incomplete.keys() == {"customer"}
    nameless = {"object": "list", "data": [None, 7], "has_more": True}
    stripe.faults[:] = [
        lambda path, _query: (200, nameless) if path == "/v1/balance_transactions" else None
    ]
    with pytest.raises(MalformedObject):
        catch_up(mirror.engine, mirror.gateway, mirror.books)
    refusing = (400, missing("cus_00001", "starting_after"))
    stripe.faults[:] = [
        lambda path, query: (200, page) if "starting_after" not in query else refusing
    ]
    assert mirror.sync().incomplete.keys() >= {"customer"}


def test_an_event_that_cannot_be_read_is_parked_and_stops_no_poll(stripe, database_url):
    from core.db.tables import events

    def event(number, **given):
        return {
            "id": f"evt_{number}",
            "object": "event",
            "type": "customer.updated",
            "created": ago(60 + number),
            "livemode": False,
            "api_version": "2026-10-28.endive",
            "data": {"object": customer(number, ago(600))},
        } | given

    for number in range(120):
        stripe.put("event", event(number))
    odd = {
        "evt_5": {"livemode": "no"},
        "evt_6": {"data": None},
        "evt_7": {"type": 7},
        "evt_8": {"created": "now"},
        "evt_9": {"object": "thing"},
    }
    for own, fault in odd.items():
        stripe.entries[own].body |= fault
    stripe.entries["evt_10"].body = None
    mirror = mirror_of(stripe, database_url)
    with writing(mirror.engine) as connection:
        cursors.keep_position(connection, "events:test", {"since": ago(3600)}, at=clock.now())
    polled = poll(mirror.engine, mirror.gateway)
    assert (polled.new, polled.parked, polled.gap) == (114, 6, False)
    assert len(mirror.rows(events)) == 114
    parked = mirror.parked()
    assert {kind for kind, _ in parked} == {"event"}
    assert {own for _, own in parked} >= odd.keys()
    assert parked["event", "evt_5"] == "livemode is not true or false"
    assert poll(mirror.engine, mirror.gateway).new == 0
    for own in odd:
        stripe.entries[own].body = event(int(own[4:]))
    assert poll(mirror.engine, mirror.gateway).new == 5
    assert len(mirror.parked()) == 1


def test_what_stands_behind_rows_is_asked_for_where_no_list_brought_it(stripe, tmp_path):
    """The payment of one row was made before the time from which lists are read."""
    for number in range(350):
        paid(stripe, number, ago(600) - number)
    of_old = 320
    for own in (f"pi_{of_old:05}", f"ch_{of_old:05}"):
        stripe.entries[own].created = ago(400 * 86_400)
    mirror = mirror_of(stripe, f"sqlite:///{tmp_path}/behind.db")
    learned = mirror.sync()
    assert learned.read["balance_transaction"] == 350
    asked = [query for path, query in stripe.asked if path == "/v1/balance_transactions"]
    with_sources = [any("expand" in name for name in query) for query in asked]
    # The first page, whose right may be lacking, and the one that has the old charge's row.
    assert with_sources == [True, False, False, False, True]
    mirror.rest()
    assert mirror.rows(charges).keys() == {f"ch_{number:05}" for number in range(350)}
    assert differences(mirror.engine) == []


def test_an_object_on_two_pages_is_written_as_it_was_read_last(stripe, tmp_path):
    for number in range(150):
        stripe.put("customer", customer(number, ago(600) - number))
    newer = customer(3, ago(600) - 3) | {"name": "Later Name"}

    def again(path, query):
        if path != "/v1/customers" or "starting_after" not in query:
            return None
        rest = [customer(number, ago(600) - number) for number in range(100, 150)]
        return 200, {"object": "list", "data": [newer, *rest], "has_more": False}

    stripe.faults.append(again)
    mirror = mirror_of(stripe, f"sqlite:///{tmp_path}/twice.db")
    assert mirror.sync().read["customer"] == 150
    assert mirror.rows(customers)["cus_00003"]["name"] == "Later Name"
