"""The parameters of a request, which know which of them were read: none may vanish."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from core.emulator.state.errors import ApiError

if TYPE_CHECKING:
    from _collections_abc import dict_items, dict_values


class Given(dict[str, Any]):
    """A dict that notes the reading of its values; asking for its names alone reads nothing."""

    __slots__ = ("unread",)

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.unread = set(values)

    def __iter__(self) -> Iterator[str]:
        # `{**given}` takes every value by name where this stands, and past us where it does not.
        return super().__iter__()

    def __getitem__(self, name: str) -> Any:
        self.unread.discard(name)
        return super().__getitem__(name)

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self.unread.add(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.unread.discard(name)
        return super().get(name, default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self[name] = default
        return super().__getitem__(name)

    def pop(self, name: str, *default: Any) -> Any:
        self.unread.discard(name)
        return super().pop(name, *default)

    def items(self) -> dict_items[str, Any]:
        self.unread.clear()
        return super().items()

    def values(self) -> dict_values[str, Any]:
        self.unread.clear()
        return super().values()


def refuse_unread(given: dict[str, Any], *kept: Any) -> None:
    """Refuse, by name, what nobody read and is in none of the objects that are `kept`."""
    paths = list(_unread(given, "", None))
    if not paths:
        return
    whole: set[int] = set()
    _places(kept, whole)
    paths = list(_unread(given, "", whole))
    if paths:
        raise ApiError(f"not emulated: {', '.join(paths)}", param=paths[0])


def _unread(value: Any, path: str, whole: set[int] | None) -> Iterator[str]:
    if isinstance(value, Given) and not (whole and id(value) in whole):
        for name, below in dict.items(value):
            where = f"{path}[{name}]" if path else name
            if name in value.unread:
                yield where
            else:
                yield from _unread(below, where, whole)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _unread(item, f"{path}[{i}]", whole)


def _places(value: Any, found: set[int]) -> None:
    """The identities of all parameters that stand whole in these objects."""
    if isinstance(value, Given):
        found.add(id(value))
    if isinstance(value, dict):
        for below in dict.values(value):
            _places(below, found)
    elif isinstance(value, (list, tuple)):
        for below in value:
            _places(below, found)
