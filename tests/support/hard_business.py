"""Business of every hard kind at an emulator, by short orders, and what it came to."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import strategies as st

from core.domain import payment_states
from core.errors import CardDeclined, StripeError
from tests.support.account_mirror import Spine

CURRENCIES = ("usd", "eur", "jpy", "kwd", "gbp")
CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_mastercard", "pm_card_createDispute")
#: The version that wrote refunds of what was released, and the newest.
VERSIONS = ("2024-06-20", "2026-10-28.endive")
WALLET = {
    "type": "amazon_pay",
    "amazon_pay": {
        "funding": {"type": "card", "card": {"brand": "visa", "last4": "4242", "country": "US"}}
    },
}

#: Types of rows that the emulator knows the category of, and their usual sign.
MOVEMENTS = (
    ("topup", 1),
    ("reserve_hold", -1),
    ("reserve_transaction", -1),
    ("payout_minimum_balance_hold", -1),
    ("tax_fee", -1),
    ("stripe_fee", -1),
    ("network_cost", -1),
    ("financing_payout", 1),
    ("financing_paydown", -1),
    ("adjustment", -1),
)

Order = tuple[str, int, int]


@dataclass
class Shop:
    """Carries out orders; what the account refuses is no business, and is passed over."""

    spine: Spine
    intents: list[str] = field(default_factory=list)
    charges: list[str] = field(default_factory=list)
    disputes: list[str] = field(default_factory=list)
    refunds: list[str] = field(default_factory=list)
    payouts: list[str] = field(default_factory=list)
    #: Fresh for each call of a run.
    keys: Any = field(default_factory=itertools.count)

    def post(self, path: str, **params: Any) -> dict[str, Any]:
        return self.spine.gateway.post(path, idempotency_key=f"order-{next(self.keys)}", **params)

    def order(self, order: Order) -> None:
        name, pick, size = order
        try:
            getattr(self, name)(pick, size)
        except (StripeError, CardDeclined, Refused):
            return

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        """A step of the bank's or the issuer's; `Refused` when it cannot be taken now."""
        try:
            found: dict[str, Any] = self.spine.emulator.control("POST", path, body)
        except ValueError as error:
            raise Refused from error
        return found

    def pay(self, pick: int, size: int) -> None:
        self._intent(pick, size)

    def hold(self, pick: int, size: int) -> None:
        self._intent(pick, size, capture_method="manual")

    def hold_for_many(self, pick: int, size: int) -> None:
        options = {"card": {"request_multicapture": "if_available"}}
        self._intent(pick, size, capture_method="manual", payment_method_options=options)

    def _intent(self, pick: int, size: int, **params: Any) -> None:
        made = self.post(
            "/v1/payment_intents",
            amount=1_000 + 10 * size,
            currency=CURRENCIES[pick % len(CURRENCIES)],
            automatic_payment_methods={"enabled": True, "allow_redirects": "never"},
            payment_method=CARDS[size % len(CARDS)],
            confirm=True,
            **params,
        )
        self.intents.append(made["id"])
        if made["latest_charge"]:
            self.charges.append(made["latest_charge"])

    def capture(self, pick: int, size: int) -> None:
        """A part of a hold, and the rest let go."""
        self._capture(pick, size, {})

    def capture_one_of_many(self, pick: int, size: int) -> None:
        self._capture(pick, size, {"final_capture": False})

    def _capture(self, pick: int, size: int, params: dict[str, Any]) -> None:
        intent = chosen(self.intents, pick)
        left = self.spine.gateway.get(f"/v1/payment_intents/{intent}")["amount_capturable"]
        amount = max(10, left * (1 + size % 10) // 10 // 10 * 10)
        self.post(f"/v1/payment_intents/{intent}/capture", amount_to_capture=amount, **params)

    def cancel(self, pick: int, size: int) -> None:
        self.post(f"/v1/payment_intents/{chosen(self.intents, pick)}/cancel")

    def charge(self, pick: int, size: int) -> None:
        """Without a PaymentIntent, captured at once or not."""
        made = self.post(
            "/v1/charges",
            amount=1_000 + 10 * size,
            currency=CURRENCIES[pick % len(CURRENCIES)],
            source="tok_visa",
            capture=bool(size % 3),
        )
        self.charges.append(made["id"])

    def capture_charge(self, pick: int, size: int) -> None:
        self.post(f"/v1/charges/{chosen(self.charges, pick)}/capture", amount=500 + 10 * size)

    def wallet(self, pick: int, size: int) -> None:
        made = self.control("charges", amount=1_000 + 10 * size, currency="usd", details=WALLET)
        self.charges.append(made["id"])

    def debit(self, pick: int, size: int) -> None:
        method = "us_bank_account"
        made = self.control("charges", amount=1_000 + 10 * size, currency="usd", method=method)
        self.charges.append(made["id"])

    def end_debit(self, pick: int, size: int) -> None:
        """The bank pays, or does not, before or long after it did."""
        status = ("succeeded", "failed")[size % 2]
        self.control(
            f"charges/{chosen(self.charges, pick)}", status=status, booked=bool(size % 4 == 3)
        )

    def refund(self, pick: int, size: int) -> None:
        made = self.post(
            "/v1/refunds", charge=chosen(self.charges, pick), amount=10 * (1 + size % 100)
        )
        self.refunds.append(made["id"])

    def refund_fails(self, pick: int, size: int) -> None:
        self.control(f"refunds/{chosen(self.refunds, pick)}", status="failed")

    def dispute(self, pick: int, size: int) -> None:
        reasons = ("fraudulent", "inquiry", "prevented", "product_not_received")
        made = self.control(
            "disputes",
            charge=chosen(self.charges, pick),
            reason=reasons[size % 4],
            amount=10 * (1 + size % 90),
        )
        self.disputes.append(made["id"])

    def bring_dispute(self, pick: int, size: int) -> None:
        self.control(
            f"disputes/{chosen(self.disputes, pick)}", status=_STATUSES[size % len(_STATUSES)]
        )

    def pay_out(self, pick: int, size: int) -> None:
        self.payouts += self.control("payouts")["payouts"]

    def payout_ends(self, pick: int, size: int) -> None:
        status = ("paid", "failed", "canceled")[size % 3]
        self.control(f"payouts/{chosen(self.payouts, pick)}", status=status)

    def movement(self, pick: int, size: int) -> None:
        """A row that no payment makes: reserves, top-ups, taxes, loans, network costs."""
        kind, sign = MOVEMENTS[pick % len(MOVEMENTS)]
        currency = CURRENCIES[size % 4]
        self.control(
            "balance_transactions", type=kind, amount=sign * (10 + size), currency=currency
        )

    def fees_have_parts(self, pick: int, size: int) -> None:
        self.control(
            "settings", fee_parts=[["tax", "withheld_tax"], [], ["application_fee"]][size % 3]
        )

    def days_pass(self, pick: int, size: int) -> None:
        self.control("clock", advance_seconds=(1 + size % 3) * 86_400)

    def older_version(self, pick: int, size: int) -> None:
        self.control("settings", api_version=VERSIONS[size % 2])


_STATUSES = (
    "needs_response",
    "under_review",
    "won",
    "lost",
    "warning_closed",
    "appeal_needs_response",
    "appeal_under_review",
)


class Refused(Exception):
    """The emulator does not take this step now."""


def chosen(ids: list[str], pick: int) -> str:
    """One of those that there are."""
    if not ids:
        raise Refused
    return ids[pick % len(ids)]


ORDERS: tuple[Callable[[Shop, int, int], None], ...] = (
    Shop.pay,
    Shop.hold,
    Shop.hold_for_many,
    Shop.capture,
    Shop.capture_one_of_many,
    Shop.cancel,
    Shop.charge,
    Shop.capture_charge,
    Shop.wallet,
    Shop.debit,
    Shop.end_debit,
    Shop.refund,
    Shop.refund,
    Shop.refund_fails,
    Shop.dispute,
    Shop.bring_dispute,
    Shop.pay_out,
    Shop.payout_ends,
    Shop.movement,
    Shop.movement,
    Shop.fees_have_parts,
    Shop.days_pass,
    Shop.older_version,
)
orders = st.lists(
    st.tuples(
        st.sampled_from([one.__name__ for one in ORDERS]), st.integers(0, 40), st.integers(0, 400)
    ),
    min_size=20,
    max_size=60,
)


class Sums(NamedTuple):
    """What a payment came to, minor units of its currency; fee and net of its settlement's."""

    captured: int
    refunded: int
    disputed: int
    outcome: str
    fee: int | None
    net: int | None


def listed(spine: Spine, path: str) -> list[dict[str, Any]]:
    """All objects of one of Stripe's lists."""
    return [one for page in spine.gateway.pages(path) for one in page]


def came_to(spine: Spine) -> dict[str, Sums]:
    """By the account's own lists: each payment's sums, from charges, refunds, disputes, ledger."""
    rows = defaultdict(list)
    for row in listed(spine, "/v1/balance_transactions"):
        rows[row["source"]].append(row)
    refunds, disputes = defaultdict(list), defaultdict(list)
    for refund in listed(spine, "/v1/refunds"):
        refunds[refund["charge"]].append(refund)
    for dispute in listed(spine, "/v1/disputes"):
        disputes[dispute["charge"]].append(dispute)
    found = {}
    for charge in listed(spine, "/v1/charges"):
        if charge["status"] == "failed" and not rows[charge["id"]]:
            continue
        mine = [one for one in refunds[charge["id"]] if one["status"] not in ("failed", "canceled")]
        paid_by = [*rows[charge["id"]]]
        back = 0
        for refund in mine:
            category = {row["reporting_category"] for row in rows[refund["id"]]}
            if "partial_capture_reversal" in category:
                paid_by += rows[refund["id"]]
            elif charge["captured"]:
                back += refund["amount"]
        found[charge["payment_intent"] or charge["id"]] = Sums(
            captured=charge["amount_captured"] or 0,
            refunded=back,
            disputed=_disputed(charge, disputes[charge["id"]]),
            outcome=payment_states.dispute_outcome(one["status"] for one in disputes[charge["id"]]),
            fee=sum(row["fee"] for row in paid_by) if paid_by else None,
            net=sum(row["net"] for row in paid_by) if paid_by else None,
        )
    return found


def _disputed(charge: dict[str, Any], disputes: list[dict[str, Any]]) -> int:
    held = [one for one in disputes if one["status"] in _HELD]
    return min(charge["amount_captured"] or 0, sum(one["amount"] for one in held))


_HELD = ("needs_response", "under_review", "lost", "appeal_needs_response", "appeal_under_review")
