"""A customer at the emulator's hosted pages without a browser: opens them and sends their forms."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import Any

import stripe

RETURN = "https://shop.example.com/thanks?session={CHECKOUT_SESSION_ID}"


@dataclass
class Page:
    """An answer; redirects are not followed."""

    status: int
    headers: Message
    body: bytes

    @property
    def to(self) -> str:
        """Where it sends the browser."""
        return str(self.headers["Location"] or "")


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def visit(url: str, form: dict[str, str] | bytes | None = None) -> Page:
    """Open a page, or send a form to it."""
    data = urllib.parse.urlencode(form).encode() if isinstance(form, dict) else form
    try:
        with urllib.request.build_opener(_Stays).open(url, data, timeout=20) as answer:
            return Page(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Page(error.code, error.headers, error.read())


def buy(url: str, choice: str = "pm_card_visa", **form: str) -> Page:
    """Send the Checkout page's form."""
    return visit(url, {"email": "ada@example.com", "name": "Ada", "choice": choice, **form})


def item(currency: str, unit: int, quantity: int, name: str) -> dict[str, Any]:
    """A line item with an inline price."""
    product = {"name": name}
    price = {"currency": currency, "unit_amount": unit, "product_data": product}
    return {"quantity": quantity, "price_data": price}


def new_session(client: stripe.StripeClient, **params: Any) -> stripe.checkout.Session:
    """A session over 20.00 USD unless said otherwise."""
    given: Any = {
        "mode": "payment",
        "success_url": RETURN,
        "line_items": [item("usd", 2000, 1, "Teapot")],
        **params,
    }
    return client.v1.checkout.sessions.create(given)
