"""What a dispute moves is exact both ways: in its own card and in Revenue, as Stripe booked it."""

from datetime import UTC, datetime, timedelta

import pytest

from core.db.engine import reading
from core.emulator.server import start_emulator
from core.reads.disputes import detail as dispute_detail
from core.reads.revenue import revenue
from tests.support.account_mirror import connect


@pytest.fixture
def spine(tmp_path):
    with start_emulator(state_path=tmp_path / "emulator.db", seed=21) as emulator:
        made = connect(emulator, f"sqlite:///{tmp_path / 'tillwatch.db'}")
        yield made
        made.engine.dispose()


def rows_at_stripe(spine, dispute_id):
    return spine.gateway.get("/v1/balance_transactions", source=dispute_id)["data"]


def booked(spine):
    today = datetime.now(UTC).date()
    asked = {"since": today - timedelta(days=2), "until": today + timedelta(days=2)}
    with reading(spine.engine) as connection:
        found = revenue.summary(connection, livemode=False, currency="usd", **asked).current
    return found.dispute_minor, found.fee_minor, found.net_minor


@pytest.mark.parametrize(
    ("words", "status", "moved", "fee"),
    [
        # Won: the money and the fee for countering come back; the one for receiving is kept.
        ("winning_evidence", "won", 0, 1500),
        # Lost: the money is gone, and both fees with it.
        ("losing_evidence", "lost", -4200, 3000),
        # Accepted: no fee for countering.
        (None, "lost", -4200, 1500),
    ],
)
def test_the_effect_of_a_dispute_is_exact(spine, words, status, moved, fee):
    post = spine.gateway.post
    payment = post(
        "/v1/payment_intents",
        idempotency_key=f"pay {words}",
        amount=4200,
        currency="usd",
        payment_method="pm_card_visa",
        confirm=True,
        automatic_payment_methods={"enabled": True, "allow_redirects": "never"},
    )
    spine.emulator.settle()
    spine.sync()
    before = booked(spine)
    found = spine.emulator.control("POST", "disputes", {"charge": payment["latest_charge"]})
    path = f"/v1/disputes/{found['id']}"
    if words is None:
        post(f"{path}/close", idempotency_key=f"close {path}")
    else:
        post(path, idempotency_key=f"answer {path}", evidence={"uncategorized_text": words})
    spine.emulator.settle()
    spine.sync()
    after = booked(spine)
    with reading(spine.engine) as connection:
        detail = dispute_detail.by_id(connection, dispute_id=found["id"], livemode=False)
    assert detail.dispute.status == status
    at_stripe = rows_at_stripe(spine, found["id"])
    assert sum(row["net"] for row in at_stripe) == detail.effects[0].net.minor
    assert after[0] - before[0] == moved == sum(row["amount"] for row in at_stripe)
    assert after[1] - before[1] == fee
    assert after[2] - before[2] == moved - fee
