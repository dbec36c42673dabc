"""Bodies of the REST API: JSON objects with known fields, each once, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from core.errors import InvalidInput, MalformedRequest, UnsupportedMediaType
from dashboard.i18n import N_

Json = dict[str, Any]

#: Longer numbers are no amount, no id; Python reads them in quadratic time, or not at all.
_MOST_DIGITS = 40
_MOST_SHOWN = 64


def read(raw: bytes, content_type: str | None, shape: type[BaseModel]) -> Json:
    """The fields that a body gives; optional ones that are null are left out.

    Names are checked against `shape`; what a value must be, its action says. Raises
    `UnsupportedMediaType`, `MalformedRequest`, or `InvalidInput` naming the field.
    """
    if (content_type or "").partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType
    found = _object(raw)
    for name in found:
        if name not in shape.model_fields:
            raise InvalidInput(_shown(name), N_("is not a field of this request"))
    for name, field in shape.model_fields.items():
        if field.is_required() and name not in found:
            raise InvalidInput(name, N_("is required"))
    return {
        name: value
        for name, value in found.items()
        if value is not None or shape.model_fields[name].is_required()
    }


def _object(raw: bytes) -> Json:
    try:
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=_each_once, parse_int=_integer)
        # Halves of surrogate pairs may be written as escapes; no database and no answer takes them.
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise MalformedRequest from None
    if not isinstance(found, dict):
        raise MalformedRequest
    return found


def _each_once(pairs: Sequence[tuple[str, Any]]) -> Json:
    found: Json = {}
    for name, value in pairs:
        if name in found:
            raise InvalidInput(_shown(name), N_("appears twice"))
        found[name] = value
    return found


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float("inf")


def _shown(name: str) -> str:
    """A name that a stranger made up, short and fit for an answer."""
    return name.encode("utf-8", "replace").decode("utf-8")[:_MOST_SHOWN]
