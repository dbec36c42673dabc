"""What banks say: accounts, their statements and lines, and which payout each line is."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, Table, UniqueConstraint

from core.db import checks
from core.db.mirror_tables import metadata
from core.db.types import Utc, big_key, code, flag, long_text, stripe_id, words
from core.states import MatchReason

#: An account in one currency. `account` is an IBAN or the bank's own number. `payer_names`: what
#: this bank calls Stripe, besides Stripe; one a line. `csv_profile`: how its CSV is read
#: (`core.bank.csv_profile`), as JSON.
bank_accounts = Table(
    "bank_accounts",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("livemode", flag(), nullable=False),
    Column("account", code(), nullable=False),
    Column("currency", code(4), nullable=False),
    Column("name", words(255), nullable=False, default=""),
    Column("payer_names", words(500), nullable=False, default=""),
    Column("csv_profile", long_text()),
    Column("created_by", code(64), nullable=False),
    Column("created_at", Utc(), nullable=False),
    UniqueConstraint("livemode", "account", "currency", name="bax_account"),
    *checks.currency("bax_currency"),
)

#: A statement that was taken in. `sha256` is over what it says, `file_sha256` over the bytes of its
#: file, which may hold several. Balances are None where the format has none: no sum was proved.
#: `line_count` are the lines that it has, `new_count` those that no earlier statement had brought.
bank_statements = Table(
    "bank_statements",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("account_id", BigInteger, nullable=False),
    Column("sha256", code(), nullable=False),
    Column("file_sha256", code(), nullable=False),
    Column("file_name", words(255), nullable=False),
    Column("format", code(16), nullable=False),
    Column("number", words(64), nullable=False),
    Column("opening_minor", BigInteger),
    Column("closing_minor", BigInteger),
    Column("opened_on", Date, nullable=False),
    Column("closed_on", Date, nullable=False),
    Column("line_count", Integer, nullable=False),
    Column("new_count", Integer, nullable=False),
    Column("imported_by", code(64), nullable=False),
    Column("imported_at", Utc(), nullable=False),
    UniqueConstraint("account_id", "sha256", name="bsx_sha256"),
    Index("bsx_file", "file_sha256"),
    Index("bsx_closed", "account_id", "closed_on"),
)

#: A booking, once an account, whichever statements hold it: inserted once, never changed.
#: `statement_id` is the first that brought it, `position` its place there. `content` is the same
#: for lines that cannot be told apart, `fingerprint` numbers them too (`core.bank.statements`).
#: `references` stand one a line.
bank_lines = Table(
    "bank_lines",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("account_id", BigInteger, nullable=False),
    Column("statement_id", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("fingerprint", code(), nullable=False),
    Column("content", code(), nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("value_on", Date),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", code(4), nullable=False),
    Column("name", words(255), nullable=False),
    Column("text", long_text(), nullable=False),
    Column("reference_lines", long_text(), nullable=False),
    UniqueConstraint("account_id", "fingerprint", name="blx_fingerprint"),
    Index("blx_content", "account_id", "content"),
    Index("blx_booked", "account_id", "booked_on", "id"),
    Index("blx_amount", "currency", "amount_minor", "booked_on"),
)

#: That a line is a payout, or a part of it: `amount_minor` is that part, of the sign of the line.
#: One `decision` may have several rows: one line of several payouts, one payout in several lines.
#: What is undone stays: the machine does not decide it again. A proposal that was refused is undone
#: as it is made, with an amount of 0.
bank_matches = Table(
    "bank_matches",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("decision", code(36), nullable=False),
    Column("line_id", BigInteger, nullable=False),
    Column("payout_id", stripe_id(), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("how", code(16), nullable=False),
    Column("matched_by", code(64), nullable=False),
    Column("reason", words(500), nullable=False),
    Column("matched_at", Utc(), nullable=False),
    Column("undone_at", Utc()),
    Column("undone_by", code(64)),
    Column("undone_reason", words(500)),
    Index("bmx_decision", "decision"),
    Index("bmx_line", "line_id", "undone_at"),
    Index("bmx_payout", "payout_id", "undone_at"),
    checks.one_of("bmx_how", "how", MatchReason),
)
