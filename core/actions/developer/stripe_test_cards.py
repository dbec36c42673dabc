"""Stripe's test cards: what each shows, and what must come of it (docs.stripe.com/testing).

The number is for reading and for Stripe's own forms. We send Stripe the token alone.
"""

from __future__ import annotations

from dataclasses import dataclass

GROUPS = ("pays", "three_d_secure", "declines", "disputes", "networks")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a payment stands; `code` and `decline_code` are Stripe's, None where it gives none."""

    status: str
    code: str | None = None
    decline_code: str | None = None


_PAYS = Outcome("succeeded")


def _declined(decline_code: str) -> Outcome:
    return Outcome("requires_payment_method", "card_declined", decline_code)


@dataclass(frozen=True, slots=True)
class Card:
    """A test card. `outcome` is what comes in the end, for one that asks for 3-D Secure after a
    passed challenge; `follows` are events that come later by themselves."""

    name: str
    group: str
    title: str
    number: str
    token: str
    outcome: Outcome = _PAYS
    challenged: bool = False
    follows: tuple[str, ...] = ()

    @property
    def spaced(self) -> str:
        """The number as it is printed on a card."""
        if len(self.number) == 15:
            return f"{self.number[:4]} {self.number[4:10]} {self.number[10:]}"
        return " ".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))


CARDS: tuple[Card, ...] = (
    Card("visa", "pays", "Visa", "4242424242424242", "pm_card_visa"),
    Card("visa_debit", "pays", "Visa debit", "4000056655665556", "pm_card_visa_debit"),
    Card("mastercard", "pays", "Mastercard", "5555555555554444", "pm_card_mastercard"),
    Card("amex", "pays", "American Express", "378282246310005", "pm_card_amex"),
    Card(
        "three_d_secure",
        "three_d_secure",
        "Always asks",
        "4000000000003220",
        "pm_card_threeDSecure2Required",
        challenged=True,
    ),
    Card(
        "three_d_secure_set_up",
        "three_d_secure",
        "Asks unless set up",
        "4000002500003155",
        "pm_card_authenticationRequiredOnSetup",
        challenged=True,
    ),
    Card(
        "three_d_secure_every_time",
        "three_d_secure",
        "Asks every time",
        "4000002760003184",
        "pm_card_authenticationRequired",
        challenged=True,
    ),
    Card(
        "three_d_secure_declined",
        "three_d_secure",
        "Asks, then declines",
        "4000008400001629",
        "pm_card_threeDSecureRequiredChargeDeclined",
        _declined("generic_decline"),
        challenged=True,
    ),
    Card(
        "declined",
        "declines",
        "Declined",
        "4000000000000002",
        "pm_card_visa_chargeDeclined",
        _declined("generic_decline"),
    ),
    Card(
        "insufficient_funds",
        "declines",
        "Insufficient funds",
        "4000000000009995",
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        _declined("insufficient_funds"),
    ),
    Card(
        "lost_card",
        "declines",
        "Lost card",
        "4000000000009987",
        "pm_card_visa_chargeDeclinedLostCard",
        _declined("lost_card"),
    ),
    Card(
        "stolen_card",
        "declines",
        "Stolen card",
        "4000000000009979",
        "pm_card_visa_chargeDeclinedStolenCard",
        _declined("stolen_card"),
    ),
    Card(
        "expired_card",
        "declines",
        "Expired card",
        "4000000000000069",
        "pm_card_chargeDeclinedExpiredCard",
        Outcome("requires_payment_method", "expired_card"),
    ),
    Card(
        "incorrect_cvc",
        "declines",
        "Wrong CVC",
        "4000000000000127",
        "pm_card_chargeDeclinedIncorrectCvc",
        Outcome("requires_payment_method", "incorrect_cvc"),
    ),
    Card(
        "processing_error",
        "declines",
        "Processing error",
        "4000000000000119",
        "pm_card_chargeDeclinedProcessingError",
        Outcome("requires_payment_method", "processing_error"),
    ),
    Card(
        "velocity",
        "declines",
        "Too many attempts",
        "4000000000006975",
        "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
        _declined("card_velocity_exceeded"),
    ),
    Card(
        "dispute",
        "disputes",
        "Disputed as fraud",
        "4000000000000259",
        "pm_card_createDispute",
        follows=("charge.dispute.created",),
    ),
    Card(
        "not_received",
        "disputes",
        "Disputed as not received",
        "4000000000002685",
        "pm_card_createDisputeProductNotReceived",
        follows=("charge.dispute.created",),
    ),
    Card(
        "inquiry",
        "disputes",
        "Inquiry",
        "4000000000001976",
        "pm_card_createDisputeInquiry",
        follows=("charge.dispute.created",),
    ),
    Card(
        "compelling_evidence",
        "disputes",
        "Dispute for Visa CE 3.0",
        "4000000404000038",
        "pm_card_createCe3EligibleDispute",
        follows=("charge.dispute.created",),
    ),
    Card(
        "early_fraud_warning",
        "disputes",
        "Early fraud warning",
        "4000000000005423",
        "pm_card_createIssuerFraudRecord",
        follows=("radar.early_fraud_warning.created",),
    ),
    Card(
        "always_blocked",
        "disputes",
        "Always blocked",
        "4100000000000019",
        "pm_card_radarBlock",
        _declined("fraudulent"),
    ),
    Card(
        "elevated_risk",
        "disputes",
        "Elevated risk",
        "4000000000009235",
        "pm_card_riskLevelElevated",
    ),
    Card("unionpay", "networks", "UnionPay", "6200000000000005", "pm_card_unionpay"),
    Card("discover", "networks", "Discover", "6011111111111117", "pm_card_discover"),
    Card("diners", "networks", "Diners Club", "3056930009020004", "pm_card_diners"),
    Card("jcb", "networks", "JCB", "3566002020360505", "pm_card_jcb"),
)
BY_NAME = {card.name: card for card in CARDS}
