"""What goes on from day to day: backups, who may sign in, and how fresh the ledger is."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from core import clock
from core.access import demo
from core.checks.result import Result, failed, passed, unsafe, warned
from core.checks.subject import Subject
from core.db.engine import reading
from core.domain.stream_limits import LEDGER
from core.reads.overview.streams import stream_states

#: Where backups lie, or a file that whatever makes them elsewhere touches.
BACKUPS = "backups"
_BACKUP_LASTS = timedelta(hours=24)


def backup_age(subject: Subject) -> Result:
    """Whether there is a backup of the last day."""
    made = _last_backup(subject.settings.var_dir)
    if made is None:
        return unsafe(
            subject.production,
            "No backup is known of.",
            "Back the database up each night into VAR_DIR/backups, or touch a file there.",
        )
    hours = int((clock.now() - made) / timedelta(hours=1))
    if clock.now() - made > _BACKUP_LASTS:
        return unsafe(
            subject.production,
            "The last backup is {hours} hours old.",
            "Back the database up each night into VAR_DIR/backups, or touch a file there.",
            hours=hours,
        )
    return passed("The last backup is {hours} hours old.", hours=hours)


def _last_backup(var_dir: Path) -> datetime | None:
    folder = var_dir / BACKUPS
    if not folder.is_dir():
        return None
    seconds = [path.stat().st_mtime for path in folder.iterdir() if path.is_file()]
    return clock.from_unix(int(max(seconds))) if seconds else None


def demo_users(subject: Subject) -> Result:
    """Whether somebody can sign in with the password that all know."""
    engine = subject.database.engine
    if engine is None:
        return _unanswered()
    try:
        with reading(engine) as connection:
            count = demo.count_open(connection)
    except DBAPIError:
        return _without_tables()
    if count:
        return unsafe(
            subject.production,
            "{count} demo users can sign in.",
            "Disable them under Users. A start with APP_ENV=production does.",
            count=count,
        )
    return passed("No demo user can sign in.")


def ledger_fresh(subject: Subject) -> Result:
    """Whether the ledger of each mode that has a key is walked, and how it stands."""
    engine = subject.database.engine
    if engine is None:
        return _unanswered()
    now = clock.now()
    try:
        with reading(engine) as connection:
            found = {
                livemode: {
                    one.name: one for one in stream_states(connection, livemode=livemode, now=now)
                }.get(LEDGER)
                for livemode in subject.stripe
            }
    except DBAPIError:
        return _without_tables()
    for livemode, state in found.items():
        mode = "live" if livemode else "test"
        if state is None or state.fresh_as_of is None:
            return unsafe(
                subject.production,
                "The ledger of {mode} mode was never read.",
                "Start the worker, and run `sync --since 90d`.",
                mode=mode,
            )
        if state.is_wrong:
            return unsafe(
                subject.production,
                "The ledger of {mode} mode is {minutes} minutes old: {why}.",
                "Start the worker; Overview says what stops it.",
                mode=mode,
                minutes=int((now - state.fresh_as_of) / timedelta(minutes=1)),
                why=state.error,
            )
    return passed("The ledger is fresh.") if found else failed("There is no key.", "See keys_mode.")


def _unanswered() -> Result:
    return warned("The database does not answer: not looked at.", "See database_reachable.")


def _without_tables() -> Result:
    return warned("The tables are not this program's: not looked at.", "See migrations.")
