"""One object that cannot be read stops nothing: the others are right, and it is parked."""

import pytest

from core import clock
from core.db.tables import (
    balance_transactions,
    charges,
    customers,
    disputes,
    early_fraud_warnings,
    payments,
    payouts,
    refunds,
    reviews,
)
from core.gateway import readings
from core.mirror.rollups import differences
from tests.support.stripe_lists import (
    charge,
    customer,
    dispute,
    intent,
    ledger_row,
    mirror_of,
    payout,
    refund,
    review,
    serving,
    warning,
)

DAY = 86_400
MIRRORED = {
    "customer": customers,
    "payment_intent": payments,
    "charge": charges,
    "refund": refunds,
    "dispute": disputes,
    "payout": payouts,
    "early_fraud_warning": early_fraud_warnings,
    "review": reviews,
}
GONE = object()

#: Kind, what is wrong with it, and the field that the reason names.
FAULTS = (
    ("payment_intent", {"amount": None}, "amount"),
    ("payment_intent", {"amount": "1000"}, "amount"),
    ("payment_intent", {"amount": 10.5}, "amount"),
    ("payment_intent", {"amount": -1}, "amount"),
    ("payment_intent", {"amount": True}, "amount"),
    ("payment_intent", {"amount": 10**19}, "amount"),
    ("payment_intent", {"amount_received": []}, "amount_received"),
    ("payment_intent", {"currency": None}, "currency"),
    ("payment_intent", {"currency": 840}, "currency"),
    ("payment_intent", {"currency": "dollars"}, "currency"),
    ("payment_intent", {"status": None}, "status"),
    ("payment_intent", {"status": {}}, "status"),
    ("payment_intent", {"created": None}, "created"),
    ("payment_intent", {"created": "yesterday"}, "created"),
    ("customer", {"id": None}, "id"),
    ("payout", {"id": "po_" + "x" * 80}, "id"),
    ("review", {"id": 17}, "id"),
    ("payment_intent", {"object": "thing"}, "object"),
    ("payment_intent", {"object": GONE}, "object"),
    ("payment_intent", {"livemode": True}, "livemode"),
    ("payment_intent", {"latest_charge": 5}, "latest_charge"),
    ("customer", None, "customer"),
    ("payout", "text", "payout"),
    ("refund", [], "refund"),
    ("charge", {"amount": "ten"}, "amount"),
    ("charge", {"captured": "yes"}, "captured"),
    ("charge", {"disputed": 1}, "disputed"),
    ("charge", {"amount_refunded": {}}, "amount_refunded"),
    ("charge", {"payment_intent": 7}, "payment_intent"),
    ("charge", {"currency": "u$d"}, "currency"),
    ("refund", {"amount": GONE}, "amount"),
    ("refund", {"status": 9}, "status"),
    ("refund", {"charge": []}, "charge"),
    ("dispute", {"status": None}, "status"),
    ("dispute", {"amount": "all"}, "amount"),
    ("dispute", {"is_charge_refundable": "maybe"}, "is_charge_refundable"),
    ("payout", {"automatic": "often"}, "automatic"),
    ("early_fraud_warning", {"actionable": "x"}, "actionable"),
    ("review", {"open": "half"}, "open"),
    ("customer", {"deleted": "perhaps"}, "deleted"),
)


@pytest.fixture
def stripe():
    with serving() as lists:
        yield lists


def fill(stripe):
    """2,000 objects, and the ledger rows of all charges."""
    now = clock.to_unix(clock.now()) - 3600
    for number in range(560):
        at = now - number * 3000
        stripe.put("payment_intent", intent(number, at))
        stripe.put("charge", charge(number, at + 1))
        stripe.put("balance_transaction", ledger_row(number, at + 2, f"ch_{number:05}"))
    for number in range(220):
        at = now - number * 7000
        stripe.put("refund", refund(number, at, 2 * number))
        stripe.put("customer", customer(number, at))
        stripe.put("payout", payout(number, at))
    for number in range(90):
        at = now - number * 12_000
        stripe.put("dispute", dispute(number, at, 5 * number, status="won"))
    for number in range(65):
        at = now - number * 12_000
        stripe.put("review", review(number, at, 5 * number + 1))
        stripe.put("early_fraud_warning", warning(number, at, 5 * number + 2))
    assert len(stripe.entries) - 560 == 2000


def spoil(stripe):
    """Make 40 of them unreadable, each in its own way; where each is, and the field at fault."""
    places = {}
    for number, (kind, fault, field) in enumerate(FAULTS):
        own = [one for one in stripe.entries.values() if one.kind == kind]
        entry = own[(number * 7 + 3) % len(own)]
        assert entry.own not in places
        if isinstance(fault, dict):
            body = entry.body | fault
            entry.body = {name: value for name, value in body.items() if value is not GONE}
        else:
            entry.body = fault
        places[entry.own] = (kind, field)
    return places


def check(mirror, before, places):
    """All that can be read is here and right; all that cannot is parked, by its reason."""
    for kind, table in MIRRORED.items():
        rows = mirror.rows(table)
        listed = {own: body for own, (of, body) in before.items() if of == kind}
        good = listed.keys() - places.keys()
        assert rows.keys() == good, kind
        for own in good:
            if "amount_minor" in rows[own]:
                told = (rows[own]["amount_minor"], rows[own]["currency"], rows[own]["status"])
                assert told == tuple(listed[own][k] for k in ("amount", "currency", "status"))
            assert rows[own]["livemode"] is False
    booked = {own: body for own, (of, body) in before.items() if of == "balance_transaction"}
    ledger = mirror.rows(balance_transactions)
    assert {own: row["net_minor"] for own, row in ledger.items()} == {
        own: body["net"] for own, body in booked.items()
    }
    parked = mirror.parked()
    assert len(parked) == len(places)
    for own, (kind, field) in places.items():
        entry = mirror.stripe.entries[own]
        has_id = isinstance(entry.body, dict) and entry.body.get("id") == own
        reasons = [why for (of, key), why in parked.items() if of == kind and key == own]
        if not has_id:
            made = readings._id_of(entry.body)
            assert made.startswith(readings.MADE)
            reasons = [parked[kind, made]]
        assert [why.startswith(field) for why in reasons] == [True], (own, field, reasons)
    assert differences(mirror.engine) == []


def whole_walk(stripe, url):
    fill(stripe)
    before = {own: (one.kind, dict(one.body)) for own, one in stripe.entries.items()}
    places = spoil(stripe)
    mirror = mirror_of(stripe, url)
    learned = mirror.sync()
    mirror.rest()
    mirror.walk()
    return mirror, learned, before, places


def test_of_2000_objects_40_are_unreadable_and_1960_are_right(stripe, database_url):
    mirror, learned, before, places = whole_walk(stripe, database_url)
    check(mirror, before, places)
    assert learned.incomplete == {}
    # The sources of ledger rows are met again there.
    assert sum(learned.parked.values()) >= 40
    assert sum(learned.read.values()) == 2000 - 40 + 560


def test_a_walk_that_left_out_what_follows_a_bad_object_would_be_caught(
    stripe, tmp_path, monkeypatch
):
    """The planted fault: a page is read up to its first bad object."""
    real = readings._sorted_out

    def shortened(kind, data, read):
        found, unread = real(kind, data, read)
        if not unread:
            return found, unread
        good = []
        for source in data:
            if real(kind, [source], read)[1]:
                break
            good.append(source)
        return real(kind, good, read)[0], unread

    monkeypatch.setattr(readings, "_sorted_out", shortened)
    mirror, _, before, places = whole_walk(stripe, f"sqlite:///{tmp_path}/short.db")
    with pytest.raises(AssertionError):
        check(mirror, before, places)


def test_what_can_be_read_again_is_parked_no_more(stripe, database_url):
    now = clock.to_unix(clock.now()) - 600
    stripe.put("payment_intent", intent(1, now, amount="ten"))
    stripe.put("charge", charge(1, now))
    stripe.put("balance_transaction", ledger_row(1, now, "ch_00001", currency="dollars"))
    mirror = mirror_of(stripe, database_url)
    mirror.sync()
    mirror.rest()
    assert mirror.parked() == {
        ("payment_intent", "pi_00001"): "amount is not a whole number",
        ("balance_transaction", "txn_00001"): "currency is not three or four letters",
    }
    stripe.put("payment_intent", intent(1, now))
    stripe.put("balance_transaction", ledger_row(1, now, "ch_00001"))
    mirror.sync()
    mirror.rest()
    assert mirror.waiting() == []
    assert mirror.rows(payments)["pi_00001"]["fee_minor"] == 59
    assert differences(mirror.engine) == []


def test_a_bad_ledger_row_is_parked_and_the_rows_behind_it_are_booked(stripe, database_url):
    now = clock.to_unix(clock.now()) - 600
    for number in range(250):
        stripe.put("balance_transaction", ledger_row(number, now - number, None, type="stripe_fee"))
    odd = {100: {"net": 1}, 101: {"amount": None}, 102: {"currency": 1}, 199: {"id": None}}
    for number, fault in odd.items():
        stripe.entries[f"txn_{number:05}"].body |= fault
    stripe.entries["txn_00249"].body = "no row"
    mirror = mirror_of(stripe, database_url)
    mirror.walk()
    kept = mirror.rows(balance_transactions)
    assert len(kept) == 245
    reasons = {why.split()[0] for why in mirror.parked().values()}
    assert reasons == {"net", "amount", "currency", "id", "balance_transaction"}
    assert all(kind == "balance_transaction" for kind, _ in mirror.parked())
    mirror.walk()
    assert len(mirror.rows(balance_transactions)) == 245


def test_a_row_that_the_database_refuses_is_parked_alone(stripe, tmp_path, monkeypatch):
    from core.ledger import ingest

    now = clock.to_unix(clock.now()) - 600
    for number in range(5):
        stripe.put("balance_transaction", ledger_row(number, now - number, None))
    real = ingest._row

    def stumble(entry, origin, scope):
        if entry.stripe_id == "txn_00002":
            raise AttributeError("a mistake over user@example.com")
        return real(entry, origin, scope)

    monkeypatch.setattr(ingest, "_row", stumble)
    mirror = mirror_of(stripe, f"sqlite:///{tmp_path}/row.db")
    mirror.walk()
    assert len(mirror.rows(balance_transactions)) == 4
    assert mirror.parked() == {("balance_transaction", "txn_00002"): "AttributeError"}


def test_a_mistake_of_the_program_is_told_by_its_place_and_quotes_nobody(
    stripe, tmp_path, monkeypatch, caplog
):
    from core.mirror import list_pages

    now = clock.to_unix(clock.now()) - 600
    for number in range(3):
        stripe.put("customer", customer(number, now - number))
    real = list_pages.apply

    def stumble(connection, snapshots, *given, **named):
        if any(one.stripe_id == "cus_00001" for one in snapshots):
            raise TypeError("a mistake over user1@example.com")
        return real(connection, snapshots, *given, **named)

    monkeypatch.setattr(list_pages, "apply", stumble)
    mirror = mirror_of(stripe, f"sqlite:///{tmp_path}/mistake.db")
    learned = mirror.sync()
    assert learned.parked["customer"] == 1
    assert mirror.rows(customers).keys() == {"cus_00000", "cus_00002"}
    (told,) = [r for r in caplog.records if "customer cus_00001: the program failed" in r.message]
    assert told.levelname == "ERROR"
    assert "TypeError" in told.message
    assert "core/mirror/list_pages.py:" in told.message
    assert "user1@example.com" not in caplog.text
