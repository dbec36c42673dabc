"""The bank's test page over plain HTTP, and how it sends the customer back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import stripe

from core.emulator.hosted import pages
from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import CARD, client_of, pay, raw
from tests.support.hosted_pages import visit


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


@pytest.mark.parametrize(
    ("token", "outcome", "word", "status"),
    [
        ("pm_card_threeDSecure2Required", "succeed", "succeeded", "succeeded"),
        ("pm_card_threeDSecure2Required", "fail", "failed", "requires_payment_method"),
        (
            "pm_card_threeDSecureRequiredChargeDeclined",
            "succeed",
            "failed",
            "requires_payment_method",
        ),
        ("pm_paypal", "succeed", "succeeded", "succeeded"),
        ("pm_alipay", "fail", "failed", "requires_payment_method"),
    ],
)
def test_the_bank_returns_to_the_shop_as_stripe_does(
    client: stripe.StripeClient, token: str, outcome: str, word: str, status: str
) -> None:
    asked = pay(client, token, return_url="https://shop.example.com/back?a=1#end")
    page = str(asked.next_action.redirect_to_url.url) if asked.next_action else ""
    back = urlsplit(visit(page, {"outcome": outcome}).to)
    assert (back.netloc, back.path, back.fragment) == ("shop.example.com", "/back", "end")
    assert parse_qs(back.query) == {
        "a": ["1"],
        "payment_intent": [asked.id],
        "payment_intent_client_secret": [asked.client_secret],
        "redirect_status": [word],
    }
    assert client.v1.payment_intents.retrieve(asked.id).status == status
    assert visit(page, {"outcome": "succeed"}).status == 409


def test_without_a_return_url_the_challenge_ends_on_a_plain_page(
    client: stripe.StripeClient,
) -> None:
    made = client.v1.payment_intents.create({"amount": 2000, "currency": "jpy", **CARD})
    asked = client.v1.payment_intents.confirm(
        made.id, {"payment_method": "pm_card_threeDSecure2Required"}
    )
    sdk: Any = asked.next_action.use_stripe_sdk if asked.next_action else None
    shown = visit(sdk.stripe_js).body.decode()
    assert "¥2,000 JPY" in shown
    assert "3220" in shown
    assert visit(sdk.stripe_js, {"outcome": "maybe"}).status == 400
    done = visit(sdk.stripe_js, {"outcome": "succeed"})
    assert (done.status, "Authenticated" in done.body.decode()) == (200, True)
    assert client.v1.payment_intents.retrieve(made.id).status == "succeeded"


@pytest.mark.parametrize(
    ("url", "opens"),
    [
        ("https://shop.example.com/", True),
        ("myshop://done", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("/done", False),
        ("http://[x", False),
    ],
)
def test_only_what_a_browser_opens_is_gone_to(
    client: stripe.StripeClient, url: str, opens: bool
) -> None:
    assert pages.can_open(url) is opens
    asked = pay(client, "pm_card_threeDSecure2Required", return_url=url)
    page = str(asked.next_action.redirect_to_url.url) if asked.next_action else ""
    assert visit(page).status == 200
    assert (visit(page, {"outcome": "succeed"}).status == 303) is opens


def test_the_style_is_served_and_nothing_else(emulator: RunningEmulator) -> None:
    assert raw(emulator, "GET", "/_hosted/hosted.css").status == 200
    assert raw(emulator, "GET", "/_hosted/pages.py").status == 404
