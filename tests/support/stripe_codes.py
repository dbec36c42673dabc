"""The codes that Stripe documents, and those that the installed SDK's types know."""

from __future__ import annotations

import ast
from pathlib import Path

import stripe

SDK = Path(stripe.__file__).parent

#: docs.stripe.com/declines/codes, "Card decline codes", as read in 2026.
CARD_DECLINES = frozenset(
    """
    approve_with_id authentication_not_handled authentication_required call_issuer
    card_not_supported card_velocity_exceeded currency_not_supported do_not_honor do_not_try_again
    duplicate_transaction expired_card fraudulent generic_decline incorrect_address incorrect_cvc
    incorrect_number incorrect_pin incorrect_zip insufficient_funds invalid_account invalid_amount
    invalid_cvc invalid_expiry_month invalid_expiry_year invalid_number invalid_pin
    issuer_not_available lost_card merchant_blacklist mobile_device_authentication_required
    new_account_information_available no_action_taken not_permitted offline_pin_required
    online_or_offline_pin_required pickup_card pin_try_exceeded processing_error
    reenter_transaction restricted_card revocation_of_all_authorizations
    revocation_of_authorization security_violation service_not_allowed stolen_card
    stop_payment_order testmode_decline transaction_not_allowed try_again_later
    withdrawal_count_limit_exceeded
    """.split()
)
#: The same page, "Local payment method decline codes", with the reasons that a charge's outcome
#: gives for them; and the reasons of Radar that the SDK names at `Charge.Outcome.reason`.
OTHER_DECLINES = frozenset(
    """
    compliance_violation duplicate_transaction expired_payment_information invalid_authorization
    invalid_billing_agreement invalid_business_account invalid_customer_account
    invalid_payment_information partner_duplicate_transaction partner_expired_card
    partner_generic_decline partner_high_risk_customer partner_insufficient_funds
    partner_invalid_amount partner_invalid_currency partner_payment_not_found
    partner_processing_error payment_disputed payment_limit_exceeded
    elevated_risk_level highest_risk_level low_probability_of_authorization rule
    """.split()
)
#: docs.stripe.com/error-codes and its changelog, as read in 2026: what the SDK's types lack.
ERRORS_BESIDE_THE_SDK = frozenset(
    """
    account_holder_name_verification_failed inactive_api_operation_confirmation_required
    payment_intent_amount_reconfirmation_required payment_intent_automatic_tax_incomplete
    promotion_code_customer_missing_first_time promotion_code_customer_not_first_time
    """.split()
)
#: Stripe says of these that the customer is to see an ordinary decline, or that a card may be
#: reported missing, or that somebody rates the payment as dangerous.
NEVER_TOLD = frozenset(
    """
    compliance_violation elevated_risk_level fraudulent highest_risk_level lost_card
    low_probability_of_authorization merchant_blacklist partner_high_risk_customer
    payment_method_restricted pickup_card restricted_card rule security_violation stolen_card
    """.split()
)


def known_to_the_sdk() -> set[str]:
    """Every error code of a payment, a setup, an invoice or a reader that a type spells out."""
    found: set[str] = set()
    for path in SDK.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if '"card_declined"' in text or path.name == "_payment_intent.py":
            for codes in _literals(ast.parse(text)):
                if "card_declined" in codes or path.name == "_payment_intent.py":
                    found |= codes
    return found


def _literals(tree: ast.AST) -> list[set[str]]:
    """The words of each annotation of a field `code`."""
    return [
        {part.value for part in ast.walk(node.annotation) if isinstance(part, ast.Constant)}
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == "code"
    ]
