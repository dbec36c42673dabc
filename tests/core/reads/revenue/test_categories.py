"""Each of Stripe's reporting categories stands in the table once, and says what it is."""

from __future__ import annotations

import tomllib
import typing
from pathlib import Path

import pytest
from stripe.params.reporting import _report_run_create_params as report_runs

from core.reads.revenue import categories
from core.reads.revenue.categories import KNOWN, MOVEMENTS, PARTS, REVENUE, add_row, kind_of

#: Only Stripe's page on reporting categories names these.
PAGE_ONLY = frozenset(
    "payment_network_reserve_hold payment_network_reserve_release payout_minimum_balance_hold"
    " payout_minimum_balance_release issuing_disbursement issuing_dispute_fraud_liability_debit"
    " issuing_dispute_provisional_credit issuing_dispute_provisional_credit_reversal".split()
)


def sdk_categories() -> frozenset[str]:
    """The categories that Stripe's SDK lets a report be asked for."""
    hints = typing.get_type_hints(report_runs.ReportRunCreateParamsParameters)
    literal, _ = typing.get_args(hints["reporting_category"])
    return frozenset(typing.get_args(literal))


def test_every_category_of_the_sdk_and_of_stripes_page_is_mapped():
    assert len(sdk_categories()) >= 37
    assert sdk_categories() | PAGE_ONLY == KNOWN


def test_each_category_stands_in_the_table_once():
    table = tomllib.loads(Path(categories.__file__).with_suffix(".toml").read_text("utf-8"))
    listed = [one for part in table.values() for names in part.values() for one in names]
    assert len(listed) == len(set(listed)) == len(KNOWN)


def test_every_category_is_a_part_of_revenue_or_a_movement_never_both():
    for category in KNOWN:
        kind = kind_of(category)
        assert (kind in PARTS) == (category in REVENUE)
        assert (kind in MOVEMENTS) == (category not in REVENUE)
    assert set(PARTS).isdisjoint(MOVEMENTS)


@pytest.mark.parametrize("category", ["", "obligation", "inbound_transfer", "charges"])
def test_a_category_that_is_not_in_the_table_is_no_revenue(category):
    sums = dict.fromkeys(categories.FIGURES, 0)
    add_row(sums, category, amount_minor=900, fee_minor=0, net_minor=900)
    assert kind_of(category) == "unmapped"
    assert (sums["net_minor"], sums["other_minor"], sums["unmapped_minor"]) == (0, 900, 900)
