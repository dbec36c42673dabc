"""What tests of events share: the worker's steps, the whole database, and each action by name."""

from __future__ import annotations

import json

from sqlalchemy import select

from core.actions.developer import events
from core.db.engine import reading, writing
from core.db.tables import events as table
from core.db.tables import metadata, payments
from core.inbox.event_processor import apply_inbox
from core.mirror.refresh import refresh
from tests.support.fixtures_logs import event

PAID = "payment_intent.succeeded"


def settle(context):
    """The worker's steps until nothing is left to do."""
    for _ in range(50):
        busy = apply_inbox(context.engine, context.books).any
        if not (refresh(context.engine, context.gateway(False), context.books) or busy):
            return
    raise AssertionError("the inbox did not come to rest")


def shown(context, payment_id):
    with reading(context.engine) as connection:
        query = select(payments).where(payments.c.stripe_id == payment_id)
        return connection.execute(query).mappings().one()


def state_of(context, event_id):
    with reading(context.engine) as connection:
        query = select(table.c.state, table.c.source).where(table.c.stripe_id == event_id)
        return tuple(connection.execute(query).one())


def put(context, **given):
    with writing(context.engine) as connection:
        return event(connection, **given)


def every_row(context):
    """The whole database, table by table."""
    with reading(context.engine) as connection:
        return {
            one.name: sorted(map(repr, connection.execute(select(one)).all()))
            for one in metadata.sorted_tables
        }


def real(context, payment_id, **changes):
    source = context.gateway(False).get(f"/v1/payment_intents/{payment_id}")
    source.pop("client_secret")
    return source | changes


def replay(context, caller, ids, livemode=False):
    return events.replay(context, caller, ids, livemode=livemode)


def dead(context, caller, livemode=False):
    return events.replay_dead(context, caller, livemode=livemode)


def dry(context, caller, name, livemode=False):
    return events.dry_run(context, caller, name, livemode=livemode)


def made(context, caller, kind="price.created", source=None, livemode=False):
    text = json.dumps(source or {"id": "price_1", "object": "price"})
    return events.simulate(context, caller, kind, text, livemode=livemode)
