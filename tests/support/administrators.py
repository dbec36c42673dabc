"""An administrators' context without Stripe, and what it leaves behind."""

from __future__ import annotations

from sqlalchemy import select

from core.access import tokens, users
from core.actions.context import ActionContext
from core.cache import ProcessCache
from core.db.engine import reading, writing
from core.db.tables import audit_log
from core.ledger.booking import Scope
from core.mirror.apply import BookingContext
from tests.support.fixtures_access import email_of
from tests.support.fixtures_actions import RULES


def office_of(console, *, production=False) -> ActionContext:
    """A context without Stripe: nothing here asks for it."""
    books = BookingContext(Scope(console.settings.zone))
    return ActionContext(
        console.engine, {}, books, RULES, ProcessCache(), "", production, step_up=None
    )


def of(console, user_id):
    with reading(console.engine) as connection:
        return next(u for u in users.everyone(connection) if u.user_id == user_id)


def token_of(console, user_id):
    with writing(console.engine) as connection:
        email = email_of(console, user_id)
        return tokens.create(connection, email=email, roles=["service"], actor="test")[0]


def rows(console):
    with reading(console.engine) as connection:
        asked = select(audit_log).order_by(audit_log.c.seq)
        return [row for row in connection.execute(asked) if row.actor != "test"]
