"""Each kind of signed event gets 200 and is kept; what is not ours is passed over, and says why."""

import json
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from core import bootstrap, clock
from core.bootstrap import open_workshop
from core.db.engine import reading, writing
from core.db.tables import disputes, events, payments, stale_objects
from core.db.wakeups import Wakeups
from core.emulator.server import start_emulator
from core.errors import StripeError
from core.inbox.event_processor import apply_inbox, put_back_for
from core.mirror.own_account import learn_account, own_accounts
from core.reads.overview import attention
from dashboard.process import worker
from tests.support.account_mirror import connect
from tests.support.receivers import event_body, post, serving, settings_for

LIVE, TEST = frozenset({True}), frozenset({False})
NOON = "2026-11-29T12:00:00.123Z"


def intent(number, **changes):
    return {
        "id": f"pi_{number}",
        "object": "payment_intent",
        "created": int(time.time()),
        "amount": 1200,
        "amount_received": 1200,
        "currency": "usd",
        "status": "succeeded",
        "livemode": False,
        "metadata": {},
    } | changes


def told(number, **changes):
    """An event of a payment in test mode."""
    subject = intent(number, livemode=changes.get("livemode", False))
    return event_body(number, **({"data": {"object": subject}} | changes))


def thin(number, kind, subject_id, **changes):
    """A thin event, as stripe-python's `v2/core/_event.py` describes it."""
    related = {"id": subject_id, "type": kind, "url": f"/v1/{kind}s/{subject_id}"}
    event = {
        "id": f"evt_test_{number}",
        "object": "v2.core.event",
        "type": f"v1.{kind}.updated",
        "livemode": False,
        "created": NOON,
        "related_object": related if subject_id else None,
        "reason": None,
        "context": None,
    }
    return json.dumps(event | changes).encode()


@pytest.fixture
def door(tmp_path, database_url):
    """A receiver on the test's database: gives the status of each body that is posted."""
    with serving(settings_for(tmp_path, database_url)) as client:
        yield lambda *bodies: [post(client, body).status_code for body in bodies]


@pytest.fixture
def spine(tmp_path, database_url):
    with start_emulator(state_path=tmp_path / "emulator.db", seed=7) as emulator:
        made = connect(emulator, database_url)
        yield made
        made.engine.dispose()


def row(engine, event_id):
    with reading(engine) as connection:
        found = connection.execute(select(events).where(events.c.stripe_id == event_id))
        return found.mappings().one()


def state(engine, event_id):
    found = row(engine, event_id)
    return found["state"], found["skipped_because"]


def ids(engine, column):
    with reading(engine) as connection:
        return sorted(connection.scalars(select(column)))


ODD = {
    "version_null": event_body("version_null", api_version=None),
    "request_text": event_body("request_text", request="req_1"),
    "brackets": event_body("brackets", type="v2.core.account[requirements].updated"),
    "no_id": event_body("no_id", data={"object": {"object": "balance", "livemode": False}}),
    "spaced": event_body("spaced", data={"object": {"object": "coupon", "id": "50% off!"}}),
    "context": event_body("context", account="acct_1", context="acct_1"),
    "00000000000000": event_body("00000000000000"),
    "test_ping": thin("ping", "v2.core.event_destination", "ed_1", type="v2.core.x.ping"),
    "test_none": thin("none", "", None, type="v1.balance.available"),
    "test_org": thin("org", "customer", "cus_1", context="org_6/acct_1"),
    "test_seconds": thin("seconds", "customer", "cus_1", created="2026-11-29T12:00:00Z"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_event_of_each_odd_form_is_kept_whole(door, engine, name):
    assert door(ODD[name]) == [200]
    assert row(engine, f"evt_{name}")["body"] == ODD[name]


def test_a_thin_event_is_kept_with_its_object_and_its_time(door, engine):
    door(thin(1, "charge", "ch_1"))
    found = row(engine, "evt_test_1")
    assert (found["type"], found["object_id"]) == ("v1.charge.updated", "ch_1")
    assert found["created_at"] == datetime(2026, 11, 29, 12, 0, 0, 123000, UTC)


def test_an_event_of_a_mode_without_a_key_waits_for_one(door, engine, books):
    assert door(told(1, livemode=True)) == [200]
    assert apply_inbox(engine, books, modes=TEST).skipped == 1
    assert state(engine, "evt_1") == ("skipped", "no_key")
    assert ids(engine, payments.c.stripe_id) == []
    assert ids(engine, stale_objects.c.stripe_id) == []
    assert put_back_for(engine, livemode=False) == 0
    assert apply_inbox(engine, books, modes=LIVE).any is False
    assert put_back_for(engine, livemode=True) == 1
    assert put_back_for(engine, livemode=True) == 0
    assert apply_inbox(engine, books, modes=LIVE).applied == 1
    assert state(engine, "evt_1") == ("applied", None)
    assert ids(engine, payments.c.stripe_id) == ["pi_1"]


def test_what_waits_for_a_key_makes_nobody_wait(door, engine, books):
    door(told(1, livemode=True))
    apply_inbox(engine, books, modes=TEST)
    late = datetime(2027, 1, 1, tzinfo=UTC)
    with reading(engine) as connection:
        for mode in (True, False):
            assert attention.needs_you(connection, livemode=mode, now=late) == ()


def test_more_than_one_step_puts_back_is_put_back_in_several(door, engine, books, monkeypatch):
    monkeypatch.setattr("core.inbox.event_processor.CHUNK", 2)
    door(*(told(number, livemode=True) for number in range(3)))
    apply_inbox(engine, books, modes=TEST)
    assert [put_back_for(engine, livemode=True) for _ in range(3)] == [2, 1, 0]


def test_an_event_of_stripes_test_button_shows_nothing(door, engine, books):
    door(told("00000000000000"))
    apply_inbox(engine, books)
    assert state(engine, "evt_00000000000000") == ("skipped", "test_button")
    assert ids(engine, payments.c.stripe_id) == []


def test_a_type_that_is_not_mirrored_says_so(door, engine, books):
    door(event_body(1, data={"object": {"id": "in_1", "object": "brand.new"}}))
    door(thin(2, "v2.core.account", "acct_2", type="v2.core.account[requirements].updated"))
    door(thin(3, "", None, type="v1.balance.available"))
    door(thin(4, "invoice", "in_1"))
    apply_inbox(engine, books)
    for name in ("evt_1", "evt_test_2", "evt_test_3", "evt_test_4"):
        assert state(engine, name) == ("skipped", "not_mirrored")


def test_an_event_of_a_connected_account_shows_nothing_and_one_of_ours_does(spine, door):
    learn_account(spine.engine, spine.gateway)
    own = spine.gateway.get("/v1/account")["id"]
    assert door(told(1, account="acct_1Other"), told(2, account=own, context=own)) == [200, 200]
    door(thin(3, "customer", "cus_1", context="acct_1Other"))
    done = apply_inbox(spine.engine, spine.books)
    assert (done.applied, done.skipped) == (1, 2)
    assert state(spine.engine, "evt_1") == ("skipped", "connected_account")
    assert state(spine.engine, "evt_test_3") == ("skipped", "connected_account")
    assert state(spine.engine, "evt_2") == ("applied", None)
    assert ids(spine.engine, payments.c.stripe_id) == ["pi_2"]
    assert ids(spine.engine, stale_objects.c.stripe_id) == ["pi_2"]


def test_what_names_our_account_before_it_is_known_is_put_back_then(spine, door):
    own = spine.gateway.get("/v1/account")["id"]
    door(told(1, account=own), told(2, account="acct_1Other"))
    assert apply_inbox(spine.engine, spine.books).skipped == 2
    assert put_back_for(spine.engine, livemode=False) == 0
    learn_account(spine.engine, spine.gateway)
    assert put_back_for(spine.engine, livemode=False) == 1
    assert apply_inbox(spine.engine, spine.books).applied == 1
    assert state(spine.engine, "evt_1") == ("applied", None)
    assert state(spine.engine, "evt_2") == ("skipped", "connected_account")


def test_where_the_key_does_not_tell_its_account_it_reads_what_is_ours(spine, door):
    paid, named = pay(spine), {"account": "acct_1Whose"}
    door(told("before", **named))
    apply_inbox(spine.engine, spine.books)
    spine.emulator.fault("error", status=403, path="/v1/account", count=1)
    learn_account(spine.engine, spine.gateway)
    assert put_back_for(spine.engine, livemode=False) == 1
    door(told(1, data={"object": intent(1, id=paid, amount=1)}, **named))
    assert apply_inbox(spine.engine, spine.books).applied == 2
    assert ids(spine.engine, payments.c.stripe_id) == []
    spine.drain(ledger=False)
    assert ids(spine.engine, payments.c.stripe_id) == [paid]


def test_our_account_is_asked_for_once_with_each_key(spine, monkeypatch):
    asked = []
    get = spine.gateway.get
    monkeypatch.setattr(
        spine.gateway, "get", lambda path, **p: asked.append(path) or get(path, **p)
    )
    for _ in range(3):
        learn_account(spine.engine, spine.gateway)
    own = own_accounts_of(spine)[False]
    assert own == get("/v1/account")["id"]
    assert asked == ["/v1/account"]
    spine.gateway.key_digest = "another"
    learn_account(spine.engine, spine.gateway)
    assert asked == ["/v1/account"] * 2


def test_a_key_that_may_not_tell_its_account_makes_the_last_one_forgotten(spine):
    learn_account(spine.engine, spine.gateway)
    spine.gateway.key_digest = "another"
    spine.emulator.fault("error", status=403, path="/v1/account", count=1)
    learn_account(spine.engine, spine.gateway)
    assert own_accounts_of(spine) == {False: None}
    learn_account(spine.engine, spine.gateway)
    assert own_accounts_of(spine)[False]


def test_while_stripe_does_not_answer_a_new_keys_account_is_not_the_last_ones(spine):
    learn_account(spine.engine, spine.gateway)
    spine.gateway.key_digest = "another"
    spine.emulator.fault("error", status=500, path="/v1/account", count=3)
    with pytest.raises(StripeError):
        learn_account(spine.engine, spine.gateway)
    assert own_accounts_of(spine) == {False: None}


def own_accounts_of(spine):
    with reading(spine.engine) as connection:
        return own_accounts(connection)


def pay(spine):
    made = spine.gateway.post(
        "/v1/payment_intents",
        idempotency_key="pay",
        amount=4200,
        currency="usd",
        payment_method="pm_card_visa",
        confirm=True,
        automatic_payment_methods={"enabled": True, "allow_redirects": "never"},
    )
    spine.emulator.settle()
    return made["id"]


def test_thin_events_alone_bring_each_object_as_stripe_has_it(spine, door):
    paid = pay(spine)
    charge = spine.gateway.get(f"/v1/payment_intents/{paid}")["latest_charge"]
    dispute = spine.emulator.control("POST", "disputes", {"charge": charge})["id"]
    door(thin(1, "charge", charge), thin(2, "dispute", dispute), thin(3, "payment_intent", paid))
    spine.drain(ledger=False)
    assert state(spine.engine, "evt_test_1") == ("applied", None)
    assert state(spine.engine, "evt_test_2") == ("applied", None)
    with reading(spine.engine) as connection:
        shown = connection.execute(select(payments)).mappings().one()
        disputed = connection.execute(select(disputes)).mappings().one()
    assert (shown["stripe_id"], shown["state"], shown["confirmed"]) == (paid, "disputed", True)
    assert (disputed["payment_id"], disputed["status"]) == (paid, "needs_response")


def test_a_thin_event_of_an_object_that_is_gone_is_forgotten(spine, door):
    door(thin(1, "payout", "po_gone"))
    for _ in range(3):
        spine.drain(ledger=False)
        due_now(spine.engine)
    assert ids(spine.engine, stale_objects.c.stripe_id) == []


def due_now(engine):
    with writing(engine) as connection:
        connection.execute(stale_objects.update().values(next_attempt_at=clock.now()))


@pytest.mark.parametrize("told_of", ["dispute", "charge", "refund"])
def test_one_thin_event_of_a_part_brings_the_payment_too(spine, door, told_of):
    paid = pay(spine)
    charge = spine.gateway.get(f"/v1/payment_intents/{paid}")["latest_charge"]
    if told_of == "dispute":
        part = spine.emulator.control("POST", "disputes", {"charge": charge})["id"]
    elif told_of == "refund":
        path = "/v1/refunds"
        part = spine.gateway.post(path, idempotency_key="r", charge=charge, amount=200)["id"]
    else:
        part = charge
    door(thin(1, told_of, part))
    spine.drain(ledger=False)
    with reading(spine.engine) as connection:
        shown = connection.execute(select(payments)).mappings().one()
    expected = {"dispute": "disputed", "charge": "succeeded", "refund": "partially_refunded"}
    assert (shown["stripe_id"], shown["state"], shown["confirmed"]) == (
        paid,
        expected[told_of],
        True,
    )


def test_a_worker_applies_what_waited_once_it_has_the_key(tmp_path, database_url, spine, door):
    door(told(1, livemode=True), told(2))
    both = {"stripe_test_secret_key": "sk_test_dummy", "stripe_secret_key": "sk_live_dummy"}
    for keys, expected in (({"stripe_secret_key": "sk_test_dummy"}, "skipped"), (both, "applied")):
        given = keys | {"stripe_api_base": spine.emulator.base_url}
        console = bootstrap.build(settings_for(tmp_path, database_url, **given))
        loops = worker._loops(console, open_workshop(console), Wakeups(console.engine))
        steps = {loop.name: loop.step for loop in loops}
        for name in [name for name in steps if name.startswith("key")]:
            with suppress(StripeError):
                steps[name]()
        while steps["apply"]():
            pass
        console.engine.dispose()
        assert state(spine.engine, "evt_1")[0] == expected
        assert state(spine.engine, "evt_2")[0] == "applied"
    assert own_accounts_of(spine)[False] == spine.gateway.get("/v1/account")["id"]
