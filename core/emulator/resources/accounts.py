"""The account itself: a business in the United States with five bank accounts."""

from __future__ import annotations

from typing import Any

from core.emulator.resources import balance_settings
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

_DONE: dict[str, Any] = {
    "alternatives": [],
    "current_deadline": None,
    "currently_due": [],
    "disabled_reason": None,
    "errors": [],
    "eventually_due": [],
    "past_due": [],
    "pending_verification": [],
}
_CAPABILITIES = ("card_payments", "link_payments", "sepa_debit_payments", "transfers")
_PROFILE = (
    "estimated_worker_count",
    "mcc",
    "minority_owned_business_designation",
    "product_description",
    "support_address",
    "support_phone",
    "support_url",
)


def retrieve(ctx: Context, params: dict[str, Any]) -> Obj:
    """GET /v1/account."""
    return {
        "id": ctx.account,
        "object": "account",
        "business_profile": {
            **dict.fromkeys(_PROFILE),
            "annual_revenue": None,
            "name": "Tillwatch Demo Shop",
            "support_email": "support@shop.example.com",
            "url": "https://shop.example.com",
        },
        "business_type": "company",
        "capabilities": dict.fromkeys(_CAPABILITIES, "active"),
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "US",
        "created": 1_700_000_000,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "owner@shop.example.com",
        "external_accounts": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/accounts/{ctx.account}/external_accounts",
        },
        "future_requirements": dict(_DONE),
        "metadata": {},
        "payouts_enabled": True,
        "requirements": dict(_DONE),
        "settings": {**_SETTINGS, "payouts": balance_settings.of_account(ctx.tx.store)},
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": "standard",
    }


_SETTINGS: dict[str, Any] = {
    "bacs_debit_payments": {"display_name": None, "service_user_number": None},
    "branding": dict.fromkeys(("icon", "logo", "primary_color", "secondary_color")),
    "card_issuing": {"tos_acceptance": {"date": None, "ip": None}},
    "card_payments": {
        "decline_on": {"avs_failure": False, "cvc_failure": False},
        "statement_descriptor_prefix": None,
        "statement_descriptor_prefix_kana": None,
        "statement_descriptor_prefix_kanji": None,
    },
    "dashboard": {"display_name": "Tillwatch Demo Shop", "timezone": "Etc/UTC"},
    "invoices": {"default_account_tax_ids": None, "hosted_payment_method_save": "offer"},
    "payments": {
        "statement_descriptor": "TILLWATCH DEMO",
        "statement_descriptor_kana": None,
        "statement_descriptor_kanji": None,
        "statement_descriptor_prefix_kana": None,
        "statement_descriptor_prefix_kanji": None,
    },
    "sepa_debit_payments": {},
}
