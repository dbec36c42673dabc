"""Client secrets are in no event that is kept, nor in one that was kept before they were hidden."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.db.engine import open_engine, reading, writing
from core.db.inbox_tables import events
from core.db.start import prepare
from core.events import kept_secrets
from core.events.kept_secrets import AGAIN_AFTER, hide_kept_secrets
from core.events.store import as_bytes, parse_envelope, store
from dashboard.process import worker
from tests.support.fixtures_access import make_console
from tests.support.fixtures_actions import make_context
from tests.support.receivers import event_body, post, serving, settings_for, sign

NOW = clock.from_unix(1_795_000_000)
INTENT = {
    "id": "pi_3MtwBwLkdIwHu7ix28a3tqPa",
    "object": "payment_intent",
    "amount": 1234,
    "client_secret": "pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_YrKJUKribcBjcG8HVhfZluoGH",
    "metadata": {"note": "caf\u00e9 top_secret_plan"},
}


@pytest.fixture
def engine(database_url):
    prepare(database_url)
    made = open_engine(database_url)
    yield made
    made.dispose()


def bodies(engine):
    with reading(engine) as connection:
        return list(connection.scalars(select(events.c.body).order_by(events.c.seq)))


def kept_as_it_came(engine, numbers):
    """As an earlier version kept events."""
    with writing(engine) as connection:
        for number in numbers:
            body = event_body(number, data={"object": INTENT})
            store(connection, [parse_envelope(body)], source="webhook", received_at=NOW)
            row = events.c.stripe_id == f"evt_{number}"
            connection.execute(events.update().where(row).values(body=body))


def test_a_signed_webhook_is_kept_without_its_secret(tmp_path, database_url):
    body = event_body(1, data={"object": INTENT})
    with serving(settings_for(tmp_path, database_url)) as client:
        assert post(client, body).status_code == 200
        # The signature is of what came, not of what is kept.
        hidden = parse_envelope(body).raw
        assert post(client, hidden, sign(body)).status_code == 400
    engine = open_engine(database_url)
    (kept,) = bodies(engine)
    engine.dispose()
    told, came = json.loads(kept), json.loads(body)
    assert told["data"]["object"].pop("client_secret") == "(hidden)"
    del came["data"]["object"]["client_secret"]
    assert told == came


def test_a_polled_event_is_kept_without_its_secret():
    event = json.loads(event_body(1, data={"object": INTENT}))
    assert b"YrKJUKribcBjcG8HVhfZluoGH" not in parse_envelope(as_bytes(event)).raw


def test_what_was_kept_before_is_hidden_and_all_else_stays(engine, monkeypatch):
    monkeypatch.setattr(kept_secrets, "CHUNK", 3)
    kept_as_it_came(engine, range(7))
    before = [json.loads(body) for body in bodies(engine)]
    assert [hide_kept_secrets(engine, at=NOW) for _ in range(4)] == [True, True, False, False]
    after = [json.loads(body) for body in bodies(engine)]
    for was, now in zip(before, after, strict=True):
        assert now["data"]["object"].pop("client_secret") == "(hidden)"
        del was["data"]["object"]["client_secret"]
        assert now == was


def test_what_an_earlier_version_keeps_while_it_is_replaced_is_hidden_an_hour_later(engine):
    assert not hide_kept_secrets(engine, at=NOW)
    kept_as_it_came(engine, [1])
    assert not hide_kept_secrets(engine, at=NOW + AGAIN_AFTER - timedelta(seconds=1))
    assert b"_secret_Y" in bodies(engine)[0]
    assert not hide_kept_secrets(engine, at=NOW + AGAIN_AFTER)
    assert b"_secret_Y" not in bodies(engine)[0]
    kept_as_it_came(engine, [2])
    assert not hide_kept_secrets(engine, at=NOW + 100 * AGAIN_AFTER)
    assert b"_secret_Y" in bodies(engine)[1]


def test_the_worker_does_it(tmp_path, action_emulator):
    console = make_console(f"sqlite:///{tmp_path / 'tillwatch.db'}", var_dir=tmp_path)
    kept_as_it_came(console.engine, [1])
    worker._retain(console, make_context(console, action_emulator))
    assert b"_secret_Y" not in bodies(console.engine)[0]
    console.engine.dispose()
