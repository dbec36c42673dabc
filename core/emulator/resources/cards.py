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
    #: What the issuer answers on checks that it does not pass: (field of `checks`, answer).
    checks: tuple[tuple[str, str], ...] = ()
    #: Kept with a customer although it never pays.
    attachable: bool = False

    @property
    def last4(self) -> str:
        return self.number[-4:]


_ZIP_FAILS = (("address_postal_code_check", "fail"),)
_LINE1_FAILS = (("address_line1_check", "fail"),)
_UNCHECKED = (("address_line1_check", "unavailable"), ("address_postal_code_check", "unavailable"))
_GENERIC = decline("card_declined", "generic_decline")
#: Visa cards of other countries that pay.
_ABROAD = """
    AR:4000000320000021 CL:4000001520000001 CO:4000001700000003 CR:4000001880000005
    EC:4000002180000000 MX:4000004840008001 PA:4000005910000000 PY:4000006000000066
    PE:4000006040000068 UY:4000008580000003 AT:4000000400000008 BE:4000000560000004
    BG:4000001000000000 BY:4000001120000005 CY:4000001960000008 CZ:4000002030000002
    DK:4000002080000001 FI:4000002460000001 FR:4000002500000003 GR:4000003000000030
    HU:4000003480000005 IE:4000003720000005 IT:4000003800000008 LV:4000004280000005
    LT:4000004400000000 LU:4000004420000006 MT:4000004700000007 NL:4000005280000002
    NO:4000005780000007 PL:4000006160000005 PT:4000006200000007 RO:4000006420000001
    SA:4000006820000007 SI:4000007050000006 SK:4000007030000001 ES:4000007240000007
    SE:4000007520000008 CH:4000007560000009 IN:4000003560000008 MY:4000004580000002
    NZ:4000005540000008 SG:4000007020000003 TW:4000001580000008
    """.split()
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
    Card("6011000990139424", "discover"),
    Card("6011981111111113", "discover", "debit"),
    Card("36227206271667", "diners"),
    Card("6555900000604105", "diners"),
    Card("6200000000000047", "unionpay", country="CN"),
    Card("6205500000000000004", "unionpay", country="CN"),
    Card("5555552500001001", "mastercard", country="FR"),
    Card("4000050360000001", funding="debit", country="AU"),
    Card("5555050360000080", "mastercard", "debit", country="AU"),
    Card("4000051230000072"),
    Card("5200828282828897", "mastercard", "debit"),
    Card("4000058260000005", funding="debit", country="GB"),
    Card("5555558265554449", "mastercard", country="GB"),
    Card("3530111333300000", "jcb", country="JP"),
    Card("4000007640000003", country="TH"),
    Card("4000057640000008", funding="debit", country="TH"),
    Card("4000000000000101", checks=(("cvc_check", "fail"),)),
    Card("4000000000000036", checks=_ZIP_FAILS),
    Card(
        "4000058400307872",
        behaviour=Behaviour(Kind.ELEVATED_RISK),
        checks=_ZIP_FAILS,
    ),
    Card(
        "4000058400306072",
        behaviour=Behaviour(Kind.BLOCK),
        checks=_ZIP_FAILS,
    ),
    Card("4000000000000028", checks=_LINE1_FAILS),
    Card(
        "4000000000000010",
        checks=(*_LINE1_FAILS, *_ZIP_FAILS),
    ),
    Card(
        "4000000000000044",
        checks=(
            ("address_line1_check", "unavailable"),
            ("address_postal_code_check", "unavailable"),
        ),
    ),
    Card("4000008400000779", behaviour=Behaviour(Kind.DISPUTE, "compliance")),
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
    Card(
        "4000000000000341", behaviour=decline("card_declined", "generic_decline"), attachable=True
    ),
    Card("4000000000005126", behaviour=Behaviour(Kind.REFUND_FAIL)),
]
_CARDS += [
    Card(number, country=country) for country, _, number in (p.partition(":") for p in _ABROAD)
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
        "pm_card_visa_cartesBancaires": "4000002500001001",
        "pm_card_mastercard_cartesBancaires": "5555552500001001",
        "pm_card_visa_debit_eftposAuCoBranded": "4000050360000001",
        "pm_card_mastercard_debit_eftposAuCoBranded": "5555050360000080",
        "pm_card_gb_debit": "4000058260000005",
        "pm_card_gb_mastercard": "5555558265554449",
        "pm_card_th_credit": "4000007640000003",
        "pm_card_th_debit": "4000057640000008",
        "pm_card_cvcCheckFail": "4000000000000101",
        "pm_card_avsZipFail": "4000000000000036",
        "pm_card_avsZipFailElevatedRisk": "4000058400307872",
        "pm_card_avsLine1Fail": "4000000000000028",
        "pm_card_avsFail": "4000000000000010",
        "pm_card_avsUnchecked": "4000000000000044",
        "pm_card_createComplianceDispute": "4000008400000779",
        "pm_card_us": "4242424242424242",
        "pm_card_chargeCustomerFail": "4000000000000341",
    }.items()
} | {f"pm_card_{pair[:2].lower()}": BY_NUMBER[pair[3:]] for pair in _ABROAD}

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
