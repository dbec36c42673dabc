"""Which test cards and other ways to pay the Checkout page offers, and what a choice becomes."""

from __future__ import annotations

from dataclasses import dataclass

from core.emulator.resources import cards, payment_methods
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

_FAILING_IBAN = "DE62370400440532013001"
_CARDS: dict[str, dict[str, str]] = {
    "Pays": {
        "pm_card_visa": "pays",
        "pm_card_mastercard": "pays",
        "pm_card_amex": "pays",
        "pm_card_unionpay": "pays",
        "pm_card_de": "issued in Germany",
        "pm_card_bypassPending": "money is available at once",
    },
    "Asks for 3-D Secure": {
        "pm_card_threeDSecure2Required": "pays after it",
        "pm_card_authenticationRequired": "always asks",
        "pm_card_threeDSecureRequiredChargeDeclined": "declined after it",
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": (
            "insufficient funds after it"
        ),
        "pm_card_threeDSecureRequiredProcessingError": "the bank cannot be reached",
    },
    "Declined": {
        "pm_card_visa_chargeDeclined": "generic decline",
        "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient funds",
        "pm_card_visa_chargeDeclinedLostCard": "lost card",
        "pm_card_visa_chargeDeclinedStolenCard": "stolen card",
        "pm_card_chargeDeclinedExpiredCard": "expired card",
        "pm_card_chargeDeclinedIncorrectCvc": "incorrect CVC",
        "pm_card_chargeDeclinedProcessingError": "processing error",
        "pm_card_visa_chargeDeclinedVelocityLimitExceeded": "too many attempts",
    },
    "Risk and what comes later": {
        "pm_card_radarBlock": "always blocked",
        "pm_card_riskLevelElevated": "elevated risk",
        "pm_card_createDispute": "disputed as fraud",
        "pm_card_createDisputeProductNotReceived": "disputed: not received",
        "pm_card_createDisputeInquiry": "an inquiry",
        "pm_card_createIssuerFraudRecord": "early fraud warning",
        "pm_card_refundFail": "its refund fails",
    },
}
_OTHERS = {
    "link": {"pm_link": "Link: pays"},
    "paypal": {"pm_paypal": "PayPal: asks on its own page"},
    "alipay": {"pm_alipay": "Alipay: asks on its own page"},
    "wechat_pay": {"pm_wechat_pay": "WeChat Pay: asks on its own page"},
    "amazon_pay": {"pm_amazon_pay": "Amazon Pay: asks on its own page"},
    "revolut_pay": {"pm_revolut_pay": "Revolut Pay: asks on its own page"},
    "us_bank_account": {
        "pm_usBankAccount_success": "US bank account: pays within seconds",
        "pm_usBankAccount_insufficientFunds": "US bank account: fails within seconds",
    },
    "sepa_debit": {
        "pm_sepa_debit": "SEPA debit: pays within seconds",
        _FAILING_IBAN: "SEPA debit: fails within seconds",
    },
}


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of the picker."""

    value: str
    words: str


def groups(types: list[str]) -> dict[str, list[Choice]]:
    """Title → choices, for the payment method types of a session."""
    found = {}
    if "card" in types:
        for title, tokens in _CARDS.items():
            found[title] = [Choice(token, _of_card(token, does)) for token, does in tokens.items()]
    others = [
        Choice(value, words) for kind in types for value, words in _OTHERS.get(kind, {}).items()
    ]
    return {**found, "Other ways to pay": others} if others else found


def _of_card(token: str, does: str) -> str:
    number = cards.BY_TOKEN[token].number
    return f"•••• {number[-4:]} {cards.BY_TOKEN[token].brand.capitalize()}: {does}"


def chosen(ctx: Context, types: list[str], number: str, value: str) -> Obj:
    """The payment method of a typed test number, or else of a choice.

    Any number that is not one of Stripe's test cards is refused, and none is kept.
    """
    if number.strip():
        card = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
        return payment_methods.from_data(ctx, {"type": "card", "card": card})
    offered = {choice.value for choices in groups(types).values() for choice in choices}
    if value not in offered:
        raise ApiError("Choose a way to pay.", status=402, type="card_error")
    if value == _FAILING_IBAN:
        return payment_methods.from_data(ctx, {"type": "sepa_debit", "sepa_debit": {"iban": value}})
    return payment_methods.resolve(ctx, value)
