"""`inbox`: what waits, what failed, and putting events back to be applied again."""

from __future__ import annotations

import json

import click

from core import bootstrap, settings
from core.inbox import work
from core.inbox.overview import failures, refusals, standing


@click.group()
def command() -> None:
    """The events that came in."""


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def status(as_json: bool) -> None:
    """Count events by state, and objects that wait to be read again."""
    counts = standing(bootstrap.build(settings.load()).engine)
    if as_json:
        click.echo(json.dumps(counts))
    else:
        click.echo("\n".join(f"{name}: {count}" for name, count in counts.items()))


@command.command("dead")
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON.")
def dead(as_json: bool) -> None:
    """List the events that were given up, with the last reason."""
    found = failures(bootstrap.build(settings.load()).engine)
    if as_json:
        click.echo(json.dumps([one.__dict__ for one in found], default=str))
    else:
        for one in found:
            click.echo(f"{one.stripe_id} {one.type} {one.attempts} tries: {one.last_error}")
        click.echo(f"{len(found)} dead")


@command.command("parked")
@click.option("--json", "as_json", is_flag=True, help="Print the objects as JSON.")
def parked(as_json: bool) -> None:
    """List the objects that Stripe refuses to show; a replayed event of one asks again."""
    found = refusals(bootstrap.build(settings.load()).engine)
    if as_json:
        click.echo(json.dumps([one.__dict__ for one in found]))
    else:
        for one in found:
            click.echo(f"{one.kind} {one.stripe_id}: {one.last_error}")
        click.echo(f"{len(found)} parked")


@command.command("replay")
@click.argument("event_ids", nargs=-1)
@click.option("--dead", "all_dead", is_flag=True, help="Every event that was given up.")
def replay(event_ids: tuple[str, ...], all_dead: bool) -> None:
    """Apply events again. Applying twice changes nothing that is newer."""
    engine = bootstrap.build(settings.load()).engine
    wanted = list(event_ids)
    if all_dead:
        wanted += [one.stripe_id for one in failures(engine)]
    if not wanted:
        raise click.UsageError("name events, or give --dead")
    click.echo(f"{work.replay(engine, wanted)} put back")
