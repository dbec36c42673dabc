"""Demo users, one for each role: for the emulator's business, never in production."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, select

from core import clock
from core.access import audit, passwords, rights, sessions, users
from core.db import tables
from core.db.engine import reading, retrying
from core.db.turns import in_turn

PASSWORD = "demo-demo-demo"  # noqa: S105 - shown on the sign-in page
#: Address, name and role, in the order of the sign-in page.
PEOPLE = (
    ("admin@demo.test", "Ada Admin", rights.ADMIN),
    ("finance@demo.test", "Fay Finance", rights.FINANCE),
    ("support@demo.test", "Sam Support", rights.SUPPORT),
    ("lead@demo.test", "Lee Lead", rights.SUPPORT_LEAD),
    ("risk@demo.test", "Ria Risk", rights.RISK),
    ("dev@demo.test", "Dev Developer", rights.DEVELOPER),
    ("viewer@demo.test", "Vic Viewer", rights.VIEWER),
)


def create_all(engine: Engine, *, production: bool) -> list[str]:
    """Create the demo users that are missing and return their addresses."""
    users.refuse_demo(PEOPLE[0][0], production=production)
    with reading(engine) as connection:
        there = {user.email for user in users.everyone(connection)}
    missing = [person for person in PEOPLE if person[0] not in there]
    if not missing:
        return []
    # One for all: the password is the same, everybody knows it, and a hash is slow on purpose.
    kept = passwords.hash_password(PASSWORD)

    def work() -> list[str]:
        made = []
        with in_turn(engine, users.LINE) as connection:
            known = {user.email for user in users.everyone(connection)}
            for email, name, role in missing:
                if email not in known:
                    users.create(
                        connection,
                        email=email,
                        name=name,
                        roles=[role],
                        password_hash=kept,
                        actor="demo",
                        production=production,
                    )
                    made.append(email)
        return made

    return retrying(work)


def count_open(connection: Connection) -> int:
    """How many demo users could sign in now."""
    return len(_open_ones(connection))


def shut_out(engine: Engine) -> int:
    """Disable every demo user and end their sessions; returns how many there were."""

    def work() -> int:
        with in_turn(engine, users.LINE) as connection:
            found = _open_ones(connection)
            for user_id in found:
                now = clock.now()
                row = tables.users.c.id == user_id
                connection.execute(tables.users.update().where(row).values(disabled=True))
                sessions.revoke_all(connection, user_id, now)
                audit.append(
                    connection, actor="system", action="user.disable", target=user_id, now=now
                )
            return len(found)

    with reading(engine) as connection:
        if not _open_ones(connection):
            return 0
    return retrying(work)


def _open_ones(connection: Connection) -> list[str]:
    people = tables.users.c
    demo = people.demo | people.email.endswith(users.DEMO_DOMAIN)
    return list(connection.execute(select(people.id).where(demo, ~people.disabled)).scalars())
