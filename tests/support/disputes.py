"""Disputed payments for tests, as the console knows them, and files to answer them with."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from pypdf import PdfWriter

from core import clock
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.db.engine import writing
from core.emulator.server import RunningEmulator
from core.gateway.objects import read_object
from core.mirror.apply import apply
from tests.support.fixtures_actions import pay

PNG = b"\x89PNG\r\n\x1a\n"
TEST = {"livemode": False}


def disputed(
    context: ActionContext,
    emulator: RunningEmulator,
    caller: Caller,
    token: str = "pm_card_createDispute",
) -> str:
    """Pay, have it disputed, and bring the dispute into the mirror; its id."""
    payment = pay(context, caller, token)
    emulator.settle()
    found = context.gateway(False).get("/v1/disputes", payment_intent=payment.payment_intent_id)
    return mirrored(context, found["data"][0]["id"])


def by_mastercard(context: ActionContext, emulator: RunningEmulator, caller: Caller) -> str:
    """A dispute whose pages are counted."""
    payment = pay(context, caller, "pm_card_mastercard")
    source = context.gateway(False).get(f"/v1/payment_intents/{payment.payment_intent_id}")
    found = emulator.control("POST", "disputes", {"charge": source["latest_charge"]})
    return mirrored(context, found["id"])


def mirrored(context: ActionContext, dispute_id: str) -> str:
    """Read a dispute back into the mirror, as the worker does."""
    now = clock.now()
    snapshot = read_object(
        at_stripe(context, dispute_id), as_of=now, confirmed=True, livemode=False
    )
    assert snapshot is not None
    with writing(context.engine) as connection:
        apply(connection, [snapshot], context.books, at=now)
    return dispute_id


def at_stripe(context: ActionContext, dispute_id: str) -> dict[str, Any]:
    """The dispute as Stripe has it."""
    return context.gateway(False).get(f"/v1/disputes/{dispute_id}")


def picture(size: int) -> bytes:
    """A PNG of one pixel and exactly so many bytes, 100 or more."""
    head = PNG + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    tail = _chunk(b"IDAT", zlib.compress(b"\0\0")) + _chunk(b"IEND", b"")
    filler = size - len(head) - len(tail) - len(_chunk(b"prVt", b""))
    return head + _chunk(b"prVt", bytes(filler)) + tail


def _chunk(name: bytes, data: bytes) -> bytes:
    checked = name + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


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
