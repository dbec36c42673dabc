"""People for tests: users with roles, their sessions, and screens seen as they see them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core import bootstrap, clock
from core.access import passwords, sessions, users
from core.bootstrap import Console
from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.db.tables import (
    audit_log,
    group_roles,
    login_attempts,
    oidc_identities,
    passkeys,
    recovery_codes,
    user_roles,
)
from core.db.tables import sessions as sessions_table
from core.db.tables import settings_table as settings
from core.db.tables import users as users_table
from core.settings import Settings
from tests.support.newest_schema import laid

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
_hash_password = passwords.hash_password  # some tests put a quick one in its place
AsPerson = Callable[..., Any]


@cache
def password_hash() -> str:
    """The hash of PASSWORD; made once, because it is slow on purpose."""
    return _hash_password(PASSWORD)


def make_console(url: str, **settings: Any) -> Console:
    """A console over a database, with no other settings from outside."""
    return bootstrap.build(Settings(_env_file=None, database_url=laid(url), **settings))


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    """A console over an empty SQLite database."""
    made = make_console(f"sqlite:///{tmp_path / 'tillwatch.db'}")
    yield made
    made.engine.dispose()


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)]
)
def _shared_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return laid(f"sqlite:///{tmp_path_factory.mktemp('access') / 'tillwatch.db'}")
    return str(request.getfixturevalue("mariadb")())


@pytest.fixture
def access_url(_shared_url: str) -> str:
    """A database without people or log, on SQLite and on MariaDB; made once a module."""
    engine = open_engine(_shared_url)
    upgrade(engine)
    with writing(engine) as connection:
        for table in (
            *(audit_log, login_attempts, sessions_table, user_roles, users_table, settings),
            *(group_roles, oidc_identities, passkeys, recovery_codes),
        ):
            connection.execute(table.delete())
    engine.dispose()
    return _shared_url


def person(console: Console, *roles: str, email: str | None = None) -> str:
    """Create somebody with these roles; returns the user id. The password is PASSWORD."""
    with writing(console.engine) as connection:
        return users.create(
            connection,
            email=f"{uuid.uuid4().hex}@shop.example" if email is None else email,
            roles=roles,
            password_hash=password_hash(),
            actor="test",
            production=console.production,
        )


def give(console: Console, user_id: str, *roles: str) -> None:
    """Replace a user's roles."""
    with writing(console.engine) as connection:
        users.set_roles(connection, email_of(console, user_id), roles, actor="test")


def email_of(console: Console, user_id: str) -> str:
    """The address of a user."""
    with reading(console.engine) as connection:
        return next(u.email for u in users.everyone(connection) if u.user_id == user_id)


def session_of(console: Console, user_id: str, now: Any = None) -> str:
    """Open a session and return its token."""
    with writing(console.engine) as connection:
        return sessions.start(
            connection, user_id, ip="127.0.0.1", user_agent="test", now=now or clock.now()
        )


def audited(console: Console, action: str) -> list[Any]:
    """The rows of the audit log with this action, in order."""
    query = select(audit_log).where(audit_log.c.action == action).order_by(audit_log.c.seq)
    with reading(console.engine) as connection:
        return list(connection.execute(query))


def app_test(script: Path) -> Any:
    """A script as Streamlit runs it, without a browser."""
    from streamlit.testing.v1 import AppTest

    _look_for_components_once()
    return AppTest.from_file(str(script), default_timeout=90)


def signed_in_as(console: Console, user_id: str) -> dict[str, str]:
    """What Streamlit is told of somebody who has just signed in."""
    with reading(console.engine) as connection:
        known = connection.scalar(select(users_table.c.id).where(users_table.c.id == user_id))
    if known is None:
        return {"id": user_id}
    return {"id": user_id, "session": sessions.key_of(session_of(console, user_id))}


@cache
def _look_for_components_once() -> None:
    """Which installed packages bring components does not change between two screens.

    Streamlit reads the metadata of all of them for each AppTest: 50 ms.
    """
    from streamlit.components.v2 import manifest_scanner

    manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture
def screen_as(console: Console, monkeypatch: pytest.MonkeyPatch) -> AsPerson:
    """Run the entrypoint as a user: `screen_as(user_id, "payments", q="status:failed")`.

    Without a page name it shows the person's home. `user_id=None` is whom the middleware would
    not have let in. The page is asked for as a stale tab or a shared link asks for it: by its
    address, whether this person has it in the sidebar or not.
    """
    # Streamlit takes a second to load: only for the tests that need it.
    from streamlit.util import calc_hash

    from dashboard.ui import viewer as console_

    monkeypatch.setattr(console_, "current_console", lambda: console)

    def run(user_id: str | None, page: str | None = None, **query: str) -> Any:
        test = app_test(ROOT / "dashboard" / "streamlit_app.py")
        test.user = signed_in_as(console, user_id) if user_id else {}
        if page:
            test.query_params.update(query)
            test._page_hash = calc_hash(page)
        return test.run()

    return run
