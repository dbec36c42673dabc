"""`python -m dashboard settings` and `secrets`: limits and settings without a screen."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from core.encryption import new_key
from core.settings import Settings
from dashboard.__main__ import cli
from tests.support.fixtures_access import audited, make_console

SECRET = "sk_test_0123456789wxyz"


@pytest.fixture
def run(tmp_path, monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    console = make_console(url)

    def dashboard(*args, stdin=None):
        return CliRunner().invoke(cli, [*args], input=stdin)

    dashboard.console = console
    yield dashboard
    console.engine.dispose()


def told(run, name):
    (found,) = json.loads(run("settings", "get", name, "--json").stdout)
    return found["value"], found["set_in"]


def test_a_setting_is_set_shown_and_unset(run):
    assert told(run, "rate_limit") == ("600", "default")
    assert run("settings", "set", "rate_limit", "7").exit_code == 0
    assert told(run, "RATE_LIMIT") == ("7", "database")
    assert run("settings", "unset", "RATE_LIMIT").exit_code == 0
    assert told(run, "rate_limit") == ("600", "default")
    (row,) = audited(run.console, "setting.change")
    assert row.actor.startswith("cli:")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("rate_limit", "many"), "rate_limit: must be a whole number"),
        (("database_url", "x"), "name: must be one of"),
        (("stripe_secret_key", SECRET), "is a secret"),
        (("refund_limit.support.usd", "100"), "two amounts"),
        (("refund_limit.support.usd", "100/50"), "per_day"),
        (("refund_limit.boss.usd", "100/500"), "role"),
        (("oidc_group.Money", "boss"), "roles: must be among"),
        (("oidc_group.Money", ","), "roles: must not be empty"),
        (("oidc_group.", "viewer"), "group: must not be empty"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field(run, args, said):
    done = run("settings", "set", *args)
    assert done.exit_code == 2
    assert said in done.output
    assert SECRET not in done.output
    assert audited(run.console, "setting.change") == []


def test_a_limit_of_refunds_is_set_by_command(run):
    assert told(run, "refund_limit.support.usd") == ("100.00/500.00", "default")
    assert run("settings", "set", "refund_limit.support.usd", "120/600").exit_code == 0
    assert told(run, "refund_limit.support.usd") == ("120.00/600.00", "database")
    (row,) = audited(run.console, "refund.limits")
    assert json.loads(row.details)["before"] == [10_000, 50_000]


def test_groups_are_given_roles_by_command(run, monkeypatch):
    for group, roles in (("Money", "finance, viewer"), ("money", "viewer"), ("a.b=c", "admin")):
        assert run("settings", "set", f"OIDC_GROUP.{group}", roles).exit_code == 0
    assert told(run, "oidc_group.Money") == ("viewer,finance", "database")
    assert told(run, "oidc_group.money") == ("viewer", "database")
    assert told(run, "oidc_group.a.b=c") == ("admin", "database")
    assert run("settings", "unset", "oidc_group.money").exit_code == 0
    assert "There is no such group" in run("settings", "unset", "oidc_group.money").output
    assert [row.target for row in audited(run.console, "group_roles.change")] == [
        *("Money", "money", "a.b=c")
    ]
    (gone,) = audited(run.console, "group_roles.remove")
    assert json.loads(gone.details) == {"before": "viewer", "after": None}
    monkeypatch.setenv("OIDC_GROUP_ROLES", "Staff=viewer")
    assert told(run, "oidc_group.Staff") == ("viewer", "environment")
    refused = run("settings", "set", "oidc_group.Money", "viewer")
    assert (refused.exit_code, "environment" in refused.output) == (2, True)


def test_the_environment_wins_and_is_named(run, monkeypatch):
    monkeypatch.setenv("RATE_LIMIT", "9")
    assert told(run, "rate_limit") == ("9", "environment")
    done = run("settings", "set", "rate_limit", "7")
    assert done.exit_code == 2
    assert "environment" in done.output


def test_a_secret_is_kept_encrypted_shown_by_its_end_and_rotated(run, monkeypatch):
    refused = run("settings", "set", "stripe_secret_key", "--stdin", stdin=f"{SECRET}\n")
    assert "ENCRYPTION_KEY" in refused.output
    old, new = (run("secrets", "new-key").stdout.strip() for _ in range(2))
    monkeypatch.setenv("ENCRYPTION_KEY", old)
    done = run("settings", "set", "stripe_secret_key", "--stdin", stdin=f"{SECRET}\n")
    assert (done.exit_code, SECRET in done.output) == (0, False)
    assert told(run, "stripe_secret_key") == ("…wxyz", "database")
    monkeypatch.setenv("ENCRYPTION_KEY", new)
    assert run("secrets", "rotate").exit_code == 1
    assert "ENCRYPTION_KEY" in run("inbox", "status").output
    monkeypatch.setenv("ENCRYPTION_KEY", f"{new},{old}")
    assert run("secrets", "rotate").stdout == "1 secret encrypted anew\n"
    monkeypatch.setenv("ENCRYPTION_KEY", new)
    assert run("inbox", "status").exit_code == 0


def test_a_secret_that_no_key_opens_can_be_taken_away(run, monkeypatch):
    monkeypatch.setenv("ENCRYPTION_KEY", new_key())
    run("settings", "set", "stripe_secret_key", "--stdin", stdin=f"{SECRET}\n")
    monkeypatch.setenv("ENCRYPTION_KEY", new_key())
    assert run("inbox", "status").exit_code == 1
    assert told(run, "stripe_secret_key") == ("…wxyz", "database")
    assert run("settings", "unset", "stripe_secret_key").exit_code == 0
    assert run("inbox", "status").exit_code == 0
