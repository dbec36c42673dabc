"""Refunds as people make them in a browser."""

from __future__ import annotations

import re
from typing import Any

from tests.support.receivers import wait_until
from tests.support.whole_program import Visitor

_SEND = re.compile("^(Refund|Ask for) .*USD$")


def open_payment(visitor: Visitor, payment_id: str) -> Any:
    """The payment's page, once the worker has brought the payment here."""

    def there() -> Any:
        page = visitor.open(f"/payment?id={payment_id}")
        return page if page.get_by_role("button", name="Refund", exact=True).count() else None

    return wait_until(there, seconds=90)


def ask(visitor: Visitor, payment_id: str, note: str = "") -> tuple[str, str]:
    """Fill the dialog in and click its button twice; the rule it showed, and what it says then."""
    page = open_payment(visitor, payment_id)
    page.get_by_role("button", name="Refund", exact=True).click()
    dialog = page.locator("[data-testid=stDialog]")
    dialog.get_by_label("Reason").click()
    page.get_by_role("option", name="Requested by customer").click()
    if note:
        dialog.get_by_label("Note for colleagues").fill(note)
        page.keyboard.press("Tab")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stDialog] button')]"
        ".some(b => / USD$/.test(b.innerText) && !b.disabled)"
    )
    rule = dialog.locator("[data-testid=stAlert]").inner_text()
    dialog.get_by_role("button", name=_SEND).dblclick()
    dialog.locator(".st-key-refund_done").wait_for()
    return rule, dialog.locator("[data-testid=stAlert]").inner_text()


def ask_for_bulk(visitor: Visitor, search: str, percent: str) -> str:
    """Try a bulk out and ask for it; the address of its progress."""
    page = visitor.open(f"/bulk_refund?q={search}")
    page.get_by_role("radio", name="A percentage").click()
    page.get_by_label("Percent of what was captured").fill(percent)
    page.keyboard.press("Tab")
    visitor.settle()
    page.get_by_label("Reason").click()
    page.get_by_role("option", name="Requested by customer").click()
    visitor.settle()
    page.locator(".st-key-bulk_check button:enabled").first.click()
    page.locator(".st-key-bulk_ask button:enabled").first.click()
    page.wait_for_url("**/bulk_refund?**id=**")
    return str(page.url).removeprefix(visitor.base)
