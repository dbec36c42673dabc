"""Charges without a PaymentIntent, and parts of captures: scored, watched and counted like any."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core import clock
from core.db.engine import reading, writing
from core.db.tables import cases, risk_assessments
from core.reads.disputes import detail as dispute_detail
from core.reads.fraud import case_detail, programmes
from core.risk.scoring_worker import Watch
from tests.support.event_fed_console import NOW, Shop, charge, disputed, intent
from tests.support.receivers import serving, settings_for

ZONE = ZoneInfo("UTC")
ALONE = {"id": "ch_9", "payment_intent": None, "disputed": False}


@pytest.fixture
def shop(tmp_path, database_url, engine, books):
    with serving(settings_for(tmp_path, database_url)) as client:
        yield Shop(client, engine, books)


def warning(**changes):
    return {
        "id": "issfr_1",
        "object": "radar.early_fraud_warning",
        "livemode": False,
        "created": NOW,
        "charge": "ch_9",
        "payment_intent": None,
        "fraud_type": "card_never_received",
        "actionable": True,
    } | changes


def review(**changes):
    return {
        "id": "prv_1",
        "object": "review",
        "livemode": False,
        "created": NOW,
        "charge": "ch_9",
        "payment_intent": None,
        "open": True,
        "reason": "rule",
        "opened_reason": "rule",
        "closed_reason": None,
    } | changes


def watched(shop):
    """Score what is due, open and close cases; what then stands there, by kind."""
    watch = Watch(shop.engine, ZONE)
    while watch.step():
        pass
    with reading(shop.engine) as connection:
        rows = connection.execute(select(cases).order_by(cases.c.kind)).all()
    return {row.kind: (row.payment_id, row.amount_minor, row.state) for row in rows}


def flag(shop):
    with writing(shop.engine) as connection:
        connection.execute(risk_assessments.update().values(level="high"))


def test_it_is_scored_and_a_high_score_opens_a_case(shop):
    shop.tell(charge(**ALONE))
    assert watched(shop) == {}
    with reading(shop.engine) as connection:
        (score,) = connection.execute(select(risk_assessments)).all()
    assert (score.payment_id, score.kind) == ("ch_9", "arrival")
    flag(shop)
    assert watched(shop) == {"flag": ("ch_9", 10_000, "open")}
    shop.tell(charge(**ALONE, amount_refunded=10_000, refunded=True))
    assert watched(shop) == {"flag": ("ch_9", 10_000, "refunded")}


def test_a_warning_opens_a_case_until_it_can_no_longer_be_acted_upon(shop):
    shop.tell(charge(**ALONE), warning())
    assert watched(shop) == {"warning": ("ch_9", 10_000, "open")}
    case_id = only_case(shop)
    found = shop.read(case_detail.by_id, case_id=case_id)
    assert (found.payment["stripe_id"], found.fraud_type) == ("ch_9", "card_never_received")
    shop.tell(warning(actionable=False))
    assert watched(shop) == {"warning": ("ch_9", 10_000, "dismissed")}


def test_a_review_opens_a_case_until_it_is_closed(shop):
    shop.tell(charge(**ALONE), review())
    assert watched(shop) == {"review": ("ch_9", 10_000, "open")}
    shop.tell(review(open=False, closed_reason="approved"))
    assert watched(shop) == {"review": ("ch_9", 10_000, "approved")}


def test_a_warning_that_comes_before_its_charge_opens_its_case_with_it(shop):
    shop.tell(warning())
    assert watched(shop) == {}
    shop.tell(charge(**ALONE))
    assert watched(shop) == {"warning": ("ch_9", 10_000, "open")}


def test_the_card_programmes_count_it_above_and_below(shop):
    month = datetime.fromtimestamp(NOW, UTC)
    later = clock.from_unix(NOW) + timedelta(minutes=1)
    if later.month != month.month:
        pytest.skip("the month ends")
    shop.tell(charge(**ALONE), charge(**ALONE | {"id": "py_8", "created": NOW + 1}))
    shop.tell(warning(), disputed(charge="ch_9", payment_intent=None))
    found = shop.read(programmes.gauge, zone=ZONE, now=later)
    (visa,) = [one for one in found if one.brand == "visa"]
    assert (visa.warnings, visa.disputes, visa.denominator) == (1, 1, 2)
    beside = shop.read(dispute_detail.by_id, dispute_id="du_1")
    assert beside.payment.stripe_id == "ch_9"


@pytest.mark.parametrize("captured", [10_000, 4_000])
def test_what_is_at_risk_is_what_was_captured(shop, captured):
    shop.tell(
        charge(disputed=False, amount_captured=captured),
        intent(amount_received=captured),
        warning(charge="ch_1", payment_intent="pi_1"),
    )
    assert watched(shop) == {"warning": ("pi_1", captured, "open")}
    flag(shop)
    assert watched(shop)["flag"] == ("pi_1", captured, "open")
    found = shop.read(case_detail.by_id, case_id=only_case(shop, "flag"))
    assert found.at_risk.minor == captured
    shop.tell(
        charge(disputed=False, amount_captured=captured, amount_refunded=captured, refunded=True)
    )
    assert watched(shop)["flag"] == ("pi_1", captured, "refunded")


def test_what_is_held_is_at_risk_whole(shop):
    held = {"status": "requires_capture", "amount_received": 0, "amount_capturable": 10_000}
    shop.tell(
        charge(disputed=False, amount_captured=0, captured=False),
        intent(**held),
        warning(charge="ch_1", payment_intent="pi_1"),
    )
    watched(shop)
    flag(shop)
    assert watched(shop)["flag"] == ("pi_1", 10_000, "open")
    assert shop.read(case_detail.by_id, case_id=only_case(shop, "flag")).at_risk.minor == 10_000


def only_case(shop, kind="warning"):
    with reading(shop.engine) as connection:
        return connection.scalar(select(cases.c.id).where(cases.c.kind == kind))
