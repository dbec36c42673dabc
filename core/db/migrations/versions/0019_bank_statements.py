"""Accounts at banks, their statements and lines, and which payout each line is.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from core.db.types import Utc, binary_string

revision = "0019"
down_revision = "0018"

_CURRENCY = {
    "sqlite": "currency NOT GLOB '*[^a-z]*' AND length(currency) BETWEEN 3 AND 4",
    "mysql": "currency REGEXP '^[a-z]{3,4}$'",
}


def upgrade() -> None:
    bind = op.get_bind()
    for name in ("bank_matches", "bank_lines", "bank_statements", "bank_accounts"):
        op.drop_table(name, if_exists=True)
    currency = _CURRENCY["sqlite" if bind.dialect.name == "sqlite" else "mysql"]
    op.create_table(
        "bank_accounts",
        _key(),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("account", binary_string(64), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("name", binary_string(255), nullable=False),
        sa.Column("payer_names", binary_string(500), nullable=False),
        sa.Column("csv_profile", _long_text()),
        sa.Column("created_by", binary_string(64), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.UniqueConstraint("livemode", "account", "currency", name="bax_account"),
        sa.CheckConstraint(currency, name="bax_currency"),
    )
    op.create_table(
        "bank_statements",
        _key(),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", binary_string(64), nullable=False),
        sa.Column("file_sha256", binary_string(64), nullable=False),
        sa.Column("file_name", binary_string(255), nullable=False),
        sa.Column("format", binary_string(16), nullable=False),
        sa.Column("number", binary_string(64), nullable=False),
        sa.Column("opening_minor", sa.BigInteger()),
        sa.Column("closing_minor", sa.BigInteger()),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("new_count", sa.Integer(), nullable=False),
        sa.Column("imported_by", binary_string(64), nullable=False),
        sa.Column("imported_at", Utc(), nullable=False),
        sa.UniqueConstraint("account_id", "sha256", name="bsx_sha256"),
    )
    op.create_index("bsx_file", "bank_statements", ["file_sha256"])
    op.create_index("bsx_closed", "bank_statements", ["account_id", "closed_on"])
    op.create_table(
        "bank_lines",
        _key(),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("fingerprint", binary_string(64), nullable=False),
        sa.Column("content", binary_string(64), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("value_on", sa.Date()),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("name", binary_string(255), nullable=False),
        sa.Column("text", _long_text(), nullable=False),
        sa.Column("reference_lines", _long_text(), nullable=False),
        sa.UniqueConstraint("account_id", "fingerprint", name="blx_fingerprint"),
    )
    op.create_index("blx_content", "bank_lines", ["account_id", "content"])
    op.create_index("blx_booked", "bank_lines", ["account_id", "booked_on", "id"])
    op.create_index("blx_amount", "bank_lines", ["currency", "amount_minor", "booked_on"])
    op.create_table(
        "bank_matches",
        _key(),
        sa.Column("decision", binary_string(36), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("payout_id", binary_string(64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("how", binary_string(16), nullable=False),
        sa.Column("matched_by", binary_string(64), nullable=False),
        sa.Column("reason", binary_string(500), nullable=False),
        sa.Column("matched_at", Utc(), nullable=False),
        sa.Column("undone_at", Utc()),
        sa.Column("undone_by", binary_string(64)),
        sa.Column("undone_reason", binary_string(500)),
        sa.CheckConstraint("how IN ('trace_id', 'amount', 'person')", name="bmx_how"),
    )
    op.create_index("bmx_decision", "bank_matches", ["decision"])
    op.create_index("bmx_line", "bank_matches", ["line_id", "undone_at"])
    op.create_index("bmx_payout", "bank_matches", ["payout_id", "undone_at"])


def _key() -> sa.Column[int]:
    """A number that counts itself; SQLite does that only for INTEGER."""
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", kind, primary_key=True, autoincrement=True)


def _long_text() -> sa.Text:
    binary = mysql.MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin")
    return sa.Text().with_variant(binary, "mysql", "mariadb")
