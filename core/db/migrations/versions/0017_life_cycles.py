"""What people decide is held to its life cycle, its amounts and its currency by the database.

MySQL commits each statement by itself: every one may be run again after a start that was cut short.
SQLite has no way to add a constraint in place: the tables of decisions, which are small, are
copied.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_SQLITE_CURRENCY = "currency NOT GLOB '*[^a-z]*' AND length(currency) BETWEEN 3 AND 4"
_MYSQL_CURRENCY = "currency REGEXP '^[a-z]{3,4}$'"

_STATES = {
    "operations": ("nx_state", "sending unknown succeeded refused not_sent failed"),
    "refund_requests": (
        "rqx_state_known",
        "requested queued awaiting_approval refused expired sending unknown pending succeeded"
        " failed canceled",
    ),
    "bulk_refunds": (
        "bkx_state_known",
        "awaiting_approval running done stopped refused expired canceled",
    ),
    "cases": ("sex_state_known", "open approved refunded dismissed"),
    "scenario_runs": ("scx_state", "asked running done failed"),
}
_AMOUNTS = {
    "refund_requests": ("rqx_amount", "rqx_currency"),
    "gate_passes": ("gx_amount", "gx_currency"),
    "cases": ("sex_amount", "sex_currency"),
}


def upgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in sorted(_STATES.keys() | _AMOUNTS.keys()):
        missing = [one for one in _rules(table, on_sqlite) if one[0] not in _there(table)]
        if not missing:
            continue
        if on_sqlite:
            with op.batch_alter_table(table, recreate="always") as batch:
                for name, rule in missing:
                    batch.create_check_constraint(name, sa.text(rule))
        else:
            for name, rule in missing:
                op.create_check_constraint(name, table, sa.text(rule))


def _rules(table: str, on_sqlite: bool) -> list[tuple[str, str]]:
    found = []
    if table in _STATES:
        name, states = _STATES[table]
        found.append((name, f"state IN ({', '.join(repr(one) for one in states.split())})"))
    if table in _AMOUNTS:
        amount, currency = _AMOUNTS[table]
        found.append((amount, "amount_minor >= 0"))
        found.append((currency, _SQLITE_CURRENCY if on_sqlite else _MYSQL_CURRENCY))
    return found


def _there(table: str) -> set[str]:
    return {str(one["name"]) for one in sa.inspect(op.get_bind()).get_check_constraints(table)}
