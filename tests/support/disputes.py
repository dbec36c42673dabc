"""Disputed payments for tests, as the console knows them, and files to answer them with."""

from __future__ import annotations

import io
from typing import Any

from pypdf import PdfWriter

from core import clock
from core.access.principals import Caller
from core.actions.context import Desk
from core.db.engine import writing
from core.emulator.server import RunningEmulator
from core.gateway.objects import read_object
from core.mirror.apply import apply
from tests.support.fixtures_actions import pay

PNG = b"\x89PNG\r\n\x1a\n"
TEST = {"livemode": False}


def disputed(
    desk: Desk, emulator: RunningEmulator, caller: Caller, token: str = "pm_card_createDispute"
) -> str:
    """Pay, have it disputed, and bring the dispute into the mirror; its id."""
    payment = pay(desk, caller, token)
    emulator.settle()
    found = desk.gateway(False).get("/v1/disputes", payment_intent=payment.payment_intent_id)
    return mirrored(desk, found["data"][0]["id"])


def by_mastercard(desk: Desk, emulator: RunningEmulator, caller: Caller) -> str:
    """A dispute whose pages are counted."""
    payment = pay(desk, caller, "pm_card_mastercard")
    source = desk.gateway(False).get(f"/v1/payment_intents/{payment.payment_intent_id}")
    found = emulator.control("POST", "disputes", {"charge": source["latest_charge"]})
    return mirrored(desk, found["id"])


def mirrored(desk: Desk, dispute_id: str) -> str:
    """Read a dispute back into the mirror, as the worker does."""
    now = clock.now()
    snapshot = read_object(at_stripe(desk, dispute_id), as_of=now, confirmed=True, livemode=False)
    assert snapshot is not None
    with writing(desk.engine) as connection:
        apply(connection, [snapshot], desk.books, at=now)
    return dispute_id


def at_stripe(desk: Desk, dispute_id: str) -> dict[str, Any]:
    """The dispute as Stripe has it."""
    return desk.gateway(False).get(f"/v1/disputes/{dispute_id}")


def picture(size: int) -> bytes:
    """Something that passes for a PNG of exactly so many bytes."""
    return PNG.ljust(size, b"\0")


def pdf(pages: int, *, password: str | None = None) -> bytes:
    """A PDF with so many blank pages."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(72, 72)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
