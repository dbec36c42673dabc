"""`python -m dashboard check`: its lines, its JSON, its exit code, and no secret in either."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url, text

from core.checks.run import CHECKS
from core.checks.subject import look
from core.db.engine import open_engine, writing
from core.db.start import prepare
from core.emulator.http.api import call
from core.emulator.server import start_emulator
from core.errors import DatabaseDown
from core.settings import Settings
from dashboard.__main__ import cli
from tests.support.newest_schema import laid

#: Stands in each secret, and must stand in nothing that is printed.
CANARY = "Canary51Canary51Canary51"
SECRETS = {
    "STRIPE_SECRET_KEY": f"rk_live_{CANARY}",
    "STRIPE_TEST_SECRET_KEY": f"sk_test_{CANARY}",
    "STRIPE_WEBHOOK_SECRET": f"whsec_{CANARY}",
    "SECRET_KEY": CANARY * 2,
    "ENCRYPTION_KEY": CANARY,
    "REDIS_URL": f"redis://:{CANARY}@127.0.0.1:1/0",
}


@pytest.fixture
def check(tmp_path, monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    laid(f"sqlite:///{tmp_path / 'var' / 'tillwatch.db'}")
    # Nothing listens there: no test asks the real Stripe.
    monkeypatch.setenv("STRIPE_API_BASE", "http://127.0.0.1:1")

    def run(*args, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(cli, ["check", *args])

    return run


def statuses(done):
    return {one["id"]: one["status"] for one in json.loads(done.stdout)}


def test_a_demo_passes_with_warnings(check, tmp_path):
    with start_emulator(state_path=tmp_path / "emulator.db") as emulator:
        done = check("--json", STRIPE_API_BASE=emulator.base_url)
    found = statuses(done)
    assert list(found) == list(CHECKS)
    assert "fail" not in {status for name, status in found.items() if name != "streamlit"}
    assert found["migrations"] == found["keys_rights"] == found["clock"] == "pass"
    assert {tuple(one) for one in json.loads(done.stdout)} == {("id", "status", "message", "fix")}


def test_what_a_key_may_not_write_is_told_and_nothing_is_written(check, tmp_path):
    with start_emulator(state_path=tmp_path / "emulator.db") as emulator:
        emulator.engine.denied = frozenset({"rak_charge_write", "rak_dispute_write"})
        done = check("--json", STRIPE_API_BASE=emulator.base_url)
        [found] = [one for one in json.loads(done.stdout) if one["id"] == "keys_rights"]
        assert found["status"] == "warn"
        assert "/v1/refunds (test), /v1/disputes (test):" in found["message"]
        events = emulator.engine.work(lambda ctx: call(ctx, "GET", "/v1/events", "limit=1"))
    assert events["data"] == []


def test_the_lines_say_what_to_do_and_a_failure_is_exit_code_1(check):
    done = check(APP_ENV="production", DEBUG="true")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if line.split()[:2] == ["FAIL", "debug"])
    assert "Set DEBUG=false." in lines[at + 1]


@pytest.mark.parametrize(
    ("name", "value", "under"),
    [
        ("DEBUG", "perhaps", "debug"),
        ("FORCE_HTTPS", "perhaps", "https"),
        ("TRUSTED_PROXIES", "0.0.0.0/0", "proxy_headers"),
        ("REPORTING_TIMEZONE", "Mars/Olympus", "settings"),
        ("STRIPE_SECRET_KEY_FILE", "nowhere", "settings"),
    ],
)
def test_a_setting_that_cannot_be_read_is_a_failure_too(check, name, value, under):
    done = check("--json", **{name: value})
    assert done.exit_code == 1
    assert statuses(done) == {under: "fail"}


@pytest.mark.parametrize("args", [(), ("--json",)])
@pytest.mark.parametrize("url", ["mysql+pymysql://me:{}@127.0.0.1:1/x", "{}://nonsense", ""])
def test_no_secret_is_printed(check, args, url):
    done = check(*args, DATABASE_URL=url.format(CANARY), APP_ENV="production", **SECRETS)
    assert done.exit_code == 1
    assert "keys_mode" in done.output
    assert CANARY not in done.output


@pytest.mark.mariadb
def test_a_server_is_asked_for_what_could_spoil_data(mariadb):
    url = mariadb()
    engine = open_engine(url)
    found = look(url)
    assert (found.revision, found.why) == (found.newest, "")
    assert found.server is not None
    assert (found.server.other_columns, found.server.other_tables) == (0, 0)
    assert found.server.packet >= 1 << 24
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE odd (a VARCHAR(9) CHARSET latin1) ENGINE=MyISAM"))
    odd = look(url).server
    assert odd is not None
    assert (odd.other_columns, odd.other_tables) == (1, 1)
    for one in (found.engine, engine):
        one.dispose()


@pytest.mark.mariadb
def test_a_start_says_what_of_the_address_the_server_refuses(mariadb):
    url = make_url(mariadb())
    for wrong, told in (
        (url.set(username="nobody", password=CANARY), "refuses the user or the password"),
        (url.set(database="nowhere"), "CREATE DATABASE first"),
    ):
        with pytest.raises(DatabaseDown, match=told) as refused:
            prepare(wrong.render_as_string(hide_password=False))
        assert CANARY not in refused.value.message
