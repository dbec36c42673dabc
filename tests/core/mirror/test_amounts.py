"""What a payment comes to: captured, refunded, disputed, fee, net, in every version of Stripe's."""

from __future__ import annotations

import pytest

from core.db.engine import reading
from core.domain import refundable
from core.gateway import objects
from core.ledger import ingest
from core.mirror import merge, payments
from core.mirror.rollups import differences
from core.reads.payments.list import page, parse
from core.reads.refunds import history as refund_history
from core.reads.refunds.figures import figures
from tests.support.stripe_account import (
    StripeAccount,
    console_of,
    payment_kept,
    refund_kept,
    served,
)


@pytest.fixture(params=[False, True], ids=["test", "live"])
def account(request):
    return StripeAccount(livemode=request.param)


@pytest.fixture
def console(account, engine, books):
    with served(account) as base:
        yield console_of(account, base, engine, books)


def told(console, account, *objects_):
    """Each object as it stands now, and an event of it."""
    account.put(*objects_)
    kinds = {
        "payment_intent": "payment_intent.succeeded",
        "charge": "charge.updated",
        "refund": "refund.created",
        "dispute": "charge.dispute.updated",
    }
    console.deliver(
        account.event(kinds[one["object"]], one) for one in objects_ if one["object"] in kinds
    )
    console.drain()


def sums(row):
    """Captured, refunded, disputed, fee, net and the state of a payments row."""
    return (
        row.amount_captured_minor,
        row.amount_refunded_minor,
        row.amount_disputed_minor,
        row.fee_minor,
        row.net_minor,
        row.state,
    )


def shown(console, account, payment):
    """What the refund form says: captured, refunded, what disputes hold, what is left."""
    with reading(console.engine) as connection:
        form = figures(connection, payment_id=payment["id"], livemode=account.livemode)
    assert differences(console.engine) == []
    return tuple(
        money.minor for money in (form.captured, form.refunded, form.withdrawn, form.available)
    )


def history(console, account):
    with reading(console.engine) as connection:
        entries = refund_history.history(connection, livemode=account.livemode).entries
    return [(entry.id, entry.amount.minor) for entry in entries]


def found(console, account, words):
    with reading(console.engine) as connection:
        rows = page(connection, query=parse(words), livemode=account.livemode).rows
    return [row.stripe_id for row in rows]


def partly_captured_before_basil(account):
    """Authorized 20.00, captured 5.00: the rest became a Refund with a ledger row of its own."""
    intent = account.intent(2_000, amount_received=500)
    charge = account.charge(intent, amount_captured=500, amount_refunded=1_500)
    refund = account.refund(charge, 1_500)
    booked = account.row(charge, 2_000, 88)
    reversal = account.row(
        refund, -1_500, -43, type="refund", reporting_category="partial_capture_reversal"
    )
    return intent, charge, refund, booked, reversal


def test_what_a_capture_let_go_before_basil_is_no_refund(console, account):
    intent, charge, refund, *rows = partly_captured_before_basil(account)
    told(console, account, intent, charge, refund, *rows)
    assert sums(payment_kept(console.engine, intent)) == (500, 0, 0, 45, 455, "succeeded")
    assert shown(console, account, intent) == (500, 0, 0, 500)
    assert history(console, account) == []
    assert found(console, account, "status:refunded") == []
    assert refund_kept(console.engine, refund).released


def test_a_refund_beside_what_was_let_go_counts_alone(console, account):
    intent, charge, release, *rows = partly_captured_before_basil(account)
    charge["amount_refunded"] = 1_700
    refund = account.refund(charge, 200)
    rows.append(account.row(refund, -200, type="refund", reporting_category="refund"))
    told(console, account, intent, charge, release, refund, *rows)
    state = "partially_refunded"
    assert sums(payment_kept(console.engine, intent)) == (500, 200, 0, 45, 455, state)
    assert history(console, account) == [(refund["id"], 200)]


def test_since_basil_a_capture_lets_go_without_a_word(console, account):
    intent = account.intent(2_000, amount_received=500)
    charge = account.charge(intent, amount_captured=500)
    told(console, account, intent, charge, account.row(charge, 500, 45))
    assert sums(payment_kept(console.engine, intent)) == (500, 0, 0, 45, 455, "succeeded")
    refund = account.refund(charge, 500)
    charge["amount_refunded"] = 500
    told(console, account, charge, refund)
    assert sums(payment_kept(console.engine, intent)) == (500, 500, 0, 45, 455, "refunded")
    assert shown(console, account, intent) == (500, 500, 0, 0)


def test_an_authorization_canceled_before_basil_shows_no_refund(console, account):
    intent = account.intent(2_000, status="canceled", amount_received=0)
    charge = account.charge(
        intent, captured=False, amount_captured=0, amount_refunded=2_000, refunded=True
    )
    refund = account.refund(charge, 2_000)
    told(console, account, intent, charge, refund)
    assert sums(payment_kept(console.engine, intent)) == (0, 0, 0, None, None, "canceled")
    assert history(console, account) == []


def test_several_captures_and_more_than_was_authorized(console, account):
    intent = account.intent(10_000, amount_received=7_000)
    charge = account.charge(intent, amount_captured=7_000)
    rows = [account.row(charge, 3_000, 117), account.row(charge, 4_000, 146)]
    told(console, account, intent, charge, *rows)
    assert sums(payment_kept(console.engine, intent))[:5] == (7_000, 0, 0, 263, 6_737)
    over = account.intent(10_000, amount_received=11_500)
    more = account.charge(over, amount_captured=11_500)
    told(console, account, over, more, account.row(more, 11_500, 364))
    assert shown(console, account, over) == (11_500, 0, 0, 11_500)


def test_a_refund_made_elsewhere_counts_before_it_is_booked(console, account):
    intent = account.intent()
    charge = account.charge(intent, amount_refunded=4_000)
    refund = account.refund(charge, 4_000, status="pending")
    told(console, account, intent, charge, refund, account.row(charge, 10_000, 320))
    assert shown(console, account, intent) == (10_000, 0, 0, 6_000)
    assert payment_kept(console.engine, intent).amount_refunded_minor == 4_000


def test_a_failed_bank_debit_takes_back_what_it_paid(console, account):
    intent = account.intent(status="requires_payment_method", amount_received=0)
    intent["last_payment_error"] = {"code": "payment_method_provider_decline"}
    charge = account.charge(intent, status="failed", amount_captured=10_000)
    failure = account.row(
        charge, -10_000, type="payment_failure_refund", reporting_category="charge_failure"
    )
    told(console, account, intent, charge, account.row(charge, 10_000, 80), failure)
    row = payment_kept(console.engine, intent)
    assert (row.state, row.fee_minor, row.net_minor) == ("failed", 80, -80)


#: Statuses of one dispute over 20.00 of 100.00: state, outcome, what it holds, what is left.
OUTCOMES = {
    "needs_response": ("disputed", "open", 2_000),
    "appeal_needs_response": ("disputed", "open", 2_000),
    "appeal_under_review": ("disputed", "open", 2_000),
    "warning_needs_response": ("disputed", "inquiry", 0),
    "won": ("succeeded", "won", 0),
    "lost": ("disputed", "lost", 2_000),
    "warning_closed": ("succeeded", "closed", 0),
    "prevented": ("succeeded", "prevented", 0),
    "a_status_of_next_year": ("disputed", "open", 2_000),
}


@pytest.mark.parametrize("status", OUTCOMES)
def test_a_dispute_ends_and_gives_the_payment_its_state_back(console, account, status):
    state, outcome, held = OUTCOMES[status]
    intent = account.intent()
    charge = account.charge(intent, disputed=True)
    dispute = account.dispute(charge, 2_000, "needs_response")
    told(console, account, intent, charge, dispute)
    dispute["status"] = status
    told(console, account, dispute)
    row = payment_kept(console.engine, intent)
    assert (row.state, row.dispute_outcome, row.amount_disputed_minor) == (state, outcome, held)
    assert shown(console, account, intent) == (10_000, 0, held, 10_000 - held)


def test_disputes_of_one_payment_stand_together(console, account):
    intent = account.intent()
    charge = account.charge(intent, disputed=True)
    lost = account.dispute(charge, 2_000, "lost")
    still = account.dispute(charge, 3_000, "under_review")
    told(console, account, intent, charge, lost, still)
    row = payment_kept(console.engine, intent)
    assert (row.dispute_outcome, row.amount_disputed_minor) == ("open", 5_000)
    still["status"] = "won"
    told(console, account, still)
    row = payment_kept(console.engine, intent)
    assert (row.dispute_outcome, row.amount_disputed_minor, row.state) == (
        "lost",
        2_000,
        "disputed",
    )


def test_a_dispute_in_another_currency_holds_all_of_the_payment(console, account):
    intent = account.intent()
    charge = account.charge(intent, disputed=True)
    dispute = account.dispute(charge, 9_000, "needs_response", currency="eur")
    told(console, account, intent, charge, dispute)
    assert shown(console, account, intent) == (10_000, 0, 10_000, 0)


def test_a_refund_during_an_inquiry_may_stand_beside_the_chargeback(console, account):
    intent = account.intent()
    charge = account.charge(intent, disputed=True, amount_refunded=10_000)
    refund = account.refund(charge, 10_000)
    dispute = account.dispute(charge, 10_000, "lost")
    told(console, account, intent, charge, refund, dispute)
    assert shown(console, account, intent) == (10_000, 10_000, 10_000, 0)


def test_a_charge_without_an_intent_is_a_payment(console, account):
    charge = account.charge(None, metadata={"order_id": "A-1"}, amount_refunded=2_500)
    refund = account.refund(charge, 2_500)
    dispute = account.dispute(charge, 1_000, "needs_response")
    charge["disputed"] = True
    rows = [
        account.row(charge, 10_000, 320),
        account.row(refund, -2_500, type="refund", reporting_category="refund"),
    ]
    told(console, account, charge, refund, dispute, *rows)
    row = payment_kept(console.engine, charge)
    assert sums(row) == (10_000, 2_500, 1_000, 320, 9_680, "disputed")
    assert (row.order_id, row.card_last4, row.livemode) == ("A-1", "4242", account.livemode)
    assert found(console, account, "order:A-1") == [charge["id"]]
    assert history(console, account) == [(refund["id"], 2_500)]
    assert shown(console, account, charge) == (10_000, 2_500, 1_000, 6_500)


#: A charge without a PaymentIntent: what it is, and the state that it shows.
ALONE = [
    ({"status": "pending"}, "processing"),
    ({"status": "failed", "failure_code": "card_declined"}, "failed"),
    ({"captured": False, "amount_captured": 0}, "requires_capture"),
    ({"captured": False, "amount_captured": 0, "refunded": True}, "canceled"),
]


@pytest.mark.parametrize(("given", "state"), ALONE)
def test_a_charge_alone_is_called_what_an_intent_would_be(console, account, given, state):
    charge = account.charge(None, **given)
    told(console, account, charge)
    assert payment_kept(console.engine, charge).state == state


def test_amounts_of_any_size_and_currencies_of_four_letters(console, account):
    rupiah = account.intent(1_250_000_000_000_00, currency="idr")
    charge = account.charge(rupiah)
    told(console, account, rupiah, charge, account.row(charge, 1_250_000_000_000_00, 60_000))
    assert payment_kept(console.engine, rupiah).net_minor == 1_249_999_999_400_00
    coin = account.intent(4_200, currency="usdc")
    paid = account.charge(coin)
    told(console, account, coin, paid, account.row(paid, 4_200, 63))
    row = payment_kept(console.engine, coin)
    assert (row.currency, row.settlement_currency, row.net_minor) == ("usdc", "usdc", 4_137)


def test_an_order_id_of_any_length_is_kept_whole(console, account):
    order = "order-" + "ü" * 494
    intent = account.intent(metadata={"order_id": order})
    told(console, account, intent, account.charge(intent))
    assert payment_kept(console.engine, intent).order_id == order


_every = objects._every


def _filed_as_test(source, seen):
    """As if an object that does not tell its mode were test data."""
    return _every(source, seen) | {"livemode": source.get("livemode") is True}


def _disputed_for_ever(row, charge, disputes):
    """As if Stripe's flag on the charge told how its disputes ended."""
    gone = bool(charge and charge["disputed"])
    row |= {"disputed": gone, "dispute_outcome": "open" if gone else "", "amount_disputed_minor": 0}


#: What was wrong once, and the test that must say so.
PLANTED = {
    "mode": (
        [(objects, "_every", _filed_as_test)],
        test_a_refund_beside_what_was_let_go_counts_alone,
    ),
    "release": (
        [(payments, "is_release", lambda refund, charge: False)],
        test_what_a_capture_let_go_before_basil_is_no_refund,
    ),
    "dispute": (
        [(payments, "with_disputes", _disputed_for_ever)],
        test_disputes_of_one_payment_stand_together,
    ),
    "captures": (
        [(payments, "PAID_BY", ("charge",)), (ingest, "PAID_BY", ("charge",))],
        test_a_failed_bank_debit_takes_back_what_it_paid,
    ),
    "pending": (
        [
            (refundable.states, "UNDONE", ("failed", "canceled", "pending")),
            (merge, "UNDONE", ("failed", "canceled", "pending")),
            (payments, "with_refunds", lambda row, charge, parts: None),
        ],
        test_a_refund_made_elsewhere_counts_before_it_is_booked,
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_each_of_these_faults_would_be_seen(engine, books, monkeypatch, planted):
    faults, seen_by = PLANTED[planted]
    account = StripeAccount(livemode=True)
    for module, name, wrong in faults:
        monkeypatch.setattr(module, name, wrong)
    with served(account) as base, pytest.raises(AssertionError):
        seen_by(console_of(account, base, engine, books), account)
