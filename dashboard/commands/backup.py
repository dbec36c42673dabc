"""`backup`: writes the database into one file, while the other processes work."""

from __future__ import annotations

import json
from gettext import ngettext
from pathlib import Path

import click

from core import settings
from core.db.backup import last_backup, make


@click.command()
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for it. Default: VAR_DIR/backups.",
)
@click.option("--keep", type=click.IntRange(1), help="Remove older backups there but so many.")
@click.option("--json", "as_json", is_flag=True, help="Print its manifest as JSON.")
def command(folder: Path | None, keep: int | None, as_json: bool) -> None:
    """Back up the database into a new file, as it is at one moment; nobody waits for it.

    The file holds customers' data: it is made for its owner alone. ENCRYPTION_KEY is not in it.
    """
    configuration = settings.load()
    noted = configuration.var_dir / last_backup.FOLDER
    where = folder or noted
    file, manifest = make.backup(configuration.database, where)
    make.note_backup(noted, file, manifest)
    removed = make.remove_old(where, keep) if keep else []
    if as_json:
        found = json.loads(manifest.to_json())
        click.echo(json.dumps({"file": str(file), "removed": len(removed), **found}))
        return
    rows = ngettext("{n} row", "{n} rows", manifest.rows).format(n=manifest.rows)
    click.echo(f"{file}: {rows}, schema {manifest.schema}, sha256 {manifest.sha256}")
