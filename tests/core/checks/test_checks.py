"""The go-live check: a right set-up passes, and each wrong one is told under its own id."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.access import demo
from core.checks.run import CHECKS, may_go_live, run
from core.db.server import ServerFacts
from core.errors import StripeKeyRefused, StripeUnreachable
from tests.support import go_live, stream_rows
from tests.support.go_live import FakeStripe


@pytest.fixture
def look(console, tmp_path, monkeypatch) -> Callable[..., dict[str, Any]]:
    """Findings by id of the right set-up but for what is given."""
    monkeypatch.chdir(tmp_path)

    def found(**given):
        findings = run(go_live.subject(console.engine, tmp_path, **given))
        found.findings = findings
        return {one.id: one.as_json() for one in findings}

    return found


def wrong(findings, status="fail"):
    return [name for name, one in findings.items() if one["status"] == status]


def server(**facts):
    return lambda database: replace(database, server=ServerFacts("11.8.1-MariaDB", **facts))


def refused(path, status=403):
    error = StripeKeyRefused(http_status=status)
    error.permissions = ("rak_charge_read",) if status == 403 else ()
    return FakeStripe({path: error})


GALERA = {"wsrep_cluster_size": "3", "wsrep_cluster_status": "Primary", "wsrep_ready": "ON"}
ENDPOINT = "webhook_endpoint"
WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "no key": ("keys_mode", {"stripe_secret_key": "", "stripe_publishable_key": ""}),
    "a test key": (
        "keys_mode",
        {"stripe_secret_key": "sk_test_x", "stripe_publishable_key": "pk_test_x"},
    ),
    "a key that is none": ("keys_mode", {"stripe_secret_key": "live"}),
    "a live key as the test key": ("keys_mode", {"stripe_test_secret_key": "sk_live_x"}),
    "a publishable key of the other mode": ("keys_mode", {"stripe_publishable_key": "pk_test_x"}),
    "a live key sent elsewhere": ("keys_mode", {"stripe_api_base": "http://elsewhere"}),
    "a key without a right": ("keys_rights", {"stripe": refused("/v1/charges")}),
    "a key that was revoked": ("keys_rights", {"stripe": refused("*", 401)}),
    "no webhook secret": ("webhook_secret", {"stripe_webhook_secret": ""}),
    "a webhook secret that is none": ("webhook_secret", {"stripe_webhook_secret": "secret"}),
    "no public address": (ENDPOINT, {"public_url": ""}),
    "no endpoint": (ENDPOINT, {"stripe": FakeStripe(url="https://other.example.com")}),
    "a disabled endpoint": (ENDPOINT, {"stripe": FakeStripe(status="disabled")}),
    "debugging": ("debug", {"debug": True}),
    "a short secret": ("secret_key", {"secret_key": "changeme"}),
    "a typed secret": ("secret_key", {"secret_key": "changeme" * 4}),
    "no encryption": ("encryption_key", {"encryption_key": ""}),
    "no encryption, factors": (
        "encryption_key",
        {"encryption_key": "", "second_factor_roles": "admin", "app_env": "development"},
    ),
    "a wrong encryption key": ("encryption_key", {"encryption_key": "too short"}),
    "plain screens": ("https", {"ui_origin": "http://console.example.com"}),
    "cookies over http": ("https", {"force_https": False}),
    "no proxy named": ("proxy_headers", {"trusted_proxies": ""}),
    "a latin1 connection": ("database_charset", {"change": server(charset="latin1")}),
    "a latin1 database": ("database_charset", {"change": server(database_charset="latin1")}),
    "latin1 columns": ("database_charset", {"change": server(other_columns=3)}),
    "no strict mode": ("database_mode", {"change": server(mode="NO_ENGINE_SUBSTITUTION")}),
    "small packets": ("database_mode", {"change": server(packet=1 << 20)}),
    "another zone": ("database_mode", {"change": server(zone="+08:00")}),
    "MyISAM": ("database_cluster", {"change": server(other_tables=1)}),
    "cut off": (
        "database_cluster",
        {"change": server(cluster=GALERA | {"wsrep_cluster_status": "non-Primary"})},
    ),
    "tables behind": ("migrations", {"change": lambda found: replace(found, revision="0001")}),
    "tables ahead": ("migrations", {"change": lambda found: replace(found, revision="9999")}),
    "no tables": ("migrations", {"change": lambda found: replace(found, revision=None)}),
    "a clock behind": ("clock", {"stripe": FakeStripe(ahead=timedelta(seconds=90))}),
    "a clock ahead": ("clock", {"stripe": FakeStripe(ahead=timedelta(seconds=-90))}),
    "Streamlit open to all": ("streamlit", {"streamlit": ("server.address is '0.0.0.0'",)}),
    "a Redis that is gone": ("redis", {"redis_url": "redis://127.0.0.1:1/0"}),
    "a Redis that is none": ("redis", {"redis_url": "nonsense"}),
}


def test_every_check_has_its_id():
    assert (
        list(CHECKS)
        == (
            "keys_mode keys_rights webhook_secret webhook_endpoint debug secret_key encryption_key"
            " https proxy_headers database_reachable database_charset database_mode"
            " database_cluster migrations clock disk streamlit file_modes redis backup_age"
            " demo_users ledger_fresh"
        ).split()
    )


def test_a_right_set_up_may_go_live(look):
    found = look()
    assert wrong(found, "fail") == wrong(found, "warn") == []
    assert may_go_live(look.findings)
    assert {tuple(one) for one in found.values()} == {("id", "status", "message", "fix")}


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_set_up_fails_under_its_own_id(look, name):
    check, given = WRONG[name]
    found = look(**given)
    # Without a key the emulator sends the events, which is told too.
    assert wrong(found) == ([check, ENDPOINT] if name == "no key" else [check])
    assert found[check]["fix"]
    assert not may_go_live(look.findings)


def test_a_database_that_does_not_answer_is_told_once(look):
    found = look(
        change=lambda database: replace(database, engine=None, why="error 2003", server=None)
    )
    assert wrong(found) == ["database_reachable"]
    assert "2003" in found["database_reachable"]["message"]
    assert {"migrations", "database_mode", "demo_users"} <= set(wrong(found, "warn"))


def test_files_that_others_read_are_named(look, tmp_path):
    look()
    (tmp_path / "var" / "tillwatch.db").touch(mode=0o644)
    (tmp_path / ".env").touch(mode=0o644)
    found = look()
    assert wrong(found) == ["file_modes"]
    assert "tillwatch.db, .env" in found["file_modes"]["message"]


def test_a_backup_is_of_the_last_day(look, tmp_path):
    look()
    backup = tmp_path / "var" / "backups" / "tonight.sql"
    long_ago = clock.to_unix(clock.now() - timedelta(hours=30))
    os.utime(backup, (long_ago, long_ago))
    found = look()
    assert wrong(found) == ["backup_age"]
    assert "30 hours" in found["backup_age"]["message"]
    backup.unlink()
    assert wrong(look()) == ["backup_age"]


def test_a_demo_user_who_can_sign_in_is_told_until_shut_out(console, look, monkeypatch):
    monkeypatch.setattr(demo.passwords, "hash_password", lambda _password: "quick")
    demo.create_all(console.engine, production=False)
    found = look()
    assert wrong(found) == ["demo_users"]
    assert "7" in found["demo_users"]["message"]
    demo.shut_out(console.engine)
    assert wrong(look()) == []


def test_a_ledger_that_stands_still_is_told(console, look):
    look()
    stream_rows.fail(console.engine, "ledger", livemode=True, error="stripe_key_refused")
    assert wrong(look()) == ["ledger_fresh"]
    stream_rows.forget(console.engine)
    assert wrong(look()) == ["ledger_fresh"]


def test_a_demo_is_warned_and_not_refused(look):
    found = look(
        app_env="development",
        stripe_secret_key="",
        stripe_publishable_key="",
        stripe_webhook_secret="",
        encryption_key="",
        secret_key="",
        force_https=False,
        ui_origin="",
        public_url="",
        trusted_proxies="",
        debug=True,
    )
    assert wrong(found) == []
    warned = {"keys_mode", "webhook_secret", "debug", "secret_key", "encryption_key", "https"}
    assert warned <= set(wrong(found, "warn"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"stripe": FakeStripe({"*": StripeUnreachable()})}, {"keys_rights", ENDPOINT, "clock"}),
        ({"stripe_secret_key": "sk_live_dummy"}, {"keys_rights"}),
        ({"stripe": refused("POST /v1/refunds")}, {"keys_rights"}),
        ({"stripe": FakeStripe(enabled_events=["charge.failed"])}, {ENDPOINT}),
        ({"stripe": refused("/v1/webhook_endpoints")}, {ENDPOINT}),
        ({"stripe": FakeStripe(ahead=timedelta(seconds=20))}, {"clock"}),
        ({"app_env": "development"}, {"keys_mode"}),
        ({"change": server(cluster=GALERA | {"wsrep_cluster_size": "2"})}, {"database_cluster"}),
        ({"secret_key": ""}, {"secret_key"}),
    ],
)
def test_what_may_be_meant_is_a_warning(look, given, told):
    found = look(**given)
    assert set(wrong(found, "warn")) == told
    assert wrong(found) == []


def test_a_whole_cluster_passes(look):
    found = look(change=server(cluster=GALERA))
    assert wrong(found) == wrong(found, "warn") == []
    assert "3 nodes" in found["database_cluster"]["message"]
