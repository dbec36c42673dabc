"""`python -m dashboard token`: programs get access, once and for a time, and lose it at once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner

from core.access import tokens
from core.db.engine import reading
from core.errors import NotSignedIn
from dashboard.__main__ import cli
from tests.support.fixtures_access import audited, make_console, person

EMAIL = "shop@shop.example"


@pytest.fixture
def run(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    console = make_console(url)
    person(console, "developer", email=EMAIL)

    def token(*args):
        return CliRunner().invoke(cli, ["token", *args])

    token.console = console
    yield token
    console.engine.dispose()


def create(run, *more, roles="service"):
    return run("create", "--user", EMAIL, "--roles", roles, *more)


def carrier(run, secret):
    with reading(run.console.engine) as connection:
        return tokens.bearer(connection, secret)


def test_standard_output_has_the_token_alone(run):
    made = create(run)
    assert made.exit_code == 0
    secret = made.stdout.removesuffix("\n")
    assert "\n" not in secret
    assert carrier(run, secret).token_id in made.stderr
    assert secret not in made.stderr


def test_json_has_the_id_and_the_token(run):
    made = json.loads(create(run, "--json", "--name", "the shop", roles="service,developer").stdout)
    assert carrier(run, made["token"]).token_id == made["id"]
    (listed,) = json.loads(run("list", "--json").stdout)
    assert listed == {
        "id": made["id"],
        "user": EMAIL,
        "name": "the shop",
        "roles": ["service", "developer"],
        "created_at": listed["created_at"],
        "expires_at": None,
        "last_used_at": None,
        "revoked_at": None,
    }
    assert made["token"] not in run("list").output


def test_a_token_ends_when_it_was_said_to(run):
    create(run, "--expires", "90d")
    (listed,) = json.loads(run("list", "--json").stdout)
    lasts = datetime.fromisoformat(listed["expires_at"]) - datetime.fromisoformat(
        listed["created_at"]
    )
    assert lasts == timedelta(days=90)


def test_a_revoked_token_is_not_in_force_and_both_are_noted(run):
    made = json.loads(create(run, "--json").stdout)
    assert run("revoke", made["id"]).exit_code == 0
    with pytest.raises(NotSignedIn):
        carrier(run, made["token"])
    assert "revoked" in run("list").output
    for action in ("token.create", "token.revoke"):
        (row,) = audited(run.console, action)
        assert row.actor.startswith("cli:")


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["create", "--user", EMAIL, "--roles", "admin"], "does not have the role admin"),
        (["create", "--user", EMAIL, "--roles", "root"], "'root' is not one of"),
        (["create", "--user", EMAIL, "--roles", ""], "name at least one"),
        (["create", "--user", "ghost@b.cc", "--roles", "service"], "no user ghost@b.cc"),
        (["create", "--user", EMAIL, "--roles", "service", "--expires", "soon"], "such as 90d"),
        (["create", "--user", EMAIL, "--roles", "service", "--expires", "0d"], "such as 90d"),
        (["create", "--user", EMAIL, "--roles", "service", "--expires", "9999d"], "ten years"),
        (["revoke", "nothing"], "no token nothing"),
    ],
)
def test_mistakes_end_with_one_clear_line_and_no_token(run, args, complaint):
    answer = run(*args)
    assert answer.exit_code in (1, 2)
    assert complaint in answer.stderr
    assert "tw_" not in answer.output
    assert "Traceback" not in answer.output
    assert json.loads(run("list", "--json").stdout) == []


def test_help_needs_no_database(run, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql+pymysql://x:y@127.0.0.1:1/none")
    for args in (["--help"], ["create", "--help"], ["list", "--help"]):
        assert run(*args).exit_code == 0
