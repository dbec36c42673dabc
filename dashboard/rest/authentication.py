"""Who calls the REST API: a bearer token, within its rate."""

from __future__ import annotations

import hashlib

from core import clock
from core.access import tokens
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.db.engine import reading, retrying, writing
from core.domain.sign_ins import address_key
from core.errors import NotSignedIn, RateLimited, TokenMissing

_MINUTE = 60
#: Tokens that are not in force, from one address in a minute; more are not looked up.
MOST_GUESSES = 60


class Callers:
    """Resolves tokens. Counters live in the context's cache, so replicas share them with Redis."""

    def __init__(self, context: ActionContext, most_a_minute: int) -> None:
        self._engine = context.engine
        self._cache = context.cache
        self._most = most_a_minute

    def caller(self, authorization: str | None, address: str) -> Caller:
        """Who carries the token of this header. `NotSignedIn`, or `RateLimited`."""
        secret = _secret(authorization)
        moment = clock.now()
        minute, second = divmod(clock.to_unix(moment), _MINUTE)
        guesses = f"guesses:{address_key(address)}:{minute}"
        # A token that was good a minute ago is no guess, whoever else guesses at its address.
        proved = f"token:{hashlib.sha256(secret.encode()).hexdigest()}"
        known = self._cache.get(proved) is not None
        if not known and int(self._cache.get(guesses) or 0) >= MOST_GUESSES:
            raise RateLimited(_MINUTE - second)
        try:
            with reading(self._engine) as connection:
                found = tokens.bearer(connection, secret, now=moment)
                assert found.token_id is not None
                due = tokens.is_due(connection, found.token_id, moment)
        except NotSignedIn:
            self._cache.count(guesses, _MINUTE)
            raise
        if not known:
            self._cache.put(proved, "1", _MINUTE)
        if self._cache.count(f"rate:{found.token_id}:{minute}", _MINUTE) > self._most:
            raise RateLimited(_MINUTE - second)
        if due:
            self._touch(found.token_id)
        return found

    def _touch(self, token_id: str) -> None:
        def work() -> None:
            with writing(self._engine) as connection:
                tokens.touch(connection, token_id, clock.now())

        retrying(work)


def _secret(authorization: str | None) -> str:
    scheme, _, secret = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise TokenMissing
    return secret.strip()
