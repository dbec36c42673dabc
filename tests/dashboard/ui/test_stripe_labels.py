"""Stripe's codes as words: none of those that people meet every day stays English in Chinese."""

import pytest

from core.emulator.simulation.counterparties import FAILURES
from core.gateway.dispute_reasons import REASONS
from core.reads.revenue.categories import KNOWN
from dashboard import i18n
from dashboard.screens.refunds import labels as refund_labels
from dashboard.ui import stripe_labels
from tests.support.stripe_codes import CARD_DECLINES, OTHER_DECLINES

MET = {
    "declines": CARD_DECLINES | OTHER_DECLINES,
    "disputes": set(REASONS.reasons),
    "refunds": {*refund_labels.REASONS, *FAILURES},
    "fraud reports": {"made_with_stolen_card", "unauthorized_use_of_card", "misc"},
    "bookings": KNOWN,
}


@pytest.mark.parametrize("kind", MET)
def test_what_people_meet_has_its_chinese(kind):
    with i18n.speaking("zh-CN"):
        assert {code for code in MET[kind] if stripe_labels.words(code).isascii()} == set()


def test_words_begin_with_a_capital_and_keep_abbreviations():
    said = [stripe_labels.words(code) for code in ("incorrect_cvc", "new_at_stripe", None)]
    assert said == ["Incorrect CVC", "New at stripe", ""]
