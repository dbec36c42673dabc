"""`python -m dashboard alerts`: what is open, a channel tried, a rule muted and told of again."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from dashboard.__main__ import cli
from tests.support.alert_receivers import webhook
from tests.support.alerts import add_channel, add_rule, look, put_event
from tests.support.fixtures_access import audited, make_console


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """A console that watches dead events, of which there is one."""
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    made = make_console(url)
    add_rule(made.engine, "dead_event")
    put_event(made.engine, "1")
    look(made.engine)
    yield made
    made.engine.dispose()


def run(*args, code=0):
    done = CliRunner().invoke(cli, ["alerts", *args])
    assert done.exit_code == code, done.output
    return done.output


def test_open_alerts_are_listed_and_end_with_1(watched):
    (one,) = json.loads(run("list", "--json", code=1))
    assert (one["kind"], one["state"]) == ("dead_event", "open")
    assert "dead_event" in run("list", code=1)
    assert run("list", "--live") == ""
    assert json.loads(run("list", "--closed", "--json")) == []


def test_a_rule_is_muted_and_told_of_again(watched):
    (rule,) = json.loads(run("list", "--rules", "--json"))
    assert "is muted until" in run("mute", str(rule["rule_id"]), "--hours", "2")
    assert "muted" in run("list", code=1)
    run("mute", str(rule["rule_id"]), "--off")
    (after,) = json.loads(run("list", "--rules", "--json"))
    assert after["muted_until"] is None
    first, second = (json.loads(row.details) for row in audited(watched, "alert.mute"))
    assert first["until"] is not None
    assert second["until"] is None
    run("mute", "99", code=1)


def test_a_channel_is_tried_by_its_name(watched):
    with webhook() as hook:
        add_channel(watched.engine, "Ops", hook.url)
        (channel,) = json.loads(run("list", "--channels", "--json"))
        assert (channel["name"], "url" in channel) == ("Ops", False)
        assert run("test", "Ops") == "Ops: taken\n"
        hook.status = 500
        assert run("test", "Ops", code=1).startswith("Ops: ")
    assert len(hook.got) == 2
    assert len(audited(watched, "alert.test")) == 2
    run("test", "Nobody", code=1)
