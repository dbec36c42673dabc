"""Files that people asked for and the worker writes: too long to be waited for."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, SmallInteger, Table

from core.db import checks
from core.db.mirror_tables import metadata
from core.db.types import Utc, code, long_text, words
from core.states import ExportState

#: `kind` is a list of core.reads.exports, `format` csv or parquet, `query` what the address asked
#: for. `state`: asked, running, done, failed (`why` says what stopped it), canceled, removed (the
#: file was, at `expires_at`). `file` is its name in VAR_DIR/exports, `rows_done` how many rows it
#: has so far, `tries` how often it was begun. The worker that writes it holds `fence` until
#: `lease_until`.
exports = Table(
    "exports",
    metadata,
    Column("id", code(36), primary_key=True),
    Column("kind", code(32), nullable=False),
    Column("format", code(8), nullable=False),
    Column("query", long_text(), nullable=False),
    Column("asked_by", code(36), nullable=False),
    Column("state", code(16), nullable=False),
    Column("rows_done", BigInteger, nullable=False),
    Column("tries", SmallInteger, nullable=False),
    Column("file", code(80)),
    Column("why", words(500)),
    Column("fence", code(32)),
    Column("lease_until", Utc(), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Column("updated_at", Utc(), nullable=False),
    Column("expires_at", Utc()),
    Index("xpx_due", "state", "lease_until"),
    Index("xpx_mine", "asked_by", "created_at"),
    checks.one_of("xpx_state", "state", ExportState),
)
