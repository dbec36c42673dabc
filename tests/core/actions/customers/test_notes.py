"""A note on a customer is kept with who wrote it, cards covered, and stands in the log."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.access.principals import Caller
from core.actions.customers import notes
from core.db.engine import reading, writing
from core.db.tables import audit_log, customer_notes
from core.errors import InvalidInput, NotFound
from tests.support.factories import paid
from tests.support.fixtures_access import person

TEST = {"livemode": False}


@pytest.fixture
def writer(console):
    with writing(console.engine) as connection:
        paid(connection, customer_id="cus_1", email="maria@shop.example")
    return Caller(person(console, "support"))


def test_a_note_is_kept_without_the_card_and_audited(console, context, writer):
    notes.add(context, writer, "cus_1", "paid with\n4242 4242 4242 4242", **TEST)
    notes.add(context, writer, "Maria@shop.example", "is kind", **TEST)
    with reading(console.engine) as connection:
        n, a = customer_notes.c, audit_log.c
        kept = connection.execute(select(n.customer_id, n.email, n.text, n.author).order_by(n.id))
        assert kept.all() == [
            ("cus_1", None, "paid with •••• 4242", writer.actor),
            (None, "maria@shop.example", "is kind", writer.actor),
        ]
        noted = connection.scalars(select(a.target).where(a.action == notes.NOTE).order_by(a.seq))
        assert noted.all() == ["cus_1", "Maria@shop.example"]


def test_a_note_needs_a_customer_and_a_text(console, context, writer):
    for nobody in ("cus_2", "none@shop.example"):
        with pytest.raises(NotFound):
            notes.add(context, writer, nobody, "called", **TEST)
    with pytest.raises(NotFound):
        notes.add(context, writer, "cus_1", "called", livemode=True)
    for text in ("", "  ", "x" * (notes.LONGEST_NOTE + 1)):
        with pytest.raises(InvalidInput, match="text"):
            notes.add(context, writer, "cus_1", text, **TEST)
    with reading(console.engine) as connection:
        assert connection.execute(select(customer_notes)).all() == []
