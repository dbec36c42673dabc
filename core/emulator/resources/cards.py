"""Stripe's test cards: by number and by token, what each one does (docs.stripe.com/testing)."""

from __future__ import annotations

from dataclasses import dataclass

from core.emulator.resources.behaviours import SUCCEED, Behaviour, Kind, decline


@dataclass(frozen=True, slots=True)
class Card:
    """A test card and how it behaves."""

    number: str
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    behaviour: Behaviour = SUCCEED
    network: str = ""

    @property
    def last4(self) -> str:
        return self.number[-4:]


_CARDS = [
    Card("4242424242424242"),
    Card("4000056655665556", funding="debit"),
    Card("5555555555554444", "mastercard"),
    Card("2223003122003222", "mastercard"),
    Card("5200828282828210", "mastercard", "debit"),
    Card("5105105105105100", "mastercard", "prepaid"),
    Card("378282246310005", "amex"),
    Card("371449635398431", "amex"),
    Card("6011111111111117", "discover"),
    Card("3056930009020004", "diners"),
    Card("3566002020360505", "jcb", country="JP"),
    Card("6200000000000005", "unionpay", country="CN"),
    Card("4000000760000002", country="BR"),
    Card("4000001240000000", country="CA"),
    Card("4000002500001001", country="FR"),
    Card("4000002760000016", country="DE"),
    Card("4000008260000000", country="GB"),
    Card("4000001560000002", country="CN"),
    Card("4000003440000004", country="HK"),
    Card("4000003920000003", country="JP"),
    Card("4000000360000006", country="AU"),
    Card("4000004140000005", country="KW"),
    Card("4000000000000077", behaviour=Behaviour(Kind.SUCCEED_AVAILABLE)),
    Card("4000003720000278", behaviour=Behaviour(Kind.SUCCEED_AVAILABLE), country="IE"),
    Card("4000000000003220", behaviour=Behaviour(Kind.THREE_D_SECURE)),
    Card("4000000000003063", behaviour=Behaviour(Kind.THREE_D_SECURE)),
    Card("4000008400001629", behaviour=Behaviour(Kind.THREE_D_SECURE_DECLINED)),
    Card("4000008400001280", behaviour=Behaviour(Kind.THREE_D_SECURE_ERROR)),
    Card("4000000000003238", behaviour=Behaviour(Kind.THREE_D_SECURE)),
    Card("4000000000003246", behaviour=Behaviour(Kind.THREE_D_SECURE)),
    Card("4000000000003253", behaviour=Behaviour(Kind.THREE_D_SECURE)),
    Card("4000000000003055", behaviour=Behaviour(Kind.THREE_D_SECURE_SUPPORTED)),
    Card("4000000000003097", behaviour=Behaviour(Kind.THREE_D_SECURE_SUPPORTED_ERROR)),
    Card("4000002500003155", behaviour=Behaviour(Kind.THREE_D_SECURE_ON_SETUP), country="FR"),
    Card("4000002760003184", behaviour=Behaviour(Kind.THREE_D_SECURE), country="DE"),
    Card("4000003800000446", behaviour=Behaviour(Kind.THREE_D_SECURE_SET_UP), country="IT"),
    Card("4000008260003178", behaviour=Behaviour(Kind.THREE_D_SECURE_INSUFFICIENT), country="GB"),
    Card("4000000000000002", behaviour=decline("card_declined", "generic_decline")),
    Card("4000000000009995", behaviour=decline("card_declined", "insufficient_funds")),
    Card("4000000000009987", behaviour=decline("card_declined", "lost_card")),
    Card("4000000000009979", behaviour=decline("card_declined", "stolen_card")),
    Card("4000000000000069", behaviour=decline("expired_card")),
    Card("4000000000000127", behaviour=decline("incorrect_cvc")),
    Card("4000000000000119", behaviour=decline("processing_error")),
    Card("4000000000006975", behaviour=decline("card_declined", "card_velocity_exceeded")),
    Card("4100000000000019", behaviour=Behaviour(Kind.BLOCK)),
    Card("4000000000004954", behaviour=Behaviour(Kind.HIGHEST_RISK)),
    Card("4000000000009235", behaviour=Behaviour(Kind.ELEVATED_RISK)),
    Card("4000000000000259", behaviour=Behaviour(Kind.DISPUTE, "fraudulent")),
    Card("4000000000002685", behaviour=Behaviour(Kind.DISPUTE, "product_not_received")),
    Card("4000000000001976", behaviour=Behaviour(Kind.DISPUTE, "inquiry")),
    Card("4000000404000038", behaviour=Behaviour(Kind.DISPUTE, "ce3")),
    Card("4000000404000079", behaviour=Behaviour(Kind.DISPUTE, "multiple")),
    Card("4000000000005423", behaviour=Behaviour(Kind.EARLY_FRAUD_WARNING)),
    Card("4000000000007726", behaviour=Behaviour(Kind.REFUND_PENDING)),
    Card("4000000000000341", behaviour=decline("card_declined", "generic_decline")),
    Card("4000000000005126", behaviour=Behaviour(Kind.REFUND_FAIL)),
]
BY_NUMBER = {card.number: card for card in _CARDS}

BY_TOKEN = {
    token: BY_NUMBER[number]
    for token, number in {
        "pm_card_visa": "4242424242424242",
        "pm_card_visa_debit": "4000056655665556",
        "pm_card_mastercard": "5555555555554444",
        "pm_card_mastercard_debit": "5200828282828210",
        "pm_card_mastercard_prepaid": "5105105105105100",
        "pm_card_amex": "378282246310005",
        "pm_card_discover": "6011111111111117",
        "pm_card_diners": "3056930009020004",
        "pm_card_jcb": "3566002020360505",
        "pm_card_unionpay": "6200000000000005",
        "pm_card_br": "4000000760000002",
        "pm_card_ca": "4000001240000000",
        "pm_card_fr": "4000002500001001",
        "pm_card_de": "4000002760000016",
        "pm_card_gb": "4000008260000000",
        "pm_card_cn": "4000001560000002",
        "pm_card_hk": "4000003440000004",
        "pm_card_jp": "4000003920000003",
        "pm_card_au": "4000000360000006",
        "pm_card_kw": "4000004140000005",
        "pm_card_bypassPending": "4000000000000077",
        "pm_card_bypassPendingInternational": "4000003720000278",
        "pm_card_threeDSecure2Required": "4000000000003220",
        "pm_card_threeDSecureRequired": "4000000000003063",
        "pm_card_threeDSecureRequiredChargeDeclined": "4000008400001629",
        "pm_card_threeDSecureRequiredProcessingError": "4000008400001280",
        "pm_card_threeDSecureOptional": "4000000000003055",
        "pm_card_amex_threeDSecureNotSupported": "378282246310005",
        "pm_card_threeDSecureOptionalProcessingError": "4000000000003097",
        "pm_card_authenticationRequiredSetupForOffSession": "4000003800000446",
        "pm_card_authenticationRequired": "4000002760003184",
        "pm_card_authenticationRequiredOnSetup": "4000002500003155",
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
        "pm_card_chargeDeclined": "4000000000000002",
        "pm_card_visa_chargeDeclined": "4000000000000002",
        "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
        "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
        "pm_card_visa_chargeDeclinedLostCard": "4000000000009987",
        "pm_card_visa_chargeDeclinedStolenCard": "4000000000009979",
        "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
        "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
        "pm_card_chargeDeclinedProcessingError": "4000000000000119",
        "pm_card_visa_chargeDeclinedVelocityLimitExceeded": "4000000000006975",
        "pm_card_radarBlock": "4100000000000019",
        "pm_card_riskLevelHighest": "4000000000004954",
        "pm_card_riskLevelElevated": "4000000000009235",
        "pm_card_createDispute": "4000000000000259",
        "pm_card_createDisputeProductNotReceived": "4000000000002685",
        "pm_card_createDisputeInquiry": "4000000000001976",
        "pm_card_createMultipleDisputes": "4000000404000079",
        "pm_card_createCe3EligibleDispute": "4000000404000038",
        "pm_card_createIssuerFraudRecord": "4000000000005423",
        "pm_card_pendingRefund": "4000000000007726",
        "pm_card_refundFail": "4000000000005126",
        "pm_card_chargeCustomerFail": "4000000000000341",
    }.items()
}

#: Decline code → what Stripe tells the customer.
_DECLINED = {
    "insufficient_funds": "Your card has insufficient funds.",
    "card_velocity_exceeded": (
        "Your card was declined for making repeated attempts too frequently or exceeding its"
        " amount limit."
    ),
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": (
        "An error occurred while processing your card. Try again in a little bit."
    ),
    "authentication_required": (
        "Your card was declined. This transaction requires authentication."
    ),
    "incorrect_number": "Your card number is incorrect.",
    "card_not_supported": "Your card does not support this type of purchase.",
    "currency_not_supported": "Your card does not support this currency.",
    "incorrect_zip": "The zip code you provided failed validation.",
}
#: Declines whose error code is not `card_declined`, and what the advice is for some others.
OWN_CODES = frozenset(
    {
        "expired_card",
        "incorrect_cvc",
        "processing_error",
        "incorrect_number",
        "incorrect_zip",
        "authentication_required",
    }
)
ADVICE = {
    "insufficient_funds": "try_again_later",
    "processing_error": "try_again_later",
    "lost_card": "do_not_try_again",
    "stolen_card": "do_not_try_again",
    "pickup_card": "do_not_try_again",
    "fraudulent": "do_not_try_again",
    "expired_card": "do_not_try_again",
    "incorrect_cvc": "confirm_card_data",
    "incorrect_number": "confirm_card_data",
    "incorrect_zip": "confirm_card_data",
}


def decline_message(decline_code: str) -> str:
    """Stripe's `message` for a decline code."""
    return _DECLINED.get(decline_code, "Your card was declined.")


def luhn(number: str) -> bool:
    """Whether a card number's check digit holds."""
    digits = [int(d) for d in reversed(number)]
    doubled = sum(sum(divmod(2 * d, 10)) for d in digits[1::2])
    return (sum(digits[::2]) + doubled) % 10 == 0
