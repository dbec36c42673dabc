"""The rules that are there before an admin made any: one of each kind."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial

from sqlalchemy import Engine, select

from core import clock
from core.alerts.kinds import KINDS
from core.alerts.parameters import complete
from core.db.engine import reading, retrying
from core.db.tables import alert_rules, settings_table
from core.db.turns import in_turn
from core.db.upsert import insert_new

#: The setting that says that they were made: who deletes one has deleted it.
_MADE = "alerts.default_rules"
_BY = "worker"


def make_default_rules(engine: Engine, currencies: Iterable[str]) -> None:
    """Write them down once in the life of a database; a large refund has a rule a currency."""
    made = select(settings_table.c.value).where(settings_table.c.name == _MADE)
    with reading(engine) as connection:
        if connection.scalar(made) is not None:
            return
    retrying(partial(_write, engine, tuple(currencies)))


def _write(engine: Engine, currencies: tuple[str, ...]) -> None:
    now = clock.now()
    wanted: list[tuple[str, dict[str, str]]] = [
        (name, {}) for name in KINDS if name != "large_refund"
    ]
    rules = [*wanted, *(("large_refund", {"currency": one}) for one in currencies)]
    with in_turn(engine, _MADE) as connection:
        if connection.scalar(select(settings_table.c.value).where(settings_table.c.name == _MADE)):
            return
        stamp = {"updated_at": now, "updated_by": _BY}
        # Of two workers that begin at once, one is refused here and finds it done.
        insert_new(connection, settings_table, [{"name": _MADE, "value": "1", **stamp}])
        for kind, given in rules:
            parameters = json.dumps(complete(KINDS[kind].fields, given), sort_keys=True)
            row = {"kind": kind, "parameters": parameters, "enabled": True, "created_at": now}
            connection.execute(alert_rules.insert().values(row | stamp))
