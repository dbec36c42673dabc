"""How a database server is set: what is read of it once, and what is refused at a start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from core.db.engine import is_sqlite
from core.errors import Misconfigured

_SCHEMA = (
    "SELECT (SELECT count(*) FROM information_schema.columns WHERE table_schema = DATABASE()"
    " AND character_set_name <> 'utf8mb4'),"
    " (SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE()"
    " AND engine <> 'InnoDB')"
)
SMALLEST_PACKET = 4 * 1024 * 1024
CHARSET, UTC_ZONE, STRICT = "utf8mb4", "+00:00", "STRICT"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a MySQL server and this connection say of themselves. `packet` is in bytes; the two
    numbers are columns that are not utf8mb4, and tables that no engine with transactions holds;
    `cluster` has the status variables of a Galera node, nothing elsewhere."""

    version: str
    charset: str = CHARSET
    database_charset: str = CHARSET
    mode: str = "STRICT_TRANS_TABLES"
    packet: int = SMALLEST_PACKET
    zone: str = UTC_ZONE
    other_columns: int = 0
    other_tables: int = 0
    cluster: Mapping[str, str] = field(default_factory=dict)


def server_facts(connection: Connection, *, schema: bool = False) -> ServerFacts | None:
    """Read them now; None on SQLite, which has no server. The two numbers are counted, which takes
    longer, where `schema` is asked for."""
    if is_sqlite(connection):
        return None
    query = (
        "SELECT @@version, @@character_set_connection, @@character_set_database, @@sql_mode,"
        " @@max_allowed_packet, @@time_zone"
    )
    version, charset, database, mode, packet, zone = connection.execute(text(query)).one()
    columns, tables = connection.execute(text(_SCHEMA)).one() if schema else (0, 0)
    status = connection.execute(text("SHOW GLOBAL STATUS LIKE 'wsrep%'")).all()
    cluster = {str(name): str(value) for name, value in status}
    sizes = int(packet), str(zone), int(columns), int(tables)
    return ServerFacts(str(version), str(charset), str(database), str(mode), *sizes, cluster)


def check_server(connection: Connection) -> None:
    """Refuse a MySQL that would cut text, clamp numbers or shift times."""
    facts = server_facts(connection)
    if facts is None:
        return
    if facts.charset != CHARSET:
        raise Misconfigured(f"the database connection speaks {facts.charset}, not utf8mb4")
    if STRICT not in facts.mode:
        raise Misconfigured("the database server is not in strict mode: it would clamp numbers")
    if facts.packet < SMALLEST_PACKET:
        raise Misconfigured("the database server's max_allowed_packet is below 4 MiB")
    if facts.zone != UTC_ZONE:
        raise Misconfigured(f"the database connection's time zone is {facts.zone}, not UTC")
