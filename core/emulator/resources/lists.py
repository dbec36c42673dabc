"""List pages: newest first, cursors by id, `created` ranges, filters by indexed columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.emulator.resources.expand import check, expanded
from core.emulator.state.errors import missing, refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

RANGES = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def page(
    ctx: Context,
    kind: str,
    url: str,
    params: dict[str, Any],
    *,
    filters: Sequence[str] = (),
    where: Sequence[tuple[str, Any]] = (),
) -> Obj:
    """One page of objects of a kind.

    `filters` are parameters that are columns of the same name; `where` is (condition with one `?`,
    value) besides.
    """
    tree = check(kind, params.get("expand") or [], in_list=True)
    limit = _limit(params)
    ctx.tx.flush()
    conditions, values = ["object = ?"], [kind]
    for name in filters:
        if params.get(name) is not None:
            conditions.append(f"{name} = ?")
            values.append(params[name])
    for condition, value in where:
        conditions.append(condition)
        values.extend(value if isinstance(value, list) else [value])
    _range(params, conditions, values)
    before = _cursor(ctx, params, conditions, values)
    order = "ASC" if before else "DESC"
    rows = ctx.tx.db.execute(
        f"SELECT pending, body FROM objects WHERE {' AND '.join(conditions)}"  # noqa: S608
        f" ORDER BY created {order}, seq {order} LIMIT ?",
        (*values, limit + 1),
    ).fetchall()
    found = ctx.tx.keep_rows(rows[:limit])
    if before:
        found.reverse()
    return {
        "object": "list",
        "data": expanded(ctx, found, tree),
        "has_more": len(rows) > limit,
        "url": url,
    }


def objects_with(ctx: Context, kind: str, column: str, value: str) -> list[Obj]:
    """All objects of a kind whose column has this value, oldest first."""
    ctx.tx.flush_kind(kind)
    rows = ctx.tx.db.execute(
        f"SELECT pending, body FROM objects WHERE object = ? AND {column} = ?"  # noqa: S608
        " ORDER BY created, seq",
        (kind, value),
    ).fetchall()
    return ctx.tx.keep_rows(rows)


def part(ctx: Context, kind: str, url: str, params: dict[str, Any], whole: Sequence[Obj]) -> Obj:
    """One page of objects kept inside another one, in their own order."""
    tree = check(kind, params.get("expand") or [], in_list=True)
    limit, found = _limit(params), list(whole)
    for name in ("starting_after", "ending_before"):
        cursor = params.get(name)
        if cursor is None:
            continue
        place = next((i for i, obj in enumerate(found) if obj["id"] == cursor), None)
        if place is None:
            raise missing(kind, cursor, name)
        found = found[place + 1 :] if name == "starting_after" else found[:place]
    kept = found[-limit:] if params.get("ending_before") else found[:limit]
    return {
        "object": "list",
        "data": expanded(ctx, kept, tree),
        "has_more": len(found) > limit,
        "url": url,
    }


def _limit(params: dict[str, Any]) -> int:
    limit: int = params.get("limit", 10)
    if limit < 1:
        raise refused(
            "This value must be greater than or equal to 1.", "limit", "parameter_invalid_integer"
        )
    if limit > 100:
        raise refused(
            "This value must be less than or equal to 100 (we call this parameter `limit`).",
            "limit",
            "parameter_invalid_integer",
        )
    return limit


def _range(params: dict[str, Any], conditions: list[str], values: list[Any]) -> None:
    for condition, value in ranged("created", params.get("created")):
        conditions.append(condition)
        values.append(value)


def ranged(column: str, given: dict[str, Any] | int | None) -> list[tuple[str, Any]]:
    """Conditions for a number or a range (`gt`, `gte`, `lt`, `lte`) as a parameter gives it."""
    if isinstance(given, int):
        return [(f"{column} = ?", given)]
    return [(f"{column} {RANGES[name]} ?", value) for name, value in (given or {}).items()]


def _cursor(ctx: Context, params: dict[str, Any], conditions: list[str], values: list[Any]) -> bool:
    """Adds the cursor's condition; whether the page lies before its object."""
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise refused(
            "You can only specify one of these parameters: starting_after, ending_before.",
            "starting_after",
        )
    cursor = after or before
    if not cursor:
        return False
    name = "starting_after" if after else "ending_before"
    place = ctx.tx.db.execute(
        "SELECT created, seq FROM objects WHERE id = ? AND object = ?", (cursor, values[0])
    ).fetchone()
    if place is None:
        raise missing(str(values[0]), cursor, name)
    conditions.append(f"(created, seq) {'<' if after else '>'} (?, ?)")
    values.extend(place)
    return bool(before)
