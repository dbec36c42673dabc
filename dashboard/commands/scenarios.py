"""`scenarios`: pays with every test card, and says where the outcome differs."""

from __future__ import annotations

import json
import logging
import sys
import uuid
from gettext import ngettext

import click

from core import bootstrap, settings
from core.access import users
from core.access.principals import Caller
from core.access.rights import DEVELOPER
from core.actions.developer import scenarios
from core.actions.developer.scenario_results import Result
from core.actions.developer.scenarios import Suite
from core.bootstrap import Console
from core.db.engine import reading
from core.errors import Misconfigured
from dashboard.process import emulator_control, logs


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.option("--only", multiple=True, help="A scenario or a card by its name; may be repeated.")
@click.option("--user", "email", help="Who pays: a developer. The first one when not given.")
@click.option("--threads", type=click.IntRange(1, 16), default=scenarios.THREADS, show_default=True)
def command(as_json: bool, only: tuple[str, ...], email: str | None, threads: int) -> None:
    """Pay with every test card in test mode; exit code 1 when an outcome differs."""
    configuration = settings.load()
    logs.set_up(configuration, "scenarios")
    # Each call's own line would bury the results.
    logging.getLogger("tillwatch.operations").setLevel(logging.ERROR)
    console = bootstrap.build(configuration)
    challenge = emulator_control.challenge(console.settings)
    chosen = scenarios.known(answered=challenge is not None, only=only)
    context, log = bootstrap.open_actions(console)
    report = _silent if as_json else _bar
    suite = Suite(str(uuid.uuid4()), chosen, challenge, threads, report)
    try:
        results = scenarios.run(context, Caller(_developer(console, email)), suite)
    finally:
        log.flush()
    if as_json:
        click.echo(json.dumps([one.shown() for one in results], ensure_ascii=False))
    else:
        _print(results)
    sys.exit(0 if all(one.ok for one in results) else 1)


def _developer(console: Console, email: str | None) -> str:
    """The id of the person in whose name the payments are made."""
    with reading(console.engine) as connection:
        for person in users.everyone(connection):
            fits = DEVELOPER in person.roles if email is None else person.email == email.lower()
            if fits and not person.disabled:
                return person.user_id
    raise Misconfigured(
        "there is no such person; `python -m dashboard user create --help` says how to make one"
        " with the role developer"
    )


def _print(results: list[Result]) -> None:
    for one in results:
        mark = click.style("ok  ", fg="green") if one.ok else click.style("DIFF", fg="red")
        code = one.actual.decline_code or one.actual.code or ""
        line = f"{mark} {one.scenario.name:<32} {one.actual.status:<24} {code:<28}"
        click.echo(f"{line} {one.duration_ms:>6} ms")
        if not one.as_expected:
            wanted = one.scenario.expected
            click.echo(f"     expected {wanted.status} {wanted.decline_code or wanted.code or ''}")
            click.echo(f"     {one.message or ''}")
        if one.missing:
            click.echo(f"     events that did not come: {', '.join(one.missing)}")
    differ = sum(not one.ok for one in results)
    paid = ngettext("{n} scenario", "{n} scenarios", len(results)).format(n=len(results))
    differing = ngettext("{n} differs", "{n} differ", differ).format(n=differ)
    click.echo(f"{paid}, {differing}")


def _silent(_done: int, _total: int) -> None:
    """Says nothing: for --json."""


def _bar(done: int, total: int) -> None:
    """A terminal sees it move; a log sees the end alone."""
    filled = "█" * (30 * done // total)
    if sys.stderr.isatty():
        click.echo(f"\r{filled:<30} {done}/{total}", nl=done == total, err=True)
