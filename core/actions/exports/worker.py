"""The worker's part of long files: each is written by one worker, begun again once if that dies."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select, update

from core import clock
from core.actions.exports import csv_writer, requests
from core.db.engine import reading, retrying, writing
from core.db.leases import Lease
from core.db.tables import exports
from core.errors import LeaseLost, TillwatchError
from core.private_files import private_folder
from core.reads.exports.columns import FileRows, Reader
from core.states import ExportState

#: A worker that has said nothing for so long is taken for dead: another one begins anew.
LEASE = timedelta(seconds=120)
#: How long a file is kept once it is done.
KEPT = timedelta(days=1)
#: It is begun so often: what two workers died of, a third would die of too.
MOST_TRIES = 2
STOPPED = "The worker stopped while writing it."
NOT_WRITTEN = "The file could not be written."
#: So many rows are written between two signs of life.
REPORT_ROWS = 10_000

_C = exports.c
_LEASE = Lease(exports, until=_C.lease_until, open=_C.state.in_(requests.OPEN), lasts=LEASE)
#: What whoever writes files waits for.
WORK = _LEASE.work()
_log = logging.getLogger(__name__)


class PersonReader(Protocol):
    """Runs a read for a person, whose right is asked for in the database first."""

    def __call__(self, user_id: str, read: Callable[..., Any], /, **named: Any) -> Any: ...


@dataclass(frozen=True)
class _Claimed:
    id: str
    kind: str
    format: str
    query: str
    asked_by: str
    tries: int
    fence: str


def write_waiting(engine: Engine, folder: Path, read: PersonReader, zone: ZoneInfo) -> bool:
    """Write one file that was asked for, if there is one; whether there was something to do.

    The file stands in `folder`, for its owner alone. Who lost the right meanwhile gets none.
    """
    claimed = retrying(partial(_claim, engine, clock.now()))
    if claimed is None:
        return False
    if claimed.tries > MOST_TRIES:
        _fail(engine, claimed, STOPPED)
        return True
    path = folder / f"{claimed.id}-{claimed.fence[:8]}.{claimed.format}"
    try:
        with _private(path) as file:
            done = _write(engine, claimed, file, partial(read, claimed.asked_by), zone)
            _sync(file)
            _end(engine, claimed, done, path.name)
    except LeaseLost:
        _log.info("exports: %s was canceled, or is another worker's", claimed.id)
    except TillwatchError as error:
        _fail(engine, claimed, error.message[:500])
    except OSError as error:
        _log.error("exports: %s", error)
        _fail(engine, claimed, NOT_WRITTEN)
    return True


def remove_old(engine: Engine, folder: Path, *, at: datetime) -> int:
    """Remove files that were kept long enough, and what a worker that died left; how many."""
    due = select(_C.id, _C.file).where(_C.state == ExportState.DONE, _C.expires_at <= at)
    with reading(engine) as connection:
        rows = connection.execute(due).all()
    for row in rows:
        (folder / row.file).unlink(missing_ok=True)
        gone = update(exports).where(_C.id == row.id)
        with writing(engine) as connection:
            connection.execute(gone.values(state=ExportState.REMOVED, file=None, updated_at=at))
    return len(rows) + _remove_left(engine, folder, at)


def _remove_left(engine: Engine, folder: Path, at: datetime) -> int:
    if not folder.is_dir():
        return 0
    with reading(engine) as connection:
        kept = set(connection.scalars(select(_C.file).where(_C.file.is_not(None))))
    before, removed = (at - KEPT).timestamp(), 0
    for path in folder.iterdir():
        if path.name not in kept and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _write(engine: Engine, claimed: _Claimed, file: BinaryIO, read: Reader, zone: ZoneInfo) -> int:
    asked = requests.asked_of(claimed.query)
    found = requests.list_of(claimed.kind).open(read, asked, zone)
    said = 0

    def report(done: int) -> None:
        nonlocal said
        if done - said >= REPORT_ROWS:
            said = done
            retrying(partial(_note_progress, engine, claimed, done))

    return _writer(claimed.format)(file, found, report)


def _writer(format_: str) -> Callable[[BinaryIO, FileRows, Callable[[int], None]], int]:
    if format_ == "csv":
        return csv_writer.write
    # pyarrow takes 30 MB: a worker that writes no Parquet goes without. Its own allocator keeps
    # 15 MB more than the system's; which one it is, is decided as it is loaded.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from core.actions.exports import parquet_writer

    return parquet_writer.write


@contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    """A new file that only its owner may read; it is gone where the block fails."""
    private_folder(path.parent)
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _sync(file: BinaryIO) -> None:
    """On the disk, before anybody is told that it is there."""
    file.flush()
    os.fsync(file.fileno())


def _claim(engine: Engine, moment: datetime) -> _Claimed | None:
    oldest = select(_C.id).where(_LEASE.due(moment)).order_by(_C.created_at, _C.id).limit(1)
    with reading(engine) as connection:
        export_id = connection.scalar(oldest)
    if export_id is None:
        return None
    with writing(engine) as connection:
        fence = _LEASE.take(
            connection,
            _C.id == export_id,
            moment,
            state=ExportState.RUNNING,
            rows_done=0,
            tries=_C.tries + 1,
            updated_at=moment,
        )
        mine = select(exports).where(_C.id == export_id, _LEASE.held(fence))
        row = connection.execute(mine).first()
    if row is None:
        return None
    return _Claimed(row.id, row.kind, row.format, row.query, row.asked_by, row.tries, fence)


def _note_progress(engine: Engine, claimed: _Claimed, done: int) -> None:
    moment = clock.now()
    with writing(engine) as connection:
        mine = _C.id == claimed.id
        _LEASE.extend(connection, mine, claimed.fence, moment, rows_done=done, updated_at=moment)


def _end(engine: Engine, claimed: _Claimed, done: int, name: str) -> None:
    """The file is there; `LeaseLost` where nobody waits for this one any more."""

    def write() -> None:
        now = clock.now()
        with writing(engine) as connection:
            _LEASE.end(
                connection,
                _C.id == claimed.id,
                claimed.fence,
                1,
                state=ExportState.DONE,
                rows_done=done,
                file=name,
                updated_at=now,
                expires_at=now + KEPT,
            )

    retrying(write)


def _fail(engine: Engine, claimed: _Claimed, why: str) -> None:
    def write() -> None:
        values = {"state": ExportState.FAILED, "why": why, "updated_at": clock.now()}
        with writing(engine) as connection:
            _LEASE.give_back(connection, _C.id == claimed.id, claimed.fence, **values)

    retrying(write)
