"""What stops without a right of a restricted key, by Stripe's own name for the right."""

from __future__ import annotations

from dashboard.i18n import N_, _

#: Right: what does not work without it. Refunds have the rights of charges at Stripe.
STOPS = {
    "rak_balance_read": N_("the ledger is not compared with Stripe's balance"),
    "rak_balance_transaction_source_read": N_(
        "what stands behind ledger rows is read later, one by one; where rows themselves are"
        " refused, Revenue stands still"
    ),
    "rak_charge_read": N_("payments and refunds are not read again"),
    "rak_charge_write": N_("no refund can be made"),
    "rak_checkout_session_read": N_("test checkouts cannot be followed"),
    "rak_checkout_session_write": N_("no checkout page can be made"),
    "rak_customer_read": N_("names and addresses of customers stand still"),
    "rak_dispute_read": N_("disputes and their deadlines stand still"),
    "rak_dispute_write": N_("no dispute can be answered or accepted"),
    "rak_event_read": N_("what no webhook brings is missed"),
    "rak_file_read": N_("evidence that was sent cannot be looked at"),
    "rak_file_write": N_("no evidence can be uploaded"),
    "rak_invoice_read": N_("payments of invoices are not read again"),
    "rak_payment_intent_read": N_("payments are not read again"),
    "rak_payment_intent_write": N_("no payment can be made, captured or canceled"),
    "rak_payment_method_read": N_("payment methods are not shown"),
    "rak_payout_read": N_("payouts and what they paid out stand still"),
    "rak_refund_read": N_("refunds are not read again"),
    "rak_refund_write": N_("no refund can be made"),
    "rak_review_read": N_("reviews by Radar are not read"),
    "rak_review_write": N_("no review by Radar can be approved"),
}


def stops(right: str) -> str:
    """What does not work without the right; of one that is not known, that something does not."""
    return _(STOPS[right]) if right in STOPS else _("what needs it does not work")


def lacking(right: str) -> str:
    """That the key lacks the right, what stops, and what to do."""
    said = _(
        "The API key lacks the right {right}: {stops}."
        " Give the key this right in Stripe's Dashboard, under API keys."
    )
    return said.format(right=right, stops=stops(right))
