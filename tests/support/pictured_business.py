"""What the pictures of the documentation show: things that a seeded history has none of."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core import clock
from tests.support import refund_browser
from tests.support import whole_program as stacks
from tests.support.bank_files import camt053, line, statement

ACCOUNT = "US64SVBKUS6S33009588"


def made(browser: Any, stack: stacks.Stack, folder: Path) -> Mapping[str, str]:
    """Make it all; ids and addresses by the names that `pictures.SCREENS` puts into addresses."""
    first, second = (_twice(stack) for _ in range(2))
    things = {"payment": _eventful(stack), "twice": second.id, "twice_by": str(first.customer)}
    things["bulk"] = _refunds(browser, stack)
    things["payout"] = _bank(browser, stack, folder)
    today = clock.now().date()
    last_month = today.replace(day=1) - timedelta(days=1)
    yesterday = today - timedelta(days=1)
    return things | {
        "today": today.isoformat(),
        "yesterday": yesterday.isoformat(),
        "month": f"{last_month:%Y-%m}",
    }


def _twice(stack: stacks.Stack) -> Any:
    """What looks charged twice when it is made twice."""
    found = stack.stripe.v1.customers.list({"email": "maria.silva@example.com"}).data
    customer = found[0] if found else _maria(stack)
    return stack.pay(
        amount=5_420,
        customer=customer.id,
        description="Order 4711",
        receipt_email=customer.email,
    )


def _maria(stack: stacks.Stack) -> Any:
    return stack.stripe.v1.customers.create(
        {"name": "Maria Silva", "email": "maria.silva@example.com"}
    )


def _eventful(stack: stacks.Stack) -> str:
    """A converted payment that was refunded in part: something of everything to see."""
    payment = stack.pay(
        amount=12_340,
        currency="gbp",
        description="Order 4712",
        receipt_email="emil.becker@example.com",
        metadata={"order_id": "4712", "user_id": "42"},
    )
    stack.stripe.v1.refunds.create(
        {"payment_intent": payment.id, "amount": 2_340, "reason": "requested_by_customer"}
    )
    return str(payment.id)


def _refunds(browser: Any, stack: stacks.Stack) -> str:
    """Requests that wait, one of them the lead's own, and a bulk; the bulk's address."""
    support = stacks.sign_in(browser, stack, "support@demo.test")
    note = "The carrier lost the parcel; the customer has waited for three weeks"
    refund_browser.ask(support, stack.pay(amount=64_700).id, note)
    support.page.context.close()
    lead = stacks.sign_in(browser, stack, "lead@demo.test")
    refund_browser.ask(lead, stack.pay(amount=120_000).id, "Agreed with the shop's owner")
    address = refund_browser.ask_for_bulk(lead, "created:48h status:succeeded currency:eur", "5")
    lead.page.context.close()
    return address


def _bank(browser: Any, stack: stacks.Stack, folder: Path) -> str:
    """A statement of all dollar payouts but one, and one of which is short; a payout of it."""
    with sqlite3.connect(stack.var_dir / "tillwatch.db") as connection:
        found = connection.execute(
            "select stripe_id, amount_minor, arrival_at from payouts where currency = 'usd'"
            " and status = 'paid' and amount_minor > 0 order by arrival_at"
        ).fetchall()
    shown = [(id_, minor, datetime.fromtimestamp(at / 1e6, UTC).date()) for id_, minor, at in found]
    absent, short = shown[-3][0], shown[-5][0]
    lines = [
        line(
            minor - 25 * 100 if id_ == short else minor,
            booked_on=day,
            value_on=None,
            currency="usd",
            references=(id_,),
        )
        for id_, minor, day in shown
        if id_ != absent
    ]
    file = folder / "statement.xml"
    file.write_bytes(camt053(statement(lines, currency="usd", account=ACCOUNT)))
    finance = stacks.sign_in(browser, stack, "finance@demo.test")
    page = finance.open("/bank")
    page.locator(".st-key-bank_import button").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text(file.name).wait_for()
    finance.settle()
    page.locator(".st-key-bank_import_now button").click()
    page.locator("[data-testid=stDialog]").wait_for(state="detached")
    finance.settle()
    page.context.close()
    return str(shown[-2][0])
