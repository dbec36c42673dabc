"""Our own account at Stripe: its id is asked for once with each key, and kept."""

from __future__ import annotations

import logging
from functools import partial

from sqlalchemy import Connection, Engine

from core import clock
from core.db.engine import reading, retrying, writing
from core.domain import cursors
from core.errors import StripeKeyRefused
from core.gateway.client import Gateway

_log = logging.getLogger(__name__)


def own_accounts(connection: Connection) -> dict[bool, str | None]:
    """The account's id by mode, of each mode that was asked; None where the key does not tell."""
    found = {}
    for livemode in (True, False):
        kept = cursors.position(connection, _name(livemode))
        if kept is not None:
            found[livemode] = kept["id"]
    return found


def learn_account(engine: Engine, gateway: Gateway) -> None:
    """Ask Stripe whose account this key opens, unless this very key was asked before.

    Until Stripe has answered, the account is not known: what another key told is forgotten.
    """
    with reading(engine) as connection:
        kept = cursors.position(connection, _name(gateway.livemode))
    if kept is not None and kept["key"] == gateway.key_digest:
        return
    if kept is not None and kept["id"]:
        _keep(engine, gateway.livemode, None, None)
    try:
        account = str(gateway.get("/v1/account")["id"])
    except StripeKeyRefused as error:
        _log.warning("the key does not tell its account: %s", error.code)
        _keep(engine, gateway.livemode, None, None)
    else:
        _keep(engine, gateway.livemode, account, gateway.key_digest)


def _keep(engine: Engine, livemode: bool, account: str | None, key: str | None) -> None:
    retrying(partial(_write, engine, livemode, {"id": account, "key": key}))


def _write(engine: Engine, livemode: bool, where: dict[str, str | None]) -> None:
    with writing(engine) as connection:
        cursors.keep_position(connection, _name(livemode), where, at=clock.now())


def _name(livemode: bool) -> str:
    return f"account:{'live' if livemode else 'test'}"
