"""A SQLite file with the newest schema, made once in each process and then copied.

Walking all migrations takes 60 ms, and thousands of tests begin with a database of their own. That
they make this schema is what tests/core/db/test_migrations.py holds.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.engine import make_url

from core.db import migrate
from core.db.engine import open_engine


@cache
def _newest() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "newest.db"
        engine = open_engine(f"sqlite:///{path}")
        migrate.upgrade(engine)
        # Who closes a SQLite file last moves its write-ahead log into it.
        engine.dispose()
        assert [found.name for found in path.parent.iterdir()] == [path.name]
        return path.read_bytes()


def laid(url: str) -> str:
    """The URL itself, with the newest schema where it points to a SQLite file that is not there."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        path = Path(parsed.database)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_newest())
    return url
