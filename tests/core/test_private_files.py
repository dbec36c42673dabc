"""What the program keeps on a disk is for its own user: 0600 and 0700, also what was there."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.db.engine import open_engine
from core.db.start import prepare
from core.emulator.server import start_emulator
from core.errors import DatabaseDown, Misconfigured
from core.private_files import private_database, private_file, private_folder, secure
from core.settings import Settings
from dashboard.process import launcher


@pytest.fixture(autouse=True)
def usual_umask():
    """Under which whatever is made is readable for all, unless somebody sees to it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """What somebody else could read or list."""
    every = [folder, *folder.rglob("*")]
    modes = {str(one.relative_to(folder)): stat.S_IMODE(one.stat().st_mode) for one in every}
    return {name: oct(mode) for name, mode in modes.items() if mode & 0o077}


def test_a_first_start_leaves_nothing_open(tmp_path):
    folder = tmp_path / "state" / "var"
    settings = Settings(_env_file=None, var_dir=folder)
    launcher.prepare(settings)
    engine = open_engine(settings.database)
    with engine.connect() as connection, start_emulator(state_path=folder / "emulator.db"):
        connection.exec_driver_sql("SELECT count(*) FROM events")
        names = {one.name for one in folder.iterdir()}
        assert {"tillwatch.db", "tillwatch.db-wal", "webhook_secret", "emulator.db"} <= names
        assert open_to_others(folder) == {}
    engine.dispose()


def test_a_database_of_its_own_folder_is_private_too(tmp_path):
    prepare(f"sqlite:///{tmp_path / 'a' / 'b' / 'x.db'}")
    assert open_to_others(tmp_path / "a") == {}


def test_what_an_earlier_version_left_open_is_closed(tmp_path):
    folder = tmp_path / "var"
    (folder / "exports").mkdir(parents=True)
    kept = ["tillwatch.db", "tillwatch.db-wal", "webhook_secret", "synced", "exports/x.csv"]
    for name in kept:
        (folder / name).write_text("kept")
    assert len(open_to_others(folder)) == len(kept) + 2
    secure(folder)
    assert open_to_others(folder) == {}
    assert (folder / "webhook_secret").read_text() == "kept"


def test_what_is_not_ours_stays_as_it_is(tmp_path):
    tmp_path.chmod(0o1777)
    other = tmp_path / "notes.txt"
    other.write_text("somebody else's")
    secret = tmp_path / "elsewhere"
    secret.write_text("x")
    (tmp_path / "webhook_secret").symlink_to(secret)
    secure(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777
    assert stat.S_IMODE(other.stat().st_mode) == 0o644
    assert stat.S_IMODE(secret.stat().st_mode) == 0o644


def test_a_file_that_is_no_database_stays_as_it_is(tmp_path):
    other = tmp_path / "passwd"
    other.write_text("root:x:0:0:root:/root:/bin/sh")
    with pytest.raises(DatabaseDown):
        prepare(f"sqlite:///{other}")
    with pytest.raises(Misconfigured, match="VAR_DIR is no folder"):
        secure(other)
    assert stat.S_IMODE(other.stat().st_mode) == 0o644


def test_a_file_keeps_its_content_and_a_narrower_mode(tmp_path):
    kept = tmp_path / "x"
    kept.write_text("content")
    kept.chmod(0o400)
    private_file(kept)
    assert (kept.read_text(), stat.S_IMODE(kept.stat().st_mode)) == ("content", 0o400)
    private_folder(tmp_path)


#: Whether another process may write to a database; it waits for nobody.
_WRITES = """
import sqlite3, sys
try:
    sqlite3.connect(sys.argv[1], timeout=0).execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError as error:
    print(error)
"""


def test_a_database_that_is_in_use_keeps_its_locks(tmp_path):
    """A descriptor of it that is closed takes all locks of the process away."""
    path = tmp_path / "x.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE t (x)")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO t VALUES (1)")
    private_database(path)
    asked = [sys.executable, "-c", _WRITES, str(path)]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    connection.close()
    assert told.strip() == "database is locked"
