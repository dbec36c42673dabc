"""Charges: one for each attempt that reached the network, with its outcome and risk."""

from __future__ import annotations

from typing import Any

from core.emulator.http.params import merged
from core.emulator.resources import captures, cards, local_methods, reviews, three_d_secure
from core.emulator.resources.behaviours import BLOCKED, Kind
from core.emulator.state.ids import fingerprint_of
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden

_CARD_FIELDS = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding")
#: What no charge is able to that is captured at once.
_NOT_ABLE = dict.fromkeys(captures.REQUESTS.values(), "unavailable")
_REVIEWED = (
    "Stripe evaluated this payment as having elevated risk, and placed it in your manual review"
    " queue."
)


def make(ctx: Context, intent: Obj, method: Obj, *, status: str, outcome: dict[str, Any]) -> Obj:
    """A charge on a payment intent; `status` is succeeded, pending or failed."""
    kind = method["type"]
    charge_id = ctx.ids.new("ch" if kind == "card" else "py")
    manual = intent["capture_method"] == "manual"
    captured = status != "failed" and not manual
    charge: Obj = {
        "id": charge_id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if captured and status == "succeeded" else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": {
            name: method["billing_details"].get(name)
            for name in ("address", "email", "name", "phone", "tax_id")
        },
        "calculated_statement_descriptor": "TILLWATCH DEMO" if kind == "card" else None,
        "captured": captured,
        "created": ctx.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": outcome,
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {kind: details_of(ctx, method, intent), "type": kind},
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": status,
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }
    if status == "succeeded":
        charge["receipt_url"] = f"{ctx.base_url}/receipts/payment/{charge_id}"
    hidden(charge)["does"] = hidden(method).get("does")
    return ctx.tx.add(charge)


def details_of(ctx: Context, method: Obj, intent: Obj) -> dict[str, Any]:
    """`payment_method_details` for the method's type."""
    kind = method["type"]
    data = method.get(kind) or {}
    if kind == "card":
        return _card_details(ctx, data, intent)
    if kind == "link":
        return {"country": "US"}
    if kind == "paypal":
        return {
            "country": data.get("country"),
            "payer_email": method["billing_details"]["email"],
            "payer_id": fingerprint_of(method["id"])[:13].upper(),
            "payer_name": method["billing_details"]["name"],
            "seller_protection": {"dispute_categories": None, "status": "not_eligible"},
            "transaction_id": ctx.ids.token(17).upper(),
        }
    if kind in ("amazon_pay", "revolut_pay"):
        return {"funding": _funding(method), "transaction_id": ctx.ids.token(24).upper()}
    if kind == "us_bank_account":
        keys = ("account_holder_type", "account_type", "bank_name", "fingerprint", "last4")
        return {
            **{key: data[key] for key in keys},
            "mandate": hidden(intent).get("mandate"),
            "payment_reference": ctx.ids.token(15).upper(),
            "routing_number": data["routing_number"],
        }
    if kind == "sepa_debit":
        keys = ("bank_code", "branch_code", "country", "fingerprint", "last4")
        return {**{key: data[key] for key in keys}, "mandate": hidden(intent).get("mandate")}
    if kind in local_methods.LOCAL:
        return local_methods.details(ctx, method)
    if kind == "customer_balance":
        return {}
    transaction = str(ctx.now) + str(ctx.ids.number(10**18, 10**19))
    if kind == "wechat_pay":
        return {
            "fingerprint": fingerprint_of(method["id"]),
            "transaction_id": transaction,
        }
    return {"fingerprint": None, "transaction_id": transaction}


def _funding(method: Obj) -> dict[str, Any]:
    """The card inside a wallet: an object, and the brand as a text for people."""
    card = {
        "brand": "Visa",
        "country": method["billing_details"]["address"]["country"] or "US",
        "exp_month": 11,
        "exp_year": 2031,
        "funding": "credit",
        "last4": f"{int(fingerprint_of(method['id']), 36) % 10_000:04}",
    }
    return {"card": card, "type": "card"}


def _card_details(ctx: Context, card: dict[str, Any], intent: Obj) -> dict[str, Any]:
    manual = intent["capture_method"] == "manual"
    asked = intent["payment_method_options"].get("card") or {}
    able = _NOT_ABLE
    if manual:
        able = {
            feature: "available" if asked.get(request) == "if_available" else "unavailable"
            for request, feature in captures.REQUESTS.items()
        }
    most = captures.most_capturable(intent["amount"], able["overcapture"])
    details = {
        **{name: card[name] for name in _CARD_FIELDS},
        "amount_authorized": intent["amount"],
        "authorization_code": str(ctx.ids.number(100_000, 1_000_000)),
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": able["incremental_authorization"]},
        "installments": None,
        "last4": card["last4"],
        "mandate": hidden(intent).get("mandate"),
        "multicapture": {"status": able["multicapture"]},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": str(ctx.ids.number(10**14, 10**15)),
        "overcapture": {"maximum_amount_capturable": most, "status": able["overcapture"]},
        "regulated_status": "unregulated",
        "three_d_secure": three_d_secure.details(ctx, intent),
        "transaction_link_id": None,
        "wallet": None,
    }
    if manual:
        details["capture_before"] = ctx.now + 7 * 86_400
    return details


def approved(ctx: Context, method: Obj, score: int) -> dict[str, Any]:
    """The outcome of an authorized attempt."""
    if method["type"] != "card":
        return _unrated("approved_by_network", "authorized")
    reviewed = score >= reviews.ELEVATED
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": "elevated_risk_level" if reviewed else None,
        "risk_level": level(score),
        "risk_score": score,
        "seller_message": _REVIEWED if reviewed else "Payment complete.",
        "type": "manual_review" if reviewed else "authorized",
    }


def declined(code: str, decline_code: str, score: int) -> dict[str, Any]:
    """The outcome of an attempt that the issuer refused."""
    reason = decline_code or code
    return {
        "advice_code": cards.ADVICE.get(reason),
        "network_advice_code": None,
        "network_decline_code": "51" if reason == "insufficient_funds" else "01",
        "network_status": "declined_by_network",
        "reason": reason,
        "risk_level": level(score),
        "risk_score": score,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def blocked(score: int, kind: Kind) -> dict[str, Any]:
    """The outcome of an attempt that Radar blocked before the network saw it, by rule or score."""
    by_rule = kind is Kind.BLOCK
    outcome: dict[str, Any] = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "not_sent_to_network",
        "reason": "rule" if by_rule else "highest_risk_level",
        "risk_level": level(score),
        "risk_score": score,
        "seller_message": "Stripe blocked this payment as too risky.",
        "type": "blocked",
    }
    if by_rule:
        outcome["rule"] = "block_if_always_blocked_test_card"
    return outcome


def _unrated(network: str, kind: str) -> dict[str, Any]:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network,
        "reason": None,
        "risk_level": "not_assessed",
        "seller_message": "Payment complete.",
        "type": kind,
    }


def risk_score(ctx: Context, kind: Kind = Kind.SUCCEED) -> int:
    """Radar's score of an attempt, 0 to 99, by what its card stands for."""
    if "risk_score" in ctx.script:
        return int(ctx.script["risk_score"])
    chance = ctx.ids.chance()
    if kind in BLOCKED:
        return chance.randint(76, 99)
    if kind is Kind.ELEVATED_RISK:
        return chance.randint(65, 74)
    return min(chance.randint(0, 64), chance.randint(0, 64))


def level(score: int) -> str:
    """Radar's level for a score."""
    elevated = "elevated" if score >= reviews.ELEVATED else "normal"
    return "highest" if score >= 75 else elevated


def retrieve(ctx: Context, charge_id: str, params: dict[str, Any]) -> Obj:
    return ctx.need("charge", charge_id, in_path=True)


def update(ctx: Context, charge_id: str, params: dict[str, Any]) -> Obj:
    charge = ctx.need("charge", charge_id, in_path=True)
    if "metadata" in params:
        charge["metadata"] = merged(charge["metadata"], params["metadata"])
    for name in ("description", "receipt_email", "transfer_group"):
        if name in params:
            charge[name] = params[name]
    if "fraud_details" in params:
        charge["fraud_details"] = {
            key: value for key, value in params["fraud_details"].items() if value
        }
    ctx.emit("charge.updated", charge, {})
    return ctx.tx.touch(charge)
