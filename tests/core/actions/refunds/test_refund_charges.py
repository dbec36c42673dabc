"""Refunds of charges that were made without a PaymentIntent: sent and found by the charge."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.actions.operation_kinds import KINDS
from core.actions.operations import resolve
from core.actions.refunds import ask as refunds
from core.actions.refunds import bulk_plan
from core.actions.refunds import requests as refund_requests
from core.db.engine import reading
from core.db.tables import operations, payments
from core.errors import InvalidInput, NotFound
from core.money import Money
from tests.core.actions.refunds.test_refund_crashes import LATE, later, resolve_by_two
from tests.support.bulk_refunds import ask as ask_for_bulk
from tests.support.bulk_refunds import work_off
from tests.support.refund_crashes import ACTED, cut_off
from tests.support.refunds import at_stripe, charged, mirror, paid, part, requests, whole

pytestmark = pytest.mark.long


def ask(till, asked):
    return refunds.ask(till.context, till.support, asked, livemode=False)


def row_of(till, payment):
    with reading(till.context.engine) as connection:
        return connection.execute(select(payments).where(payments.c.stripe_id == payment)).one()


def test_it_is_sent_by_the_charge_and_counts_in_its_payment(till):
    charge = charged(till.context, 5_000)
    first = ask(till, part(charge, "20"))
    assert (first.state, first.payment_id) == ("succeeded", charge)
    assert ask(till, whole(charge)).amount.minor == 3_000
    assert sorted(one["amount"] for one in at_stripe(till.context, charge)) == [2_000, 3_000]
    with reading(till.context.engine) as connection:
        kept = connection.scalars(
            select(operations.c.params).where(operations.c.id == first.request_id)
        ).one()
    body = json.loads(kept)["body"]
    assert (body["charge"], "payment_intent" in body) == (charge, False)
    mirror(till.context, charge, "charge")
    assert (row_of(till, charge).state, row_of(till, charge).amount_refunded_minor) == (
        "refunded",
        5_000,
    )
    with pytest.raises(InvalidInput, match="is fully refunded"):
        ask(till, whole(charge))


def test_a_payment_of_another_method_goes_back_too(till):
    made = till.emulator.control(
        "POST", "charges", {"amount": 2_000, "currency": "eur", "method": "sepa_debit"}
    )
    till.emulator.control("POST", f"charges/{made['id']}", {"status": "succeeded"})
    assert made["id"].startswith("py_")
    mirror(till.context, made["id"], "charge")
    assert ask(till, whole(made["id"])).amount.minor == 2_000
    assert len(at_stripe(till.context, made["id"])) == 1


@pytest.mark.parametrize("time", [timedelta(seconds=5), LATE], ids=["soon", "a day later"])
@pytest.mark.parametrize("place", [place for place in ACTED if "second" not in place])
def test_one_that_was_cut_off_is_found_by_its_charge(till, place, time):
    charge = charged(till.context, 5_000)
    with cut_off(place):
        ask(till, part(charge, "20"))
    later(till, time)
    resolve_by_two(till)
    assert len(at_stripe(till.context, charge)) == 1
    assert requests(till.context.engine, charge)[0].state == "succeeded"


def test_one_that_is_looked_for_by_an_intent_would_be_given_up(till, monkeypatch):
    """The planted bug: the list of refunds of a PaymentIntent has none of a charge."""
    charge = charged(till.context, 5_000)
    with cut_off("after the call"):
        ask(till, part(charge, "20"))
    monkeypatch.setattr(
        "core.actions.refunds.operation_kinds.payment_kind", lambda _: "payment_intent"
    )
    later(till, LATE)
    resolve.resolve(till.context, KINDS)
    assert requests(till.context.engine, charge)[0].state != "succeeded"


def test_a_bulk_takes_both_kinds(till):
    charge, payment = charged(till.context, 5_000), paid(till.context, 4_000)
    lines = bulk_plan.read_list(f"{charge} 12.50\n{payment}\n")
    assert [one.payment_id for one in lines] == [charge, payment]
    ask_for_bulk(till.context, till.lead, [charge, payment])
    work_off(till.context)
    sent = [at_stripe(till.context, one)[0]["amount"] for one in (charge, payment)]
    assert sent == [5_000, 4_000]


def test_a_charge_of_an_intent_is_no_payment_by_itself(till):
    payment = paid(till.context, 5_000)
    charge = row_of(till, payment).latest_charge_id
    with pytest.raises(NotFound, match=charge):
        ask(till, whole(charge))
    assert at_stripe(till.context, payment) == []


@pytest.mark.parametrize("wrong", ["cha_1", "py-1", "re_1", "ch_", "ch_ä", 7, None])
def test_any_other_id_is_refused_by_the_name_of_its_field(till, wrong):
    with pytest.raises(InvalidInput, match=r"begins with pi_, ch_, py_") as caught:
        ask(till, whole(wrong))
    assert caught.value.field == "payment_intent_id"


def test_what_is_refunded_is_named_by_its_own_parameter():
    for payment, name in (("pi_1", "payment_intent"), ("ch_1", "charge"), ("py_1", "charge")):
        order = refund_requests.order_of(payment, False, Money(1, "usd"), "duplicate")
        assert order.body[name] == payment
