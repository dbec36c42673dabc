"""Accounts at banks: what their bank calls Stripe, and how its CSV is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from core.access import audit
from core.access.principals import Caller
from core.access.rights import MANAGE_BANK
from core.actions.context import ActionContext
from core.actions.transaction import permitted_change
from core.bank import csv_profile, statements
from core.bank.csv_profile import CsvProfile
from core.db.tables import bank_accounts
from core.db.upsert import insert_missing
from core.errors import InvalidInput, NotFound

SAVE = "bank.account"
LONGEST_NAME = 255
SHORTEST_PAYER, LONGEST_PAYERS = 4, 500


@dataclass(frozen=True)
class NewAccount:
    """An account in one currency. What is None stays as it stands, or empty on a new one.

    `payer_names`: what this bank writes for Stripe besides Stripe, such as the account's own
    statement descriptor. `csv_profile`: the profile, or its JSON.
    """

    account: str
    currency: str
    name: str | None = None
    payer_names: Sequence[str] | None = None
    csv_profile: CsvProfile | str | None = None


def save(context: ActionContext, caller: Caller, new: NewAccount, *, livemode: bool) -> int:
    """Write an account down, or change it; its number. `InvalidInput` names the field."""

    def work(connection: Connection, now: datetime) -> int:
        return save_as(connection, caller.actor, new, livemode=livemode, now=now)

    return permitted_change(
        context,
        caller,
        SAVE,
        work,
        right=MANAGE_BANK,
        target=new.account,
        lines=[line(livemode)],
    )


def save_as(
    connection: Connection, actor: str, new: NewAccount, *, livemode: bool, now: datetime
) -> int:
    """`save` for who needs no right: the command line, which has the database."""
    changes = _checked(new)
    account_id = ensure(
        connection,
        actor,
        statements.account_number(new.account),
        statements.known(new.currency),
        livemode=livemode,
        now=now,
    )
    if changes:
        here = bank_accounts.c.id == account_id
        connection.execute(bank_accounts.update().where(here).values(**changes))
    audit.append(
        connection,
        actor=actor,
        action=SAVE,
        target=f"{new.account} {new.currency}",
        details={"livemode": livemode, "changed": sorted(changes)},
        now=now,
    )
    return account_id


def ensure(
    connection: Connection,
    actor: str,
    account: str,
    currency: str,
    *,
    livemode: bool,
    now: datetime,
) -> int:
    """The number of an account, which is written down if it is new."""
    a = bank_accounts.c
    key = {"livemode": livemode, "account": account, "currency": currency}
    asked = select(a.id).where(*(a[name] == value for name, value in key.items()))
    if (found := connection.scalar(asked)) is None:
        about = {"name": "", "payer_names": "", "created_by": actor, "created_at": now}
        insert_missing(connection, bank_accounts, [key | about], *key)
        found = connection.scalar(asked)
    return int(found or 0)


def named(connection: Connection, account_id: int, *, livemode: bool) -> Row[Any]:
    """An account of a mode by its number; `NotFound` when there is none."""
    a = bank_accounts.c
    asked = select(bank_accounts).where(a.id == account_id, a.livemode == livemode)
    row = connection.execute(asked).first()
    if row is None:
        raise NotFound("There is no such bank account.")
    return row


def line(livemode: bool) -> str:
    """Where a mode's imports and matches stand in line: two at once would do the same twice."""
    return f"bank {livemode}"


def _checked(new: NewAccount) -> dict[str, str]:
    changes = {}
    if not 0 < len(statements.account_number(new.account)) <= statements.LONGEST_ACCOUNT:
        most = statements.LONGEST_ACCOUNT
        raise InvalidInput("account", "must have 1 to {most} characters", most=most)
    if new.name is not None:
        changes["name"] = statements.tidy(new.name)
        if len(changes["name"]) > LONGEST_NAME:
            raise InvalidInput("name", "must have at most {most} characters", most=LONGEST_NAME)
    if new.payer_names is not None:
        names = [statements.tidy(one) for one in new.payer_names]
        if any(len(one) < SHORTEST_PAYER for one in names):
            # A letter or two would be in every line.
            raise InvalidInput(
                "payer", "must have at least {least} characters", least=SHORTEST_PAYER
            )
        changes["payer_names"] = "\n".join(names)
        if len(changes["payer_names"]) > LONGEST_PAYERS:
            raise InvalidInput("payer", "must have at most {most} characters", most=LONGEST_PAYERS)
    if new.csv_profile is not None:
        written = new.csv_profile
        profile = csv_profile.from_json(written) if isinstance(written, str) else written
        changes["csv_profile"] = csv_profile.to_json(profile)
    return changes
