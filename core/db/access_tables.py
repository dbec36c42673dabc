"""Who may do what, who is signed in, and what was done."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, PrimaryKeyConstraint, Table

from core.db.mirror_tables import metadata
from core.db.types import Utc, big_key, code, flag, long_text, words

#: `password_given`: an administrator set the password, and it opens nothing but the form where its
#: person chooses another.
users = Table(
    "users",
    metadata,
    Column("id", code(36), primary_key=True),
    Column("email", words(255), nullable=False, unique=True),
    Column("name", words(255), nullable=False, default=""),
    Column("password_hash", code(255)),
    Column("password_given", flag(), nullable=False, default=False),
    Column("disabled", flag(), nullable=False, default=False),
    Column("demo", flag(), nullable=False, default=False),
    Column("language", code(8)),
    Column("created_at", Utc(), nullable=False),
)

#: Apart from `users`: a change of a person's row fails whoever gives them a session, a role or a
#: token on another node of a cluster at that moment. No foreign key, for the same reason.
last_sign_ins = Table(
    "last_sign_ins",
    metadata,
    Column("user_id", code(36), primary_key=True),
    Column("at", Utc(), nullable=False),
)

user_roles = Table(
    "user_roles",
    metadata,
    Column("user_id", code(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("role", code(32), nullable=False),
    PrimaryKeyConstraint("user_id", "role"),
)

#: Only the SHA-256 of a session's cookie is kept. `proved_at`: when its holder last typed what they
#: sign in with.
sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", code(64), primary_key=True),
    Column("user_id", code(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Column("expires_at", Utc(), nullable=False),
    Column("last_seen_at", Utc(), nullable=False),
    Column("ip", code(45)),
    Column("user_agent", words(255)),
    Column("revoked_at", Utc()),
    Column("proved_at", Utc()),
    Index("hx_user", "user_id"),
)

#: A shop's backend or a script: only the SHA-256 of a token is kept. `roles` with commas.
api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", code(36), primary_key=True),
    Column("token_hash", code(64), nullable=False, unique=True),
    Column("user_id", code(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", words(100), nullable=False, default=""),
    Column("roles", code(255), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Column("expires_at", Utc()),
    Column("last_used_at", Utc()),
    Column("revoked_at", Utc()),
    Index("tx_user", "user_id"),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("seq", big_key(), primary_key=True, autoincrement=True),
    Column("account_hash", code(64), nullable=False),
    Column("ip", code(45), nullable=False),
    Column("succeeded", flag(), nullable=False),
    Column("attempted_at", Utc(), nullable=False),
    Index("lx_account", "account_hash", "attempted_at"),
    Index("lx_ip", "ip", "attempted_at"),
)

#: A browser that somebody signed in from, by the SHA-256 of its cookie. No foreign key: a change of
#: a person's row would fail who signs in on another node of a cluster at that moment.
known_devices = Table(
    "known_devices",
    metadata,
    Column("token_hash", code(64), primary_key=True),
    Column("user_id", code(36), nullable=False),
    Column("password_key", code(64), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Column("expires_at", Utc(), nullable=False),
    Index("dx_user", "user_id", "created_at"),
)

#: What opens one thing once, by its SHA-256. `payload`: JSON that goes with it.
one_time_tokens = Table(
    "one_time_tokens",
    metadata,
    Column("token_hash", code(64), primary_key=True),
    Column("purpose", code(32), nullable=False),
    Column("user_id", code(36)),
    Column("payload", long_text(), nullable=False),
    Column("expires_at", Utc(), nullable=False),
    Index("ox_user", "user_id", "purpose"),
)

#: An authenticator app's secret, encrypted; in force once `confirmed_at` says when. `last_step` is
#: the last 30 seconds whose code was used.
second_factors = Table(
    "second_factors",
    metadata,
    Column("user_id", code(36), primary_key=True),
    Column("secret", long_text(), nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("created_at", Utc(), nullable=False),
    Column("confirmed_at", Utc()),
)

#: A passkey by the SHA-256 of the id that its authenticator gave it; that id and its public key
#: (COSE) in base64url. `sign_count` is what the authenticator counted to at its last use.
passkeys = Table(
    "passkeys",
    metadata,
    Column("id", code(64), primary_key=True),
    Column("user_id", code(36), nullable=False),
    Column("name", words(100), nullable=False),
    Column("credential_id", long_text(), nullable=False),
    Column("public_key", long_text(), nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("created_at", Utc(), nullable=False),
    Column("last_used_at", Utc()),
    Index("ix_passkey_user", "user_id"),
)

#: What lets a person in without the app, by its SHA-256; used once, then gone.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user_id", code(36), nullable=False),
    Column("code_hash", code(64), nullable=False),
    PrimaryKeyConstraint("user_id", "code_hash"),
)

#: Who somebody is at the company's provider: the SHA-256 of its issuer and subject.
oidc_identities = Table(
    "oidc_identities",
    metadata,
    Column("identity_hash", code(64), primary_key=True),
    Column("user_id", code(36), nullable=False),
    Column("issuer", code(255), nullable=False),
    Column("created_at", Utc(), nullable=False),
    Index("ix_oidc_user", "user_id"),
)

#: What a group of the company's provider makes its people here: `roles` with commas.
group_roles = Table(
    "group_roles",
    metadata,
    Column("group_name", words(255), primary_key=True),
    Column("roles", code(255), nullable=False),
    Column("updated_at", Utc(), nullable=False),
    Column("updated_by", code(64), nullable=False),
)

#: Insert only. `hash` = SHA-256 of the previous row's hash and this row's canonical form.
audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Utc(), nullable=False),
    Column("actor", code(64), nullable=False),
    Column("action", code(), nullable=False),
    Column("target", code(255), nullable=False),
    Column("outcome", code(), nullable=False),
    Column("details", long_text(), nullable=False),
    Column("previous_hash", code(64), nullable=False),
    Column("hash", code(64), nullable=False),
    Index("gx_at", "at"),
    Index("gx_actor", "actor", "at"),
    Index("gx_action", "action", "at", "seq"),
    Index("gx_target", "target", "at", "seq"),
)

#: A search of a list that a person named: its terms, its order (`sort`) and its columns with
#: commas, as the address has them. `shared`: it is offered to everybody who may see the list.
saved_views = Table(
    "saved_views",
    metadata,
    Column("id", big_key(), primary_key=True, autoincrement=True),
    Column("user_id", code(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("page", code(), nullable=False),
    Column("name", words(100), nullable=False),
    Column("query", long_text(), nullable=False),
    Column("sort", code(32), nullable=False, default=""),
    Column("columns", code(500), nullable=False, default=""),
    Column("shared", flag(), nullable=False, default=False),
    Column("created_at", Utc(), nullable=False),
    Index("kx_user", "user_id", "page"),
    Index("kx_shared", "page", "shared"),
)

#: What a person made of a list for themselves: its columns, none for all, and the view (by its
#: number) that it opens with.
list_choices = Table(
    "list_choices",
    metadata,
    Column("user_id", code(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("page", code(), nullable=False),
    Column("columns", code(500), nullable=False, default=""),
    Column("view_id", BigInteger),
    Column("updated_at", Utc(), nullable=False),
    PrimaryKeyConstraint("user_id", "page"),
)

settings_table = Table(
    "settings",
    metadata,
    Column("name", code(128), primary_key=True),
    Column("value", long_text(), nullable=False),
    Column("updated_at", Utc(), nullable=False),
    Column("updated_by", code(64), nullable=False),
)
