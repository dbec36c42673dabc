"""Reads Stripe's form encoding: `a[b][0][c]=1` becomes nested dicts (lists stay dicts by index)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from core.emulator.state.errors import refused

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_MAX_FIELDS = 2000
_MAX_DEPTH = 12


def nested(encoded: str) -> dict[str, Any]:
    """A form or query string as nested dicts of strings; `a[]` counts up."""
    try:
        pairs = parse_qsl(
            encoded, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"
        )
    except ValueError as reason:  # also UnicodeDecodeError
        raise refused("Invalid request: the form cannot be read.") from reason
    tree: dict[str, Any] = {}
    for key, value in pairs:
        match = _KEY.fullmatch(key)
        if match is None:
            raise refused(f"Invalid request: {key[:100]} is not a parameter name.")
        parts = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        if len(parts) > _MAX_DEPTH:
            raise refused("Invalid request: parameters are nested too deeply.")
        _put(tree, parts, value, key)
    return tree


def _put(tree: dict[str, Any], parts: list[str], value: str, key: str) -> None:
    for i, part in enumerate(parts):
        name = part if part or i == 0 else str(len(tree))
        if i == len(parts) - 1:
            if isinstance(tree.get(name), dict):
                raise refused(f"Invalid request: {key[:100]} is given twice.")
            tree[name] = value
            return
        below = tree.setdefault(name, {})
        if not isinstance(below, dict):
            raise refused(f"Invalid request: {key[:100]} is given twice.")
        tree = below
