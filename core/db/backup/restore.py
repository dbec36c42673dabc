"""Brings a backup back, into a database that is empty, and counts what came."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from core.db.backup import archive, client_programs, mysql_dump, sqlite_copy
from core.db.backup.manifest import Manifest
from core.db.backup.mysql_dump import Intake
from core.db.engine import open_engine
from core.db.migrate import head
from core.errors import BackupRefused, DatabaseDown, InvalidInput, RestoreCutShort

_BACKENDS = ("sqlite", "mysql", "mariadb")
_RULE = "is sqlite:///FILE or mysql+pymysql://USER:PASSWORD@HOST/NAME"
_ENGINES = {"sqlite": "SQLite", "mysql": "MySQL or MariaDB"}


def restore(path: Path, into: str) -> Manifest:
    """Restore the file into the database of this URL; what it says of itself.

    `BackupRefused`, with nothing written, where the file is damaged, of a newer schema or of the
    other engine, or where the target is not empty; `RestoreCutShort` where it stopped on the way.
    Tables that are older than this program are brought up to date by its next start.
    """
    url = _url(into)
    manifest = archive.read_manifest(path)
    if manifest.schema > head():
        raise BackupRefused(
            f"The backup's tables are newer ({manifest.schema}) than this program ({head()}):"
            " restore it with the version that made it, or a later one. Nothing was written."
        )
    if manifest.engine != ("sqlite" if url.get_backend_name() == "sqlite" else "mysql"):
        raise BackupRefused(
            f"The backup is one of {_ENGINES[manifest.engine]}, and the target is not."
            " Nothing was written."
        )
    (_into_sqlite if manifest.engine == "sqlite" else _into_mysql)(path, manifest, url)
    return manifest


def _url(into: str) -> URL:
    try:
        url = make_url(into)
    except (ArgumentError, ValueError):
        raise InvalidInput("into", _RULE) from None
    if url.get_backend_name() not in _BACKENDS:
        raise InvalidInput("into", _RULE)
    if not url.database:
        raise InvalidInput("into", "names no database")
    return url


def _into_sqlite(path: Path, manifest: Manifest, url: URL) -> None:
    target = Path(url.database or "")
    sqlite_copy.refuse_taken(target)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with TemporaryDirectory(prefix=".restore-", dir=target.parent) as work:
        made = Path(work) / "restored"
        made.touch(0o600)
        with made.open("wb") as out:
            archive.read(path, manifest, out.write)
        if sqlite_copy.rows_of(made) != manifest.tables:
            raise BackupRefused.damaged()
        sqlite_copy.put(made, target)


def _into_mysql(path: Path, manifest: Manifest, url: URL) -> None:
    engine = open_engine(url.render_as_string(hide_password=False), pool_size=1)
    try:
        mysql_dump.refuse_taken(engine)
        # Once for the digest alone: what a damaged file says must not reach a database.
        archive.read(path, manifest, len)
        with client_programs.taking_in(url) as program:
            intake = Intake(program)
            archive.read(path, manifest, intake.write)
            intake.close()
        if mysql_dump.rows_of(engine) != dict(manifest.tables):
            raise RestoreCutShort(
                "The target does not hold the backup's rows: drop it, and restore again."
            )
    except DBAPIError as error:
        number = error.orig.args[0] if error.orig is not None and error.orig.args else "no number"
        raise DatabaseDown(f"The target does not answer (error {number}).") from None
    finally:
        engine.dispose()
