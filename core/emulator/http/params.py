"""Holds requests against the parameters that Stripe's API knows, and reads them by type.

The table `params.json` is drawn from the official SDK's types by `tests/support/sdk_params.py`: one
entry for each route; `!` after a name means required, `?` that an empty string unsets it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from core.emulator.http.given import Given
from core.emulator.state.errors import ApiError, refused

_INTEGER = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,12})?")
_TABLE = Path(__file__).with_name("params.json")
_NOTHING: dict[str, Any] = {}
#: The Python SDK before its version 12 writes them as Python does.
_BOOLEANS = {"true": True, "false": False, "True": True, "False": False}
#: Parameters of routes that the SDK does not have: what Stripe's own pages and its CLI call.
OWN: dict[str, dict[str, Any]] = {
    "payment_page.ConfirmParams": {"expected_amount": "i", "payment_method!": "s"},
    "stripecli.SessionCreateParams": {
        "device_name": "s",
        "filters": "s",
        "forward_connect_to_url": "s",
        "forward_thin_connect_to_url": "s",
        "forward_thin_to_url": "s",
        "forward_to_url": "s",
        "websocket_features": ["l", "s"],
    },
    "v2.EventListParams": {
        "created": {"gt": "s", "gte": "s", "lt": "s", "lte": "s"},
        "limit": "i",
        "object_id": "s",
        "page": "s",
        "types": ["l", "s"],
    },
    "EventRetryParams": {
        "account": "s",
        "expand": ["l", "s"],
        "for_stripecli": "b",
        "webhook_endpoint": "s",
    },
}
#: Parameters that Stripe publishes and the SDK's types leave out; most are of older integrations.
UNTYPED: dict[str, tuple[str, ...]] = {
    "AccountCreateParams": ("bank_account",),
    "ChargeCreateParams": ("card",),
    "CustomerPaymentSourceCreateParams": ("alipay_account", "bank_account", "card"),
    "CustomerUpdateParams": (
        *("bank_account", "card", "default_alipay_account", "default_bank_account"),
        "default_card",
    ),
    "PaymentIntentConfirmParams": ("client_secret",),
    "PaymentMethodUpdateParams": ("payto",),
    "SetupIntentConfirmParams": ("client_secret",),
}
#: Metadata rules.
_KEYS, _KEY_CHARS, _VALUE_CHARS = 50, 40, 500


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, Any], list[Any]]:
    whole = json.loads(_TABLE.read_text(encoding="utf-8"))
    tables: dict[str, Any] = whole["tables"]
    for name, more in UNTYPED.items():
        tables[name] = {**tables[name], **dict.fromkeys(more, "*")}
    return tables, whole["shared"]


def read(
    route: str | None, raw: dict[str, Any], older: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """The typed parameters of a request; refuses unknown, missing and ill-typed ones.

    A parameter that an empty string unsets comes back as None. `older` are parameters of an older
    version, which stand beside or for today's of the same name.
    """
    table = _table(route)
    if older:
        named = {key.rstrip("!?") for key in older}
        table = {k: spec for k, spec in table.items() if k.rstrip("!?") not in named} | dict(older)
        return _with_fields(_split(table), raw, "")
    return _object(table, raw, "")


def _table(route: str | None) -> dict[str, Any]:
    if route is None:
        return _NOTHING
    if route in OWN:
        return OWN[route]
    table: dict[str, Any] = _resolved(_tables()[0][route])
    return table


def _resolved(spec: Any) -> Any:
    return _tables()[1][spec] if isinstance(spec, int) else spec


#: By the identity of a table, which lives as long as the program.
_FIELDS: dict[int, dict[str, tuple[Any, bool, bool]]] = {}


def _fields(spec: dict[str, Any]) -> dict[str, tuple[Any, bool, bool]]:
    fields = _FIELDS.get(id(spec))
    if fields is None:
        fields = _FIELDS[id(spec)] = _split(spec)
    return fields


def _split(spec: dict[str, Any]) -> dict[str, tuple[Any, bool, bool]]:
    return {key.rstrip("!?"): (below, "!" in key, "?" in key) for key, below in spec.items()}


def _object(spec: dict[str, Any], raw: dict[str, Any], path: str) -> dict[str, Any]:
    return _with_fields(_fields(spec), raw, path)


def _with_fields(
    fields: dict[str, tuple[Any, bool, bool]], raw: dict[str, Any], path: str
) -> dict[str, Any]:
    unknown = [_join(path, name) for name in raw if name not in fields]
    if unknown:
        word = "parameters" if len(unknown) > 1 else "parameter"
        raise refused(
            f"Received unknown {word}: {', '.join(unknown)}", unknown[0], "parameter_unknown"
        )
    values: dict[str, Any] = {}
    for name, (below, required, unsettable) in fields.items():
        where = _join(path, name)
        if name not in raw:
            if required:
                raise refused(f"Missing required param: {where}.", where, "parameter_missing")
            continue
        if raw[name] == "" and _resolved(below) != "*":
            if not unsettable:
                raise refused(_EMPTY.format(name=where), where, "parameter_invalid_empty")
            values[name] = None
        else:
            values[name] = _value(_resolved(below), raw[name], where)
    return Given(values)


_EMPTY = (
    "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a"
    " parameter; however '{name}' cannot be unset. You should remove '{name}' from your request or"
    " supply a non-empty value."
)


def _value(spec: Any, raw: Any, where: str) -> Any:
    if isinstance(spec, dict):
        if not isinstance(raw, dict):
            raise refused("Invalid object", where)
        return _object(spec, raw, where)
    if spec == "m":
        return metadata(raw, where)
    if isinstance(spec, list):
        return _composed(spec, raw, where)
    if isinstance(raw, dict):
        if spec == "*":
            return raw
        raise refused(f"Invalid {_WORDS[spec]}: {{...}}", where)
    return _scalar(spec, raw, where)


_WORDS = {"i": "integer", "s": "string", "b": "boolean", "n": "decimal"}


def _composed(spec: list[Any], raw: Any, where: str) -> Any:
    kind, *rest = spec
    if kind == "e":
        if raw not in rest:
            raise refused(f"Invalid {where}: must be one of {_either(rest)}", where)
        return raw
    if kind == "u":
        return _either_of([_resolved(option) for option in rest], raw, where)
    below = _resolved(rest[0])
    items = list(raw.values()) if isinstance(raw, dict) else None
    if items is None or any(not key.isdigit() for key in raw):
        raise refused("Invalid array", where)
    return [_value(below, item, f"{where}[{i}]") for i, item in enumerate(items)]


def _either_of(options: list[Any], raw: Any, where: str) -> Any:
    """The value by the first option that takes it; refused as the first of its kind refuses."""
    why = None
    for option in options:
        if isinstance(option, dict) != isinstance(raw, dict):
            continue
        try:
            return _value(option, raw, where)
        except ApiError as refusal:
            why = why or refusal
    raise why or refused(f"Invalid {where}", where)


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])}, or {words[-1]}"


def _scalar(spec: str, raw: str, where: str) -> Any:
    if spec == "i":
        if not (raw.isascii() and _INTEGER.fullmatch(raw)):
            raise refused(f"Invalid integer: {raw[:100]}", where, "parameter_invalid_integer")
        return int(raw)
    if spec == "b":
        if raw not in _BOOLEANS:
            raise refused(f"Invalid boolean: {raw[:100]}", where)
        return _BOOLEANS[raw]
    if spec == "n" and not (raw.isascii() and _NUMBER.fullmatch(raw)):
        raise refused(f"Invalid decimal: {raw[:100]}", where)
    if len(raw) > 5000 and not where.startswith("evidence"):
        raise refused(
            f"Invalid string: {raw[:20]}...; must be at most 5000 characters",
            where,
            "parameter_invalid_string_too_long",
        )
    return raw


def metadata(raw: Any, where: str) -> dict[str, str]:
    """At most 50 keys of 40 characters with values of 500; an empty value unsets its key."""
    if not isinstance(raw, dict) or any(isinstance(value, dict) for value in raw.values()):
        raise refused("Invalid hash", where)
    if len(raw) > _KEYS:
        raise refused(f"You can specify up to {_KEYS} keys, but you specified {len(raw)}.", where)
    for key, value in raw.items():
        if len(key) > _KEY_CHARS:
            raise refused(
                f"Metadata keys must be at most {_KEY_CHARS} characters: {key[:60]}",
                f"{where}[{key[:60]}]",
                "parameter_invalid_string_too_long",
            )
        if len(value) > _VALUE_CHARS:
            raise refused(
                f"Metadata values must be at most {_VALUE_CHARS} characters: {where}[{key}]",
                f"{where}[{key}]",
                "parameter_invalid_string_too_long",
            )
    return dict(raw)


def merged(old: dict[str, str], given: dict[str, str] | None) -> dict[str, str]:
    """Stored metadata after an update: None clears all, an empty value removes its key."""
    if given is None:
        return {}
    whole = {key: value for key, value in {**old, **given}.items() if value != ""}
    if len(whole) > _KEYS:
        raise refused(f"You can specify up to {_KEYS} keys.", "metadata")
    return whole


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name
