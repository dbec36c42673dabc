"""Opens the door to the database at a process's start, or says plainly why it stays shut."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from core.db.engine import open_engine
from core.db.migrate import upgrade
from core.errors import DatabaseDown, Misconfigured

#: What MySQL's numbers say that a first start meets most.
_WHY = {
    1044: "does not let this user in",
    1045: "refuses the user or the password",
    1049: "is not there: CREATE DATABASE first",
}


def prepare(url: str) -> None:
    """Bring the schema up to date; `Misconfigured` or `DatabaseDown` where that cannot be.

    The messages name neither the address nor the password.
    """
    try:
        engine = open_engine(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError):
        # A port that is no number is a ValueError.
        raise Misconfigured(
            "DATABASE_URL is not sqlite:///FILE or mysql+pymysql://USER:PASSWORD@HOST:PORT/NAME"
        ) from None
    try:
        _connect(engine)
        upgrade(engine)
    except DBAPIError as error:
        number: Any = error.orig.args[0] if error.orig is not None and error.orig.args else error
        why = _WHY.get(number, "does not answer")
        raise DatabaseDown(f"the database of DATABASE_URL {why} ({number})") from None
    finally:
        engine.dispose()


def _connect(engine: Engine) -> None:
    """The first connection: what the driver does not know of the address it says here."""
    try:
        engine.connect().close()
    except TypeError:
        raise Misconfigured(
            "DATABASE_URL has a parameter behind its ? that the driver does not know"
        ) from None
