"""The engine: one way to open, begin and retry on SQLite, MySQL and MariaDB."""

from __future__ import annotations

import math
import re
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, FromClause, create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tenacity import (
    RetryCallState,
    Retrying,
    retry,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_delay,
    wait_random,
    wait_random_exponential,
)
from tenacity.stop import stop_base

from core.db import literals
from core.errors import DatabaseDown, InsertRace, TablesDiffer
from core.private_files import private_database

T = TypeVar("T")

#: MySQL: lock wait timeout, deadlock (which a cluster also says at a commit, to whoever wrote the
#: same rows on another node), and a savepoint that went with its transaction after one.
_CONFLICT = {1205, 1213, 1305}
#: A node of a cluster that has no majority: it takes nothing until it has one again.
_NO_QUORUM = {1047}
#: Too many connections; the ways a server goes away or hands over to another.
_BUSY = {1040, 1203}
_GONE = {2006, 2013, 2014, 2003, 1053, 1927, 4031, 1290, 1836}
#: A commit that failed in a cluster, and may have been done all the same.
_UNKNOWN = {1180}
_RETRIED = _CONFLICT | _NO_QUORUM | _BUSY | _GONE
#: A conflict is tried again for so long at least: many may want the same turn.
CONFLICT_SECONDS = 20.0
#: So long a node may be without a majority.
QUORUM_SECONDS = 15.0

#: A server takes so long at most to take a connection, and with each word until it is open; and
#: with the word that the pool asks for before it hands a connection out.
_CONNECT_SECONDS = 5
#: So long a server may say nothing at all while a statement runs or waits for a lock: after that
#: the line counts as cut. `LONG_SECONDS` within `long_statements`.
ANSWER_SECONDS, LONG_SECONDS = 30, 3600
#: A statement waits so long for another's lock, then says so (1205) and is tried again: the line
#: is not taken for cut meanwhile.
_LOCK_SECONDS = 20
#: SQLite's page cache, per connection, where a process does not say otherwise.
CACHE_MIB = 64
_long: ContextVar[bool] = ContextVar("long statements", default=False)

#: MySQL: disk full, table full, no space left, and how a storage engine passes that on.
_FULL = {1021, 1114, 28}
_NO_SPACE = re.compile(r"err(no|or|code):? 28\b|No space left", re.IGNORECASE)
#: MySQL: no such column, no such table. SQLite's words for a column; a file of it that was taken
#: away has no table either.
_NOT_THERE = {1054, 1146}
_NO_SUCH = ("no such column", "has no column named")
#: SQLite cannot write or open its files: besides a full disk, one that is gone.
_NO_FILE = ("disk I/O error", "unable to open database file")


def open_engine(
    url: str,
    *,
    pool_size: int = 5,
    cache_mib: int = CACHE_MIB,
    answer_seconds: float = ANSWER_SECONDS,
) -> Engine:
    """An engine for the payments database; makes the folder of a SQLite file.

    `cache_mib` bounds SQLite's page cache, per connection; `answer_seconds` how long a server may
    be silent where `long_statements` does not say otherwise.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_to_write(url, parsed.database, cache_mib)
    if parsed.get_backend_name() == "mysql" and "charset" not in parsed.query:
        parsed = parsed.update_query_dict({"charset": "utf8mb4"})
    engine = create_engine(
        parsed,
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={
            # MySQL gives 1024 bytes of a GROUP_CONCAT unless told otherwise, MariaDB these.
            "init_command": "SET time_zone = '+00:00', group_concat_max_len = 1048576,"
            f" innodb_lock_wait_timeout = {_lock_seconds(answer_seconds)}",
            "connect_timeout": _CONNECT_SECONDS,
            "read_timeout": _CONNECT_SECONDS,
            "write_timeout": ANSWER_SECONDS,
            "conv": literals.conversions(),
            **_without_tls(parsed),
        },
    )
    event.listen(engine, "connect", _read_what_others_wrote)
    event.listen(engine, "connect", _watch_the_line)

    @event.listens_for(engine, "checkout")
    def _wait_for_answers(connection: Any, _record: Any, _proxy: Any) -> None:
        # PyMySQL takes the limit for a statement from here, each time that it reads.
        connection._read_timeout = silence_of(answer_seconds)

    event.listen(engine, "checkin", _wait_for_a_word)
    return engine


@contextmanager
def long_statements() -> Iterator[None]:
    """In this block, on this thread, connections are taken for work that takes its time: a proof,
    an export, a rebuild, a migration. A statement of it may be silent for `LONG_SECONDS`."""
    before = _long.set(True)
    try:
        yield
    finally:
        _long.reset(before)


def silence_of(answer_seconds: float) -> float:
    """How long a server may be silent on a connection that is taken here and now."""
    return LONG_SECONDS if _long.get() else answer_seconds


def _lock_seconds(answer_seconds: float) -> int:
    return min(_LOCK_SECONDS, max(1, int(answer_seconds * _LOCK_SECONDS / ANSWER_SECONDS)))


def _wait_for_a_word(connection: Any, _record: Any) -> None:
    """A connection that lies in the pool is asked for a word before it is handed out again."""
    if connection is not None:
        connection._read_timeout = _CONNECT_SECONDS


def _without_tls(url: URL) -> dict[str, bool]:
    """What a socket of this machine goes without, unless the URL asks for it: PyMySQL makes ready
    for TLS at each connection, which takes 25 ms of a processor."""
    asks = any(name.startswith("ssl") for name in url.query)
    return {"ssl_disabled": True} if "unix_socket" in url.query and not asks else {}


def _watch_the_line(connection: Any, _record: Any) -> None:
    """A server that lost its power says nothing, and the system's own limits are two hours of
    silence, and a quarter of one for what was sent: within half a minute the line counts as cut,
    whatever runs. A line that is held open by something between is known by `answer_seconds`."""
    line = connection._sock
    if sys.platform == "linux" and line.family in (socket.AF_INET, socket.AF_INET6):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)


def _read_what_others_wrote(connection: Any, _record: Any) -> None:
    """On a cluster a transaction first waits for what was committed on the other nodes: what a
    person has just done is there, whichever node is asked. Not only where it begins by reading (1):
    who takes a turn (4) or ends a session (2) first looks for rows that may be that new."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW VARIABLES LIKE 'wsrep_on'")
        found = cursor.fetchone()
        if found is not None and found[1] == "ON":
            cursor.execute("SET SESSION wsrep_sync_wait = 7")


class _Hinted(SQLiteCompiler):
    """Writes hints such as INDEXED BY, which SQLAlchemy drops on SQLite."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        return text


def open_read_only(url: str, *, answer_seconds: float = ANSWER_SECONDS) -> Engine:
    """An engine that cannot write, for those who only look; makes no file and no folder.

    A SQLite file is opened by its mode `ro`; a session of MySQL is told that it only reads.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_to_read(parsed.database)
    engine = open_engine(url, pool_size=1, answer_seconds=answer_seconds)

    @event.listens_for(engine, "connect")
    def _reads_alone(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")

    return engine


def _sqlite_to_read(path: str | None) -> Engine:
    # As a URI: the name of a file may hold what a URI's own marks are.
    named = URL.create(
        "sqlite",
        database=Path(path or ":memory:").absolute().as_uri(),
        query={"mode": "ro", "uri": "true"},
    )
    return _sqlite(named, ("query_only=ON",))


def _sqlite_to_write(url: str, path: str | None, cache_mib: int) -> Engine:
    if path and path != ":memory:":
        # Where it cannot be made SQLite says so, in the way that is waited for.
        with suppress(OSError):
            private_database(Path(path))
    # What is deleted or overwritten is zeroed: personal data that is purged leaves the file too.
    # The log is copied into the file at 32 MB, not at 4: a page of an index that changes often is
    # written there once.
    pragmas = (
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "wal_autocheckpoint=8000",
        f"cache_size=-{cache_mib * 1024}",
    )
    return _sqlite(url, pragmas, prepare=_keep_a_log_ahead)


def _sqlite(
    url: str | URL,
    pragmas: Iterable[str],
    prepare: Callable[[sqlite3.Connection], None] | None = None,
) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": 30, "isolation_level": None}
    )
    engine.dialect.statement_compiler = _Hinted

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        if prepare is not None:
            prepare(connection)
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred BEGIN that reads first and writes after another's commit fails at once,
        # whatever the timeout: writers take the lock at the start.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@retry(
    stop=stop_after_delay(30),
    wait=wait_random(0.01, 0.1),
    retry=retry_if_exception_type(sqlite3.OperationalError),
    reraise=True,
)
def _keep_a_log_ahead(connection: sqlite3.Connection) -> None:
    """Of several that open a new file at once SQLite tells one that it is locked, and waits not."""
    connection.execute("PRAGMA journal_mode=WAL")


_begun = threading.local()


def writes_begun() -> int:
    """How many write transactions this thread has begun: whether it may have changed something."""
    count: int = getattr(_begun, "count", 0)
    return count


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: committed at the end, rolled back on an error."""
    _begun.count = writes_begun() + 1
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One read transaction: a consistent picture on SQLite, READ COMMITTED on MySQL."""
    with engine.connect() as connection:
        yield connection


@contextmanager
def one_picture(engine: Engine) -> Iterator[Connection]:
    """A read transaction in which every statement sees the same state, on MySQL too."""
    options = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**options) as connection:
        yield connection


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """A write transaction that no other writer's change can slip into: others wait, or retry."""
    _begun.count = writes_begun() + 1
    options = {} if engine.dialect.name == "sqlite" else {"isolation_level": "SERIALIZABLE"}
    opened = engine.connect().execution_options(writes=True, **options)
    with opened as connection, connection.begin():
        yield connection


def is_sqlite(connection: Connection) -> bool:
    """True on SQLite; anything else speaks MySQL's protocol."""
    return connection.dialect.name == "sqlite"


def is_transient(error: BaseException) -> bool:
    """Whether the same transaction may succeed when tried again."""
    if isinstance(error, InsertRace):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, InterfaceError):
        return True
    return _number(error) in _RETRIED or _is_locked(error)


def _is_conflict(error: BaseException) -> bool:
    """Whether somebody else was faster, and will be done soon."""
    return isinstance(error, InsertRace) or _number(error) in _CONFLICT or _is_locked(error)


def _is_unknown(error: BaseException) -> bool:
    """Whether the transaction may have been committed although it failed."""
    return _number(error) in _UNKNOWN


def _is_locked(error: BaseException) -> bool:
    return "database is locked" in str(_number(error))


def _number(error: BaseException) -> Any:
    """MySQL's number of an error, or SQLite's words."""
    if not isinstance(error, OperationalError) or error.orig is None or not error.orig.args:
        return None
    return error.orig.args[0]


def is_full(error: BaseException) -> bool:
    """Whether the database could not write because its disk is full."""
    if not isinstance(error, DBAPIError) or error.orig is None or not error.orig.args:
        return False
    number, said = error.orig.args[0], str(error.orig)
    full = number in _FULL or "database or disk is full" in said
    return full or (isinstance(number, int) and bool(_NO_SPACE.search(said)))


def is_passing(error: BaseException) -> bool:
    """Whether the fault is the database's and may pass by itself: a process waits for that."""
    if is_transient(error) or is_full(error) or _is_unknown(error):
        return True
    if isinstance(error, PoolTimeout):
        return True
    return isinstance(error, OperationalError) and any(n in str(error.orig) for n in _NO_FILE)


@contextmanager
def answering() -> Iterator[None]:
    """`DatabaseDown` in place of the driver's own errors where the database does not answer.

    `TablesDiffer` where it lacks a column or a table: another version of the program was started
    beside this process, and changed them.
    """
    try:
        yield
    except (OperationalError, InterfaceError, ProgrammingError, PoolTimeout) as error:
        if _is_not_there(error):
            raise TablesDiffer from error
        if isinstance(error, ProgrammingError):
            raise
        raise DatabaseDown from error


def _is_not_there(error: SQLAlchemyError) -> bool:
    if not isinstance(error, DBAPIError) or error.orig is None or not error.orig.args:
        return False
    said = error.orig.args[0]
    return said in _NOT_THERE or any(words in str(said) for words in _NO_SUCH)


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    """A savepoint that is rolled back at the end of the block; an error ends the transaction.

    After a deadlock the whole transaction is gone, and what followed would be another one that
    commits by itself: the connection is then rolled back and closed, and the error goes on.
    """
    trial = connection.begin_nested()
    try:
        yield
        trial.rollback()
    except DBAPIError as error:
        if is_transient(error):
            connection.invalidate(error)
        raise


def retrying(
    work: Callable[[], T],
    *,
    tries: int = 8,
    repeatable: bool = False,
    longest: float = math.inf,
) -> T:
    """Run a whole transaction, again after a deadlock, a lock timeout or a lost connection.

    A conflict is tried again for `CONFLICT_SECONDS` at least, a node without a majority for
    `QUORUM_SECONDS`, anything else so many times. `repeatable`: doing it twice changes nothing, so
    that it is also tried again where nobody knows whether it was committed. `longest`: after so
    many seconds there is no further try, whatever the reason.
    """
    attempts = Retrying(
        stop=_Patience(tries, longest),
        wait=wait_random_exponential(multiplier=0.02, max=2),
        retry=retry_if_exception(lambda e: is_transient(e) or (repeatable and _is_unknown(e))),
        reraise=True,
    )
    return attempts(work)


class _Patience(stop_base):
    """How long is tried: by the number of tries, and by the clock for what ends by itself."""

    def __init__(self, tries: int, longest: float) -> None:
        self._tries, self._longest = tries, longest

    def __call__(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome is not None else None
        waited = state.seconds_since_start or 0.0
        if error is not None and waited >= self._longest:
            return True
        if state.attempt_number < self._tries or error is None:
            return False
        if _is_conflict(error):
            return waited >= min(CONFLICT_SECONDS, self._longest)
        return _number(error) not in _NO_QUORUM or waited >= min(QUORUM_SECONDS, self._longest)
