"""Changing settings: checked, noted with before and after, refused where it would do harm."""

from __future__ import annotations

import json
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from core import clock
from core.actions.admin import settings as actions
from core.actions.admin import stripe_keys, tokens
from core.alerts.channel_urls import ChannelSecrets
from core.configuration import store
from core.db.engine import reading, writing
from core.db.tables import periods
from core.encryption import Encrypter, new_key
from core.errors import InvalidInput, Misconfigured, NotFound
from core.gateway.event_types import WANTED
from core.reads.admin import settings as reads
from core.settings import Settings
from tests.support.alerts import add_channel
from tests.support.fixtures_access import audited, email_of
from tests.support.refunds import caller

KEY = new_key()
PUBLIC = "https://pay.example.com"


@pytest.fixture
def admin(console):
    return caller(console, "admin")


@pytest.fixture
def environment(action_emulator):
    return Settings(_env_file=None, encryption_key=KEY, stripe_api_base=action_emulator.base_url)


@pytest.fixture
def change(context, admin, environment):
    def run(reason="", given=environment, **values):
        actions.change(context, admin, values, environment=given, reason=reason)

    return run


def in_force(console, environment):
    with reading(console.engine) as connection:
        return store.in_force(environment, store.rows(connection))


def test_a_change_is_in_force_and_noted_with_before_after_and_reason(
    console, environment, change, admin
):
    change(payment_currencies="usd,eur")
    change(reason="card 4242 4242 4242 4242", payment_currencies="usd,jpy", rate_limit="5")
    change(rate_limit=None)
    found = in_force(console, environment)
    assert (found.currencies, found.rate_limit) == (("usd", "jpy"), 600)
    rows = audited(console, actions.CHANGE)
    assert [row.target for row in rows] == [
        "PAYMENT_CURRENCIES",
        "PAYMENT_CURRENCIES",
        "RATE_LIMIT",
    ]
    said = json.loads(rows[1].details)
    assert (said["before"], said["after"]) == ("usd,eur", "usd,jpy")
    assert said["reason"] == "card •••• 4242"
    (gone,) = audited(console, actions.REMOVE)
    assert json.loads(gone.details) == {"before": "5", "after": None}
    with reading(console.engine) as connection:
        (kept,) = reads.kept(connection)
        newest = reads.changes(connection)
    assert (kept.name, kept.shown, kept.updated_by) == (
        "payment_currencies",
        "usd,jpy",
        email_of(console, admin.user_id),
    )
    assert newest[0].target == "RATE_LIMIT"


def test_a_secret_is_noted_by_its_end_alone(console, environment, change):
    change(stripe_secret_key="sk_test_0123456789wxyz")
    change(stripe_secret_key="rk_test_0123456789abcd")
    said = [row.details for row in audited(console, actions.CHANGE)]
    assert json.loads(said[1]) == {"before": "…wxyz", "after": "…abcd"}
    assert "0123456789" not in " ".join(said)
    assert in_force(console, environment).secret_keys == {False: "rk_test_0123456789abcd"}
    with reading(console.engine) as connection:
        assert "0123456789" not in repr(reads.kept(connection)) + repr(reads.changes(connection))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"rate_limit": "5", "payment_currencies": "dollars"}, "payment_currencies"),
        ({"nonsense": "1"}, "name"),
        (
            {"stripe_secret_key": "sk_test_x", "stripe_test_secret_key": "sk_test_y"},
            "stripe_secret",
        ),
        (
            {"stripe_secret_key": "sk_test_x", "stripe_publishable_key": "pk_live_x"},
            "stripe_secret",
        ),
    ],
)
def test_one_wrong_value_leaves_all_as_they_were(console, change, values, field):
    with pytest.raises(InvalidInput) as refused:
        change(**values)
    assert refused.value.field.startswith(field)
    with reading(console.engine) as connection:
        assert store.rows(connection) == {}
    assert audited(console, actions.CHANGE) == []


def test_the_environment_wins_and_says_so(change):
    given = Settings(_env_file=None, rate_limit=5)
    with pytest.raises(InvalidInput, match="rate_limit: is set in the environment"):
        change(given=given, rate_limit="7")
    with pytest.raises(InvalidInput, match="ENCRYPTION_KEY"):
        change(given=given, stripe_secret_key="sk_test_0123456789")


def test_no_role_needs_what_nobody_could_set_up(change):
    bare = Settings(_env_file=None)
    with pytest.raises(InvalidInput, match="second_factor_roles: can be set up once"):
        change(given=bare, second_factor_roles="admin")
    change(second_factor_roles="admin")


def test_the_time_zone_stays_while_a_month_is_closed(console, environment, change):
    with writing(console.engine) as connection:
        connection.execute(
            insert(periods).values(
                livemode=False,
                month="2026-10",
                number=1,
                first_day=date(2026, 10, 1),
                last_day=date(2026, 10, 31),
                zone="UTC",
                state="closed",
                asked_by="somebody",
                asked_at=clock.now(),
            )
        )
    with pytest.raises(InvalidInput, match="reporting_timezone: is UTC in 2026-10"):
        change(reporting_timezone="Asia/Tokyo")
    assert in_force(console, environment).zone == ZoneInfo("UTC")


def test_secrets_and_channels_are_encrypted_anew(console, change, environment):
    change(stripe_secret_key="sk_test_0123456789wxyz")
    add_channel(console.engine, "plain", "jsons://one.example.com/x")
    add_channel(console.engine, "sealed", "jsons://two.example.com/x", ChannelSecrets(KEY))
    new = new_key()
    with pytest.raises(Misconfigured):
        actions.rotate(console.engine, Encrypter(new), actor="test")
    assert actions.rotate(console.engine, Encrypter(f"{new},{KEY}"), actor="test") == 3
    rotated = Settings(_env_file=None, encryption_key=new)
    assert in_force(console, rotated).secret_keys == {False: "sk_test_0123456789wxyz"}
    (row,) = audited(console, actions.ROTATE)
    assert json.loads(row.details) == {"count": 3}


def test_a_key_is_tried_at_stripe_before_it_is_kept(context, admin, environment, action_emulator):
    tried = stripe_keys.try_key(
        context, admin, "stripe_secret_key", "sk_test_try", environment=environment
    )
    assert (tried.livemode, tried.account) == (False, action_emulator.account)
    action_emulator.fault(kind="error", status=401, path="/v1/balance", count=1)
    with pytest.raises(InvalidInput, match="stripe_secret_key: is refused by Stripe"):
        stripe_keys.try_key(
            context, admin, "stripe_secret_key", "sk_test_try", environment=environment
        )
    with pytest.raises(InvalidInput, match="name"):
        stripe_keys.try_key(
            context, admin, "stripe_webhook_secret", "whsec_x", environment=environment
        )


def test_an_endpoint_is_made_once_and_its_secret_kept(
    console, context, admin, environment, change, action_emulator
):
    def make():
        return stripe_keys.make_endpoint(
            context,
            admin,
            livemode=False,
            settings=in_force(console, environment),
            environment=environment,
        )

    with pytest.raises(InvalidInput, match="public_url: must be set first"):
        make()
    old = "whsec_0123456789old0123"
    change(public_url=PUBLIC, stripe_webhook_secret=old)
    endpoint_id = make()
    found = context.gateway(False).get(f"/v1/webhook_endpoints/{endpoint_id}")
    assert found["url"] == f"{PUBLIC}/api/v1/webhooks/stripe"
    assert set(found["enabled_events"]) == set(WANTED)
    new, kept = in_force(console, environment).webhook_secrets
    assert kept == old
    assert new.startswith("whsec_")
    assert new not in " ".join(row.details for row in audited(console, actions.CHANGE))
    with pytest.raises(InvalidInput, match="public_url: has an endpoint"):
        make()


def test_no_endpoint_is_made_whose_secret_could_not_be_kept(console, context, admin, change):
    change(public_url="https://other.example.com")
    without = Settings(_env_file=None)
    before = context.gateway(False).get("/v1/webhook_endpoints")["data"]
    with pytest.raises(InvalidInput, match="ENCRYPTION_KEY"):
        stripe_keys.make_endpoint(
            context, admin, livemode=False, settings=in_force(console, without), environment=without
        )
    assert context.gateway(False).get("/v1/webhook_endpoints")["data"] == before


def test_a_token_is_made_and_its_secret_given_once(console, context, admin):
    made = tokens.create(
        context,
        admin,
        email=email_of(console, admin.user_id),
        roles=["service"],
        name="the shop",
        days=90,
    )
    assert made.secret.startswith("tw_")
    assert made.secret not in repr(made)
    with reading(console.engine) as connection:
        (given,) = reads.tokens(connection)
    assert (given.token_id, given.name, given.roles) == (made.token_id, "the shop", ("service",))
    assert given.in_force(clock.now())
    with pytest.raises(NotFound):
        tokens.create(context, admin, email="nobody@shop.example", roles=["service"])
