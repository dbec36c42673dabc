"""Errors in the caller's language, whatever went wrong: the database, Stripe, the caller."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from core import errors
from core.errors import InvalidInput, MalformedObject, Misconfigured, NotFound, TillwatchError
from dashboard.rest import errors as rest_errors
from tests.support.fixtures_rest import CREATE, DECLINED
from tests.support.translations import untranslated

ROOT = Path(__file__).parents[3]
#: Where the rules stand that a caller of the REST API can break.
RULED = ("payments/validation", "refunds/validation", "operations/operations")
INPUT = {"InvalidInput", "InvalidAmount", "UnknownCurrency", "NotRefundable"}
#: Errors that say themselves what is wrong, and not by a rule or by one of Stripe's codes.
SAID = """
    BodyTooLarge DatabaseDown IdempotencyConflict IdempotencyKeyReused MalformedObject
    MalformedRequest Misconfigured NotFound NotPermitted NotSignedIn OperationUndone OutcomeUnknown
    RateLimited RequestRepeated RiskRefused ServerBusy StripeBusy StripeError StripeKeyRefused
    StripeUnreachable TablesDiffer TestModeOnly TillwatchError TokenMissing TooSlow
    UnsupportedMediaType
""".split()


def rules() -> set[str]:
    """Every rule that is written where `RULED` says, and in core.money."""
    found: set[str] = set()
    sources = [ROOT / "core" / "money.py", *(ROOT / "core/actions" / f"{n}.py" for n in RULED)]
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in INPUT:
                texts = [one.value for one in node.args[1:] if isinstance(one, ast.Constant)]
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "rule":
                texts = [node.value.value] if isinstance(node.value, ast.Constant) else []
            else:
                continue
            found |= set(texts)
    return found


def messages() -> set[str]:
    """What the errors say of themselves that a route can raise."""
    return {inspect.getdoc(getattr(errors, name)).splitlines()[0] for name in SAID}


def test_every_rule_and_message_of_the_api_has_its_chinese():
    assert len(rules()) > 20
    assert untranslated(rules() | messages()) == set()


@pytest.mark.parametrize("wanted", ["zh-CN", "zh", "zh-Hans-CN", "en;q=0.2, zh-CN;q=0.8"])
def test_messages_are_in_the_language_that_is_asked_for(shared_api, wanted):
    token = shared_api.token("service")
    body = CREATE | {"amount": "1.001"}
    answer = shared_api.post("create-payment-intent", body, token, Accept_Language=wanted)
    error = answer.json()["error"]
    assert error["field"] == "amount"
    assert error["rule"] == "USD 的小数位超过 2 位"
    assert error["message"] == "amount：USD 的小数位超过 2 位"
    assert answer.headers["content-language"] == "zh-CN"


def test_a_decline_is_said_in_chinese_too(shared_api):
    token = shared_api.token("service")
    body = {"payment_intent_id": shared_api.created(token), "payment_method": DECLINED}
    english, chinese = (
        shared_api.post("confirm-payment", body, token, Accept_Language=wanted).json()["error"]
        for wanted in ("en", "zh-CN")
    )
    assert english["message"].isascii()
    assert "余额" in chinese["message"]
    assert english["user_action"] == chinese["user_action"] == "check_balance"


def test_every_kind_of_error_has_its_shape():
    for kind in vars(errors).values():
        if not (inspect.isclass(kind) and issubclass(kind, TillwatchError)):
            continue
        given = {"InvalidInput": ("f", "r"), "NotPermitted": ("right",), "RateLimited": (3,)}
        names = [one.__name__ for one in kind.__mro__]
        arguments = next((given[name] for name in names if name in given), ())
        answer = rest_errors.response(kind(*arguments), "zh-CN", "op_1")
        found = rest_errors.document(kind(*arguments), "en")["error"]
        assert answer.status_code >= 400, kind
        assert {"type", "code", "message", "user_action"} <= found.keys()
        empty = {name for name, value in found.items() if value is None}
        assert empty <= {"decline_code", "request_id"}


def test_what_stripe_says_wrongly_is_not_the_callers_mistake():
    assert rest_errors.response(MalformedObject()).status_code == 502


def test_a_rule_keeps_its_places():
    error = InvalidInput("amount", "must be at most {largest}", largest="9.99")
    assert (error.rule, str(error)) == ("must be at most 9.99", "amount: must be at most 9.99")
    found = rest_errors.document(error, "zh-CN")["error"]
    assert found["rule"] == "最多为 9.99"


def test_words_without_a_translation_give_way_to_their_kinds():
    error = NotFound("There is no payment pi_1 here")
    assert rest_errors.document(error, "en")["error"]["message"] == error.message
    assert rest_errors.document(error, "zh-CN")["error"]["message"] == "这里没有该对象。"


def test_an_error_of_a_stranger_reveals_no_insides(api, monkeypatch):
    from core.actions.payments import payments

    def broken(*_args, **_named):
        raise KeyError("a secret of ours")

    monkeypatch.setattr(payments, "retrieve", broken)
    answer = api.get("payment-intent/pi_1", api.token("viewer"))
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert "secret" not in answer.text


def test_an_unsafe_setting_is_our_mistake(api, monkeypatch):
    from core.actions.payments import payments

    def unset(*_args, **_named):
        raise Misconfigured

    monkeypatch.setattr(payments, "retrieve", unset)
    answer = api.get("payment-intent/pi_1", api.token("viewer"))
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "api_error")
