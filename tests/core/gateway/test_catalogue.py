"""The error catalogue: complete, in both languages, and silent where a customer must not know."""

import dataclasses
import re

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from core.emulator.resources.cards import BY_TOKEN
from core.emulator.server import start_emulator
from core.errors import Misconfigured
from core.gateway.catalogue import CATALOGUE, FILE, LANGUAGES, Catalogue, UserAction, explain
from core.gateway.failures import translate
from tests.support.emulator_clients import client_of, pay
from tests.support.stripe_codes import (
    CARD_DECLINES,
    ERRORS_BESIDE_THE_SDK,
    NEVER_TOLD,
    OTHER_DECLINES,
    known_to_the_sdk,
)

TEXT = FILE.read_text(encoding="utf-8")
DOCUMENTED = CARD_DECLINES | OTHER_DECLINES | ERRORS_BESIDE_THE_SDK
#: Words that would tell a customer what only the bank may tell.
TELLING = re.compile(
    r"\b(lost|stolen|fraud\w*|suspicio\w*|suspect\w*|risk\w*|radar|blacklist\w*|block\w*)\b"
    r"|丢失|遗失|挂失|被盗|失窃|欺诈|诈骗|风险|可疑|黑名单|拦截|风控",
    re.IGNORECASE,
)
HAN = re.compile(r"[\u4e00-\u9fff]")
SNAKE = re.compile(r"[a-z]+(_[a-z]+)*")


def told(found):
    """What of an explanation reaches the customer or the shop's program."""
    return found.code, found.message, found.user_action, found.action_text


def every_text(catalogue=CATALOGUE):
    """Where it stands, and its words by language."""
    yield from ((f"actions.{name}", words) for name, words in catalogue.actions.items())
    yield from ((f"answers.{name}", a.message) for name, a in catalogue.answers.items())
    yield from ((f"codes.{name}", code.meaning) for name, code in catalogue.codes.items())
    yield "unknown", catalogue.unknown.meaning


def without(code):
    """The file's catalogue as it would be with one code forgotten."""
    kept = {name: entry for name, entry in CATALOGUE.codes.items() if name != code}
    return dataclasses.replace(CATALOGUE, codes=kept)


def test_every_code_of_the_sdk_is_explained():
    known = known_to_the_sdk()
    assert len(known) > 200
    assert known - CATALOGUE.codes.keys() == set()
    assert known - without("payment_method_restricted").codes.keys() == {
        "payment_method_restricted"
    }


def test_every_documented_code_is_explained():
    assert len(CARD_DECLINES) == 50
    assert DOCUMENTED - CATALOGUE.codes.keys() == set()


def test_nothing_is_explained_that_stripe_does_not_send():
    assert CATALOGUE.codes.keys() - known_to_the_sdk() - DOCUMENTED == set()


@pytest.mark.parametrize(
    ("stripe_code", "decline_code", "ours", "action"),
    [
        ("card_declined", None, "card_declined", "another_card"),
        ("card_declined", "generic_decline", "card_declined", "another_card"),
        ("card_declined", "insufficient_funds", "insufficient_funds", "check_balance"),
        ("expired_card", None, "expired_card", "update_card"),
        ("incorrect_cvc", None, "incorrect_cvc", "check_cvc"),
        ("processing_error", None, "processing_error", "retry_later"),
        ("authentication_required", None, "authentication_required", "authenticate"),
        ("card_declined", "call_issuer", "declined_by_bank", "contact_bank"),
        ("incorrect_number", None, "incorrect_number", "check_details"),
        ("card_declined", "duplicate_transaction", "duplicate_payment", "check_order"),
        ("charge_already_captured", None, "already_done", "none"),
        ("api_key_expired", None, "our_side", "contact_support"),
        ("not_invented_yet", None, "unknown_error", "contact_support"),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_says_what_to_do_next(language, stripe_code, decline_code, ours, action):
    found = explain(stripe_code, decline_code, language)
    assert (found.code, found.user_action) == (ours, action)
    assert found.action_text == CATALOGUE.actions[UserAction(action)][language]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(NEVER_TOLD))
def test_a_customer_is_not_told_what_only_the_bank_may_tell(code, language):
    ordinary = [
        told(explain("card_declined", "generic_decline", language)),
        told(explain(None, "partner_generic_decline", language)),
    ]
    assert told(explain("card_declined", code, language)) in ordinary
    assert explain("card_declined", code, language).meaning not in str(ordinary)


def test_no_word_for_customers_tells_it_either():
    for where, words in every_text():
        if not where.startswith("codes."):
            assert not TELLING.search(f"{where} {' '.join(words.values())}"), where


def test_the_words_that_tell_are_found_where_they_stand():
    told_to_operators = {
        code for code in NEVER_TOLD if TELLING.search(str(CATALOGUE.codes[code].meaning))
    }
    assert {"lost_card", "stolen_card", "fraudulent", "rule", "pickup_card"} <= told_to_operators
    for language in LANGUAGES:
        assert TELLING.search(CATALOGUE.codes["stolen_card"].meaning[language])


def test_every_text_is_there_in_each_language():
    for where, words in every_text():
        assert set(words) == {"en", "zh-CN"}, where
        assert HAN.search(words["zh-CN"]), where
        assert not HAN.search(words["en"]), where
        for text in words.values():
            assert text == text.strip(), where
            assert "{" not in text, where


def test_our_codes_and_actions_are_closed_and_all_in_use():
    assert set(CATALOGUE.actions) == set(UserAction)
    assert {answer.action for answer in CATALOGUE.answers.values()} == set(UserAction)
    used = {code.answer for code in CATALOGUE.codes.values()} | {CATALOGUE.unknown.answer}
    assert used == set(CATALOGUE.answers)
    assert all(SNAKE.fullmatch(name) for name in CATALOGUE.answers)


def test_the_decline_code_goes_before_the_code():
    assert explain("processing_error", "expired_card", "en").code == "expired_card"
    assert explain("processing_error", "not_invented_yet", "en").code == "processing_error"
    assert explain("not_invented_yet", "expired_card", "en").code == "expired_card"


@given(st.none() | st.text(), st.none() | st.text(), st.text())
def test_no_code_and_no_language_makes_it_fail(stripe_code, decline_code, language):
    found = explain(stripe_code, decline_code, language)
    assert all(dataclasses.astuple(found))


@pytest.mark.parametrize("language", ["", "fr", "zh", "EN", "zh-TW"])
def test_a_language_that_is_not_there_falls_back_to_english(language):
    assert explain("expired_card", None, language) == explain("expired_card", None, "en")


def test_an_explanation_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        explain("expired_card", None, "en").message = "Pay cash."


@pytest.mark.parametrize(
    ("was", "becomes", "named"),
    [
        ("[actions.check_cvc]", "[actions.check_cvv]", "check_cvv"),
        ('action = "check_cvc"', 'action = "check_cvv"', "incorrect_cvc: there is no action"),
        ('action = "check_cvc"\n', "", "incorrect_cvc: action is missing"),
        ("[answers.expired_card]", "[answers.old_card]", "there is no answer 'expired_card'"),
        (
            'en = "The card has expired. Please',
            'de = "The card has expired. Please',
            "expired_card",
        ),
        ('zh-CN = "该卡已过有效期。"', 'zh-CN = " "', "expired_card: zh-CN is missing"),
        ("[unknown]", "[unheard]", "unknown is missing"),
        ("[unknown]", "[unknown", "error_catalogue.toml"),
        ('[codes.rule]\nanswer = "card_declined"', "[codes.rule]\nanswer = 1", "rule: answer"),
    ],
)
def test_a_mistake_in_the_file_stops_the_start_and_is_named(was, becomes, named):
    assert was in TEXT
    with pytest.raises(Misconfigured, match=re.escape(named)):
        Catalogue.parse(TEXT.replace(was, becomes, 1))


def test_an_action_without_a_label_stops_the_start():
    start = TEXT.index("[actions.none]")
    with pytest.raises(Misconfigured, match="no label for none"):
        Catalogue.parse(TEXT[:start] + TEXT[TEXT.index("[answers.") :])


@pytest.fixture(scope="module")
def client():
    with start_emulator() as running:
        yield client_of(running)


@pytest.mark.parametrize(
    "token", sorted(token for token in BY_TOKEN if "chargeDeclined" in token or "Block" in token)
)
def test_each_declining_test_card_is_explained(client, token):
    with pytest.raises(stripe.CardError) as caught:
        pay(client, token)
    error = translate(caught.value)
    found = explain(error.stripe_code, error.decline_code, "zh-CN")
    assert found.code != CATALOGUE.unknown.answer
    assert HAN.search(found.message)
