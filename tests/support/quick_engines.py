"""Engines of a test process share the statements that are compiled, and wait for no disk.

A running program has one engine and compiles each statement once; tests open thousands, and doing
so anew for each was a seventh of their time. What they write need not outlive the machine:
a process that is killed loses nothing by it, and waiting for the disk was most of a commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Engine
from sqlalchemy.util import LRUCache

from core.db import engine as opening

#: Statements that are kept; each engine by itself keeps 500.
_KEPT = 4_000
_create_engine = opening.create_engine
_sqlite = opening._sqlite


class _OfAllEngines(LRUCache[Any, Any]):
    """Compiled statements by the kind of an engine's dialect instead of by the dialect itself."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_by_kind(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_by_kind(key), value)


def _by_kind(key: Any) -> Any:
    """What decides how a statement is written: the dialect's class, our compiler, the server."""
    dialect, *statement = key
    return type(dialect), dialect.statement_compiler, dialect.server_version_info, *statement


_statements = _OfAllEngines(_KEPT)
_types: dict[type, MutableMapping[Any, Any]] = {}


def _sharing(*args: Any, **named: Any) -> Engine:
    engine = _create_engine(*args, **named)
    engine._compiled_cache = _statements
    engine.dialect._type_memos = _types.setdefault(type(engine.dialect), WeakKeyDictionary())
    return engine


def _without_disk(
    url: str | URL,
    pragmas: Iterable[str],
    prepare: Callable[[sqlite3.Connection], None] | None = None,
) -> Engine:
    return _sqlite(url, (*pragmas, "synchronous=OFF"), prepare)


def use() -> None:
    """Let every engine that the program opens in this process be such a one."""
    opening.create_engine = _sharing
    opening._sqlite = _without_disk
