"""Makes a backup, while the program works, and lets old ones go."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from core import clock
from core.db.backup import archive, mysql_dump, sqlite_copy
from core.db.backup.archive import Writer
from core.db.backup.last_backup import LAST
from core.db.backup.manifest import FORMAT, EngineName, Manifest
from core.db.engine import open_read_only
from core.errors import BackupFailed
from core.version import VERSION

_NAME = "tillwatch-{:%Y%m%dT%H%M%SZ}.zip"
_PATTERN = "tillwatch-*.zip"


def backup(database: str, folder: Path) -> tuple[Path, Manifest]:
    """Write the database of this URL into a new file in the folder; what it says of itself.

    `BackupFailed`, and no file, where that cannot be.
    """
    url, now = make_url(database), clock.now()
    target = folder / _NAME.format(now)
    if target.exists():
        raise BackupFailed(f"{target} is there already.")
    with archive.unfinished(folder) as work:
        made = _sqlite if url.get_backend_name() == "sqlite" else _mysql
        return target, made(url, target, work, now)


def _sqlite(url: URL, target: Path, work: Path, now: datetime) -> Manifest:
    copied = work / "copy"
    tables = sqlite_copy.copy(Path(url.database or ""), copied)
    schema = sqlite_copy.schema(copied)

    def fill(out: Writer) -> Manifest:
        sqlite_copy.pour(copied, out)
        return _manifest("sqlite", schema, now, tables, out)

    return archive.write(target, work, "sqlite", fill)


def _mysql(url: URL, target: Path, work: Path, now: datetime) -> Manifest:
    engine = open_read_only(url.render_as_string(hide_password=False))

    def fill(out: Writer) -> Manifest:
        schema = mysql_dump.schema(engine)
        tables = mysql_dump.dump(url, out)
        if schema != mysql_dump.schema(engine):
            raise BackupFailed("The tables were brought up to date meanwhile: back up again.")
        return _manifest("mysql", schema, now, tables, out)

    try:
        return archive.write(target, work, "mysql", fill)
    except DBAPIError as error:
        number = error.orig.args[0] if error.orig is not None and error.orig.args else "no number"
        raise BackupFailed(f"The database does not answer (error {number}).") from None
    finally:
        engine.dispose()


def _manifest(
    engine: EngineName, schema: str | None, now: datetime, tables: dict[str, int], out: Writer
) -> Manifest:
    if schema is None:
        raise BackupFailed(
            "The database holds no tables of this program: there is nothing to keep."
        )
    return Manifest(FORMAT, engine, schema, VERSION, now, tables, out.bytes, out.sha256)


def note_backup(folder: Path, file: Path, manifest: Manifest) -> None:
    """Write down in VAR_DIR's folder of backups that there is one, wherever it lies itself."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    said = {"file": str(file.absolute()), "made_at": manifest.made_at.isoformat()}
    with archive.unfinished(folder) as work:
        made = work / LAST
        made.write_text(json.dumps(said), encoding="utf-8")
        made.chmod(0o600)
        made.replace(folder / LAST)


def remove_old(folder: Path, keep: int) -> list[Path]:
    """Remove all backups in the folder but the newest `keep`; those that were removed."""
    old = sorted(folder.glob(_PATTERN), reverse=True)[keep:]
    for path in old:
        path.unlink(missing_ok=True)
    return old
