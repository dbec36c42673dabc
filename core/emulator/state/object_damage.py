"""Objects that answer otherwise than Stripe's do, on order: fields wrong, absent, of another type.

What is stored stays whole: the answers, the lists, the events and the deliveries are changed on
their way out, wherever the object appears in them.
"""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass, field
from typing import Any

from core.emulator.state.errors import refused

_NOTHING = object()
#: Ways for an object to be unreadable, each another kind of fault; `remove` names paths.
WAYS: list[dict[str, Any]] = [
    {"remove": ["created"]},
    {"patch": {"created": None}},
    {"patch": {"created": "yesterday"}},
    {"patch": {"created": [1]}},
    {"patch": {"created": 10**18}},
    {"patch": {"created": -(10**15)}},
    {"remove": ["amount"]},
    {"patch": {"amount": None}},
    {"patch": {"amount": "12.00"}},
    {"patch": {"amount": 12.5}},
    {"patch": {"amount": {"value": 12}}},
    {"patch": {"amount": [1200]}},
    {"patch": {"amount": True}},
    {"patch": {"amount": 10**30}},
    {"remove": ["currency"]},
    {"patch": {"currency": None}},
    {"patch": {"currency": 840}},
    {"patch": {"currency": ""}},
    {"patch": {"currency": ["usd"]}},
    {"patch": {"currency": "not a currency"}},
    {"remove": ["status"]},
    {"patch": {"status": None}},
    {"patch": {"status": 5}},
    {"patch": {"status": {"is": "paid"}}},
    {"remove": ["amount", "currency", "status", "created"]},
    {"remove": ["id"]},
    {"patch": {"id": None}},
    {"patch": {"id": 5}},
    {"patch": {"id": ["x"]}},
    {"remove": ["object"]},
    {"patch": {"object": "hologram"}},
    {"patch": {"object": None}},
    {"replace": "unreadable"},
    {"replace": 5},
    {"replace": None},
    {"replace": []},
    {"replace": {}},
    {"patch": {"created": {}, "amount": "x"}},
    {"patch": {"amount": "", "currency": None}},
    {"patch": {"status": [], "currency": {}}},
]


@dataclass
class _Order:
    patch: dict[str, Any] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    replace: Any = _NOTHING


class Damage:
    """The orders that stand, by the id of their object."""

    def __init__(self) -> None:
        self._orders: dict[str, _Order] = {}
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._orders)

    def order(self, body: dict[str, Any]) -> None:
        """`{"id", "patch"?, "remove"?, "replace"?, "way"?}`, in place of an earlier one."""
        for name in body.keys() - {"id", "patch", "remove", "replace", "way"}:
            raise refused(f"Received unknown parameter: {name}", name, "parameter_unknown")
        target = body.get("id")
        if not isinstance(target, str) or not target:
            raise refused("id must be a text", "id")
        if "way" in body:
            way = body["way"]
            if type(way) is not int or not 0 <= way < len(WAYS):
                raise refused(f"way must be a number from 0 to {len(WAYS) - 1}", "way")
            body = WAYS[way]
        patch, remove = body.get("patch", {}), body.get("remove", [])
        if not isinstance(patch, dict):
            raise refused("patch must be an object", "patch")
        if not isinstance(remove, list) or any(not isinstance(path, str) for path in remove):
            raise refused("remove must be a list of paths such as outcome.type", "remove")
        with self._lock:
            self._orders[target] = _Order(patch, remove, body.get("replace", _NOTHING))

    def clear(self) -> None:
        with self._lock:
            self._orders.clear()

    def pending(self) -> list[str]:
        with self._lock:
            return sorted(self._orders)

    def applied(self, answer: Any) -> Any:
        """A copy of an answer, with every damaged object in it as ordered."""
        if isinstance(answer, list):
            return [self.applied(item) for item in answer]
        if not isinstance(answer, dict):
            return answer
        whole = {name: self.applied(value) for name, value in answer.items()}
        order = self._orders.get(str(answer.get("id"))) if "object" in answer else None
        return whole if order is None else _damaged(whole, order)


def _damaged(obj: dict[str, Any], order: _Order) -> Any:
    if order.replace is not _NOTHING:
        return copy.deepcopy(order.replace)
    _merge(obj, order.patch)
    for path in order.remove:
        *above, last = path.split(".")
        below: Any = obj
        for name in above:
            below = below.get(name) if isinstance(below, dict) else None
        if isinstance(below, dict):
            below.pop(last, None)
    return obj


def _merge(obj: dict[str, Any], patch: dict[str, Any]) -> None:
    for name, value in patch.items():
        if isinstance(value, dict) and isinstance(obj.get(name), dict):
            _merge(obj[name], value)
        else:
            obj[name] = copy.deepcopy(value)
