"""A backtest reads scorings alone: each arrival keeps its payment's month and what was received.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    known = {one["name"] for one in sa.inspect(op.get_bind()).get_columns("risk_assessments")}
    for column in (sa.Column("month", sa.Integer()), sa.Column("paid_minor", sa.BigInteger())):
        if column.name not in known:
            op.add_column("risk_assessments", column)
    kept = sa.table(
        "risk_assessments",
        *(sa.column(name) for name in ("payment_id", "kind", "month", "paid_minor")),
    )
    payments = sa.table(
        "payments", sa.column("stripe_id"), sa.column("day"), sa.column("amount_received_minor")
    )
    of_it = payments.c.stripe_id == kept.c.payment_id
    day = payments.c.day
    month = sa.extract("year", day) * 100 + sa.extract("month", day)
    op.execute(
        kept.update()
        .where(kept.c.kind == "arrival")
        .values(
            month=sa.select(month).where(of_it).scalar_subquery(),
            paid_minor=sa.select(payments.c.amount_received_minor).where(of_it).scalar_subquery(),
        )
    )
