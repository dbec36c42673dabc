"""How much a role may give back alone: for each refund, and for a person's day, by currency.

Kept as one setting, in minor units. A currency without a limit needs a second person each time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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
from core.masking import mask_cards
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
LONGEST_REASON = 500


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
    return found | changed(connection)


def changed(connection: Connection) -> dict[tuple[str, str], Limit]:
    """The limits that were set, by role and currency."""
    kept = connection.scalar(select(settings_table.c.value).where(settings_table.c.name == NAME))
    rows = [Limit(*row) for row in json.loads(kept)] if kept else []
    return {(one.role, one.currency): one for one in rows}


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
    limit = checked(role, currency, per_refund, per_day)
    retrying(lambda: _change(context, caller, [limit], ""))
    return limit


def change_role(
    context: ActionContext,
    caller: Caller,
    *,
    role: str,
    amounts: Mapping[str, tuple[str, str]],
    reason: str = "",
) -> None:
    """Set a role's limits of several currencies, all or none: by currency what is given back of one
    payment and of a day, as in `change`. `InvalidInput` names `CURRENCY.per_refund` or `.per_day`.
    """
    authorize(context, caller, (rights.ADMINISTER,), KIND, str(role))
    _known_role(role)
    found = []
    for currency, (each, day) in amounts.items():
        try:
            found.append(checked(role, currency, each, day))
        except InvalidInput as error:
            field = f"{currency}.{error.field}"
            raise InvalidInput(field, error.template, **error.values) from None
    if len(reason) > LONGEST_REASON:
        raise InvalidInput("reason", "must have at most {most} characters", most=LONGEST_REASON)
    retrying(lambda: _change(context, caller, found, mask_cards(reason.strip())))


def checked(role: str, currency: str, per_refund: str, per_day: str) -> Limit:
    """A limit from texts; `InvalidInput` names what is wrong."""
    _known_role(role)
    if not isinstance(currency, str):
        raise InvalidInput("currency", "must be a string")
    code = money.known_currency(currency.lower())
    each, day = _amount("per_refund", per_refund, code), _amount("per_day", per_day, code)
    if each > day:
        raise InvalidInput("per_day", "must be at least as much as one refund")
    return Limit(role, code, each.minor, day.minor)


def _known_role(role: object) -> None:
    if not isinstance(role, str) or role not in SHARES:
        raise InvalidInput("role", "must be one of {allowed}", allowed=", ".join(SHARES))


def _amount(field: str, text: str, currency: str) -> Money:
    amount = money.parse(text, currency, field=field)
    if not 0 <= amount.minor <= _MOST:
        rule = "must be 0 or more, with at most {most} digits"
        raise InvalidInput(field, rule, most=money.MAX_DIGITS)
    return amount


def _change(context: ActionContext, caller: Caller, changes: Sequence[Limit], reason: str) -> None:
    moment = clock.now()
    with in_turn(context.engine, NAME) as connection:
        permitted(connection, caller, rights.ADMINISTER, now=moment)
        write(connection, changes, actor=caller.actor, reason=reason, now=moment)


def write(
    connection: Connection,
    changes: Sequence[Limit],
    *,
    actor: str,
    now: datetime,
    reason: str = "",
) -> None:
    """Set limits, with a row in the log for each that is new.

    The caller stands in line at `NAME`, and commits.
    """
    mine = settings_table.c.name == NAME
    stamp = {"updated_at": now, "updated_by": actor}
    insert_missing(connection, settings_table, [{"name": NAME, "value": "[]", **stamp}], "name")
    kept = connection.scalar(select(settings_table.c.value).where(mine))
    before = limits(connection)
    rows = {(one[0], one[1]): one for one in json.loads(kept or "[]")}
    for limit in changes:
        row = [limit.role, limit.currency, limit.per_refund_minor, limit.per_day_minor]
        rows[limit.role, limit.currency] = row
    value = json.dumps(sorted(rows.values()))
    connection.execute(settings_table.update().where(mine).values(value=value, **stamp))
    for limit in changes:
        _note(connection, limit, before.get((limit.role, limit.currency)), actor, reason, now)


def _note(
    connection: Connection, limit: Limit, was: Limit | None, actor: str, reason: str, now: datetime
) -> None:
    if was == limit:
        return
    details = {
        "per_refund_minor": limit.per_refund_minor,
        "per_day_minor": limit.per_day_minor,
        "before": None if was is None else [was.per_refund_minor, was.per_day_minor],
    }
    audit.append(
        connection,
        actor=actor,
        action=KIND,
        target=f"{limit.role}/{limit.currency}",
        details=details | ({"reason": reason} if reason else {}),
        now=now,
    )
