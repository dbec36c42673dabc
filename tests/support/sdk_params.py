"""Reads the official SDK's types: what each route accepts, as the emulator's table holds it.

`python -m tests.support.sdk_params` writes that file anew after the SDK was raised.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import types
import typing
from pathlib import Path
from typing import Any, Literal, NotRequired, Required, get_args, get_origin

import stripe._request_options
from typing_extensions import is_typeddict

import core.emulator.http.params
import core.emulator.http.routes

TARGET = Path(core.emulator.http.params.__file__).with_name("params.json")
NOT_ON_THE_WIRE = {
    "api_key",
    "stripe_version",
    "stripe_account",
    "stripe_context",
    "max_network_retries",
    "idempotency_key",
    "content_type",
    "headers",
}


def spec_of(hint: Any) -> tuple[Any, bool]:
    """How one annotation is written in the table, and whether an empty string unsets it."""
    hint = _bare(hint)
    options = list(get_args(hint)) if _is_union(hint) else [hint]
    unset = any(get_origin(o) is Literal and "" in get_args(o) for o in options)
    words = [v for o in options if get_origin(o) is Literal for v in get_args(o) if v != ""]
    others = [o for o in options if get_origin(o) is not Literal]
    others = [o for o in others if o not in (str, type(None))] if words else others
    if words:
        plain = [_plain(option) for option in others]
        return (["u", *plain, ["e", *words]] if plain else ["e", *words]), unset
    specs = [spec for spec in (_plain(option) for option in others) if spec is not None]
    unique = [spec for i, spec in enumerate(specs) if spec not in specs[:i]]
    if len(unique) == 1:
        return unique[0], unset
    if len(unique) == 2 and any(isinstance(spec, dict) for spec in unique):
        return ["u", *unique], unset
    return "*", unset


def _plain(option: Any) -> Any:
    simple = {int: "i", str: "s", bool: "b", float: "n", type(None): None, Any: "*"}
    if option in simple:
        return simple[option]
    if is_typeddict(option):
        return object_spec(option)
    if get_origin(option) is list:
        return ["l", spec_of(get_args(option)[0])[0]]
    if get_origin(option) is dict:
        return "m"
    if getattr(option, "__name__", "") == "UntypedStripeObject" or get_origin(option):
        return None if "UntypedStripeObject" in str(option) else "*"
    return "n" if getattr(option, "__name__", "") == "Decimal" else "s"


def object_spec(params: Any) -> dict[str, Any]:
    """The table of one TypedDict; `!` after a name: required, `?`: an empty string unsets it."""
    table: dict[str, Any] = {}
    known = {**vars(stripe._request_options), **vars(sys.modules[params.__module__])}
    known["StripeContext"] = Any  # imported by the SDK for type checkers only
    hints = typing.get_type_hints(params, globalns=known, include_extras=True)
    for name, hint in sorted(hints.items()):
        if name in NOT_ON_THE_WIRE:
            continue
        required = get_origin(hint) is not NotRequired
        spec, unset = spec_of(hint)
        wire = "from" if name == "from_" else name
        table[wire + ("!" if required else "") + ("?" if unset else "")] = spec
    return table


def _bare(hint: Any) -> Any:
    while get_origin(hint) in (NotRequired, Required, typing.Annotated):
        hint = get_args(hint)[0]
    return hint


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (typing.Union, types.UnionType)


def params_class(dotted: str) -> Any:
    """`RefundCreateParams` or `radar.EarlyFraudWarningListParams` as the SDK's class."""
    package, _, name = dotted.rpartition(".")
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    module = importlib.import_module(f"stripe.params.{package + '.' if package else ''}_{snake}")
    return getattr(module, name)


def whole_table() -> dict[str, Any]:
    """Every route's table, subtrees that occur twice kept once under `shared`."""
    routes = core.emulator.http.routes.ROUTES
    own = core.emulator.http.params.OWN
    names = sorted({route.params for route in routes if route.params and route.params not in own})
    tables = {name: object_spec(params_class(name)) for name in names}
    seen: dict[str, int] = {}

    def count(node: Any) -> None:
        if isinstance(node, (dict, list)):
            text = json.dumps(node)
            seen[text] = seen.get(text, 0) + 1
            if seen[text] == 1:
                for child in node.values() if isinstance(node, dict) else node:
                    count(child)

    count(tables)
    shared: list[Any] = []
    places: dict[str, int] = {}

    def fold(node: Any) -> Any:
        if not isinstance(node, (dict, list)):
            return node
        text = json.dumps(node)
        if text in places:
            return places[text]
        if isinstance(node, dict):
            folded: Any = {key: fold(child) for key, child in node.items()}
        else:
            folded = [fold(child) for child in node]
        if seen.get(text, 0) > 1 and len(text) > 40:
            shared.append(folded)
            places[text] = len(shared) - 1
            return places[text]
        return folded

    folded_tables = {name: fold(table) for name, table in tables.items()}
    return {"shared": shared, "tables": folded_tables}


def written(table: dict[str, Any]) -> str:
    """The file's text: one shared subtree or table a line."""
    shared = ",\n".join(json.dumps(node, separators=(",", ":")) for node in table["shared"])
    tables = ",\n".join(
        f"{json.dumps(name)}:{json.dumps(node, separators=(',', ':'))}"
        for name, node in table["tables"].items()
    )
    return f'{{"shared":[\n{shared}\n],"tables":{{\n{tables}\n}}}}\n'


if __name__ == "__main__":
    TARGET.write_text(written(whole_table()), encoding="utf-8")
