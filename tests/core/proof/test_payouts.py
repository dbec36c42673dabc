"""A payout is summed in its own currency, and Stripe is asked with no picture open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from core.db.engine import one_picture, reading, writing
from core.db.tables import balance_transactions, payouts
from core.gateway.client import Gateway
from core.proof.payouts import gathered
from core.proof.reconcile import AGREES, reconcile
from core.reads.payouts import detail
from tests.support.account_mirror import KEY
from tests.support.fixtures_proof import span_of

B, P = balance_transactions.c, payouts.c


@dataclass(frozen=True)
class Paid:
    """An automatic payout with a row of a charge that it paid out."""

    payout_id: str
    currency: str
    row_id: str
    own_row_id: str


@pytest.fixture
def paid(proof_copy: Engine) -> Paid:
    query = (
        select(P.stripe_id, P.currency, func.min(B.stripe_id), P.balance_transaction_id)
        .join(balance_transactions, B.payout_id == P.stripe_id)
        .where(B.reporting_category == "charge", P.reconciliation_status == "completed")
        .where(B.created_at >= span_of().start + timedelta(days=1))
        .group_by(P.stripe_id, P.currency, P.balance_transaction_id)
        .order_by(P.stripe_id)
    )
    with reading(proof_copy) as connection:
        found = connection.execute(query).first()
    assert found is not None
    return Paid(*found)


def moved(engine: Engine, row_id: str, currency: str) -> None:
    """Say of a row that it is in another currency."""
    with writing(engine) as connection:
        connection.execute(
            update(balance_transactions).where(B.stripe_id == row_id).values(currency=currency)
        )


@pytest.mark.parametrize("which", ["row_id", "own_row_id"])
def test_a_row_in_another_currency_is_told_by_itself(
    proof_account: Any, proof_copy: Engine, paid: Paid, which: str
) -> None:
    row = getattr(paid, which)
    moved(proof_copy, row, "sek")
    found = reconcile(proof_copy, proof_account.gateway, span_of(), asked_by="test")
    assert [one.key for one in found.open] == [("currency", row, "sek")]


@pytest.mark.parametrize("which", ["row_id", "own_row_id"])
def test_it_is_told_where_stripe_cannot_be_asked(
    proof_copy: Engine, paid: Paid, which: str
) -> None:
    row = getattr(paid, which)
    moved(proof_copy, row, "sek")
    found = reconcile(proof_copy, None, span_of(), asked_by="test")
    mine = [one for one in found.open if one.identity in ("payout", "life")]
    assert [(one.key, one.cause) for one in mine] == [(("currency", row, "sek"), "other_currency")]


def test_the_sum_of_a_payout_leaves_out_what_is_in_another_currency(
    proof_copy: Engine, paid: Paid
) -> None:
    moved(proof_copy, paid.row_id, "sek")
    with one_picture(proof_copy) as connection:
        (one,) = gathered(connection, span_of()).unsummed
        net = connection.scalar(select(B.net_minor).where(B.stripe_id == paid.row_id))
        said = detail.by_id(connection, payout_id=paid.payout_id, livemode=False)
    assert (one.payout_id, one.foreign) == (paid.payout_id, True)
    assert sum(one.nets.values()) == -net == said.difference_minor


class Watching(Gateway):
    """A gateway that notes how many connections were out whenever Stripe was asked."""

    def __init__(self, engine: Engine, api_base: str) -> None:
        super().__init__(KEY, livemode=False, api_base=api_base)
        self.engine = engine
        self.out: dict[str, int] = {}

    def get(self, path: str, **params: Any) -> Any:
        pool: Any = self.engine.pool
        asked = f"{path}?payout" if "payout" in params else path
        self.out[asked] = max(self.out.get(asked, 0), pool.checkedout())
        return super().get(path, **params)


def test_no_picture_of_the_database_is_open_while_stripe_is_asked(
    proof_account: Any, proof_copy: Engine, paid: Paid
) -> None:
    gateway = Watching(proof_copy, proof_account.emulator.base_url)
    reconcile(proof_copy, gateway, span_of(), asked_by="test")
    # Its list is asked for where the rows here do not come to nothing.
    with writing(proof_copy) as connection:
        connection.execute(
            update(balance_transactions).where(B.stripe_id == paid.row_id).values(payout_id=None)
        )
    found = reconcile(proof_copy, gateway, span_of(), asked_by="test")
    assert [one.key for one in found.open] == [("payout_sum", paid.payout_id, paid.currency)]
    assert {"/v1/payouts", "/v1/balance_transactions?payout"} <= gateway.out.keys()
    assert set(gateway.out.values()) == {0}


def test_a_row_that_comes_while_stripe_is_asked_is_no_break(
    proof_account: Any, proof_copy: Engine, paid: Paid
) -> None:
    """It names its payout by the time that Stripe has answered."""
    with writing(proof_copy) as connection:
        connection.execute(
            update(balance_transactions).where(B.stripe_id == paid.row_id).values(payout_id=None)
        )

    class Slow(Watching):
        def get(self, path: str, **params: Any) -> Any:
            answer = super().get(path, **params)
            if "payout" in params:
                with writing(self.engine) as connection:
                    connection.execute(
                        update(balance_transactions)
                        .where(B.stripe_id == paid.row_id)
                        .values(payout_id=paid.payout_id)
                    )
            return answer

    gateway = Slow(proof_copy, proof_account.emulator.base_url)
    found = reconcile(proof_copy, gateway, span_of(), asked_by="test")
    assert (found.outcome, found.open) == (AGREES, ())
