"""The file of a backup: a ZIP of its data and its manifest, whole or not there at all."""

from __future__ import annotations

import errno
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from lzma import LZMAError
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from core.db.backup.manifest import EngineName, Manifest, from_json
from core.errors import BackupFailed, BackupRefused

_MANIFEST = "manifest.json"
_DATA: dict[EngineName, str] = {"sqlite": "database.sqlite", "mysql": "database.sql"}
_CHUNK = 1 << 20
#: What a ZIP's list says of a file that has a password.
_ENCRYPTED = 1
#: A manifest is small; a longer one is none.
_LONGEST = 1 << 20


class Writer:
    """Takes the data of a backup, and counts and digests them on their way."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> None:
        """Add a piece."""
        self._out.write(data)
        self._digest.update(data)
        self.bytes += len(data)

    @property
    def sha256(self) -> str:
        """The digest of all pieces so far."""
        return self._digest.hexdigest()


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """A folder for what is not a backup yet, on the same disk; nobody else may look into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with TemporaryDirectory(prefix=".unfinished-", dir=folder) as made:
            yield Path(made)
    except OSError as error:
        raise BackupFailed(f"{folder} cannot be written to: {error.strerror}") from None


def write(
    target: Path, work: Path, engine: EngineName, fill: Callable[[Writer], Manifest]
) -> Manifest:
    """Make the file `target` of what `fill` writes; until it is whole it stands in `work`."""
    made = work / "backup.zip"
    with os.fdopen(os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            with archive.open(_DATA[engine], "w", force_zip64=True) as out:
                manifest = fill(Writer(out))
            archive.writestr(_MANIFEST, manifest.to_json())
        file.flush()
        os.fsync(file.fileno())
    made.replace(target)
    _sync(target.parent)
    return manifest


def read_manifest(path: Path) -> Manifest:
    """What the backup says of itself; `BackupRefused` where it is none, or damaged."""
    with _opened(path) as archive:
        if archive.getinfo(_MANIFEST).file_size > _LONGEST:
            raise BackupRefused.damaged()
        return from_json(archive.read(_MANIFEST))


def read(path: Path, manifest: Manifest, into: Callable[[bytes], object]) -> None:
    """Give the data out piece by piece; `BackupRefused` where they are not those of the manifest.

    The digest is known at the end alone: what was given out before must not count yet.
    """
    digest, length = hashlib.sha256(), 0
    with _opened(path) as archive, archive.open(_DATA[manifest.engine]) as data:
        while piece := data.read(_CHUNK):
            digest.update(piece)
            length += len(piece)
            into(piece)
    if (length, digest.hexdigest()) != (manifest.bytes, manifest.sha256):
        raise BackupRefused.damaged()


@contextmanager
def _opened(path: Path) -> Iterator[ZipFile]:
    try:
        with ZipFile(path) as archive:
            # None of ours is encrypted, and a reader would ask for a password.
            if any(one.flag_bits & _ENCRYPTED for one in archive.infolist()):
                raise BackupRefused.damaged()
            yield archive
    except FileNotFoundError:
        raise BackupRefused(f"There is no file {path}.") from None
    except (BadZipFile, KeyError, zlib.error, LZMAError, EOFError, NotImplementedError):
        raise BackupRefused.damaged() from None
    except OSError as error:
        # A list that is damaged names a place before the file, or a way to pack that is not ours:
        # bzip2's own error has no number.
        if error.errno not in (errno.EINVAL, None):
            raise
        raise BackupRefused.damaged() from None


def _sync(folder: Path) -> None:
    """Let the file's name outlive a loss of power too, where folders can be synced."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
