"""What processes stand in line at: a row for each line, and the lease of the migrations."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table

from core.db.mirror_tables import metadata
from core.db.types import Utc, code

#: A line by its hashed name; `turn` only counts up, so that each turn is a change.
turns = Table(
    "turns",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("turn", BigInteger, nullable=False),
)

#: One row: who brings the tables up to date, until when. It is there before any migration ran.
migration_lease = Table(
    "migration_lease",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("fence", code(32)),
    Column("until", Utc(), nullable=False),
)
