"""A payment knows its twin and what else its payer paid."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.db.engine import reading, writing
from core.reads.payments import same_payer
from tests.support.factories import NOON, fresh_engine, paid

MARIA = {"customer_id": "cus_1", "email": "maria@shop.example", "card_fingerprint": "fp_1"}
TEST = {"livemode": False}


@pytest.fixture
def shop(database_url):
    engine = fresh_engine(database_url)
    with writing(engine) as connection:

        def pay(name, minutes, **given):
            at = NOON + timedelta(minutes=minutes)
            paid(connection, stripe_id=name, created_at=at, **MARIA | given)

        pay("pi_first", 0, order_id="7")
        pay("pi_again", 2, order_id="7")
        pay("pi_guest", 3, customer_id=None, email=None, order_id=None)
        pay("pi_back", 4, amount_refunded_minor=1000)
        pay("pi_other", 5, amount_minor=2000)
        pay("pi_failed", 6, status="requires_payment_method", failure_code="card_declined")
        pay("pi_late", 1500, order_id="7")
        pay("pi_live", 1, livemode=True)
        pay("pi_nobody", 0, customer_id=None, email=None, card_fingerprint=None)
    with reading(engine) as connection:
        yield connection
    engine.dispose()


def test_twins_are_told_with_what_is_shared(shop):
    found = same_payer.twins(shop, payment_id="pi_first", **TEST)
    assert [(twin.payment.payment_id, twin.shared) for twin in found] == [
        ("pi_again", ("customer_id", "email", "card_fingerprint")),
        ("pi_guest", ("card_fingerprint",)),
    ]
    assert same_payer.twins(shop, payment_id="pi_back", **TEST) == ()
    assert same_payer.twins(shop, payment_id="pi_nobody", **TEST) == ()
    assert same_payer.twins(shop, payment_id="pi_none", **TEST) == ()


def test_what_else_a_payer_paid_is_told_newest_first(shop, monkeypatch):
    found = same_payer.others(shop, payment_id="pi_first", **TEST)
    assert found.payer == "cus_1"
    ids = [one.payment_id for one in found.payments]
    assert ids == ["pi_late", "pi_failed", "pi_other", "pi_back", "pi_again"]
    assert not found.more
    monkeypatch.setattr(same_payer, "MOST_OTHERS", 2)
    cut = same_payer.others(shop, payment_id="pi_first", **TEST)
    assert [one.payment_id for one in cut.payments] == ids[:2]
    assert cut.more
    assert same_payer.others(shop, payment_id="pi_nobody", **TEST) == same_payer.Others(
        None, (), more=False
    )
