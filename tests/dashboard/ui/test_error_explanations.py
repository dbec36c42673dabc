"""Failures explained on screens: the code that says most, in the language spoken."""

from types import SimpleNamespace

import pytest

from core.gateway.catalogue import CATALOGUE
from dashboard import i18n
from dashboard.ui import error_explanations


def attempt(status="failed", **codes):
    """What an attempt carries of its failure."""
    given = dict.fromkeys(("failure_code", "decline_code", "outcome_reason"))
    return SimpleNamespace(status=status, **(given | codes))


def meaning(code, language="en"):
    return CATALOGUE.codes[code].meaning[language]


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        ({"failure_code": "expired_card"}, "expired_card"),
        ({"failure_code": "card_declined", "decline_code": "lost_card"}, "lost_card"),
        ({"failure_code": "card_declined", "outcome_reason": "rule"}, "rule"),
        (
            {
                "failure_code": "card_declined",
                "decline_code": "do_not_honor",
                "outcome_reason": "rule",
            },
            "do_not_honor",
        ),
    ],
)
def test_the_code_that_says_most_is_explained(codes, reason):
    part = attempt(**codes)
    assert error_explanations.reason_of(part) == reason
    assert error_explanations.meaning_of(part) == meaning(reason)


def test_a_rule_that_let_a_payment_pass_explains_nothing():
    passed = attempt("succeeded", outcome_reason="elevated_risk_level")
    assert error_explanations.reason_of(passed) is None
    assert error_explanations.meaning_of(passed) == ""
    assert error_explanations.meaning(passed) == ""
    assert error_explanations.explained(passed) is None


def test_an_unknown_code_is_still_explained():
    part = attempt(failure_code="not_invented_yet")
    assert error_explanations.meaning(part) == CATALOGUE.unknown.meaning["en"]


def test_the_meaning_follows_the_language():
    part = attempt(failure_code="card_declined", decline_code="expired_card")
    with i18n.speaking("zh-CN"):
        assert error_explanations.meaning(part) == meaning("expired_card", "zh-CN")
    assert error_explanations.meaning(part) == meaning("expired_card")


def test_the_screens_languages_are_those_of_the_catalogue():
    assert set(i18n.LANGUAGES) == set(CATALOGUE.unknown.meaning)
