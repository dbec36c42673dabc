"""`python -m dashboard user`: what administrators do before anybody can sign in."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from core.access import passwords
from dashboard.__main__ import cli
from tests.support.fixtures_access import PASSWORD, audited, make_console, password_hash


@pytest.fixture
def run(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    real = passwords.hash_password
    monkeypatch.setattr(
        passwords, "hash_password", lambda p: password_hash() if len(p) >= 12 else real(p)
    )

    def user(*args, stdin=f"{PASSWORD}\n"):
        return CliRunner().invoke(cli, ["user", *args], input=stdin)

    user.url = url
    return user


def people(run):
    return {p["email"]: p for p in json.loads(run("list", "--json").output)}


def create(run, email="ann@shop.example", roles="finance"):
    return run("create", email, "--roles", roles, "--password-stdin", "--json")


def test_a_user_is_created_listed_and_noted(run):
    made = json.loads(create(run, " Ann@Shop.Example ", "risk, finance").output)
    found = people(run)["ann@shop.example"]
    assert found["id"] == made["id"]
    assert found["roles"] == ["finance", "risk"]
    assert (found["name"], found["disabled"], found["last_sign_in_at"]) == ("ann", False, None)
    assert "ann@shop.example" in run("list").output
    (row,) = audited(make_console(run.url), "user.create")
    assert row.actor.startswith("cli:")


def test_roles_are_replaced(run):
    create(run)
    assert run("roles", "ann@shop.example", "--roles", "viewer").exit_code == 0
    assert people(run)["ann@shop.example"]["roles"] == ["viewer"]


def test_disabling_and_enabling(run):
    create(run)
    assert run("disable", "ann@shop.example").exit_code == 0
    assert people(run)["ann@shop.example"]["disabled"]
    assert run("enable", "ann@shop.example").exit_code == 0
    assert not people(run)["ann@shop.example"]["disabled"]


def test_a_password_is_asked_for_twice_and_never_shown(run):
    create(run)
    answer = run("password", "ann@shop.example", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert answer.exit_code == 0
    assert PASSWORD not in answer.output
    other = run("password", "ann@shop.example", stdin=f"{PASSWORD}\nsomething else\n")
    assert other.exit_code != 0


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["create", "ann", "--roles", "viewer", "--password-stdin"], "email"),
        (["create", "a@b.cc", "--roles", "root", "--password-stdin"], "'root' is not one of"),
        (["create", "a@b.cc", "--password-stdin"], "--roles"),
        (["roles", "ghost@b.cc", "--roles", "viewer"], "no user ghost@b.cc"),
        (["disable", "ghost@b.cc"], "no user"),
    ],
)
def test_mistakes_end_with_one_clear_line(run, args, complaint):
    answer = run(*args)
    assert answer.exit_code in (1, 2)
    assert complaint in answer.output
    assert "Traceback" not in answer.output


def test_a_short_password_is_refused(run):
    answer = run("create", "a@b.cc", "--roles", "viewer", "--password-stdin", stdin="short\n")
    assert answer.exit_code == 2
    assert "password: has 12 to 256 characters" in answer.output


def test_demo_users_are_made_once_and_never_in_production(run, monkeypatch):
    assert len(json.loads(run("demo", "--json").output)["created"]) == 7
    assert json.loads(run("demo", "--json").output)["created"] == []
    monkeypatch.setenv("APP_ENV", "production")
    assert run("demo").exit_code == 1
    assert all(person["disabled"] for person in people(run).values())
    assert run("enable", "admin@demo.test").exit_code == 1
    assert create(run, "new@demo.test").exit_code == 1
    assert create(run, "new@shop.example").exit_code == 0


def test_help_needs_no_database(run, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql+pymysql://x:y@127.0.0.1:1/none")
    for args in (["--help"], ["create", "--help"], ["demo", "--help"]):
        assert run(*args).exit_code == 0
