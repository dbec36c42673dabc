"""The emulator's bank: each payout of a history on a statement of ISO's schema, found again."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime

import pytest

from core import clock
from core.actions.bank import matches, statement_import
from core.actions.bank.statement_import import Arrived
from core.bank import formats
from core.db.engine import reading, writing
from core.domain.open_bank_items import open_payouts
from core.emulator.server import start_emulator
from core.reads.bank.lines import lines
from core.reads.bank.missing_payouts import missing_payouts
from core.reads.bank.proposals import proposals
from tests.support.account_mirror import connect
from tests.support.bank_files import camt053, line, schema, statement


@pytest.fixture
def emulator(tmp_path):
    with start_emulator(state_path=tmp_path / "emulator.db", seed=11) as running:
        yield running


def statements_of(payouts):
    """One statement a currency: a line for each payout, and rents that are nobody's business."""
    rows = defaultdict(list)
    for one in payouts:
        arrived = datetime.fromtimestamp(one["arrival_date"], UTC).date()
        about = {"booked_on": arrived, "value_on": arrived, "currency": one["currency"]}
        mark = one["id"].removeprefix("po_")[:34]
        paid = line(one["amount"], name="Stripe Payments", text="STRIPE", references=(mark,))
        rent = line(-one["amount"], name="LANDLORD", text="RENT", references=(f"R{mark}"[:34],))
        rows[one["currency"]] += [
            line(row.amount_minor, name=row.name, text=row.text, references=row.references, **about)
            for row in (paid, rent)
        ]
    return [
        statement(found, number=currency, currency=currency) for currency, found in rows.items()
    ]


def test_each_payout_of_a_history_is_matched_with_its_own_line(emulator, database_url):
    emulator.history(days=20, per_day=30, seed=5)
    spine = connect(emulator, database_url)
    spine.sync()
    at_stripe = [one for page in spine.gateway.pages("/v1/payouts") for one in page]
    paid = [one for one in at_stripe if one["status"] == "paid"]
    assert len({one["currency"] for one in paid}) >= 4
    data = camt053(*statements_of(paid))
    schema(8).validate(data.decode())
    arrived = Arrived(formats.read(data), formats.sha256(data), "bank", None, False)
    with reading(spine.engine) as connection:
        expected = open_payouts(connection, livemode=False)
    with writing(spine.engine) as connection:
        statement_import.write(connection, "test", arrived, clock.now())
    with writing(spine.engine) as connection:
        pairs = matches.match_as(connection, "test", livemode=False, now=clock.now())
    with reading(spine.engine) as connection:
        found = lines(connection, livemode=False, limit=10_000)
        waiting = proposals(connection, livemode=False)
        today = clock.now().date()
        missing = missing_payouts(connection, livemode=False, today=today)
    mark_of = {row.line_id: row.references[0] for row in found}
    for pair in pairs:
        assert pair.payout_id.removeprefix("po_")[:34] == mark_of[pair.line_id]
    undecided = {payout.payout_id for one in waiting for payout in one.payouts}
    amounts = Counter((one.currency, one.amount_minor) for one in expected)
    for one in expected:
        if one.status == "paid" and amounts[one.currency, one.amount_minor] == 1:
            assert one.payout_id in {pair.payout_id for pair in pairs}
    assert undecided | {pair.payout_id for pair in pairs} >= {one["id"] for one in paid}
    assert {one.payout_id for one in missing} <= undecided
