"""A private MariaDB server per test process, and fresh databases on it.

`mariadb` gives a function that makes a database with the newest schema and returns its URL;
`database_url` runs a test twice, on SQLite and on MariaDB. Without a server on this machine MariaDB
tests are skipped, or fail when CI=true.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pymysql
import pytest
from sqlalchemy.engine import make_url

from core.db import migrate
from core.db.engine import open_engine
from tests.support.newest_schema import laid

MakeDatabase = Callable[[], str]
_START_LIMIT = 180


def tools() -> tuple[str, str]:
    """The server and what makes its data; without them the test is skipped, or fails."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    server = shutil.which("mariadbd", path=path)
    install = shutil.which("mariadb-install-db", path=path)
    if server and install:
        return server, install
    if os.environ.get("CI") == "true":
        pytest.fail("mariadbd is not installed; with CI=true these tests must run", pytrace=False)
    pytest.skip("mariadbd is not installed")


def _options(folder: Path) -> list[str]:
    return [
        "--no-defaults",
        f"--socket={folder / 'socket'}",
        f"--pid-file={folder / 'pid'}",
        f"--log-error={folder / 'log'}",
        "--skip-networking",
        "--skip-name-resolve",
        "--character-set-server=utf8mb4",
        "--transaction-isolation=READ-COMMITTED",
        "--innodb-buffer-pool-size=64M",
        "--innodb-log-file-size=64M",
        "--performance-schema=OFF",
        # Its data need not outlive the machine: waiting for the disk is most of a new database.
        "--loose-debug-no-sync",
        "--loose-innodb-flush-method=nosync",
        "--loose-innodb-flush-log-at-trx-commit=0",
        "--loose-skip-innodb-doublewrite",
        "--loose-skip-innodb-file-per-table",
        "--loose-skip-sync-frm",
        "--max-allowed-packet=64M",
    ]


def _connect(socket: Path) -> pymysql.Connection:
    return pymysql.connect(
        unix_socket=str(socket), user="root", connect_timeout=30, ssl_disabled=True
    )


def _wait(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_LIMIT
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        # Asking before the socket exists leaves PyMySQL with an open one of its own.
        if (folder / "socket").exists():
            _connect(folder / "socket").close()
            return
        time.sleep(0.05)
    log = folder / "log"
    raise RuntimeError(f"mariadbd did not start: {log.read_text()[-2000:] if log.exists() else ''}")


@contextmanager
def server_in(data: Path, *options: str) -> Iterator[Path]:
    """A server whose data are in this folder, from its making to its end; its socket."""
    with installed(data) as folder, serving(data, folder, *options) as socket:
        yield socket


@contextmanager
def installed(data: Path) -> Iterator[Path]:
    """A server's empty data, and a short folder for it: a socket's path may have 107 bytes only."""
    _, install = tools()
    folder = Path(tempfile.mkdtemp(prefix="twdb"))
    subprocess.run(
        [
            install,
            "--no-defaults",
            f"--datadir={data / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *_user(),
        ],
        check=True,
        capture_output=True,
        env=_own(folder),
    )
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving(data: Path, folder: Path, *options: str) -> Iterator[Path]:
    """The server over data that were installed, until the block ends; its socket."""
    server, _ = tools()
    process = subprocess.Popen(
        [server, *_options(folder), f"--datadir={data / 'data'}", *options, *_user()],
        stdout=subprocess.DEVNULL,
        env=_own(folder),
    )
    try:
        _wait(process, folder)
        yield folder / "socket"
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _user() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _own(folder: Path) -> dict[str, str]:
    """A server that starts clears the temporary tables of all that share its folder for them."""
    return os.environ | {"TMPDIR": str(folder)}


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Path]:
    """The socket of a running server that belongs to this test process alone."""
    data = Path(tempfile.mkdtemp(prefix="twdb"))
    try:
        with server_in(data) as socket:
            yield socket
    finally:
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def mariadb_schema(mariadb_server: Path) -> list[str]:
    """The statements that make the newest schema: walking all migrations takes seconds."""
    engine = open_engine(new_database(mariadb_server, "tillwatch_template"))
    migrate.upgrade(engine)
    made = []
    with engine.connect() as connection:
        for (table,) in connection.exec_driver_sql("SHOW TABLES").all():
            made.append(connection.exec_driver_sql(f"SHOW CREATE TABLE {table}").one()[1])
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    engine.dispose()
    return [*made, f"INSERT INTO alembic_version VALUES ('{version}')"]


@pytest.fixture(scope="session")
def empty_mariadb(mariadb_server: Path) -> MakeDatabase:
    """Makes an empty database on the private server and returns its URL."""
    numbers = count()
    return lambda: new_database(mariadb_server, f"tillwatch_empty_{next(numbers)}")


@dataclass
class Databases:
    """Databases with the newest schema, on one server; those given back serve again, emptied."""

    server: Path
    schema: list[str]
    _numbers: Iterator[int] = field(default_factory=count)
    _given_back: list[str] = field(default_factory=list)

    def made(self) -> str:
        """A new one."""
        return new_database(self.server, f"tillwatch_{next(self._numbers)}", self.schema)

    def taken(self) -> str:
        """An empty one, which may have been another test's."""
        while self._given_back:
            url = make_url(self._given_back.pop())
            if self._emptied(str(url.database)):
                # The product keeps some figures by URL. A socket has no use for the host's name.
                return str(url.set(host=f"again-{next(self._numbers)}"))
        return self.made()

    def give_back(self, url: str) -> None:
        """No longer used; whoever is connected to it still keeps it for good."""
        self._given_back.append(url)

    def _emptied(self, name: str) -> bool:
        connection = _connect(self.server)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM information_schema.processlist WHERE db = %s", (name,))
            if cursor.fetchall():
                return False
            cursor.execute(f"USE {name}")
            cursor.execute("SET foreign_key_checks = 0")
            for table in _used(cursor, name):
                cursor.execute(f"TRUNCATE TABLE {table}")
        return True


def _used(cursor: Any, name: str) -> list[str]:
    """The tables that hold rows, or held some and would go on counting."""
    cursor.execute(
        "SELECT table_name, auto_increment FROM information_schema.tables"
        " WHERE table_schema = %s AND table_name <> 'alembic_version'",
        (name,),
    )
    counters = dict(cursor.fetchall())
    some = (f"(SELECT '{table}' FROM {table} LIMIT 1)" for table in counters)
    cursor.execute(" UNION ALL ".join(some))
    filled = {table for (table,) in cursor.fetchall()}
    return [table for table, at in counters.items() if table in filled or (at or 1) > 1]


@pytest.fixture(scope="session")
def mariadb_databases(mariadb_server: Path, mariadb_schema: list[str]) -> Databases:
    """The databases of the private server."""
    return Databases(mariadb_server, mariadb_schema)


@pytest.fixture(scope="session")
def mariadb(mariadb_databases: Databases) -> MakeDatabase:
    """Makes a database with the newest schema on the private server and returns its URL."""
    return mariadb_databases.made


def new_database(server: Path, name: str, schema: Sequence[str] = ()) -> str:
    """Make a database and return its URL."""
    connection = _connect(server)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        cursor.execute(f"USE {name}")
        cursor.execute("SET foreign_key_checks = 0")
        for statement in schema:
            cursor.execute(statement)
        connection.commit()
    return f"mysql+pymysql://root@localhost/{name}?unix_socket={server}"


_BOTH = ["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)]


@pytest.fixture(params=_BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database for one test, once on SQLite and once on MariaDB."""
    if request.param == "sqlite":
        yield laid(_file(tmp_path))
        return
    databases: Databases = request.getfixturevalue("mariadb_databases")
    url = databases.taken()
    yield url
    databases.give_back(url)


@pytest.fixture(params=_BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table, once on SQLite and once on MariaDB."""
    if request.param == "sqlite":
        return _file(tmp_path)
    make: MakeDatabase = request.getfixturevalue("empty_mariadb")
    return make()


def _file(folder: Path) -> str:
    return f"sqlite:///{folder / 'tillwatch.db'}"
