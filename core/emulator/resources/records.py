"""What plain records share: they are retrieved, updated, deleted and listed the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.emulator.http.params import merged
from core.emulator.resources import lists
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden

Change = Callable[[Context, Obj, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Record:
    """A kind of object; `event` begins the names of its events, "" where it has none."""

    kind: str
    event: str = ""
    #: Parameters of an update that the object takes over as they are.
    fields: Sequence[str] = ()
    #: What else an update does, before its event.
    change: Change | None = None

    def retrieve(self, ctx: Context, object_id: str, params: dict[str, Any]) -> Obj:
        return ctx.need(self.kind, object_id, in_path=True)

    def update(self, ctx: Context, object_id: str, params: dict[str, Any]) -> Obj:
        """Take the fields over and merge the metadata; tells what was before."""
        obj = ctx.need(self.kind, object_id, in_path=True)
        before = dict(obj)
        if self.change:
            self.change(ctx, obj, params)
        obj |= {name: params[name] for name in self.fields if name in params}
        if "metadata" in params:
            obj["metadata"] = merged(obj["metadata"], params["metadata"])
        if "updated" in obj:
            obj["updated"] = ctx.now
        changed = {name: old for name, old in before.items() if obj.get(name) != old}
        if self.event and changed:
            ctx.emit(f"{self.event}.updated", obj, changed)
        return ctx.tx.touch(obj)

    def delete(self, ctx: Context, object_id: str, params: dict[str, Any]) -> Obj:
        """No longer listed, and 404 from now on; what names it keeps its name."""
        obj = ctx.need(self.kind, object_id, in_path=True)
        forget(ctx, obj)
        if self.event:
            ctx.emit(f"{self.event}.deleted", obj)
        return {"id": object_id, "object": self.kind, "deleted": True}

    def made(self, ctx: Context, obj: Obj) -> Obj:
        """Keep a new one and tell of it."""
        ctx.tx.add(obj)
        if self.event:
            ctx.emit(f"{self.event}.created", obj)
        return obj


def forget(ctx: Context, obj: Obj) -> None:
    """Take an object out of its lists, and answer 404 for it."""
    hidden(obj)["gone"] = True
    ctx.tx.touch(obj)
    ctx.tx.list_as(obj["id"], "gone")


def page(
    ctx: Context,
    kind: str,
    url: str,
    params: dict[str, Any],
    filters: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> Obj:
    """A page of a kind; `filters` are fields of the object itself, `columns` those of the store."""
    where: list[tuple[str, Any]] = []
    for name in filters:
        value = params.get(name)
        if value is not None:
            where.append((f"json_extract(body, '$.{name}') = ?", value))
    return lists.page(ctx, kind, url, params, filters=columns, where=where)


def metadata(params: dict[str, Any]) -> dict[str, str]:
    """The metadata of a new object."""
    return merged({}, params.get("metadata") or {})
