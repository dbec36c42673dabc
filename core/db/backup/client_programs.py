"""MariaDB's and MySQL's own programs, told who we are by a file that nobody else can read."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from sqlalchemy import URL

from core.errors import Misconfigured

#: The name of each program: MariaDB's first, which knows both servers.
_DUMP = ("mariadb-dump", "mysqldump")
_CLIENT = ("mariadb", "mysql")
#: What a URL's query may say of a connection, and what these programs call it.
_QUERY = {
    "unix_socket": "socket",
    "ssl_ca": "ssl-ca",
    "ssl_cert": "ssl-cert",
    "ssl_key": "ssl-key",
    "ssl_verify_cert": "loose-ssl-verify-server-cert",
}
_NUMBER = re.compile(r"(?:ERROR|error:?) (\d{4})")
#: The largest row that either side may send, hexadecimal.
_PACKET = "--max-allowed-packet=256M"
#: A picture of one moment by InnoDB's own means: nothing is locked. Binary data stay as they are.
DUMP_OPTIONS = (
    "--single-transaction",
    "--quick",
    "--skip-lock-tables",
    "--skip-add-locks",
    "--skip-dump-date",
    "--hex-blob",
    "--no-tablespaces",
    "--default-character-set=utf8mb4",
    # MySQL's program alone knows these two.
    "--loose-set-gtid-purged=OFF",
    "--loose-column-statistics=0",
    _PACKET,
)
CLIENT_OPTIONS = ("--batch", "--default-character-set=utf8mb4", _PACKET)


@dataclass(frozen=True)
class Program:
    """One of the programs at work, and where it complains."""

    process: subprocess.Popen[bytes]
    complaints: IO[bytes]

    def failure(self) -> str | None:
        """Wait for its end; what it failed of, without what the server quotes, or None.

        A quoted value may be a customer's.
        """
        if self.process.wait() == 0:
            return None
        self.complaints.seek(0)
        found = _NUMBER.search(self.complaints.read(4096).decode("utf-8", "replace"))
        return f"error {found[1]}" if found else f"exit code {self.process.returncode}"


@contextmanager
def dumping(url: URL) -> Iterator[Program]:
    """The program that dumps the database of the URL to its standard output."""
    with _running([_found(_DUMP), *DUMP_OPTIONS], url, takes=False) as program:
        yield program


@contextmanager
def taking_in(url: URL) -> Iterator[Program]:
    """The program that carries out the statements on its standard input."""
    with _running([_found(_CLIENT), *CLIENT_OPTIONS], url, takes=True) as program:
        yield program


@contextmanager
def _running(command: list[str], url: URL, *, takes: bool) -> Iterator[Program]:
    """The password stands in a file of mode 0600 until the block ends, never on the command line,
    in the environment or in a log."""
    with TemporaryDirectory(prefix="tillwatch-") as folder:
        file = Path(folder) / "client.cnf"
        file.touch(0o600)
        file.write_text(_option_file(url), encoding="utf-8")
        command = [command[0], f"--defaults-file={file}", *command[1:], url.database or ""]
        with (
            (Path(folder) / "complaints").open("w+b") as complaints,
            subprocess.Popen(  # noqa: S603 # the servers' own programs, with our options
                command,
                stdin=subprocess.PIPE if takes else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if takes else subprocess.PIPE,
                stderr=complaints,
            ) as process,
        ):
            try:
                yield Program(process, complaints)
            finally:
                if process.poll() is None:
                    process.kill()
                if process.stdin is not None:
                    # What it did not take any more is no news here.
                    with suppress(BrokenPipeError):
                        process.stdin.close()


def _found(names: tuple[str, ...]) -> str:
    for name in names:
        if program := shutil.which(name):
            return program
    raise Misconfigured(f"{names[0]} is not installed here: install mariadb-client")


def _option_file(url: URL) -> str:
    options = {
        "host": url.host or "localhost",
        "port": str(url.port or 3306),
        "user": url.username or "",
        "password": url.password or "",
        # These programs take localhost for the socket, where it is no other name of 127.0.0.1.
        "protocol": "socket" if "unix_socket" in url.query else "tcp",
    }
    for name, theirs in _QUERY.items():
        if isinstance(value := url.query.get(name), str):
            options[theirs] = value
    lines = (f"{name}={_quoted(value)}" for name, value in options.items())
    return "\n".join(["[client]", *lines, ""])


def _quoted(value: str) -> str:
    for plain, escaped in (
        ("\\", "\\\\"),
        ('"', '\\"'),
        ("\n", "\\n"),
        ("\r", "\\r"),
        ("\t", "\\t"),
    ):
        value = value.replace(plain, escaped)
    return f'"{value}"'
