"""The database: it answers, keeps every character and number, and has this program's tables."""

from __future__ import annotations

from core.checks.result import Result, failed, passed, warned
from core.checks.subject import Subject
from core.db.server import CHARSET, SMALLEST_PACKET, STRICT, UTC_ZONE, ServerFacts

#: A node that has lost another one still has a majority.
_FEWEST_NODES = 3


def database_reachable(subject: Subject) -> Result:
    """Whether it answers."""
    database = subject.database
    if database.engine is None:
        return failed(
            "The database does not answer: {why}.",
            "Look at DATABASE_URL and at the server. A SQLite file is made at the first start.",
            why=database.why,
        )
    if database.server is None:
        return passed("The database answers: SQLite, for one machine.")
    return passed("The database answers: {version}.", version=database.server.version)


def database_charset(subject: Subject) -> Result:
    """Whether every character can be kept."""
    facts = subject.database.server
    if facts is None:
        return _without_server(subject)
    wrong = facts.charset != CHARSET or facts.database_charset != CHARSET
    if wrong or facts.other_columns:
        return failed(
            "Not utf8mb4: connection {connection}, database {database}, other columns: {count}.",
            "ALTER DATABASE … CHARACTER SET utf8mb4, before the first start.",
            connection=facts.charset,
            database=facts.database_charset,
            count=facts.other_columns,
        )
    return passed("All text is utf8mb4.")


def database_mode(subject: Subject) -> Result:
    """Whether the server refuses what it cannot keep, instead of changing it."""
    facts = subject.database.server
    if facts is None:
        return _without_server(subject)
    if STRICT not in facts.mode:
        return failed(
            "The server is not in strict mode: it would clamp numbers and cut text.",
            "Set sql_mode to STRICT_TRANS_TABLES.",
        )
    if facts.packet < SMALLEST_PACKET:
        return failed(
            "max_allowed_packet is {n} bytes, less than 4 MiB.",
            "Set max_allowed_packet to 16M or more.",
            n=facts.packet,
        )
    if facts.zone != UTC_ZONE:
        return failed(
            "The connection's time zone is {zone}, not UTC.",
            "Let the user set its session's time_zone.",
            zone=facts.zone,
        )
    return passed("Strict mode, packets of 4 MiB and more, times in UTC.")


def database_cluster(subject: Subject) -> Result:
    """Whether a node of a cluster may be written to, and others may fail."""
    facts = subject.database.server
    if facts is None:
        return _without_server(subject)
    if facts.other_tables:
        return failed(
            "{count} tables are not InnoDB: neither transactions nor a cluster keep them.",
            "ALTER TABLE … ENGINE=InnoDB.",
            count=facts.other_tables,
        )
    if "TiDB" in facts.version:
        return warned("This is TiDB, on which nothing was tested.", "Use MySQL, MariaDB or Galera.")
    return (
        _galera(facts) if int(facts.cluster.get("wsrep_cluster_size", 0)) else passed("One server.")
    )


def _galera(facts: ServerFacts) -> Result:
    status, size = facts.cluster, int(facts.cluster["wsrep_cluster_size"])
    if status.get("wsrep_cluster_status") != "Primary" or status.get("wsrep_ready") != "ON":
        return failed(
            "This node is cut off from the cluster's majority.", "Bring its other nodes back."
        )
    if size < _FEWEST_NODES:
        return warned(
            "The cluster has {n} nodes: when one is lost, none may write.",
            "Add nodes until there are three, or an odd number.",
            n=size,
        )
    return passed("A Galera cluster of {n} nodes.", n=size)


def migrations(subject: Subject) -> Result:
    """Whether the tables are those of this program."""
    database = subject.database
    if database.engine is None:
        return _unanswered()
    if database.revision is None:
        return failed("The database has no tables yet.", "Start the program once: it makes them.")
    if database.revision < database.newest:
        return failed(
            "The tables stand at {now}, this program's at {newest}.",
            "Start the program once: it brings them up to date.",
            now=database.revision,
            newest=database.newest,
        )
    if database.revision > database.newest:
        return failed(
            "The tables stand at {now}, newer than this program's {newest}.",
            "Install the program's newer version.",
            now=database.revision,
            newest=database.newest,
        )
    return passed("The tables are up to date ({now}).", now=database.revision)


def _without_server(subject: Subject) -> Result:
    return (
        _unanswered()
        if subject.database.engine is None
        else passed("SQLite has no server to be set.")
    )


def _unanswered() -> Result:
    return warned("The database does not answer: not looked at.", "See database_reachable.")
