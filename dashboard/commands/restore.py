"""`restore`: brings a backup back into an empty database."""

from __future__ import annotations

from gettext import ngettext
from pathlib import Path

import click

from core import settings
from core.db.backup import restore
from core.db.migrate import head


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--into",
    metavar="URL",
    help="The database to fill, as in DATABASE_URL; that one by default. A password in it can be"
    " seen by others on this machine: DATABASE_URL_FILE keeps it to itself.",
)
@click.option("--json", "as_json", is_flag=True, help="Print its manifest as JSON.")
def command(file: Path, into: str | None, as_json: bool) -> None:
    """Restore a backup into a database that holds nothing yet, and count what came.

    Stop all other processes first. Nothing is written where the file is damaged, newer than this
    program, or the target is not empty.
    """
    manifest = restore.restore(file, into or settings.load().database)
    if as_json:
        click.echo(manifest.to_json())
        return
    rows = ngettext("{n} row", "{n} rows", manifest.rows).format(n=manifest.rows)
    click.echo(f"{rows} as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC")
    if manifest.schema != head():
        click.echo(f"The next start brings the tables from {manifest.schema} up to {head()}.")
