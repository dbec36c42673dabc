"""Made-up events: in test mode alone, as Stripe would send them, and healed by reading again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core import errors
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.developer import events
from core.db.engine import reading
from core.db.tables import events as table
from core.db.tables import refund_requests, stale_objects
from core.errors import InvalidInput, Misconfigured, StripeNotFound
from core.inbox.event_processor import apply_inbox
from tests.support.events import PAID, every_row, made, real, settle, shown, state_of
from tests.support.fixtures_access import audited, person
from tests.support.fixtures_actions import pay


@pytest.fixture
def developer(console):
    return Caller(person(console, "developer"))


@pytest.fixture
def paid(context, backend):
    """A payment that succeeded, as Stripe and the mirror have it."""
    made = pay(context, backend, "pm_card_visa").payment_intent_id
    settle(context)
    return made


def test_a_made_up_event_changes_the_mirror_until_stripe_is_read_again(
    console, context, developer, paid
):
    source = real(context, paid, status="canceled", livemode=True)
    name = made(context, developer, "payment_intent.canceled", source)
    assert name.startswith("evt_sim_")
    assert state_of(context, name) == ("pending", "simulated")
    apply_inbox(context.engine, context.books)
    assert state_of(context, name) == ("applied", "simulated")
    assert (shown(context, paid)["status"], shown(context, paid)["confirmed"]) == (
        "canceled",
        False,
    )
    settle(context)
    assert (shown(context, paid)["status"], shown(context, paid)["confirmed"]) == (
        "succeeded",
        True,
    )
    (row,) = audited(console, "event.simulate")
    assert (row.actor, row.target, row.outcome) == (developer.user_id, name, "ok")


def test_a_made_up_event_keeps_no_client_secret(context, developer, paid):
    source = real(context, paid, client_secret=f"{paid}_secret_x")
    made(context, developer, PAID, source)
    assert "_secret_" not in repr(every_row(context))
    assert "client_secret" not in events.real_object(context, developer, PAID, paid)


def test_nothing_is_made_up_where_the_mode_is_live(console, context, developer):
    gateway = context.gateway(False)
    other = {
        "engine": context.engine,
        "books": context.books,
        "rules": context.rules,
        "cache": context.cache,
    }
    alone = ActionContext(gateways={True: gateway}, return_url="", step_up=None, **other)
    for place, livemode in ((context, True), (alone, False), (alone, True)):
        with pytest.raises(errors.TestModeOnly):
            made(place, developer, livemode=livemode)
    with pytest.raises((errors.TestModeOnly, Misconfigured)):
        events.real_object(alone, developer, PAID, "pi_1")
    with reading(console.engine) as connection:
        assert connection.execute(select(table)).first() is None
    assert audited(console, "event.simulate") == []


@pytest.mark.parametrize(
    ("kind", "text", "rule"),
    [
        ("payment.done", "{}", "type: is not a type"),
        (PAID, "", "object: must be JSON"),
        (PAID, "{", "object: must be JSON"),
        (PAID, '{"id": NaN}', "object: must be JSON"),
        (PAID, "[" * 100_000, "object: is nested too deeply|object: must be JSON"),
        (PAID, "[]", "object: must be a JSON object"),
        (PAID, '"pi_1"', "object: must be a JSON object"),
        (PAID, '{"id": "pi_1"}', "object: must say in `object`"),
        (PAID, '{"object": "payment_intent"}', "object: must have an `id`"),
        (PAID, '{"object": "payment_intent", "id": "pi 1"}', "object: must have an `id`"),
        (PAID, '{"object": "payment_intent", "id": 7}', "object: must have an `id`"),
        (PAID, '{"object": "charge", "id": "ch_1"}', "object: must be of the kind"),
        ("price.created", '{"object": "payment_intent", "id": "pi_1"}', "must be of the kind"),
        (PAID, '{"object": "payment_intent", "id": "pi_1", "x": "\\ud800"}', "must be JSON"),
        (PAID, '{"object": "payment_intent", "id": "pi_none"}', "object.id: is not an object"),
        (PAID, " " * 131_073, "object: must have at most"),
    ],
)
def test_what_cannot_be_an_event_names_its_rule_and_is_not_kept(
    context, developer, kind, text, rule
):
    with pytest.raises(InvalidInput, match=rule):
        events.simulate(context, developer, kind, text, livemode=False)
    with reading(context.engine) as connection:
        assert connection.execute(select(table)).first() is None
        assert connection.execute(select(stale_objects)).first() is None


@pytest.mark.parametrize(
    "changes",
    [
        {"created": 1},
        {"customer": "cus_other"},
        {"latest_charge": "ch_other"},
        {"latest_charge": {"id": "ch_other", "object": "charge"}},
        {"metadata": {"tillwatch_operation": "other"}},
    ],
)
def test_what_reading_again_could_not_undo_is_refused(context, developer, paid, changes):
    with pytest.raises(InvalidInput, match="must stay as it is at Stripe"):
        made(context, developer, PAID, real(context, paid, **changes))


def test_a_refund_that_was_asked_for_here_is_not_made_up(context, developer, paid):
    tag = {"tillwatch_operation": "11111111-1111-4111-8111-111111111111"}
    asked = {"payment_intent": paid, "amount": 100, "metadata": tag}
    refund = context.gateway(False).post("/v1/refunds", idempotency_key="r-1", **asked)
    before = every_row(context)
    with pytest.raises(InvalidInput, match="its request would follow for good"):
        made(context, developer, "refund.failed", refund | {"status": "failed"})
    assert every_row(context)[refund_requests.name] == before[refund_requests.name]


def test_a_real_object_is_read_for_the_form(context, developer, paid):
    source = events.real_object(context, developer, PAID, paid)
    assert (source["id"], source["object"]) == (paid, "payment_intent")
    with pytest.raises(StripeNotFound):
        events.real_object(context, developer, PAID, "pi_none")
    with pytest.raises(InvalidInput, match="type: carries an object that is not read here"):
        events.real_object(context, developer, "price.created", "price_1")
    with pytest.raises(InvalidInput, match="id: must have letters"):
        events.real_object(context, developer, PAID, "../balance")
