"""Disputes of each kind, told by signed events: where it is listed, and what stands beside it."""

from datetime import timedelta

import pytest

from core import clock
from core.money import Money
from core.reads.disputes import detail as dispute_detail
from core.reads.disputes import list as dispute_list
from core.reads.overview import attention
from tests.support.event_fed_console import DUE, NOW, Shop, charge, disputed, intent
from tests.support.receivers import serving, settings_for


@pytest.fixture
def shop(tmp_path, database_url, engine, books):
    with serving(settings_for(tmp_path, database_url)) as client:
        made = Shop(client, engine, books)
        made.tell(charge(), intent())
        yield made


def details(**changes):
    return {"due_by": DUE, "past_due": False, "submission_count": 0} | changes


WAITS = {"disputes_to_answer": 1}


def test_a_dispute_is_listed_where_its_status_belongs_through_its_whole_life(shop):
    for status, view, needs, state in (
        ("warning_needs_response", {"open"}, WAITS, "disputed"),
        ("warning_under_review", {"review"}, {}, "disputed"),
        ("needs_response", {"open"}, WAITS, "disputed"),
        ("under_review", {"review"}, {}, "disputed"),
        ("won", {"won"}, {}, "succeeded"),
        ("needs_response", {"open"}, WAITS, "disputed"),
        ("lost", {"lost"}, {}, "disputed"),
        ("appeal_needs_response", {"open"}, WAITS, "disputed"),
        ("appeal_under_review", {"review"}, {}, "disputed"),
        ("won", {"won"}, {}, "succeeded"),
        ("prevented", set(), {}, "succeeded"),
        ("warning_closed", set(), {}, "succeeded"),
    ):
        shop.tell(disputed(status=status))
        assert (shop.views(), shop.needs(), shop.state()) == (view | {"all"}, needs, state), status


def test_an_appeal_keeps_its_deadline(shop):
    shop.tell(disputed(status="appeal_needs_response"))
    (row,) = shop.read(dispute_list.page).rows
    assert row.due_by == clock.from_unix(DUE)
    (need,) = shop.read(attention.needs_you, now=clock.from_unix(NOW))
    assert need.first_at == clock.from_unix(DUE)


@pytest.mark.parametrize(
    ("status", "view"),
    [
        ("arbitration_needs_response", {"open"}),
        ("arbitration_under_review", {"review"}),
        ("escalated_to_the_moon", set()),
    ],
)
def test_what_nobody_knows_yet_stops_nothing(shop, status, view):
    source = disputed(status=status, reason="novel_reason")
    source["payment_method_details"] = {"type": "card", "card": {"brand": "novel_network"}}
    shop.tell(source)
    assert shop.views() == view | {"all"}
    assert shop.state() == "disputed"
    found = shop.read(dispute_detail.by_id, dispute_id="du_1").dispute
    assert (found.status, found.reason, found.card_brand) == (
        status,
        "novel_reason",
        "novel_network",
    )
    assert shop.read(dispute_list.filters).reasons == ("novel_reason",)


def test_a_dispute_in_another_currency_is_shown_in_its_own(shop):
    shop.tell(disputed(amount=11_000, currency="eur"))
    (row,) = shop.read(dispute_list.page).rows
    assert row.amount == Money(11_000, "eur")
    (stake,) = shop.read(dispute_list.at_stake)
    assert (stake.to_answer, stake.to_answer_count) == (Money(11_000, "eur"), 1)
    found = shop.read(dispute_detail.by_id, dispute_id="du_1")
    assert (found.dispute.amount, found.payment.currency) == (Money(11_000, "eur"), "usd")


def test_two_on_one_charge_are_two(shop):
    shop.tell(
        disputed(amount=2_000, status="lost"),
        disputed(id="du_2", amount=3_000, created=NOW + 1),
    )
    assert shop.state() == "disputed"
    assert (shop.views("du_1"), shop.views("du_2")) == ({"lost", "all"}, {"open", "all"})
    shop.tell(disputed(id="du_2", amount=3_000, status="won"))
    assert shop.state() == "disputed"
    assert shop.views("du_2") == {"won", "all"}
    for one in ("du_1", "du_2"):
        assert shop.read(dispute_detail.by_id, dispute_id=one).payment.stripe_id == "pi_1"


@pytest.mark.parametrize("due", [None, 0])
def test_a_dispute_without_a_deadline_comes_after_those_that_have_one(shop, due):
    shop.tell(
        disputed(evidence_details=details(due_by=due), payment_method_details=None),
        disputed(id="du_2", created=NOW + 1),
    )
    rows = shop.read(dispute_list.page).rows
    assert [(row.stripe_id, row.due_by) for row in rows] == [
        ("du_2", clock.from_unix(DUE)),
        ("du_1", None),
    ]
    (need,) = shop.read(attention.needs_you, now=clock.from_unix(NOW))
    assert (need.count, need.first_at) == (2, clock.from_unix(DUE))


def test_a_dispute_that_is_past_due_stays_in_sight(shop):
    klarna = {"type": "klarna", "klarna": {"reason_code": "goods_not_received"}}
    source = disputed(evidence_details=details(due_by=NOW - 60, past_due=True))
    shop.tell(source | {"payment_method_details": klarna})
    (row,) = shop.read(dispute_list.page).rows
    assert clock.from_unix(NOW) - row.due_by == timedelta(minutes=1)
    assert shop.read(dispute_detail.by_id, dispute_id="du_1").dispute.past_due


def test_a_dispute_of_a_charge_without_an_intent_has_its_payment_beside_it(shop):
    shop.tell(
        charge(id="ch_9", payment_intent=None),
        disputed(charge="ch_9", payment_intent=None),
    )
    found = shop.read(dispute_detail.by_id, dispute_id="du_1")
    assert (found.dispute.payment_id, found.payment.stripe_id) == ("ch_9", "ch_9")
    assert shop.state("ch_9") == "disputed"
