"""`audit`: proves that nobody changed the operators' log, and prints its head as an anchor."""

from __future__ import annotations

import json
import sys
from gettext import ngettext

import click

from core import bootstrap, settings
from core.access import audit
from core.db.engine import one_picture


@click.group()
def command() -> None:
    """The log of who saw, asked, approved, sent and was refused what."""


@command.command("verify")
@click.option("--expect", metavar="'SEQ HASH'", help="A head printed earlier: it must still stand.")
@click.option("--json", "as_json", is_flag=True, help="Print the finding as JSON.")
def verify(expect: str | None, as_json: bool) -> None:
    """Walk the whole chain; exit code 1 and the first broken row if it does not hold."""
    anchor = audit.parse_head(expect) if expect else None
    console = bootstrap.build(settings.load())
    with one_picture(console.engine) as connection:
        broken = audit.verify(connection, anchor=anchor)
        seq, sealed = audit.head(connection)
    if as_json:
        found = {"seq": broken.seq, "why": broken.why} if broken else None
        click.echo(json.dumps({"ok": broken is None, "rows": seq, "hash": sealed, "broken": found}))
    elif broken:
        click.echo(f"row {broken.seq} {broken.why}")
    else:
        rows = ngettext("{n} row", "{n} rows", seq).format(n=seq)
        click.echo(f"{rows}, the chain holds")
    sys.exit(1 if broken else 0)


@command.command("head")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def head(as_json: bool) -> None:
    """Print the last row's number and hash: keep it elsewhere, and the log is anchored there."""
    console = bootstrap.build(settings.load())
    with one_picture(console.engine) as connection:
        seq, sealed = audit.head(connection)
    click.echo(json.dumps({"seq": seq, "hash": sealed}) if as_json else f"{seq} {sealed}")
