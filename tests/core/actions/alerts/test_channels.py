"""Channels: their address is checked, kept as a secret, never told; a test shows that it works."""

import json
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from core.access.principals import Caller
from core.actions.alerts import channels
from core.alerts.channel_urls import ChannelSecrets, checked, masked
from core.db.engine import reading
from core.db.tables import alert_channels, audit_log
from core.errors import InvalidInput, Misconfigured, NotFound
from core.reads.alerts import alerts as alert_reads
from core.reads.alerts import settings as reads
from tests.support.alert_receivers import webhook
from tests.support.fixtures_access import person

SECRET = "s3cretToken"


@pytest.fixture
def admin(console):
    return Caller(person(console, "admin"))


def test_a_channel_is_kept_as_a_secret_and_shown_without_it(console, context, admin):
    context = replace(context, channel_secrets=ChannelSecrets(Fernet.generate_key().decode()))
    url = f"jsons://user:{SECRET}@hooks.example.com:8443/{SECRET}?+X-Token={SECRET}"
    channels.create(context, admin, name="Ops", url=url)
    with reading(console.engine) as connection:
        (kept,) = connection.execute(select(alert_channels)).all()
        (shown,) = reads.channels(connection)
        log = [json.dumps(list(row), default=str) for row in connection.execute(select(audit_log))]
    assert SECRET not in kept.url
    assert context.channel_secrets.open(kept.url) == url
    assert shown.shown == "jsons://hooks.example.com:8443/…"
    assert not any(SECRET in text for text in (repr(shown), repr(context), *log))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("slack://TokenA/TokenB/TokenC/#ops", "slack://…"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544", "tgram://…"),
        ("mailtos://me:pw@shop.example?to=ops@shop.example", "mailtos://shop.example/…"),
        ("json://[::1/x", "json://…"),
    ],
)
def test_what_is_shown_of_an_address_holds_no_secret(url, shown):
    assert masked(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "   ",
            "not an address",
            "http://host/x",
            "file:///etc/passwd",
            "dbus://",
            "syslog://",
        ),
        *("jsons://host\n/x", "jsons://" + "x" * 3000, "slack://nonsense", "json://"),
        *(
            "slack://a/b/c?template=/etc/passwd",
            "json://host/x?redirect=yes",
            "json://h/?VERIFY=no",
        ),
        *("mailto://u:p@shop.example?pgppub=/etc/passwd", None, 7),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_by_its_field(console, context, admin, url):
    with pytest.raises(InvalidInput) as refused:
        channels.create(context, admin, name="Ops", url=url)
    assert refused.value.field == "url"
    with reading(console.engine) as connection:
        assert reads.channels(connection) == ()


def test_a_refusal_does_not_repeat_the_address():
    with pytest.raises(InvalidInput) as refused:
        checked(f"nonsense://{SECRET}")
    assert SECRET not in str(refused.value)


def test_names_are_each_anothers_and_of_some_length(context, admin):
    channels.create(context, admin, name="Ops", url="json://127.0.0.1/x")
    for name in ("Ops", " Ops ", "", "x" * 81):
        with pytest.raises(InvalidInput, match="name"):
            channels.create(context, admin, name=name, url="json://127.0.0.1/x")


def test_a_channel_keeps_its_address_when_it_is_renamed(console, context, admin):
    one = channels.create(context, admin, name="Ops", url=f"json://127.0.0.1/{SECRET}")
    channels.change(context, admin, one, name="Night", enabled=False)
    with reading(console.engine) as connection:
        (kept,) = connection.execute(select(alert_channels)).all()
    assert (kept.name, kept.enabled) == ("Night", False)
    assert context.channel_secrets.open(kept.url).endswith(SECRET)
    channels.change(context, admin, one, name="Night", enabled=True, url="json://127.0.0.2/y")
    channels.delete(context, admin, one)
    with pytest.raises(NotFound):
        channels.delete(context, admin, one)


def test_a_key_that_is_none_is_told_before_anything_is_kept(console, context, admin):
    context = replace(context, channel_secrets=ChannelSecrets("too short"))
    with pytest.raises(Misconfigured, match="ENCRYPTION_KEY"):
        channels.create(context, admin, name="Ops", url="json://127.0.0.1/x")
    with reading(console.engine) as connection:
        assert reads.channels(connection) == ()


def test_a_test_message_arrives_and_stands_in_the_history(console, context, admin):
    with webhook() as hook:
        one = channels.create(context, admin, name="Ops", url=hook.url)
        assert channels.send_test(context, admin, one) is None
        hook.status = 500
        assert channels.send_test(context, admin, one) == "not_taken"
        assert [told["title"] for told in hook.got] == ["[Tillwatch] Test message"] * 2
    with reading(console.engine) as connection:
        told = alert_reads.deliveries(connection)
    assert [(row.channel, row.alert_id, row.state, row.error) for row in told] == [
        ("Ops", None, "failed", "not_taken"),
        ("Ops", None, "sent", None),
    ]
