"""`alerts`: what is wrong now, a test of a channel, and rest from a rule."""

from __future__ import annotations

import getpass
import json
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click

from core import bootstrap, clock, settings
from core.access.rights import RIGHTS
from core.actions.alerts import channels as channel_actions
from core.actions.alerts import rules as rule_actions
from core.alerts.channel_urls import ChannelSecrets
from core.bootstrap import Console
from core.db.engine import one_picture, retrying, writing
from core.reads.alerts import alerts as reads
from core.reads.alerts import settings as setting_reads
from core.reads.alerts.alerts import Alert

_live = click.option(
    "--live/--test", "livemode", default=None, help="Else live where there is a live key."
)


@click.group()
def command() -> None:
    """What is wrong, and whom it is told to."""


@command.command("list")
@click.option("--closed", is_flag=True, help="Those that are over, not those that are open.")
@click.option("--rules", is_flag=True, help="What is watched, with the numbers that mute takes.")
@click.option("--channels", is_flag=True, help="Whom it is told to, by the names that test takes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_live
def list_alerts(
    closed: bool, rules: bool, channels: bool, as_json: bool, livemode: bool | None
) -> None:
    """List alerts, newest first. Exit code 1 while one is open that nobody has taken on."""
    if closed + rules + channels > 1:
        raise click.UsageError("one of --closed, --rules and --channels")
    console = bootstrap.build(settings.load())
    with one_picture(console.engine) as connection:
        if rules:
            _print([asdict(one) for one in setting_reads.rules(connection)], as_json)
            return
        if channels:
            _print([asdict(one) for one in setting_reads.channels(connection)], as_json)
            return
        read = reads.closed_alerts if closed else reads.open_alerts
        found = read(connection, livemode=_livemode(console, livemode), rights=RIGHTS)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], default=str, ensure_ascii=False))
    for one in () if as_json else found:
        click.echo(_line(one))
    sys.exit(1 if any(one.state == "open" for one in found) else 0)


@command.command("test")
@click.argument("channel")
def test(channel: str) -> None:
    """Send a test message to a channel, by its name. Exit code 1 where it was not taken."""
    console = bootstrap.build(settings.load())
    secrets = ChannelSecrets(console.settings.encryption_key.get_secret_value())
    error = channel_actions.send_test_as(console.engine, secrets, _actor(), channel)
    click.echo(f"{channel}: {error or 'taken'}")
    sys.exit(1 if error else 0)


@command.command("mute")
@click.argument("rule", type=int)
@click.option("--hours", type=click.IntRange(1, 720), default=8, show_default=True)
@click.option("--off", is_flag=True, help="Tell of its alerts again.")
def mute(rule: int, hours: int, off: bool) -> None:
    """Tell nobody of what RULE finds for some hours; `list --rules` has its number."""
    engine = bootstrap.build(settings.load()).engine
    now = clock.now()
    until = None if off else now + timedelta(hours=hours)

    def work() -> None:
        with writing(engine) as connection:
            rule_actions.mute_as(connection, _actor(), rule, until=until, now=now)

    retrying(work)
    click.echo(
        f"rule {rule} is told of" if off else f"rule {rule} is muted until {until:%F %R} UTC"
    )


def _print(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, default=str, ensure_ascii=False))
        return
    for one in found:
        click.echo(" ".join(f"{name}={value}" for name, value in one.items() if value is not None))


def _line(one: Alert) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in one.facts.items())
    ended = "" if one.closed_at is None else f", until {one.closed_at:%F %R}"
    muted = one.muted_until is not None and one.muted_until > clock.now()
    state = f"{one.state}, muted" if muted else str(one.state)
    return (
        f"{one.alert_id:>5} {one.kind} {one.subject} ({state}, rule {one.rule_id})"
        f" since {one.first_seen_at:%F %R}{ended}: {facts}"
    )


def _livemode(console: Console, asked: bool | None) -> bool:
    return True in console.settings.secret_keys if asked is None else asked


def _actor() -> str:
    return f"cli:{getpass.getuser()}"
