"""One administrator always remains: nobody takes their own administration away."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from core.access.principals import Caller
from core.access.rights import ADMIN
from core.db.tables import user_roles
from core.errors import OwnAdministration


def one_at_a_time(connection: Connection) -> None:
    """Wait until no other administrator changes people; call it before the right is asked for.

    Two that shut each other out at once would both be let, and nobody were left.
    """
    held = select(user_roles.c.user_id).where(user_roles.c.role == ADMIN)
    connection.execute(held.order_by(user_roles.c.user_id).with_for_update())


def keep_own(caller: Caller, user_id: str, roles: Iterable[str] = ()) -> None:
    """`OwnAdministration` where a caller would be left without it: with these roles, or shut."""
    if caller.user_id == user_id and ADMIN not in roles:
        raise OwnAdministration
