"""Sign-in with a company's own provider (OpenID Connect): its word on who somebody is, no more.

Authorization code with PKCE, state and nonce; the ID token's signature and claims are checked by
Authlib. Who is unknown here stays outside: the provider makes no accounts.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Engine, select

from core.access import attempts, audit, group_roles, one_time, users
from core.access.rights import ADMIN
from core.access.sessions import Entry, Session, Visitor
from core.access.sign_in import CodeNeeded, proceed
from core.access.users import is_demo
from core.clock import EPOCH, from_unix
from core.db.engine import retrying, writing
from core.db.tables import oidc_identities
from core.db.tables import users as users_table
from core.db.turns import in_turn
from core.domain.sign_ins import account_key, address_key
from core.errors import NotSignedIn, TooManyAttempts
from core.settings import Settings

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

CALLBACK = "/oidc/callback"
ACTION = "sign_in.oidc"
#: How long somebody may take at the provider.
_LASTS = timedelta(minutes=10)
#: How far the provider's clock may be from ours, in seconds.
_LEEWAY = 60
_SECONDS = 10
#: Signatures of the provider's own key: none, and none that our secret could make.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]


class ProviderRefused(NotSignedIn):
    """Your provider's sign-in was not accepted here. Ask an administrator."""

    code = "provider_refused"

    def __init__(self, why: str, who: str = "oidc") -> None:
        #: For the audit log alone.
        self.why, self.who = why, who
        super().__init__()


@dataclass(frozen=True)
class Provider:
    """What an administrator set; `group_roles` is what the environment says, which wins over the
    table of the database."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    domains: frozenset[str]
    group_roles: Mapping[str, frozenset[str]]
    redirect_uri: str


@dataclass(frozen=True)
class Start:
    """Where the browser goes, and the state that it brings back and keeps in a cookie."""

    address: str
    state: str = field(repr=False)


def provider(settings: Settings) -> Provider | None:
    """The provider, once issuer, client and domains are set."""
    if not (settings.oidc_issuer and settings.oidc_client_id and settings.oidc_domains):
        return None
    return Provider(
        settings.oidc_issuer.rstrip("/"),
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value(),
        frozenset(part.strip().casefold() for part in settings.oidc_domains.split(",")),
        group_roles.parse(settings.oidc_group_roles),
        settings.screens_base + CALLBACK,
    )


def start(
    engine: Engine,
    provider: Provider,
    onward: str,
    *,
    again: bool,
    visitor: Visitor,
    session: Session | None,
    now: datetime,
) -> Start:
    """The address of the provider's sign-in; `again`: it asks even whom it knows.

    `ProviderRefused` where it does not answer as one; `TooManyAttempts` for an address, or the
    person of a session, that leaves without end: nothing is kept or asked for then.
    """
    nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    payload = {"nonce": nonce, "verifier": verifier, "onward": onward}
    who = attempts.key_of(ACTION, session.user_id if session else address_key(visitor.ip))

    def issue() -> str:
        with writing(engine) as connection:
            begun = payload | {"attempt": attempts.depart(connection, who, now)}
            one_time.forget(connection, now)
            return one_time.issue(
                connection, one_time.OIDC, user_id=None, lasts=_LASTS, now=now, payload=begun
            )

    try:
        state = retrying(issue)
    except TooManyAttempts:
        _note(engine, "oidc", "throttled", visitor, now, attempts.DEPARTURE_WINDOW)
        raise
    more = {"prompt": "login", "max_age": "0"} if again else {}
    with _client(provider) as client:
        where = _metadata(client, provider)["authorization_endpoint"]
        address, _state = client.create_authorization_url(
            where, state=state, nonce=nonce, code_verifier=verifier, **more
        )
    return Start(address, state)


def finish(
    engine: Engine,
    provider: Provider,
    *,
    state: str,
    kept_state: str,
    code: str,
    visitor: Visitor,
    production: bool,
    now: datetime,
) -> tuple[Entry | CodeNeeded, str]:
    """A session for whom the provider named, or the step to the second factor; and the way on.

    `ProviderRefused` for everything else, whose reason the audit log has: a state that is not this
    browser's or was used, a token that is forged, old or another's, an address that is not
    verified or of another domain, somebody unknown here, disabled, or in no group of the table.
    """
    try:
        begun = _begun(engine, state, kept_state, now)
        claims = _claims(provider, code, begun, now)
        email = _address(provider, claims)

        def enter() -> Entry | CodeNeeded | ProviderRefused:
            # Two who come at once might be linked with one account, or both leave administration.
            with in_turn(engine, users.LINE) as connection:
                attempts.succeed(connection, int(begun["attempt"]))
                return _admit(connection, provider, claims, email, visitor, production, now)

        found = retrying(enter)
        if isinstance(found, ProviderRefused):
            raise found
        return found, str(begun["onward"])
    except ProviderRefused as error:
        _note(engine, error.who, "refused", visitor, now, timedelta(seconds=10), why=error.why)
        raise


def _begun(engine: Engine, state: str, kept_state: str, now: datetime) -> Mapping[str, Any]:
    """What was kept with a state; it is used up by this, whatever comes of it."""
    if not state or not hmac.compare_digest(state.encode(), kept_state.encode()):
        raise ProviderRefused("the state is not this browser's")

    def take() -> one_time.Issued | None:
        with writing(engine) as connection:
            return one_time.take(connection, one_time.OIDC, state, now)

    found = retrying(take)
    if found is None:
        raise ProviderRefused("the state was used, or is too old")
    return found.payload


def _claims(
    provider: Provider, code: str, begun: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    """The claims of the ID token that a code is exchanged for, each checked."""
    # These take 10 MB for good: a ui that has no provider goes without.
    from authlib.common.errors import AuthlibBaseError
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet
    from requests import RequestException

    try:
        with _client(provider) as client:
            metadata = _metadata(client, provider)
            token = client.fetch_token(
                metadata["token_endpoint"], code=code, code_verifier=begun["verifier"]
            )
            keys = KeySet.import_key_set(_jwks(client, metadata["jwks_uri"]))
            decoded = jwt.decode(str(token["id_token"]), keys, algorithms=_ALGORITHMS)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={
                    "iss": {"essential": True, "value": provider.issuer},
                    "aud": {"essential": True, "value": provider.client_id},
                },
                params={
                    "nonce": begun["nonce"],
                    "client_id": provider.client_id,
                    "access_token": token["access_token"],
                },
            )
            claims.validate(now=int(now.timestamp()), leeway=_LEEWAY)
            found = dict(claims)
            if "email" not in found and "userinfo_endpoint" in metadata:
                told = _json(client, metadata["userinfo_endpoint"])
                if told.get("sub") != found["sub"]:
                    raise ProviderRefused("the user info is somebody else's")
                found = {**told, **found}
            return found
    except (AuthlibBaseError, JoseError) as error:
        raise ProviderRefused(f"the token is not accepted: {type(error).__name__}") from error
    except (RequestException, KeyError, TypeError, ValueError) as error:
        raise ProviderRefused(f"the provider did not answer: {type(error).__name__}") from error


def _address(provider: Provider, claims: Mapping[str, Any]) -> str:
    """The verified address of the token, of a domain that is let in."""
    email = claims.get("email")
    if not isinstance(email, str) or "@" not in email:
        raise ProviderRefused("the token names no address")
    address = email.strip().casefold()
    who = account_key(address)
    if claims.get("email_verified") is not True:
        raise ProviderRefused("the address is not verified", who)
    if address.rpartition("@")[2] not in provider.domains:
        raise ProviderRefused("the address is of another domain", who)
    return address


def _admit(
    connection: Connection,
    provider: Provider,
    claims: Mapping[str, Any],
    email: str,
    visitor: Visitor,
    production: bool,
    now: datetime,
) -> Entry | CodeNeeded | ProviderRefused:
    """A refusal is returned where what was written before it stays."""
    user = _known(connection, provider, str(claims["sub"]), email, now)
    if user.disabled or (production and is_demo(user.email)):
        raise ProviderRefused("the account is disabled", user.id)
    table = provider.group_roles or group_roles.table(connection)
    if table and not _follow_groups(connection, table, claims, user, production, now):
        return ProviderRefused("none of their groups has a role here", user.id)
    if user.password_given:
        # A password that somebody else made up opens nothing any more.
        mine = users_table.update().where(users_table.c.id == user.id)
        connection.execute(mine.values(password_hash=None, password_given=False))
    kept = None if user.password_given else user.password_hash
    return proceed(
        connection, user.id, kept, visitor, now, action=ACTION, proved_at=_proved_at(claims, now)
    )


def _known(
    connection: Connection, provider: Provider, subject: str, email: str, now: datetime
) -> Any:
    """The person that a subject was linked with; at the first time by the verified address.

    Later the address is not asked: at the provider it may become somebody else's.
    """
    c = users_table.c
    key = hashlib.sha256(f"{provider.issuer} {subject}".encode()).hexdigest()
    query = select(c.id, c.email, c.disabled, c.password_hash, c.password_given)
    linked = select(oidc_identities.c.user_id).where(oidc_identities.c.identity_hash == key)
    user_id = connection.scalar(linked)
    if user_id is not None:
        found = connection.execute(query.where(c.id == user_id)).first()
    else:
        found = connection.execute(query.where(c.email == email)).first()
        if found is not None and _is_linked(connection, provider, found.id):
            raise ProviderRefused("the account belongs to another of the provider's", found.id)
    if found is None:
        raise ProviderRefused("nobody here has this address", account_key(email))
    if user_id is None:
        row = {"identity_hash": key, "user_id": found.id, "issuer": provider.issuer}
        connection.execute(oidc_identities.insert().values(**row, created_at=now))
    return found


def _is_linked(connection: Connection, provider: Provider, user_id: str) -> bool:
    o = oidc_identities.c
    query = select(o.user_id).where(o.user_id == user_id, o.issuer == provider.issuer)
    return connection.execute(query).first() is not None


def _follow_groups(
    connection: Connection,
    table: Mapping[str, frozenset[str]],
    claims: Mapping[str, Any],
    user: Any,
    production: bool,
    now: datetime,
) -> bool:
    """Give the roles of all the token's groups, and no others; whether there are any.

    The last administrator stays one, which the audit log says: nobody could mend the table.
    """
    told = claims.get("groups")
    groups = [group for group in told if isinstance(group, str)] if isinstance(told, list) else []
    wanted = {role for group in groups for role in table.get(group, ())}
    held = users.roles_of(connection, user.id)
    lost = ADMIN in held - wanted
    if lost and not users.others_administer(connection, user.id, production=production):
        wanted.add(ADMIN)
        audit.append_once(
            connection,
            timedelta(days=1),
            actor="oidc",
            action="user.roles",
            target=user.id,
            outcome="refused",
            details={"why": "the last administrator stays one"},
            now=now,
        )
    if held != wanted:
        users.set_roles(connection, user.email, wanted, actor="oidc", now=now)
    return bool(wanted)


def _proved_at(claims: Mapping[str, Any], now: datetime) -> datetime:
    """When the provider last asked who they are; never, where it does not tell: a session of the
    provider's may be days old."""
    told = claims.get("auth_time")
    if not isinstance(told, int | float) or isinstance(told, bool):
        return EPOCH
    try:
        return min(from_unix(int(told)), now)
    except (OverflowError, ValueError):  # milliseconds, or nonsense
        return EPOCH


def _client(provider: Provider) -> OAuth2Session:
    from authlib.integrations.requests_client import OAuth2Session

    client = OAuth2Session(
        provider.client_id,
        provider.secret or None,
        token_endpoint_auth_method="client_secret_basic" if provider.secret else "none",
        scope="openid email profile",
        redirect_uri=provider.redirect_uri,
        code_challenge_method="S256",
        default_timeout=_SECONDS,
    )
    # No password file and no proxy of the environment lies between.
    client.trust_env = False
    return client


def _metadata(client: OAuth2Session, provider: Provider) -> dict[str, Any]:
    """What the provider says of itself; `ProviderRefused` where it says it is another."""
    from requests import RequestException

    issuer = urlsplit(provider.issuer)
    secure = issuer.scheme == "https"
    if not secure and issuer.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ProviderRefused("the issuer is an address without TLS")
    try:
        found = _json(client, f"{provider.issuer}/.well-known/openid-configuration", plain=True)
    except (RequestException, ValueError) as error:
        raise ProviderRefused(f"the provider did not answer: {type(error).__name__}") from error
    if str(found.get("issuer", "")).rstrip("/") != provider.issuer:
        raise ProviderRefused("the provider names another issuer")
    missing = {"authorization_endpoint", "token_endpoint", "jwks_uri"} - found.keys()
    if missing:
        raise ProviderRefused(f"the provider names no {min(missing)}")
    if secure and any(
        urlsplit(str(found[name])).scheme != "https" for name in found if name.endswith("_endpoint")
    ):
        raise ProviderRefused("the provider names an address without TLS")
    return found


def _jwks(client: OAuth2Session, address: str) -> Any:
    """The provider's public keys: read each time, so that a rotated one counts at once."""
    return _json(client, address, plain=True)


def _json(client: OAuth2Session, address: str, *, plain: bool = False) -> dict[str, Any]:
    """A JSON object; `plain` sends no access token along."""
    answer = client.get(address, timeout=_SECONDS, allow_redirects=False, withhold_token=plain)
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _note(
    engine: Engine,
    who: str,
    outcome: str,
    visitor: Visitor,
    now: datetime,
    within: timedelta,
    **more: str,
) -> None:
    def work() -> None:
        with writing(engine) as connection:
            audit.append_once(
                connection,
                within,
                actor=who,
                action=ACTION,
                outcome=outcome,
                details={"ip": visitor.ip, **more},
                now=now,
            )

    retrying(work)
