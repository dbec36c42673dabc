"""A setting that is changed while everything runs is in force within seconds, without an end."""

from __future__ import annotations

import os
from itertools import count

import pytest
from sqlalchemy import func, select

from core.actions.admin import settings as actions
from core.db.engine import open_engine, reading
from core.db.tables import streams
from core.emulator.server import start_emulator
from core.encryption import new_key
from core.settings import Settings
from tests.support import forked_programs
from tests.support.newest_schema import laid
from tests.support.receivers import event_body, kill, post, serving, sign, stored_ids, wait_until

pytestmark = pytest.mark.long

OLD, NEW = "whsec_0123456789old0123", "whsec_0123456789new0123"


@pytest.fixture
def url(tmp_path):
    return laid(f"sqlite:///{tmp_path / 'tillwatch.db'}")


def change(url, environment, **values):
    engine = open_engine(url)
    actions.change_outside(engine, values, environment=environment, actor="test")
    engine.dispose()


def checked_at(url):
    """When a worker last wrote how its streams stand; None before the first time."""
    engine = open_engine(url)
    with reading(engine) as connection:
        found = connection.scalar(select(func.max(streams.c.checked_at)))
    engine.dispose()
    return found


def test_the_receiver_takes_new_secrets_keys_and_names_up(url, tmp_path):
    settings = Settings(
        _env_file=None, database_url=url, var_dir=tmp_path, encryption_key=new_key()
    )
    change(url, settings, stripe_webhook_secret=OLD)
    with serving(settings) as client:
        first, second = event_body(1), event_body(2)
        assert post(client, first, sign(first, secret=OLD)).status_code == 200
        assert post(client, second, sign(second, secret=NEW)).status_code == 400
        change(url, settings, stripe_webhook_secret=f"{NEW},{OLD}")
        wait_until(lambda: post(client, second, sign(second, secret=NEW)).status_code == 200)
        third = event_body(3)
        assert post(client, third, sign(third, secret=OLD)).status_code == 200
        named = {"Host": "pay.example.com"}
        config = "/api/v1/payments/config"
        assert client.get(config, headers=named).status_code == 421
        public = "https://pay.example.com"
        change(url, settings, stripe_publishable_key="pk_test_new", public_url=public)
        wait_until(lambda: "pk_test_new" in client.get(config, headers=named).text)
    assert sorted(stored_ids(url)) == ["evt_1", "evt_2", "evt_3"]


def test_the_worker_starts_anew_in_the_same_process(url, tmp_path):
    log = tmp_path / "worker.log"
    with start_emulator(state_path=tmp_path / "emulator.db") as emulator:
        environment = os.environ | {
            "DATABASE_URL": url,
            "STRIPE_API_BASE": emulator.base_url,
            "VAR_DIR": str(tmp_path / "var"),
        }
        worker = forked_programs.start(["dashboard", "worker"], environment, log)

        def changes_seen() -> int:
            assert worker.poll() is None, log.read_text()
            return log.read_bytes().count(b"a setting was changed")

        try:
            wait_until(lambda: checked_at(url), seconds=180)
            number = count(1)

            def seen(times: int) -> bool:
                # Changed until it is seen: who just started anew has read the last one already.
                change(url, Settings(_env_file=None), rate_limit=str(next(number)))
                return changes_seen() >= times

            # The second is seen by who started anew after the first.
            wait_until(lambda: seen(2), seconds=180)
        finally:
            kill(worker)
