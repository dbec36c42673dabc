"""`inbox`: what waits, what failed, and putting events back to be applied again."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from gettext import ngettext

import click

from core import bootstrap, settings
from core.errors import NotFound, TillwatchError
from core.inbox import event_processor
from core.inbox.compare_mirrors import Difference
from core.inbox.overview import counts_by_state, failures, refusals
from core.inbox.rebuild import DIFFERS, EQUAL, MADE, UNKNOWN, Rebuilt, rebuild
from core.inbox.rehearsal import Rehearsal, rehearse
from core.ledger.booking import Scope
from core.mirror import parked_objects
from core.mirror.apply import BookingContext

#: The exit code for each outcome of a rebuild.
_CODES = {MADE: 0, EQUAL: 0, DIFFERS: 1, UNKNOWN: 2}


@click.group()
def command() -> None:
    """The events that came in."""


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def status(as_json: bool) -> None:
    """Count events by state, and objects that wait to be read again."""
    counts = counts_by_state(bootstrap.build(settings.load()).engine)
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
            tries = ngettext("{n} try", "{n} tries", one.attempts).format(n=one.attempts)
            click.echo(f"{one.stripe_id} {one.type} {tries}: {one.last_error}")
        click.echo(f"{len(found)} dead")


@command.command("parked")
@click.option("--json", "as_json", is_flag=True, help="Print the objects as JSON.")
def parked(as_json: bool) -> None:
    """List the objects that cannot be read; `retry`, or a new event of one, asks again."""
    found = refusals(bootstrap.build(settings.load()).engine)
    if as_json:
        click.echo(json.dumps([one.__dict__ for one in found]))
    else:
        for one in found:
            click.echo(f"{one.kind} {one.stripe_id}: {one.last_error}")
        click.echo(f"{len(found)} parked")


@command.command("retry")
@click.argument("object_ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every object that is parked.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def retry(object_ids: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Read parked objects from Stripe again."""
    if bool(object_ids) == everything:
        raise click.UsageError("name objects, or give --all")
    console = bootstrap.build(settings.load())
    count = parked_objects.retry(console.engine, None if everything else object_ids)
    click.echo(json.dumps({"put_back": count}) if as_json else f"{count} put back")


@command.command("replay")
@click.argument("event_ids", nargs=-1)
@click.option("--dead", "all_dead", is_flag=True, help="Every event that was given up.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def replay(event_ids: tuple[str, ...], all_dead: bool, dry_run: bool, as_json: bool) -> None:
    """Apply events again. Applying twice changes nothing that is newer."""
    console = bootstrap.build(settings.load())
    wanted = list(event_ids)
    if all_dead:
        wanted += [one.stripe_id for one in failures(console.engine)]
    if not wanted and not all_dead:
        raise click.UsageError("name events, or give --dead")
    if dry_run:
        _rehearse(console, wanted, as_json)
        return
    count = event_processor.replay(console.engine, wanted)
    click.echo(json.dumps({"put_back": count}) if as_json else f"{count} put back")


@command.command("rebuild")
@click.option("--into", "into", metavar="URL", required=True, help="An empty database.")
@click.option("--compare", "compared", is_flag=True, help="Hold it against what stands.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def rebuild_command(into: str, compared: bool, as_json: bool) -> None:
    """Make the mirror anew in an empty database, from the inbox and what Stripe answered.

    Nothing is asked of Stripe, and this database is not written. With --compare, exit code 0: all
    tables are equal. 1: one differs. 2: that could not be told.
    """
    console = bootstrap.build(settings.load())
    report = _silent if as_json else _Told()
    try:
        found = rebuild(
            console.engine, into, console.settings.zone, compared=compared, report=report
        )
    except TillwatchError as error:
        click.echo(error.message, err=True)
        sys.exit(_CODES[UNKNOWN])
    click.echo(json.dumps(found.shown()) if as_json else "\n".join(_rebuilt_lines(found)))
    sys.exit(_CODES[found.outcome])


def _rebuilt_lines(found: Rebuilt) -> list[str]:
    lines = [f"{step}: {count}" for step, count in found.made.items()]
    for one in found.tables:
        said = "equal" if one.equal else f"{one.differing} differ"
        lines.append(f"{one.name}: {one.standing} stand, {one.rebuilt} rebuilt: {said}")
        lines += [f"  {_difference_text(difference)}" for difference in one.first]
    lines += [f"{name}: {count} without a reading" for name, count in found.unread.items()]
    shown = found.shown()
    for name, said in (("personal_data_before", "is not kept"), ("purging_before", "is going")):
        if shown[name]:
            lines.append(f"personal data from before {shown[name]} {said}: on both sides")
    return [*lines, found.outcome]


def _difference_text(one: Difference) -> str:
    key = " ".join(str(part) for part in one.key)
    return f"{key}: {', '.join(one.columns) or f'only {one.only_in}'}"


def _silent(_step: str, _done: int, _whole: int) -> None:
    """Says nothing: for --json."""


class _Told:
    """A line on standard error for each tenth of a step."""

    def __init__(self) -> None:
        self._said: dict[str, int] = {}

    def __call__(self, step: str, done: int, whole: int) -> None:
        tenth = done * 10 // max(whole, 1)
        if self._said.get(step) != tenth:
            self._said[step] = tenth
            click.echo(f"{step}: {done} of {whole}", err=True)


def _rehearse(console: bootstrap.Console, wanted: list[str], as_json: bool) -> None:
    books, trials = BookingContext(Scope(console.settings.zone)), []
    modes = frozenset(console.settings.secret_keys)
    for event_id in wanted:
        try:
            trials.append(rehearse(console.engine, event_id, books, modes=modes))
        except NotFound:
            raise click.UsageError(f"{event_id} is not in the inbox") from None
    if as_json:
        click.echo(json.dumps([asdict(trial) for trial in trials], default=str))
        return
    for trial in trials:
        click.echo(f"{trial.event_id}: {_trial_text(trial)}")
        for one in trial.changes:
            click.echo(f"  {one.table} {one.key} {one.field}: {one.now} -> {one.then}")
        for kind, stripe_id in trial.read_again:
            click.echo(f"  {kind} {stripe_id} is read again from Stripe")


def _trial_text(trial: Rehearsal) -> str:
    if trial.error:
        return f"would fail: {trial.error}"
    if not trial.known:
        return f"would be passed over: {trial.because}"
    fields = len(trial.changes)
    return ngettext("{n} field would change", "{n} fields would change", fields).format(n=fields)
