"""A cluster of three MariaDB servers with Galera on loopback, each of which takes writes.

`galera` gives a cluster; an engine on a database of its own opens each connection to the next node.
Without Galera on this machine such tests are skipped, or fail when CI=true.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pymysql
import pytest
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

from tests.support.fixtures_mariadb import installed, tools

NODES = 3
_PROVIDERS = (
    "/usr/lib/galera/libgalera_smm.so",
    "/usr/lib/x86_64-linux-gnu/galera/libgalera_smm.so",
    "/usr/lib64/galera-4/libgalera_smm.so",
)
_START_LIMIT = 90
#: So many starts at most until a node is back among the others.
_JOINS = 5


def _provider() -> str:
    tools()
    for path in _PROVIDERS:
        if Path(path).exists():
            return path
    if os.environ.get("CI") == "true":
        pytest.fail("galera-4 is not installed; with CI=true these tests must run", pytrace=False)
    pytest.skip("galera-4 is not installed")


def _free_ports(how_many: int) -> list[int]:
    with ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(how_many)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in found]


def _user(folder: Path) -> list[str]:
    """As root the server refuses to run, and its group's threads may not be given their priority:
    the package has a user for it."""
    if os.geteuid() != 0:
        return []
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, "mysql", "mysql")
    return ["--user=mysql"]


def _command(node: Node, log: Path | None = None) -> list[str]:
    """The server over a node's files, with what must be the same whenever it opens them."""
    d = node.folder
    return [
        tools()[0],
        "--no-defaults",
        f"--datadir={d / 'data'}",
        f"--socket={d / 'socket'}",
        f"--pid-file={d / 'pid'}",
        f"--log-error={log or d / 'log.err'}",
        "--performance-schema=OFF",
        "--innodb-buffer-pool-size=24M",
        "--innodb-log-file-size=16M",
        "--innodb-flush-log-at-trx-commit=0",
        "--loose-innodb-flush-method=nosync",
        "--loose-debug-no-sync",
        "--skip-innodb-doublewrite",
        "--innodb-autoinc-lock-mode=2",
        "--binlog-format=ROW",
    ]


@dataclass
class Node:
    """A server of the cluster; `port` takes SQL, `group` what the nodes say to each other."""

    number: int
    folder: Path
    port: int
    group: int
    process: subprocess.Popen[bytes] | None = None

    def connect(self) -> pymysql.Connection:
        """A connection to this node."""
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", connect_timeout=30)

    def is_ready(self) -> bool:
        """Whether it takes statements."""
        return self._status().get("wsrep_ready") == "ON"

    def goes_on_with(self, size: int) -> bool:
        """Whether it takes statements in a cluster of so many nodes."""
        status = self._status()
        said = [status.get(f"wsrep_{name}") for name in ("ready", "cluster_size")]
        return said == ["ON", str(size)]

    def _status(self) -> dict[str, str]:
        """What it says of the cluster; nothing where it does not answer."""
        try:
            with self.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SHOW STATUS LIKE 'wsrep%'")
                return dict(cursor.fetchall())
        except pymysql.err.OperationalError:
            return {}


class NoPrimary(RuntimeError):
    """A node ended because those it came to had not found each other again in half a minute, as
    on a machine that does much else: its service would start it once more."""


@dataclass
class Cluster:
    """Three nodes. A connection to the first goes to each of them in turn."""

    nodes: list[Node]
    provider: str
    _numbers: Iterator[int] = field(default_factory=count)
    _turns: Iterator[int] = field(default_factory=count)

    def new_database(self) -> str:
        """An empty database on all nodes; its URL."""
        name = f"tillwatch_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return f"mysql+pymysql://root@127.0.0.1:{self.nodes[0].port}/{name}"

    def pinned(self, url: str, node: int) -> str:
        """The URL of a database for connections to one node alone: in this process the second or
        third, as the first one's go to each."""
        return make_url(url).set(port=self.nodes[node].port).render_as_string(hide_password=False)

    def execute(self, statement: str, node: int = 0) -> None:
        """Run a statement on one node."""
        with self.nodes[node].connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            connection.commit()

    @property
    def _members(self) -> str:
        return "gcomm://" + ",".join(f"127.0.0.1:{one.group}" for one in self.nodes)

    def next_port(self) -> int:
        """The port of the node whose turn it is."""
        return self.nodes[next(self._turns) % NODES].port

    def start(self, node: Node, *options: str) -> None:
        """Start a node's server; the first of a new cluster takes an option that says so."""
        d = node.folder
        first = "--wsrep-new-cluster" in options
        node.process = subprocess.Popen(
            [
                *_command(node),
                "--bind-address=127.0.0.1",
                f"--port={node.port}",
                "--skip-name-resolve",
                "--character-set-server=utf8mb4",
                "--transaction-isolation=READ-COMMITTED",
                "--max-connections=120",
                "--max-allowed-packet=64M",
                "--wsrep-on=ON",
                f"--wsrep-provider={self.provider}",
                "--wsrep-cluster-name=tillwatch",
                f"--wsrep-node-name=n{node.number}",
                f"--wsrep-node-address=127.0.0.1:{node.group}",
                f"--wsrep-cluster-address={'gcomm://' if first else self._members}",
                "--wsrep-provider-options="
                f"gmcast.listen_addr=tcp://127.0.0.1:{node.group}"
                f";ist.recv_addr=127.0.0.1:{_free_ports(1)[0]}"
                f";gcache.size=16M;gcache.dir={d / 'data'}"
                ";evs.keepalive_period=PT0.5S;evs.suspect_timeout=PT4S;evs.inactive_timeout=PT8S;pc.recovery=FALSE",
                "--wsrep-sst-method=rsync",
                f"--wsrep-sst-receive-address=127.0.0.1:{_free_ports(1)[0]}",
                "--wsrep-slave-threads=2",
                *_user(node.folder),
                *options,
            ],
            stdout=subprocess.DEVNULL,
            env=os.environ | {"TMPDIR": str(d)},
        )

    def kill(self, node: Node) -> None:
        """End a node's server as a machine that loses its power does."""
        assert node.process is not None
        node.process.kill()
        node.process.wait()
        node.process = None

    def rejoin(self, node: Node) -> None:
        """Start one that was killed, from where its files say that it was, and wait for it.

        Not before the others go on without it: who comes back while they still count the one that
        ended may leave all of them without a majority, until somebody decides by hand.
        """
        others = [one for one in self.nodes if one.process is not None]
        deadline = time.monotonic() + _START_LIMIT
        while not all(one.goes_on_with(len(others)) for one in others):
            if time.monotonic() > deadline:
                raise NoPrimary(f"the others do not go on without node {node.number}")
            time.sleep(0.1)
        log = node.folder / "recovered.err"
        log.unlink(missing_ok=True)
        subprocess.run(
            [
                *_command(node, log),
                "--wsrep-on=ON",
                f"--wsrep-provider={self.provider}",
                f"--wsrep-cluster-address={self._members}",
                "--wsrep-recover",
                "--skip-networking",
                *_user(node.folder),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"TMPDIR": str(node.folder)},
        )
        found = re.findall(r"Recovered position: *(\S+)", log.read_text())
        for left in reversed(range(_JOINS)):
            self.start(node, *(f"--wsrep-start-position={position}" for position in found[-1:]))
            try:
                self.wait(node)
                break
            except NoPrimary:
                if not left:
                    raise

    def wait(self, node: Node) -> None:
        """Until it takes statements."""
        deadline = time.monotonic() + _START_LIMIT
        while not node.is_ready():
            log = node.folder / "log.err"
            if node.process is None or node.process.poll() is not None:
                said = log.read_text()[-3000:]
                ended = NoPrimary if "failed to reach primary view" in said else RuntimeError
                raise ended(f"node {node.number} ended: {said}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"node {node.number} is not ready: {log.read_text()[-3000:]}")
            time.sleep(0.1)

    def stop(self, node: Node) -> None:
        """End a node's server and wait for that."""
        if node.process is not None:
            node.process.terminate()
            try:
                node.process.wait(30)
            except subprocess.TimeoutExpired:
                node.process.kill()
                node.process.wait()
            node.process = None


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """A cluster whose data are in this folder, until the block ends.

    The others begin with a copy of the first node's data: then none has to send them over.
    """
    provider = _provider()
    ports = _free_ports(2 * NODES)
    nodes = [
        Node(number, folder / f"n{number}", ports[number], ports[NODES + number])
        for number in range(NODES)
    ]
    cluster = Cluster(nodes, provider)
    first = nodes[0]
    first.folder.mkdir()
    with installed(first.folder):
        pass
    try:
        cluster.start(first, "--wsrep-new-cluster")
        cluster.wait(first)
        cluster.stop(first)
        for node in nodes[1:]:
            shutil.copytree(first.folder, node.folder)
            (node.folder / "log.err").unlink()
        cluster.start(first, "--wsrep-new-cluster")
        cluster.wait(first)
        for node in nodes[1:]:
            cluster.start(node)
        for node in nodes[1:]:
            cluster.wait(node)
        yield cluster
    finally:
        for node in reversed(nodes):
            cluster.stop(node)


@contextmanager
def spread(cluster: Cluster) -> Iterator[None]:
    """Within the block each new connection to the first node goes to another one, in turn."""

    def elsewhere(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        if parameters.get("port") == cluster.nodes[0].port:
            parameters["port"] = cluster.next_port()

    event.listen(Engine, "do_connect", elsewhere)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", elsewhere)


@pytest.fixture(scope="session")
def galera() -> Iterator[Cluster]:
    """A running cluster that belongs to this test process alone."""
    folder = Path(tempfile.mkdtemp(prefix="twg"))
    folder.chmod(0o711)
    try:
        with running(folder) as cluster, spread(cluster):
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)
