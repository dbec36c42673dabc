"""Messages reach real receivers: once, again after a crash under the same number, none waiting."""

import os
import signal
import subprocess
import sys
import textwrap
import time as machine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from core.alerts import apprise_process, delivery
from core.alerts.channel_urls import ChannelSecrets
from core.alerts.delivery import LEASE, WAITS, Deliverer
from core.db.engine import writing
from core.db.tables import alert_channels, alert_deliveries
from tests.support.alert_receivers import mailbox, webhook
from tests.support.alerts import add_channel, add_rule, look, put_event, sent
from tests.support.factories import NOON, fresh_engine

ROOT = Path(__file__).parents[3]
SCREENS = "https://till.example.com"


@pytest.fixture
def opened(engine, time):
    """A database in which one alert is to be told of, to whatever channels a test adds before."""
    add_rule(engine, "dead_event")
    put_event(engine, "evt_1")
    return engine


def deliver(engine, secrets=None, **given):
    """Send all that is due now."""
    deliverer = Deliverer(engine, secrets or ChannelSecrets(), SCREENS, **given)
    deliverer.step()
    deliverer.finish()


def states(engine):
    return [(row.state, row.attempts, row.error) for row in sent(engine)]


def test_a_webhook_and_a_mailbox_get_exactly_one_message(opened, time):
    with webhook() as hook, mailbox() as box:
        add_channel(opened, "hook", hook.url)
        add_channel(opened, "mail", box.url)
        for _ in range(3):
            look(opened)
            deliver(opened)
            time.later(minutes=1)
        assert len(hook.got) == len(box.got) == 1
        assert hook.paths == ["/hook/s3cret"]
        told = hook.got[0]
        assert told["title"] == "[Tillwatch] Events were not applied"
        assert "charge.failed that were given up: 1." in told["message"]
        assert f"{SCREENS}/alerts" in told["message"]
        assert "This is test data." in told["message"]
        assert told["message"].endswith("Alert 1, message 1")
        mail = box.got[0]
        assert told["title"] in mail["subject"]
        assert mail["to"] == "ops@shop.example"
    assert states(opened) == [("sent", 1, None)] * 2


def test_a_channel_that_refuses_is_tried_again_and_then_given_up(opened, time):
    add_channel(opened, "ops", "json://127.0.0.1:9/x")
    look(opened)
    tries = []

    def refuse(*_message):
        tries.append(time.at)
        return "not_taken"

    for _ in range(len(WAITS) + 3):
        deliver(opened, send=refuse)
        deliver(opened, send=refuse)
        time.at += timedelta(hours=1)
    assert len(tries) == len(WAITS) + 1
    assert states(opened) == [("failed", len(tries), "not_taken")]


def test_a_dead_channel_keeps_no_other_waiting(opened, time):
    with webhook() as dead, webhook() as good:
        dead.seconds = 60
        add_channel(opened, "dead", dead.url)
        add_channel(opened, "good", good.url)
        look(opened)
        deliverer = Deliverer(opened, ChannelSecrets(), SCREENS)
        deliverer.step()
        ends = machine.monotonic() + 20
        while not good.got and machine.monotonic() < ends:
            machine.sleep(0.05)
        assert len(good.got) == 1
        deliverer.finish()
    assert states(opened) == [("waiting", 1, "not_taken"), ("sent", 1, None)]


def test_a_redirect_is_not_followed_and_its_answer_is_not_kept(opened, time):
    with webhook() as inner, webhook() as outer:
        outer.status, outer.location = 302, inner.url.replace("json:", "http:")
        add_channel(opened, "ops", outer.url)
        look(opened)
        deliver(opened)
        assert (len(outer.got), len(inner.got)) == (1, 0)
    assert states(opened) == [("waiting", 1, "not_taken")]


def test_a_channel_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(apprise_process, "SECONDS", 0.05)
    assert apprise_process.send("json://127.0.0.1:9/x", "a", "b") == apprise_process.TIMED_OUT


def test_addresses_are_encrypted_and_another_key_reads_none(opened, time):
    secrets = ChannelSecrets(Fernet.generate_key().decode())
    with webhook() as hook:
        add_channel(opened, "ops", hook.url, secrets)
        with opened.connect() as connection:
            kept = connection.scalar(
                alert_channels.select().with_only_columns(alert_channels.c.url)
            )
        assert "s3cret" not in kept
        look(opened)
        deliver(opened, ChannelSecrets(Fernet.generate_key().decode()))
        assert states(opened) == [("waiting", 1, "no_key")]
        time.at += WAITS[0]
        deliver(opened, secrets)
        assert len(hook.got) == 1
    assert "s3cret" not in repr(secrets)


#: A worker that ends when a message is sent and before that is recorded.
WORKER = """
    import sys, time
    from datetime import UTC, datetime
    from core import clock
    from core.alerts import delivery
    from core.alerts.channel_urls import ChannelSecrets
    from core.db.engine import open_engine

    clock.now = lambda: datetime.fromisoformat(sys.argv[2])
    delivery.Deliverer._record = lambda *_: time.sleep(600)
    deliverer = delivery.Deliverer(open_engine(sys.argv[1]), ChannelSecrets(), "")
    deliverer.step()
    time.sleep(600)
"""


def test_a_worker_killed_before_it_records_has_it_sent_again_under_the_same_number(tmp_path, time):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    engine = fresh_engine(url)
    add_rule(engine, "dead_event")
    put_event(engine, "evt_1")
    with webhook() as hook:
        add_channel(engine, "ops", hook.url)
        look(engine)
        script = [sys.executable, "-c", textwrap.dedent(WORKER), url, NOON.isoformat()]
        worker = subprocess.Popen(script, cwd=ROOT, start_new_session=True)
        ends = machine.monotonic() + 60
        while not hook.got and machine.monotonic() < ends:
            machine.sleep(0.05)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        deliver(engine)
        assert len(hook.got) == 1, "the lease of the dead worker holds"
        time.at += LEASE
        for _ in range(3):
            deliver(engine)
        assert [one["message"].splitlines()[-1] for one in hook.got] == ["Alert 1, message 1"] * 2
    assert states(engine) == [("sent", 2, None)]
    engine.dispose()


def two_workers(engine):
    """How many messages two workers send that begin while neither has ended."""
    got = []

    def send(*message):
        got.append(message)
        machine.sleep(0.3)

    look(engine)
    both = [Deliverer(engine, ChannelSecrets(), "", send=send) for _ in range(2)]
    for one in both:
        one.step()
        machine.sleep(0.1)
    for one in both:
        one.finish()
    return len(got)


def test_two_workers_send_a_message_once(opened):
    add_channel(opened, "ops", "json://127.0.0.1:9/x")
    assert two_workers(opened) == 1


def test_a_lease_that_holds_nobody_off_would_be_seen(opened, monkeypatch):
    """The planted bug: a message is sent by whoever sees it."""
    add_channel(opened, "ops", "json://127.0.0.1:9/x")
    monkeypatch.setattr(delivery, "_LEASE", replace(delivery._LEASE, lasts=timedelta(0)))
    assert two_workers(opened) == 2


def test_what_waits_for_a_channel_that_is_gone_is_dropped(opened):
    add_channel(opened, "ops", "json://127.0.0.1:9/x")
    look(opened)
    with writing(opened) as connection:
        connection.execute(alert_channels.delete())
    deliver(opened)
    assert states(opened) == [("dropped", 1, None)]


def test_a_time_of_a_clock_that_ran_ahead_holds_nothing_up(opened, time):
    add_channel(opened, "ops", "json://127.0.0.1:9/x")
    look(opened)
    with writing(opened) as connection:
        far = NOON + timedelta(days=400)
        connection.execute(alert_deliveries.update().values(next_attempt_at=far))
    deliver(opened, send=lambda *_: None)
    assert states(opened) == [("sent", 1, None)]
