"""What a backup says of itself, beside its data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from core.errors import BackupRefused

FORMAT = 1

EngineName = Literal["sqlite", "mysql"]


@dataclass(frozen=True)
class Manifest:
    """`made_at` (UTC): all that was committed before is in it. `schema` is the migration that the
    tables stand at, `program` the version that made it; `tables` has the rows of each table,
    `bytes` and `sha256` are of the data."""

    format: int
    engine: EngineName
    schema: str
    program: str
    made_at: datetime
    tables: Mapping[str, int]
    bytes: int
    sha256: str

    @property
    def rows(self) -> int:
        """All rows of all tables."""
        return sum(self.tables.values())

    def to_json(self) -> str:
        """For the file, and for people who look into it."""
        return json.dumps(asdict(self), default=datetime.isoformat, indent=1)


def from_json(text: bytes) -> Manifest:
    """Read it back; `BackupRefused` where it is damaged, or of a format that is not known yet."""
    try:
        found: dict[str, Any] = json.loads(text)
        if found["format"] != FORMAT:
            raise BackupRefused("This backup was made by a newer version: its format is not known.")
        if found["engine"] not in ("sqlite", "mysql"):
            raise BackupRefused.damaged()
        return Manifest(**found | {"made_at": datetime.fromisoformat(found["made_at"])})
    except (ValueError, TypeError, KeyError):
        raise BackupRefused.damaged() from None
