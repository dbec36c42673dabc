"""Whatever Stripe may send by its own annotations: right in money, state and links, or parked."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from core.gateway import objects
from core.mirror.rollups import differences
from tests.support.sdk_objects import ABSENT, CLASSES, METHODS, damage, made, of_method
from tests.support.sdk_shapes import annotations_of
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

TABLES = {
    "customer": customers,
    "payment_intent": payments,
    "charge": charges,
    "refund": refunds,
    "dispute": disputes,
    "payout": payouts,
    "early_fraud_warning": early_fraud_warnings,
    "review": reviews,
    "balance_transaction": balance_transactions,
}


def is_id(value):
    return type(value) is str and 0 < len(value) <= 64 and value.isascii() and value.isprintable()


def reference(value):
    """The id, None for none, ABSENT where it is no reference."""
    if value is None or value is ABSENT:
        return None
    value = value.get("id") if isinstance(value, dict) else value
    return value if is_id(value) else ABSENT


def money(value):
    return value if type(value) is int and abs(value) <= 10**16 else ABSENT


def amount(value):
    found = money(value)
    return found if found is not ABSENT and found >= 0 else ABSENT


def maybe(value):
    """An amount that some versions do not tell."""
    return 0 if value is None or value is ABSENT else money(value)


def word(value):
    good = type(value) is str and 0 < len(value) <= 64 and value.isprintable()
    return value if good else ABSENT


def currency(value):
    good = type(value) is str and value.isascii() and value.isalpha() and 3 <= len(value) <= 4
    return value.lower() if good else ABSENT


def flag(value):
    said = type(value) is bool or value is None or value is ABSENT
    return value is True if said else ABSENT


#: Kind by kind: Stripe's field, the mirror's column, and what may be said there. ABSENT: nothing,
#: so the object must be parked.
RULES = {
    "customer": (("deleted", "deleted", flag),),
    "payment_intent": (
        ("status", "status", word),
        ("amount", "amount_minor", amount),
        ("currency", "currency", currency),
        ("amount_received", "amount_received_minor", maybe),
        ("amount_capturable", "amount_capturable_minor", maybe),
        ("latest_charge", "latest_charge_id", reference),
        ("customer", "customer_id", reference),
    ),
    "charge": (
        ("status", "status", word),
        ("amount", "amount_minor", amount),
        ("currency", "currency", currency),
        ("amount_refunded", "amount_refunded_minor", maybe),
        ("captured", "captured", flag),
        ("disputed", "disputed", flag),
        ("balance_transaction", "balance_transaction_id", reference),
        ("customer", "customer_id", reference),
    ),
    "refund": (
        ("amount", "amount_minor", money),
        ("currency", "currency", currency),
        ("charge", "charge_id", reference),
        ("balance_transaction", "balance_transaction_id", reference),
    ),
    "dispute": (
        ("status", "status", word),
        ("amount", "amount_minor", money),
        ("currency", "currency", currency),
        ("charge", "charge_id", reference),
        ("is_charge_refundable", "is_charge_refundable", flag),
    ),
    "payout": (
        ("status", "status", word),
        ("amount", "amount_minor", money),
        ("currency", "currency", currency),
        ("automatic", "automatic", flag),
        ("balance_transaction", "balance_transaction_id", reference),
    ),
    "early_fraud_warning": (
        ("charge", "charge_id", reference),
        ("actionable", "actionable", flag),
    ),
    "review": (("charge", "charge_id", reference), ("open", "open", flag)),
    "balance_transaction": (
        ("amount", "amount_minor", money),
        ("fee", "fee_minor", money),
        ("net", "net_minor", money),
        ("currency", "currency", currency),
        ("type", "type", word),
        ("status", "status", word),
    ),
}
#: Fields that hang together with others: wrong ones park the object, and no column says just them.
BESIDES = {
    "refund": ("payment_intent", "status"),
    "dispute": ("payment_intent",),
    "early_fraud_warning": ("payment_intent",),
    "review": ("payment_intent",),
    "charge": ("payment_intent", "amount_captured"),
    "payment_intent": ("last_payment_error",),
}
BORN = (*"created livemode".split(),)


def put_all(lists, dice, now):
    """Some of every kind, with whatever else their classes know; half of them damaged."""
    wallets = iter(dice.sample(METHODS, 4))
    for number in range(4):
        at = now - number
        bodies = {
            "customer": customer(number, at),
            "payment_intent": intent(number, at),
            "charge": charge(number, at, payment_method_details=of_method(next(wallets), dice)),
            "refund": refund(number, at, number),
            "dispute": dispute(number, at, number),
            "payout": payout(number, at),
            "early_fraud_warning": warning(number, at, number),
            "review": review(number, at, number),
            "balance_transaction": ledger_row(number, at, f"ch_{number:05}"),
        }
        for kind, right in bodies.items():
            body = made(kind, right, dice)
            if number % 2:
                names = tuple(name for name, _, _ in RULES[kind]) + BESIDES.get(kind, ())
                damage(body, names, dice)
            lists.put(kind, body)


def wrongs(mirror):
    """Objects that are neither right nor parked."""
    parked, found = mirror.parked(), []
    rows = {kind: mirror.rows(table) for kind, table in TABLES.items()}
    for own, entry in mirror.stripe.entries.items():
        expected = [
            (column, said(entry.body.get(name, ABSENT))) for name, column, said in RULES[entry.kind]
        ]
        row = rows[entry.kind].get(own)
        if (row is None) is not ((entry.kind, own) in parked):
            found.append((own, "both or neither", parked.get((entry.kind, own))))
        elif row is None:
            continue
        elif any(value is ABSENT or row[column] != value for column, value in expected):
            found.append((own, expected, {column: row[column] for column, _ in expected}))
    return found


def is_needless(mirror):
    """Objects that are parked though nothing that counts is wrong with them."""
    found = []
    for (kind, own), why in mirror.parked().items():
        body = mirror.stripe.entries[own].body
        fine = all(said(body.get(name, ABSENT)) is not ABSENT for name, _, said in RULES[kind])
        fine = fine and all(
            reference(body.get(name, ABSENT)) is not ABSENT
            for name in BESIDES.get(kind, ())
            if name == "payment_intent"
        )
        others = ("status", "amount_captured", "last_payment_error", "net", *BORN)
        if fine and not why.startswith(others):
            found.append((own, why))
    return found


@pytest.fixture(scope="module")
def stripe():
    with serving() as lists:
        yield lists


def walked(lists, dice, url):
    lists.entries.clear()
    put_all(lists, dice, clock.to_unix(clock.now()) - 600)
    mirror = mirror_of(lists, url)
    learned = mirror.sync()
    mirror.rest()
    mirror.walk()
    assert learned.incomplete == {}
    return mirror


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_any_object_is_right_or_parked_and_no_walk_is_stopped(stripe, tmp_path_factory, seed):
    url = f"sqlite:///{tmp_path_factory.mktemp('any')}/any.db"
    mirror = walked(stripe, random.Random(seed), url)
    assert wrongs(mirror) == []
    assert is_needless(mirror) == []
    assert differences(mirror.engine) == []
    mirror.engine.dispose()


@pytest.mark.parametrize("seed", range(3))
def test_any_object_on_both_databases(stripe, database_url, seed):
    mirror = walked(stripe, random.Random(seed), database_url)
    assert wrongs(mirror) == []
    assert differences(mirror.engine) == []
    mirror.engine.dispose()


def test_an_amount_that_is_guessed_would_be_caught(stripe, tmp_path, monkeypatch):
    """The planted fault: what is no amount reads as none."""

    def lenient(source, name, default=0):
        value = source.get(name)
        return value if type(value) is int else default

    for name in ("integer", "owed", "amount"):
        monkeypatch.setattr(objects.f, name, lenient)
    caught = []
    for seed in range(5):
        mirror = walked(stripe, random.Random(seed), f"sqlite:///{tmp_path}/guess{seed}.db")
        caught += wrongs(mirror)
        mirror.engine.dispose()
    assert caught


def test_every_kind_of_payment_method_is_shown_by_its_name(stripe, database_url):
    stripe.entries.clear()
    dice, now = random.Random(7), clock.to_unix(clock.now()) - 600
    names = [*METHODS, "paid_by_thought"]
    details = {name: of_method(name, dice) for name in METHODS}
    details["paid_by_thought"] = {"type": "paid_by_thought", "paid_by_thought": {"funding": {}}}
    for number, name in enumerate(names):
        stripe.put("payment_intent", intent(number, now))
        stripe.put("charge", charge(number, now, payment_method_details=details[name]))
        stripe.put("balance_transaction", ledger_row(number, now, f"ch_{number:05}"))
    mirror = mirror_of(stripe, database_url)
    mirror.sync()
    assert mirror.parked() == {}
    shown = {row["stripe_id"]: row["method_type"] for row in mirror.rows(payments).values()}
    assert shown == {f"pi_{number:05}": name for number, name in enumerate(names)}
    booked = {row["source_id"]: row["method"] for row in mirror.rows(balance_transactions).values()}
    assert booked == {f"ch_{number:05}": name for number, name in enumerate(names)}
    mirror.engine.dispose()


def test_the_generator_knows_every_class_and_method(tmp_path):
    assert len(METHODS) >= 60
    assert {"card", "amazon_pay", "revolut_pay", "us_bank_account"} <= set(METHODS)
    for kind, cls in CLASSES.items():
        fields = annotations_of(cls)
        names = {name for name, _, _ in RULES[kind]} | set(BESIDES.get(kind, ()))
        # Only a deleted customer says that it is deleted.
        assert names - {"deleted"} <= fields.keys(), kind
