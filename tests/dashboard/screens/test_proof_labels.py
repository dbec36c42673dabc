"""Whatever a reconciliation may tell has words of its own, and never its code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.proof import breaks, reconcile
from core.states import BreakState
from dashboard.screens.payouts import labels as payout_labels
from dashboard.screens.proof import differences, labels
from dashboard.ui import status_badges
from tests.support.translations import untranslated

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_kinds_causes_identities_and_states_have_words_and_no_others() -> None:
    assert labels.KINDS.keys() == set(breaks.KINDS)
    assert labels.CAUSES.keys() == set(breaks.CAUSES)
    assert list(labels.IDENTITIES) == list(reconcile.IDENTITIES)
    assert status_badges.DIFFERENCE.keys() == set(BreakState)
    assert set(differences.VIEWS) == {*BreakState, "all"}


def test_all_of_them_have_chinese_ones() -> None:
    tables = (labels.KINDS, labels.CAUSES, labels.IDENTITIES, labels.WITNESSES, labels.BALANCES)
    shown = {text for table in tables for text in table.values()}
    shown |= {*payout_labels.ROWS_COMPLETE.values(), *payout_labels.METHODS.values()}
    assert untranslated(shown) == set()


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (timedelta(minutes=5), "in 1 hour"),
        (timedelta(hours=5), "in 5 hours"),
        (timedelta(days=2, hours=1), "in 2 days"),
        (-timedelta(hours=2), "2 hours late"),
        (-timedelta(days=27), "27 days late"),
    ],
)
def test_due_says_how_long_is_left_or_how_late_it_is(away: timedelta, said: str) -> None:
    assert labels.due(NOW + away, NOW) == said


def test_a_sum_is_named_by_its_category_and_a_row_by_its_id() -> None:
    assert labels.thing("bridge", "dispute_reversal") == "Dispute reversal"
    assert labels.thing("balance", "payments") == "Payments"
    assert labels.thing("list", "txn_rRDcoFRALe") == "txn_rRDcoFRALe"
