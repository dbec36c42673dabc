"""How much a role may give back alone: for each refund, and for a person's day, by currency.

Kept as one setting, in minor units. A currency without a limit needs a second person each time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from core import clock, money
from core.access import audit, rights
from core.access.principals import Caller, permitted
from core.actions.context import ActionContext
from core.actions.operations.operations import authorize
from core.db.engine import reading, retrying
from core.db.tables import settings_table
from core.db.turns import in_turn
from core.db.upsert import insert_missing
from core.errors import InvalidInput
from core.money import Money

NAME = "refunds.limits"
KIND = "refund.limits"
#: The roles that ask for refunds, each with its shares of the amounts below: a refund, a day.
SHARES = {rights.SUPPORT: (1, 5), rights.RISK: (5, 50), rights.SUPPORT_LEAD: (10, 50)}
#: About 100 US dollars, round, in minor units. Other currencies have no limit until one is set.
_ABOUT_100_USD = {
    "usd": 10_000,
    "eur": 10_000,
    "gbp": 8_000,
    "chf": 9_000,
    "cny": 70_000,
    "hkd": 80_000,
    "twd": 320_000,
    "jpy": 15_000,
    "krw": 130_000,
    "sgd": 13_000,
    "aud": 15_000,
    "nzd": 17_000,
    "cad": 14_000,
    "mxn": 180_000,
    "brl": 50_000,
    "inr": 800_000,
    "thb": 350_000,
    "myr": 45_000,
    "php": 560_000,
    "vnd": 2_500_000,
    "idr": 160_000_000,
    "zar": 180_000,
    "sek": 100_000,
    "nok": 100_000,
    "dkk": 70_000,
    "pln": 40_000,
    "czk": 230_000,
    "huf": 3_500_000,
    "ron": 45_000,
    "ils": 36_000,
    "aed": 37_000,
    "sar": 37_000,
    "kwd": 30_000,
    "bhd": 38_000,
    "jod": 70_000,
    "omr": 38_000,
    "tnd": 300_000,
}
_MOST = 10**money.MAX_DIGITS - 1


@dataclass(frozen=True, slots=True)
class Limit:
    """Minor units of `currency` that a role gives back alone: for one refund, for one day."""

    role: str
    currency: str
    per_refund_minor: int
    per_day_minor: int


def limits(connection: Connection) -> Mapping[tuple[str, str], Limit]:
    """All limits in force by role and currency: those that were set, and the defaults."""
    found = {
        (role, currency): Limit(role, currency, each * base, day * base)
        for role, (each, day) in SHARES.items()
        for currency, base in _ABOUT_100_USD.items()
    }
    kept = connection.scalar(select(settings_table.c.value).where(settings_table.c.name == NAME))
    for role, currency, each, day in json.loads(kept) if kept else []:
        found[role, currency] = Limit(role, currency, each, day)
    return found


def limit_of(connection: Connection, roles: Iterable[str], currency: str) -> tuple[int, int]:
    """The largest refund and day, in minor units, of what these roles allow; 0 for nothing."""
    known = limits(connection)
    held = [known[role, currency] for role in roles if (role, currency) in known]
    each = max((one.per_refund_minor for one in held), default=0)
    return each, max((one.per_day_minor for one in held), default=0)


def shown(context: ActionContext, caller: Caller) -> tuple[Limit, ...]:
    """The limits, for those who set them and those who approve what is above them."""
    authorize(context, caller, (rights.ADMINISTER, rights.APPROVE_REFUND), KIND, "")
    with reading(context.engine) as connection:
        return tuple(one for _, one in sorted(limits(connection).items()))


def change(
    context: ActionContext,
    caller: Caller,
    *,
    role: str,
    currency: str,
    per_refund: str,
    per_day: str,
) -> Limit:
    """Set one limit, in major units as decimal strings; `0` sends every refund to a second person.

    It holds from the next request on.
    """
    authorize(context, caller, (rights.ADMINISTER,), KIND, str(role))
    if not isinstance(role, str) or role not in SHARES:
        raise InvalidInput("role", "must be one of {allowed}", allowed=", ".join(SHARES))
    if not isinstance(currency, str):
        raise InvalidInput("currency", "must be a string")
    code = money.known_currency(currency.lower())
    each, day = _amount("per_refund", per_refund, code), _amount("per_day", per_day, code)
    if each > day:
        raise InvalidInput("per_day", "must be at least as much as one refund")
    limit = Limit(role, code, each.minor, day.minor)
    retrying(lambda: _write(context, caller, limit))
    return limit


def _amount(field: str, text: str, currency: str) -> Money:
    amount = money.parse(text, currency, field=field)
    if not 0 <= amount.minor <= _MOST:
        rule = "must be 0 or more, with at most {most} digits"
        raise InvalidInput(field, rule, most=money.MAX_DIGITS)
    return amount


def _write(context: ActionContext, caller: Caller, limit: Limit) -> None:
    moment = clock.now()
    with in_turn(context.engine, NAME) as connection:
        permitted(connection, caller, rights.ADMINISTER, now=moment)
        mine = settings_table.c.name == NAME
        stamp = {"updated_at": moment, "updated_by": caller.actor}
        insert_missing(connection, settings_table, [{"name": NAME, "value": "[]", **stamp}], "name")
        query = select(settings_table.c.value).where(mine)
        kept = connection.execute(query).scalar_one()
        others = [one for one in json.loads(kept) if one[:2] != [limit.role, limit.currency]]
        row = [limit.role, limit.currency, limit.per_refund_minor, limit.per_day_minor]
        connection.execute(
            settings_table.update()
            .where(mine)
            .values(value=json.dumps(sorted([*others, row])), **stamp)
        )
        audit.append(
            connection,
            actor=caller.actor,
            action=KIND,
            target=f"{limit.role}/{limit.currency}",
            details={"per_refund_minor": row[2], "per_day_minor": row[3]},
            now=moment,
        )
