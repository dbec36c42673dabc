"""A small shop's account, so that programs that copy accounts find something of every kind."""

from __future__ import annotations

import io
from collections.abc import Sequence

import stripe

from core.emulator.server import RunningEmulator
from core.emulator.simulation.hard_cases import CASES
from tests.clients.harness import KEY


def fill(running: RunningEmulator, without: Sequence[str] = ()) -> None:
    """A week of payments with all hard cases but some, and one of each other thing that is kept."""
    running.history(days=7, per_day=6, hard=[name for name in CASES if name not in without])
    client = stripe.StripeClient(KEY, base_addresses=_addresses(running), max_network_retries=0)
    _catalogue(client.v1)
    _customer(client.v1)
    _money(client.v1)
    running.settle()


def _addresses(running: RunningEmulator) -> stripe.BaseAddresses:
    return {"api": running.base_url, "files": running.base_url}


def _catalogue(api: stripe.V1Services) -> None:
    product = api.products.create({"name": "Kettle"})
    price = api.prices.create({"product": product.id, "currency": "usd", "unit_amount": 2500})
    api.plans.create({"product": product.id, "currency": "usd", "amount": 900, "interval": "month"})
    coupon = api.coupons.create({"percent_off": 10, "duration": "once"})
    api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
    api.payment_links.create({"line_items": [{"price": price.id, "quantity": 1}]})
    api.tax_rates.create({"display_name": "VAT", "percentage": 20.0, "inclusive": True})
    item = {"name": "Kettle"}
    data = {"currency": "usd", "unit_amount": 2500, "product_data": item}
    api.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://shop.example.com/thanks",
            "line_items": [{"price_data": data, "quantity": 2}],
        }
    )


def _customer(api: stripe.V1Services) -> None:
    ada = api.customers.create({"name": "Ada", "email": "ada@example.com", "source": "tok_visa"})
    api.customers.tax_ids.create(ada.id, {"type": "eu_vat", "value": "DE123456789"})
    api.customers.balance_transactions.create(ada.id, {"amount": -500, "currency": "usd"})
    api.payment_methods.attach("pm_card_mastercard", {"customer": ada.id})
    api.setup_intents.create(
        {
            "customer": ada.id,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "return_url": "https://shop.example.com/back",
        }
    )


def _money(api: stripe.V1Services) -> None:
    api.topups.create({"amount": 100_000, "currency": "usd"})
    account = api.accounts.create({"type": "standard", "country": "US"})
    sent = api.transfers.create({"amount": 2000, "currency": "usd", "destination": account.id})
    api.transfers.reversals.create(sent.id, {"amount": 500})
    picture = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    picture.name = "receipt.png"
    file = api.files.create({"purpose": "dispute_evidence", "file": picture})
    api.file_links.create({"file": file.id})
    api.webhook_endpoints.create(
        {"url": "https://shop.example.com/hook", "enabled_events": ["charge.succeeded"]}
    )
