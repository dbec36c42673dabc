"""Actors and targets of the operators' log under the names that people know them by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from core.db.tables import api_tokens, users
from core.domain.sign_ins import account_key

_TOKEN = "token:"  # noqa: S105 - what actors begin with that are tokens
_KEY_LENGTH = 64


def names_of(conn: Connection, ids: Iterable[str]) -> Mapping[str, str]:
    """Addresses of people, names of tokens; what stands for itself is not in it.

    A sign-in that was turned away stands under the hash of the address that was typed: it has a
    name when somebody has that address.
    """
    asked = set(ids)
    if not asked:
        return {}
    bare = {one.removeprefix(_TOKEN) for one in asked}
    named: dict[str, str] = {}
    people = select(users.c.id, users.c.email).where(users.c.id.in_(bare))
    for user_id, email in conn.execute(people):
        named[user_id] = email
    tokens = (
        select(api_tokens.c.id, api_tokens.c.name, users.c.email)
        .join(users, users.c.id == api_tokens.c.user_id)
        .where(api_tokens.c.id.in_(bare))
    )
    for token_id, name, email in conn.execute(tokens):
        named[token_id] = named[_TOKEN + token_id] = f"{name or token_id[:8]} · {email}"
    if any(len(one) == _KEY_LENGTH for one in asked):
        for email in conn.scalars(select(users.c.email)):
            named[account_key(email)] = email
    return {one: named[one] for one in asked if one in named}
