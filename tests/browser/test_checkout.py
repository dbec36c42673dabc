"""In a real browser without script: the hosted Checkout page, the bank's page, and the way back."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of, pay
from tests.support.hosted_pages import item, new_session

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """A shop on another address that sends its customers on once more, as shops do."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/thanks"):
                # Another name for this machine is another origin to the browser.
                port = self.server.server_address[1]
                self.send_response(302)
                self.send_header("Location", f"http://localhost:{port}/order{self.path[7:]}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = b"<!doctype html><title>Shop</title><h1>Your order</h1>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


@pytest.fixture
def page(browser: Any, emulator: RunningEmulator, shop: str) -> Iterator[Any]:
    """A page without script; it may ask nobody but the emulator and the shop, and be refused
    nothing by the pages' own policy."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    found, remote, said = context.new_page(), [], []
    ours = (emulator.base_url, shop, shop.replace("127.0.0.1", "localhost"))
    found.on("request", lambda r: None if r.url.startswith(ours) else remote.append(r.url))
    found.on("console", lambda message: said.append(message.text))
    yield found
    context.close()
    assert remote == []
    # The browser reports a declined form's 402 as an error of its own; that is none.
    assert [text for text in said if "402" not in text] == []


def fill(page: Any, choice: str = "pm_card_visa") -> None:
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Test card", exact=True).select_option(choice)
    page.get_by_role("button", name="Pay").click()


def test_a_card_pays_and_the_customer_is_at_the_shop(
    page: Any, client: stripe.StripeClient, shop: str
) -> None:
    made = new_session(client, success_url=f"{shop}/thanks?session={{CHECKOUT_SESSION_ID}}")
    page.goto(made.url)
    fill(page)
    page.wait_for_url(f"http://localhost:*/order?session={made.id}")
    assert page.locator("h1").inner_text() == "Your order"
    assert client.v1.checkout.sessions.retrieve(made.id).payment_status == "paid"
    page.goto(made.url)
    assert page.get_by_role("link", name="Back to the shop").count() == 1


def test_declined_then_refused_at_the_bank_then_paid(
    page: Any, client: stripe.StripeClient, shop: str
) -> None:
    made = new_session(client, success_url=f"{shop}/thanks?session={{CHECKOUT_SESSION_ID}}")
    page.goto(made.url)
    fill(page, "pm_card_visa_chargeDeclinedInsufficientFunds")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == "Your card has insufficient funds."
    assert page.get_by_label("E-mail").input_value() == "ada@example.com"
    fill(page, "pm_card_threeDSecure2Required")
    page.get_by_role("button", name="Fail authentication").click()
    alert.wait_for()
    assert alert.inner_text().startswith("We are unable to authenticate")
    fill(page, "pm_card_threeDSecure2Required")
    assert "$20.00 USD" in page.locator("main").inner_text()
    page.get_by_role("button", name="Complete authentication").click()
    page.wait_for_url(f"http://localhost:*/order?session={made.id}")
    assert client.v1.checkout.sessions.retrieve(made.id).payment_status == "paid"


def test_a_typed_number_wins_over_the_list(
    page: Any, client: stripe.StripeClient, shop: str
) -> None:
    made = new_session(client, success_url=f"{shop}/order")
    page.goto(made.url)
    page.get_by_label("E-mail").fill("ada@example.com")
    number = page.get_by_label("or a test card number")
    number.fill("4111 1111 1111 1111")
    page.get_by_role("button", name="Pay").click()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "non test" in alert.inner_text()
    assert number.input_value() == ""
    number.fill("5555 5555 5555 4444")
    page.get_by_role("button", name="Pay").click()
    page.wait_for_url(f"{shop}/order")
    paid = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    intent: Any = paid.payment_intent
    charge: Any = client.v1.charges.retrieve(str(intent.latest_charge))
    assert charge.payment_method_details.card.last4 == "4444"


def test_the_total_follows_the_shipping(page: Any, client: stripe.StripeClient, shop: str) -> None:
    rates = [
        {"shipping_rate_data": {"display_name": name, "type": "fixed_amount", "fixed_amount": cost}}
        for name, cost in (
            ("Post", {"amount": 500, "currency": "jpy"}),
            ("Courier", {"amount": 1500, "currency": "jpy"}),
        )
    ]
    made = new_session(
        client,
        line_items=[item("jpy", 2000, 1, "Teapot")],
        shipping_options=rates,
        success_url=f"{shop}/order",
        cancel_url=f"{shop}/basket",
    )
    page.goto(made.url)
    assert page.locator(".total").inner_text().split("\n")[0] == "¥2,500 JPY"
    page.get_by_label("Courier").check()
    assert page.locator(".total").inner_text() == "¥3,500 JPY"
    assert page.get_by_role("button").inner_text() == "Pay ¥3,500 JPY"
    fill(page)
    page.wait_for_url(f"{shop}/order")
    assert client.v1.checkout.sessions.retrieve(made.id).amount_total == 3500


def test_the_cancel_link_leaves_without_paying(
    page: Any, client: stripe.StripeClient, shop: str
) -> None:
    made = new_session(client, cancel_url=f"{shop}/basket")
    page.goto(made.url)
    page.get_by_role("link", name="Back").click()
    page.wait_for_url(f"{shop}/basket")
    assert client.v1.checkout.sessions.retrieve(made.id).status == "open"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_a_phone(
    browser: Any, client: stripe.StripeClient, emulator: RunningEmulator, scheme: Any
) -> None:
    lines = [item("kwd", 123_456_780, 99, "Crane" * 30), item("kwd", 10, 1, "Tag")]
    asked = pay(client, "pm_card_threeDSecure2Required", amount=99_999_999)
    bank = asked.next_action.redirect_to_url if asked.next_action else None
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    for url in (new_session(client, line_items=lines).url, str(bank and bank.url)):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        ink, paper = page.evaluate(
            "[getComputedStyle(document.body).color,"
            " getComputedStyle(document.querySelector('main')).backgroundColor]"
        )
        assert (sum(map(int, ink[4:-1].split(","))) > sum(map(int, paper[4:-1].split(",")))) is (
            scheme == "dark"
        )
    context.close()
