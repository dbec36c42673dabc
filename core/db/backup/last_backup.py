"""When the last backup was made: a small file that `backup` writes, for checks and metrics."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

#: In VAR_DIR: where backups lie unless told otherwise.
FOLDER = "backups"
#: In that folder, wherever the backup itself lies: its `file` and `made_at`.
LAST = "last_backup.json"


def last(folder: Path) -> datetime | None:
    """When the last backup was made, as it was noted; None where none is known of."""
    try:
        said = json.loads((folder / LAST).read_text(encoding="utf-8"))
        return datetime.fromisoformat(said["made_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
