"""What real accounts have: charges without a PaymentIntent, releases, dispute outcomes, streams.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from core import clock
from core.db.types import Utc, binary_string

revision = "0014"
down_revision = "0013"

#: Where a currency stands, and whether it may be missing.
_CURRENCIES = (
    ("payments", "currency", False),
    ("payments", "settlement_currency", True),
    ("charges", "currency", False),
    ("refunds", "currency", False),
    ("disputes", "currency", False),
    ("payouts", "currency", False),
    ("balance_transactions", "currency", False),
    ("revenue_daily", "currency", False),
    ("revenue_country_daily", "currency", False),
    ("payments_daily", "currency", False),
    ("amount_hist", "currency", False),
    ("refund_requests", "currency", False),
    ("risk_assessments", "currency", False),
    ("gate_passes", "currency", False),
    ("cases", "currency", False),
)
#: Stripe's metadata values may have 500 characters.
_METADATA = (
    ("payments", "order_id"),
    ("payments", "user_id"),
    ("risk_assessments", "order_id"),
    ("gate_passes", "order_id"),
    ("gate_passes", "user_id"),
)
_FACETS = ("livemode", "status", "state", "currency", "method", "risk_level", "dispute")


def upgrade() -> None:
    _widen()
    _add_columns()
    _facets()
    _walk_index()
    _new_tables()
    _mend_modes()
    _mend_links()
    _mend_amounts()
    _read_again()


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _columns(table: str) -> set[str]:
    return {one["name"] for one in sa.inspect(op.get_bind()).get_columns(table)}


def _widen() -> None:
    """SQLite keeps text of any length, whatever was declared."""
    if _on_sqlite():
        return
    for table, column, nullable in _CURRENCIES:
        op.alter_column(table, column, type_=binary_string(4), existing_nullable=nullable)
    for table, column in _METADATA:
        op.alter_column(table, column, type_=binary_string(500), existing_nullable=True)


def _add_columns() -> None:
    big, zero, none = sa.BigInteger(), sa.text("0"), sa.text("''")
    wanted: tuple[tuple[str, sa.Column[Any]], ...] = (
        ("payments", _filled("amount_captured_minor", big, zero)),
        ("payments", _filled("amount_disputed_minor", big, zero)),
        ("payments", _filled("dispute_outcome", binary_string(64), none)),
        ("refunds", _filled("released", sa.Boolean(), sa.false())),
        (
            "balance_transactions",
            _filled("balance_type", binary_string(64), sa.text("'payments'")),
        ),
        ("payments_daily", _filled("dispute", binary_string(64), none)),
        ("payments_daily", _filled("captured_minor", big, zero)),
        ("events", sa.Column("skipped_because", binary_string(32))),
    )
    for table, column in wanted:
        if column.name not in _columns(table):
            op.add_column(table, column)
    indexes = {one["name"] for one in sa.inspect(op.get_bind()).get_indexes("refunds")}
    if "rx_charge" not in indexes:
        op.create_index("rx_charge", "refunds", ["charge_id"])


def _filled(name: str, kind: Any, default: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default=default)


def _facets() -> None:
    """The unique key gets one more column; SQLite has no way to change one in place."""
    if "dispute" in _columns("facets"):
        return
    op.drop_table("facets_new", if_exists=True)
    op.create_table(
        "facets_new",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("status", binary_string(64), nullable=False),
        sa.Column("state", binary_string(64), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("method", binary_string(64), nullable=False),
        sa.Column("risk_level", binary_string(64), nullable=False),
        sa.Column("dispute", binary_string(64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(*_FACETS, name="fx_key"),
    )
    before = ", ".join(("id", *_FACETS[:-1]))
    op.execute(
        f"INSERT INTO facets_new ({before}, dispute) SELECT {before}, '' FROM facets"  # noqa: S608 # names of this file
    )
    if _on_sqlite():
        op.drop_table("facets")
        op.rename_table("facets_new", "facets")
    else:
        # One statement: whatever dies, there is a table of this name.
        op.execute("RENAME TABLE facets TO facets_old, facets_new TO facets")
        op.drop_table("facets_old")


def _walk_index() -> None:
    wanted = ["created_at", "stripe_id", "facet", "amount_minor", "email", "amount_captured_minor"]
    indexes = {
        one["name"]: one["column_names"]
        for one in sa.inspect(op.get_bind()).get_indexes("payments")
    }
    if indexes.get("px_walk") == wanted:
        return
    if "px_walk" in indexes:
        op.drop_index("px_walk", table_name="payments")
    op.create_index("px_walk", "payments", wanted)


def _new_tables() -> None:
    for name in ("balance_transaction_fees", "ledger_checks", "balance_checks", "streams"):
        op.drop_table(name, if_exists=True)
    op.create_table(
        "balance_transaction_fees",
        sa.Column("transaction_id", binary_string(64), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("type", binary_string(64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("application", binary_string(64)),
        sa.Column("description", binary_string(255)),
        sa.PrimaryKeyConstraint("transaction_id", "position"),
    )
    op.create_table(
        "ledger_checks",
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("theirs_count", sa.BigInteger(), nullable=False),
        sa.Column("theirs_net_minor", sa.BigInteger(), nullable=False),
        sa.Column("ours_count", sa.BigInteger(), nullable=False),
        sa.Column("ours_net_minor", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("livemode", "day", "currency"),
    )
    op.create_table(
        "balance_checks",
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("currency", binary_string(4), nullable=False),
        sa.Column("balance_type", binary_string(64), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("ledger_minor", sa.BigInteger(), nullable=False),
        sa.Column("opening_minor", sa.BigInteger(), nullable=False),
        sa.Column("since", Utc()),
        sa.Column("checked_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("livemode", "currency", "balance_type"),
    )
    op.create_table(
        "streams",
        sa.Column("name", binary_string(32), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("fresh_as_of", Utc()),
        sa.Column("checked_at", Utc()),
        sa.Column("failed_since", Utc()),
        sa.Column("error", binary_string(64)),
        sa.Column("reason", binary_string(500)),
        sa.Column("permission", binary_string(64)),
        sa.PrimaryKeyConstraint("name", "livemode"),
    )


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(one) for one in columns))


_PAYMENTS = _table(
    "payments", "stripe_id", "livemode", "latest_charge_id", "customer_id", "day", "facet"
)
_CHARGES = sa.table(
    "charges",
    *(sa.column(one) for one in ("stripe_id", "payment_id", "livemode", "status")),
    sa.column("captured", sa.Boolean()),
    *(sa.column(one, sa.BigInteger()) for one in ("amount_minor", "amount_captured_minor")),
)
_LEDGER = _table(
    "balance_transactions", "source_id", "livemode", "payment_id", "reporting_category", "type"
)
_EVENTS = _table("events", "object_id", "livemode")


def _mend_modes() -> None:
    """Refunds carry no `livemode` and were filed as test data; so were deleted customers.

    The mode is that of the payment, of the charge, of the ledger row, else of the event.
    """
    refunds = _table("refunds", "stripe_id", "livemode", "payment_id", "charge_id")
    for one, of_refund in (
        (_EVENTS, _EVENTS.c.object_id == refunds.c.stripe_id),
        (_LEDGER, _LEDGER.c.source_id == refunds.c.stripe_id),
        (_CHARGES, _CHARGES.c.stripe_id == refunds.c.charge_id),
        (_PAYMENTS, _PAYMENTS.c.stripe_id == refunds.c.payment_id),
    ):
        _file_as(refunds, one, of_refund)
    customers = _table("customers", "stripe_id", "livemode", "deleted")
    for one, of_customer in (
        (_PAYMENTS, _PAYMENTS.c.customer_id == customers.c.stripe_id),
        (_EVENTS, _EVENTS.c.object_id == customers.c.stripe_id),
    ):
        _file_as(customers, one, of_customer)


def _file_as(table: sa.TableClause, origin: sa.TableClause, same: sa.ColumnElement[bool]) -> None:
    """Live where what it belongs to is live. Only that mistake was made: never the other way."""
    live = sa.exists().where(same, origin.c.livemode == sa.true())
    op.execute(table.update().where(table.c.livemode == sa.false(), live).values(livemode=True))


def _mend_links() -> None:
    """A charge without a PaymentIntent is its own payment; what hangs on it says so too."""
    c = _CHARGES.c
    op.execute(_CHARGES.update().where(c.payment_id.is_(None)).values(payment_id=c.stripe_id))
    for name in ("refunds", "disputes", "early_fraud_warnings", "reviews"):
        table = _table(name, "payment_id", "charge_id")
        own = sa.exists().where(c.stripe_id == table.c.charge_id, c.payment_id == c.stripe_id)
        op.execute(
            table.update()
            .where(table.c.payment_id.is_(None), own)
            .values(payment_id=table.c.charge_id)
        )
    refunds = _table("refunds", "stripe_id", "payment_id")
    disputes = _table("disputes", "stripe_id", "payment_id")
    for origin, payment_id in (
        (_CHARGES, c.payment_id),
        (refunds, refunds.c.payment_id),
        (disputes, disputes.c.payment_id),
    ):
        found = (
            sa.select(payment_id)
            .where(origin.c.stripe_id == _LEDGER.c.source_id)
            .correlate(_LEDGER)
            .scalar_subquery()
        )
        op.execute(_LEDGER.update().where(_LEDGER.c.payment_id.is_(None)).values(payment_id=found))


def _mend_amounts() -> None:
    refunds = sa.table(
        "refunds",
        *(sa.column(one) for one in ("stripe_id", "charge_id", "balance_transaction_id")),
        sa.column("released", sa.Boolean()),
    )
    reversal = sa.exists().where(
        _LEDGER.c.source_id == refunds.c.stripe_id,
        _LEDGER.c.reporting_category == "partial_capture_reversal",
    )
    let_go = sa.exists().where(
        _CHARGES.c.stripe_id == refunds.c.charge_id, _CHARGES.c.captured == sa.false()
    )
    op.execute(refunds.update().where(sa.or_(reversal, let_go)).values(released=True))
    payments = sa.table(
        "payments",
        sa.column("stripe_id"),
        sa.column("latest_charge_id"),
        *(
            sa.column(one, sa.BigInteger())
            for one in ("amount_received_minor", "amount_captured_minor")
        ),
    )
    c = _CHARGES.c
    taken = (
        sa.select(c.amount_captured_minor)
        .where(c.stripe_id == payments.c.latest_charge_id, c.status == "succeeded")
        .correlate(payments)
        .scalar_subquery()
    )
    received = payments.c.amount_received_minor
    op.execute(payments.update().values(amount_captured_minor=sa.func.coalesce(taken, received)))
    _sum_captured()


def _sum_captured() -> None:
    """The whole of a day and facet stands in its first slot; reads sum over slots."""
    bind = op.get_bind()
    payments = sa.table(
        "payments",
        sa.column("day", sa.Date()),
        sa.column("facet"),
        sa.column("amount_captured_minor", sa.BigInteger()),
    )
    daily = sa.table(
        "payments_daily",
        sa.column("day", sa.Date()),
        *(sa.column(one, sa.BigInteger()) for one in ("facet", "slot", "captured_minor")),
    )
    bind.execute(daily.update().values(captured_minor=0))
    keys = (payments.c.day, payments.c.facet)
    sums = bind.execute(
        sa.select(*keys, sa.func.sum(payments.c.amount_captured_minor)).group_by(*keys)
    ).all()
    slots = bind.execute(
        sa.select(daily.c.day, daily.c.facet, sa.func.min(daily.c.slot)).group_by(
            daily.c.day, daily.c.facet
        )
    )
    first = {(row[0], row[1]): row[2] for row in slots}
    rows = [
        {"d": day, "f": facet, "s": first[day, facet], "n": int(total)}
        for day, facet, total in sums
        if total and (day, facet) in first
    ]
    if rows:
        d = daily.c
        bind.execute(
            daily.update()
            .where(
                d.day == sa.bindparam("d", type_=sa.Date()),
                d.facet == sa.bindparam("f"),
                d.slot == sa.bindparam("s"),
            )
            .values(captured_minor=sa.bindparam("n")),
            rows,
        )


def _read_again() -> None:
    """What the new columns say of these follows from Stripe's own word, by the ordinary way."""
    disputes = _table("disputes", "payment_id")
    refunds = _table("refunds", "payment_id")
    orphans = _table("charges", "stripe_id", "payment_id", "livemode")
    for kind, asked in (
        (
            "payment_intent",
            sa.select(_PAYMENTS.c.stripe_id, _PAYMENTS.c.livemode).where(
                sa.or_(
                    _PAYMENTS.c.stripe_id.in_(sa.select(disputes.c.payment_id)),
                    _PAYMENTS.c.stripe_id.in_(sa.select(refunds.c.payment_id)),
                )
            ),
        ),
        (
            "charge",
            sa.select(orphans.c.stripe_id, orphans.c.livemode).where(
                orphans.c.payment_id == orphans.c.stripe_id
            ),
        ),
        (
            "refund",
            sa.select(sa.column("stripe_id"), sa.column("livemode"))
            .select_from(sa.table("refunds"))
            .where(sa.column("operation_id").is_not(None), sa.column("livemode") == sa.true()),
        ),
    ):
        _mark(kind, asked)


def _mark(kind: str, asked: Any) -> None:
    bind, now = op.get_bind(), clock.now()
    stale = sa.table(
        "stale_objects",
        *(sa.column(one) for one in ("kind", "stripe_id", "livemode", "mark", "attempts")),
        *(sa.column(one, Utc()) for one in ("known_at", "next_attempt_at")),
    )
    waiting = set(bind.scalars(sa.select(stale.c.stripe_id).where(stale.c.kind == kind)))
    rows = [
        {"kind": kind, "stripe_id": row[0], "livemode": row[1], "mark": 1, "attempts": 0}
        | {"known_at": clock.EPOCH, "next_attempt_at": now}
        for row in bind.execute(asked)
        if row[0] not in waiting
    ]
    for start in range(0, len(rows), 1000):
        bind.execute(stale.insert(), rows[start : start + 1000])
