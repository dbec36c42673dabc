"""The fields of a dispute's evidence, as Stripe's API names them."""

from __future__ import annotations

#: Fields of text.
TEXTS = (
    "product_description",
    "customer_name",
    "customer_email_address",
    "customer_purchase_ip",
    "billing_address",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
    "service_date",
    "access_activity_log",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "duplicate_charge_id",
    "duplicate_charge_explanation",
    "uncategorized_text",
)
#: Fields that hold the id of one file.
FILES = (
    "receipt",
    "customer_communication",
    "customer_signature",
    "shipping_documentation",
    "service_documentation",
    "cancellation_policy",
    "refund_policy",
    "duplicate_charge_documentation",
    "uncategorized_file",
)
#: In this status, after a loss, Stripe takes an appeal alone: its reason, and files.
APPEAL = "appeal_needs_response"
#: The reason's name at Stripe. Its files are a list there; here each has a name with its number.
APPEAL_REASON = "reason_for_filing"
APPEAL_FILE = "supporting_file_"
#: The statuses in which a dispute, an inquiry or an appeal takes evidence.
ANSWERABLE = ("needs_response", "warning_needs_response", APPEAL)
#: How the status ends of what takes evidence, also where it is new at Stripe.
NEEDS_RESPONSE = "needs_response"
PURPOSE = "dispute_evidence"
