"""Pictures of the screens for the documentation: `make pictures`, again at any time.

Starts the whole program on free ports with a seeded history, signs in, looks at each screen.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support import refund_browser
from tests.support import whole_program as stacks
from tests.support.receivers import wait_until

PICTURES = stacks.ROOT / "docs" / "pictures"
DESK, PHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}
PATHS = {
    "overview": "/overview",
    "payments": "/payments",
    "payment": "/payment?id={payment}",
    "revenue": "/revenue",
    "fraud": "/fraud",
    "refunds": "/refunds?tab=waiting",
    "bulk_refund": "{bulk}",
    "checkout": "/checkout",
    "events": "/events",
    "api_log": "/api_log",
    "users": "/users",
    "audit": "/audit",
}
#: Who looks at a screen; finance at the others.
PEOPLE = {
    "fraud": "risk@demo.test",
    "refunds": "lead@demo.test",
    "bulk_refund": "lead@demo.test",
    "checkout": "dev@demo.test",
    "events": "dev@demo.test",
    "api_log": "dev@demo.test",
    "users": "admin@demo.test",
    "audit": "admin@demo.test",
}
#: Name of the picture, screen, and what the browser is told.
SHOTS: list[tuple[str, str, dict[str, Any]]] = [
    *((f"{name}_1440", name, {"viewport": DESK}) for name in PATHS),
    *((f"{name}_390", name, {"viewport": PHONE, "has_touch": True}) for name in PATHS),
    *(
        (f"{name}_1440_dark", name, {"viewport": DESK, "color_scheme": "dark"})
        for name in ("overview", "payments", "revenue", "refunds", "checkout", "events", "audit")
    ),
    *(
        (f"{name}_1440_zh", name, {"viewport": DESK, "locale": "zh-CN"})
        for name in ("payments", "revenue", "refunds", "checkout", "events", "users", "audit")
    ),
]


def main() -> None:
    """Take all pictures, or fail saying what is missing."""
    if stacks.chromium() is None:
        sys.exit("Chromium is not installed: no pictures.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    args = ("--days", "60", "--per-day", "150", "--seed", "7", "--per-minute", "3")
    with tempfile.TemporaryDirectory() as folder, stacks.running(Path(folder), *args) as stack:
        paths = PATHS | {"payment": PATHS["payment"].format(payment=_eventful(stack))}
        with stacks.browsing() as browser:
            paths["bulk_refund"] = _refunds(browser, stack)
            for name, screen, context in SHOTS:
                who = PEOPLE.get(screen, "finance@demo.test")
                visitor = stacks.sign_in(browser, stack, who, **context)
                _take(visitor, name, paths[screen])
                sys.stdout.write(f"{name}.png\n")


def _eventful(stack: stacks.Stack) -> str:
    """A converted payment that was refunded in part: something of everything to see."""
    client = stack.stripe.v1
    payment = stack.pay(
        amount=12_340,
        currency="gbp",
        description="Order 4711",
        receipt_email="emil.becker@example.com",
        metadata={"order_id": "4711", "user_id": "42"},
    )
    client.refunds.create(
        {"payment_intent": payment.id, "amount": 2_340, "reason": "requested_by_customer"}
    )
    return payment.id


def _refunds(browser: Any, stack: stacks.Stack) -> str:
    """Requests that wait, one of them the lead's own, and a bulk; the bulk's address."""
    support = stacks.sign_in(browser, stack, "support@demo.test")
    note = "The carrier lost the parcel; the customer has waited for three weeks"
    refund_browser.ask(support, stack.pay(amount=64_700).id, note)
    support.page.context.close()
    lead = stacks.sign_in(browser, stack, "lead@demo.test")
    refund_browser.ask(lead, stack.pay(amount=120_000).id, "Agreed with the shop's owner")
    address = refund_browser.ask_for_bulk(lead, "created:48h status:succeeded", "5")
    lead.page.context.close()
    return address


def _scored(visitor: stacks.Visitor) -> None:
    """The worker scores the history in the minutes after it came."""

    def flagged() -> bool:
        page = visitor.open("/fraud")
        return bool(page.locator(stacks.TABLE).count() > 0)

    wait_until(flagged, seconds=300)


def _decline(visitor: stacks.Visitor) -> None:
    """A payment that does not go through: what it means, and the calls behind it."""
    page = visitor.page
    page.locator(".st-key-checkout_group button").nth(2).click()
    visitor.settle()
    page.locator(".st-key-checkout_card_declines [data-testid=stRadioOption]").nth(1).click()
    visitor.settle()
    page.locator(".st-key-checkout_pay button:visible").first.click()
    page.locator(".st-key-checkout_result").get_by_text("charge.failed").wait_for()
    visitor.settle()
    page.locator(".st-key-checkout_result").scroll_into_view_if_needed()


def _open_newest(visitor: stacks.Visitor) -> None:
    """The newest event in its drawer, with what applying it again would change."""
    visitor.page.wait_for_selector(stacks.TABLE)
    event_id = visitor.cells()[0][-1]
    visitor.open(f"/events?event={event_id}")
    visitor.page.get_by_role("button", name="What would change?").click()
    visitor.page.get_by_text("On trial").wait_for()
    visitor.page.mouse.move(0, 0)


def _take(visitor: stacks.Visitor, name: str, path: str) -> None:
    page = visitor.open(path)
    if path == "/" or path.startswith("/revenue"):
        page.wait_for_selector(".js-plotly-plot .bars")
    if path == "/":
        page.wait_for_selector("svg.trend")
    if path == "/fraud":
        _scored(visitor)
    if path == "/checkout":
        _decline(visitor)
    if path == "/events" and name == "events_1440":
        _open_newest(visitor)
    # Canvases draw a frame or two after the last element is in place.
    page.wait_for_timeout(800)
    page.screenshot(path=PICTURES / f"{name}.png")
    page.context.close()


if __name__ == "__main__":
    main()
