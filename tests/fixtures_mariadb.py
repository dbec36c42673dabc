"""A private MariaDB server per test process, and fresh databases on it.

`mariadb` gives a function that makes an empty database and returns its URL; `database_url` runs a
test twice, on SQLite and on MariaDB. Without a server on this machine MariaDB tests are skipped,
or fail when CI=true.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pymysql
import pytest

MakeDatabase = Callable[[], str]
_START_LIMIT = 60


def _tools() -> tuple[str, str]:
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
        f"--datadir={folder / 'data'}",
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
        "--max-allowed-packet=64M",
    ]


def _connect(socket: Path) -> pymysql.Connection:
    return pymysql.connect(unix_socket=str(socket), user="root", connect_timeout=2)


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


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Path]:
    """The socket of a running server that belongs to this test process alone."""
    server, install = _tools()
    # A short folder: a socket's path may have 107 bytes only.
    folder = Path(tempfile.mkdtemp(prefix="twdb"))
    user = ["--user=root"] if os.geteuid() == 0 else []
    subprocess.run(
        [
            install,
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *user,
        ],
        check=True,
        capture_output=True,
    )
    process = subprocess.Popen([server, *_options(folder), *user], stdout=subprocess.DEVNULL)
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
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mariadb(mariadb_server: Path) -> MakeDatabase:
    """Makes an empty database on the private server and returns its URL."""
    numbers = count()

    def make() -> str:
        name = f"tillwatch_{next(numbers)}"
        connection = _connect(mariadb_server)
        with connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        return f"mysql+pymysql://root@localhost/{name}?unix_socket={mariadb_server}"

    return make


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once on SQLite and once on MariaDB."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tillwatch.db'}"
    make: MakeDatabase = request.getfixturevalue("mariadb")
    return make()
