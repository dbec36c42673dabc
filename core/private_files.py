"""Files and folders that nobody but the program's own user may read: 0600 and 0700."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from core.errors import Misconfigured

_FILE, _FOLDER = 0o600, 0o700
#: What stands in VAR_DIR; of other files there nothing is known, and nothing changed.
_OURS = ("*.db", "*.db-wal", "*.db-shm", "*.db-journal", "webhook_secret", "synced")
_EXPORTS = "exports"
#: How files of SQLite are named.
_DATABASES = frozenset({".db", ".sqlite", ".sqlite3"})


def private_folder(path: Path) -> None:
    """Make a folder, and all above it that is missing, for this user alone."""
    for folder in reversed([path, *path.parents]):
        try:
            folder.mkdir(mode=_FOLDER)
        except FileExistsError:
            continue


def private_file(path: Path) -> None:
    """Make an empty file where there is none, and let no one else read it."""
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT, _FILE))
    _close_to_others(path, _FILE)


def private_database(path: Path) -> None:
    """The same for a SQLite file and its logs; one whose name is no database's is left as it is.

    A file that is there is not opened: as it is closed, the locks that this process has on it by
    SQLite would be gone, and another process would take itself for the only one.
    """
    private_folder(path.parent)
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, _FILE))
    except FileExistsError:
        if path.suffix not in _DATABASES:
            return
    for end in ("", "-wal", "-shm"):
        _close_to_others(path.with_name(path.name + end), _FILE)


def secure(var_dir: Path) -> None:
    """Make VAR_DIR, and close it and what an earlier version left open in it to others."""
    private_folder(var_dir)
    if not var_dir.is_dir():
        raise Misconfigured(f"VAR_DIR is no folder: {var_dir}")
    _close_to_others(var_dir, _FOLDER)
    for pattern in _OURS:
        for path in var_dir.glob(pattern):
            _close_to_others(path, _FILE)
    exports = var_dir / _EXPORTS
    if exports.is_dir():
        _close_to_others(exports, _FOLDER)
        for path in exports.iterdir():
            _close_to_others(path, _FILE)


def _close_to_others(path: Path, mode: int) -> None:
    """What belongs to somebody else, or to all (a folder such as /tmp), is left as it is."""
    if sys.platform == "win32":
        return
    try:
        found = path.lstat()
    except FileNotFoundError:
        # SQLite takes its log away when the last process closes it.
        return
    plain = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    ours = plain and found.st_uid == os.geteuid() and not found.st_mode & stat.S_ISVTX
    if ours and stat.S_IMODE(found.st_mode) & ~mode:
        path.chmod(mode)
