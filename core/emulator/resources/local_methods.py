"""Methods of one country or region: bank redirects, codes to scan, vouchers to pay in a shop.

What a customer does with a voucher, the e-mail says as in Stripe's test mode (its pages on OXXO,
Boleto, Konbini, Multibanco and Pix): `succeed_immediately@`, `expire_immediately@`,
`expire_with_delay@`, `fill_never@`; any other pays after three minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.emulator.resources.behaviours import Behaviour, Kind
from core.emulator.state.ids import fingerprint_of
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

_SOON_MS, _DELAY_MS = 2_000, 180_000
_DAY_MS = 86_400_000
#: The customer confirms in the bank's app within this time.
_BLIK_MS = 60_000


@dataclass(frozen=True, slots=True)
class LocalMethod:
    """A type of payment method: how it pays, in which currencies, and what it shows."""

    kind: Kind
    currencies: tuple[str, ...]
    #: What the payment method keeps of its own hash.
    fields: tuple[str, ...] = ()
    #: What the charge says of it, beside those fields.
    details: Mapping[str, Any] = field(default_factory=dict)
    #: How long a voucher is good for.
    days: int = 3


_BANK_DEBIT = {"generated_sepa_debit": None, "generated_sepa_debit_mandate": None}
_EURO = ("eur",)
LOCAL: dict[str, LocalMethod] = {
    "affirm": LocalMethod(
        Kind.REDIRECT,
        ("cad", "usd"),
        details={"transaction_id": None},
    ),
    "afterpay_clearpay": LocalMethod(
        Kind.REDIRECT,
        ("aud", "cad", "gbp", "nzd", "usd"),
        details={"order_id": None, "reference": None},
    ),
    "bancontact": LocalMethod(
        Kind.REDIRECT,
        _EURO,
        details={
            **_BANK_DEBIT,
            "bank_code": "VAPE",
            "bank_name": "VAN DE PUT & CO",
            "bic": "VAPEBE22",
            "iban_last4": "7061",
            "preferred_language": None,
            "verified_name": "Jenny Rosen",
        },
    ),
    "blik": LocalMethod(Kind.CODE, ("pln",), details={"buyer_id": None}),
    "boleto": LocalMethod(Kind.VOUCHER, ("brl",), ("tax_id",)),
    "cashapp": LocalMethod(
        Kind.REDIRECT,
        ("usd",),
        details={"buyer_id": None, "cashtag": "$jenny", "transaction_id": None},
    ),
    "eps": LocalMethod(Kind.REDIRECT, _EURO, ("bank",), {"verified_name": "Jenny Rosen"}),
    "grabpay": LocalMethod(Kind.REDIRECT, ("myr", "sgd"), details={"transaction_id": None}),
    "ideal": LocalMethod(
        Kind.REDIRECT,
        _EURO,
        ("bank",),
        {
            **_BANK_DEBIT,
            "bic": None,
            "iban_last4": "5264",
            "transaction_id": None,
            "verified_name": "Jenny Rosen",
        },
    ),
    "klarna": LocalMethod(
        Kind.REDIRECT,
        ("aud", "cad", "chf", "czk", "dkk", "eur", "gbp", "nok", "nzd", "pln", "sek", "usd"),
        details={
            "payer_details": None,
            "payment_method_category": "pay_later",
            "preferred_locale": None,
        },
    ),
    "konbini": LocalMethod(Kind.VOUCHER, ("jpy",), details={"store": {"chain": "lawson"}}),
    "mobilepay": LocalMethod(Kind.REDIRECT, ("dkk", "eur", "nok", "sek"), details={"card": None}),
    "multibanco": LocalMethod(
        Kind.VOUCHER, _EURO, details={"entity": "12345", "reference": None}, days=11
    ),
    "oxxo": LocalMethod(Kind.VOUCHER, ("mxn",), details={"number": None}),
    "p24": LocalMethod(
        Kind.REDIRECT,
        ("eur", "pln"),
        ("bank",),
        {"reference": None, "verified_name": "Jenny Rosen"},
    ),
    "pix": LocalMethod(
        Kind.VOUCHER,
        ("brl",),
        details={"bank_transaction_id": None, "fingerprint": None, "mandate": None},
        days=1,
    ),
    "promptpay": LocalMethod(Kind.CODE, ("thb",), details={"reference": None}),
    "swish": LocalMethod(
        Kind.REDIRECT,
        ("sek",),
        details={"fingerprint": None, "payment_reference": None, "verified_phone_last4": None},
    ),
    "twint": LocalMethod(Kind.REDIRECT, ("chf",), details={"mandate": None}),
}
BEHAVIOURS = {name: Behaviour(method.kind) for name, method in LOCAL.items()}
CURRENCIES = {name: method.currencies for name, method in LOCAL.items()}


def kept(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """What a payment method of this type shows of itself."""
    shown = {name: data.get(name) for name in LOCAL[kind].fields}
    if kind == "boleto":
        shown["tax_id"] = shown["tax_id"] or ""
    if kind == "ideal":
        shown["bic"] = None
    if kind == "blik":
        shown = {"buyer_id": None}
    if kind == "cashapp":
        shown = {"buyer_id": None, "cashtag": None}
    if kind == "pix":
        shown = {"fingerprint": None}
    return shown


def details(ctx: Context, method: Obj) -> dict[str, Any]:
    """`payment_method_details` of a charge by such a method."""
    kind = method["type"]
    found = {**LOCAL[kind].details, **{n: method[kind].get(n) for n in LOCAL[kind].fields}}
    for name in ("transaction_id", "reference", "number", "order_id"):
        if name in found and found[name] is None:
            found[name] = ctx.ids.token(16).upper()
    return found


def plan(kind: str, email: str | None, until_ms: int) -> tuple[bool, int]:
    """(whether the customer pays, in how many ms that or the end comes); `until_ms` of its end."""
    if LOCAL[kind].kind is Kind.CODE:
        return False, _BLIK_MS if kind == "blik" else until_ms
    name = (email or "").partition("@")[0]
    if name.endswith("succeed_immediately"):
        return True, _SOON_MS
    if name.endswith("expire_immediately"):
        return False, _SOON_MS
    if name.endswith("expire_with_delay"):
        return False, _DELAY_MS
    return (False, until_ms) if name.endswith("fill_never") else (True, _DELAY_MS)


def life_ms(kind: str, options: dict[str, Any], now_ms: int) -> int:
    """How long a voucher lives, by `payment_method_options` of its type or by Stripe's default."""
    if options.get("expires_at"):
        return max(0, int(options["expires_at"]) * 1000 - now_ms)
    if options.get("expires_after_seconds"):
        return int(options["expires_after_seconds"]) * 1000
    return int(options.get("expires_after_days", LOCAL[kind].days)) * _DAY_MS


def next_action(ctx: Context, intent: Obj, kind: str, expires_at: int) -> dict[str, Any]:
    """What the customer is shown: the voucher or the code, and until when."""
    page = f"{ctx.base_url}/_hosted/authenticate/{intent['id']}"
    number = str(int(fingerprint_of(intent["id"]), 36))[:14]
    if kind == "blik":
        return {"blik_authorize": {}, "type": "blik_authorize"}
    pictures = {"image_url_png": f"{page}?code.png", "image_url_svg": f"{page}?code.svg"}
    name, shown = {
        "boleto": (
            "boleto_display_details",
            {"expires_at": expires_at, "hosted_voucher_url": page, "number": number, "pdf": page},
        ),
        "konbini": (
            "konbini_display_details",
            {"expires_at": expires_at, "hosted_voucher_url": page, "stores": _stores(number)},
        ),
        "multibanco": (
            "multibanco_display_details",
            {
                "entity": "12345",
                "expires_at": expires_at,
                "hosted_voucher_url": page,
                "reference": number[:9],
            },
        ),
        "oxxo": (
            "oxxo_display_details",
            {"expires_after": expires_at, "hosted_voucher_url": page, "number": number},
        ),
        "pix": (
            "pix_display_qr_code",
            {
                "data": number,
                "expires_at": expires_at,
                "hosted_instructions_url": page,
                **pictures,
            },
        ),
        "promptpay": (
            "promptpay_display_qr_code",
            {"data": number, "hosted_instructions_url": page, **pictures},
        ),
    }[kind]
    return {name: shown, "type": name}


def _stores(number: str) -> dict[str, Any]:
    chains = ("familymart", "lawson", "ministop", "seicomart")
    return {name: {"confirmation_number": number[:11], "payment_code": number} for name in chains}
