"""What is left of parameters that are sent and not kept: which they were, and their digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def trace_of(unkept: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` are the names, those of the evidence where there is some; `sha256` is of it all."""
    shown = {name: _digestible(value) for name, value in unkept.items()}
    text = json.dumps(shown, sort_keys=True, ensure_ascii=False)
    return {
        "fields": sorted(unkept.get("evidence", unkept)),
        "sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
    }


def _digestible(value: Any) -> Any:
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value
