"""State in one SQLite file: objects as JSON with the columns that lists filter by."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from core.private_files import private_database

#: A Stripe object as it goes over the wire; `_` holds what the wire never shows.
Obj = dict[str, Any]

FILTERS = ("customer", "payment_intent", "charge", "source", "payout", "email")
WORDS = ("currency", "type", "status")
_COLUMNS = (*FILTERS, *WORDS)
_COLUMN_SET = frozenset(_COLUMNS)
#: What a column may hold.
_PLAIN = frozenset({str, type(None)})

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, object TEXT NOT NULL,
  created INTEGER NOT NULL, pending INTEGER NOT NULL DEFAULT 0,
  {", ".join(f"{name} TEXT" for name in _COLUMNS)}, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_created ON objects (object, created, seq);
CREATE INDEX IF NOT EXISTS objects_type ON objects (object, type, created, seq)
  WHERE object IN ('event', 'balance_transaction');
CREATE INDEX IF NOT EXISTS objects_undelivered ON objects (created, seq) WHERE pending > 0;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS buckets (
  balance_type TEXT NOT NULL, currency TEXT NOT NULL,
  available INTEGER NOT NULL, pending INTEGER NOT NULL, PRIMARY KEY (balance_type, currency));
CREATE TABLE IF NOT EXISTS unreleased (
  id TEXT PRIMARY KEY, currency TEXT NOT NULL, net INTEGER NOT NULL, available_on INTEGER NOT NULL,
  balance_type TEXT NOT NULL DEFAULT 'payments', counts INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS unreleased_due ON unreleased (available_on);
CREATE TABLE IF NOT EXISTS unpaid (
  id TEXT PRIMARY KEY, currency TEXT NOT NULL, net INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tasks (
  seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, args TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS tasks_due ON tasks (at_ms, seq);
CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY, event TEXT NOT NULL, endpoint TEXT NOT NULL, due_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, first_ms INTEGER NOT NULL, last_status TEXT, body TEXT);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_ms, seq);
CREATE TABLE IF NOT EXISTS idempotency (
  key TEXT PRIMARY KEY, endpoint TEXT NOT NULL, params TEXT NOT NULL, status INTEGER NOT NULL,
  body BLOB NOT NULL, request_id TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS contents (id TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS labels (
  id TEXT PRIMARY KEY, label TEXT NOT NULL, detail TEXT NOT NULL);
"""
_PARTIAL = "\n".join(
    f"CREATE INDEX IF NOT EXISTS objects_{name} ON objects (object, {name}, created, seq)"
    f" WHERE {name} IS NOT NULL;"
    for name in FILTERS
)
_NAMES = ", ".join(_COLUMNS)
_SELECT = f"SELECT pending, body, {_NAMES} FROM objects WHERE id"  # noqa: S608
_SELECT_ONE = f"{_SELECT} = ?"
_MARKS = ", ".join("?" * len(_COLUMNS))
_INSERT = (
    f"INSERT INTO objects (id, object, created, pending, {_NAMES}, body)"  # noqa: S608
    f" VALUES (?, ?, ?, ?, {_MARKS}, ?)"
)

_MOVE = (
    "INSERT INTO buckets VALUES (?, ?, ?, ?) ON CONFLICT (balance_type, currency) DO UPDATE SET"
    " available = available + excluded.available, pending = pending + excluded.pending"
)


#: SQLite's own, and while much is written.
_CACHE_KIB, _BULK_CACHE_KIB = 2_000, 16_000
_PAGES, _BULK_PAGES = 1_000, 16_000


def dump(value: Any) -> str:
    """Compact JSON, as it is kept."""
    return orjson.dumps(value).decode()


def wire(value: Any) -> bytes:
    """JSON as Stripe sends it: indented by two."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError:  # a number damaged on order is beyond 64 bits
        return json.dumps(value, indent=2, ensure_ascii=False).encode()


class Store:
    """The file and the one lock under which it is written."""

    def __init__(self, path: str) -> None:
        self.lock = threading.RLock()
        if path != ":memory:":
            private_database(Path(path))
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=NORMAL")
        self.db.executescript(_SCHEMA + _PARTIAL)
        self._raise_schema()

    def _raise_schema(self) -> None:
        """A file of an earlier emulator knew one kind of balance, and one version of an event."""
        columns = {row[1] for row in self.db.execute("PRAGMA table_info(unreleased)")}
        if "counts" not in columns:
            self.db.executescript(
                "ALTER TABLE unreleased ADD COLUMN balance_type TEXT NOT NULL DEFAULT 'payments';"
                "ALTER TABLE unreleased ADD COLUMN counts INTEGER NOT NULL DEFAULT 0;"
            )
        if "body" not in {row[1] for row in self.db.execute("PRAGMA table_info(deliveries)")}:
            self.db.execute("ALTER TABLE deliveries ADD COLUMN body TEXT")
        if self.db.execute("SELECT 1 FROM sqlite_master WHERE name = 'balances'").fetchone():
            self.db.executescript(
                "BEGIN; INSERT INTO buckets SELECT 'payments', currency, available, pending"
                " FROM balances; DROP TABLE balances; COMMIT;"
            )

    def close(self) -> None:
        with self.lock:
            self.db.close()

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Much is written now: indexes stay in memory, and new pages go straight into the file.

        The file is this program's alone meanwhile, and synced at the end: a process that dies
        harms nothing, a machine that loses its power may. Where another program has the file open,
        pages take their way through the log.
        """
        with self.lock:
            self.db.execute(f"PRAGMA cache_size=-{_BULK_CACHE_KIB}")
            self.db.execute(f"PRAGMA wal_autocheckpoint={_BULK_PAGES}")
            try:
                self.db.execute("PRAGMA journal_mode=TRUNCATE")
                self.db.execute("PRAGMA locking_mode=EXCLUSIVE")
                self.db.executescript("BEGIN EXCLUSIVE; COMMIT")  # locked from now on
                self.db.execute("PRAGMA synchronous=OFF")
            except sqlite3.OperationalError:  # somebody else reads it now
                self._share()
        try:
            yield
        finally:
            with self.lock:
                self._share()
                self.db.execute(f"PRAGMA wal_autocheckpoint={_PAGES}")
                self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self.db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
                self.db.execute("PRAGMA shrink_memory")

    def _share(self) -> None:
        """Let others read while it is written."""
        self.db.execute("PRAGMA synchronous=NORMAL")
        self.db.execute("PRAGMA locking_mode=NORMAL")
        self.db.execute("PRAGMA journal_mode=WAL")

    def meta(self, key: str) -> str | None:
        """A saved word, such as the seed."""
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def set_meta(self, key: str, value: str) -> None:
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


class Tx:
    """One unit of work: objects are read once, changed in place, and written at `flush`."""

    def __init__(self, store: Store) -> None:
        self.db = store.db
        self.store = store
        self._known: dict[str, Obj] = {}
        self._new: dict[str, Obj] = {}
        #: Ids of what is new, by kind.
        self._new_of: defaultdict[str, list[str]] = defaultdict(list)
        self._changed: dict[str, Obj] = {}
        self._events: list[tuple[Any, ...]] = []
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._moved: dict[tuple[str, str], list[int]] = {}
        #: The columns of objects as the file has them.
        self._words: dict[str, Sequence[str | None]] = {}
        self.db.execute("BEGIN IMMEDIATE")

    def add(self, obj: Obj) -> Obj:
        """Keep a new object; lists show newest first, in order of `created` and of arrival."""
        object_id = obj["id"]
        self._known[object_id] = self._new[object_id] = obj
        self._new_of[obj["object"]].append(object_id)
        return obj

    def touch(self, obj: Obj) -> Obj:
        """Say that an object was changed in place."""
        if obj["id"] not in self._new:
            self._changed[obj["id"]] = obj
        return obj

    def add_event(
        self,
        event_id: str,
        created: int,
        kind: str,
        text: str,
        pending: int,
        listed_as: str = "event",
    ) -> None:
        """Events are written as text at once: they are snapshots."""
        blanks = (None,) * len(FILTERS)
        self._events.append(
            (event_id, listed_as, created, pending, *blanks, None, kind, None, text)
        )

    def write(self, statement: str, row: tuple[Any, ...]) -> None:
        """Run a statement for a row at the next `flush` or `flush_rows`, with its others at once.

        Between different statements the order is not kept.
        """
        self._rows.setdefault(statement, []).append(row)

    def move(self, balance_type: str, currency: str, available: int, pending: int) -> None:
        """Add to a balance, in minor units, at the next `flush` or `flush_rows`."""
        moved = self._moved.setdefault((balance_type, currency), [0, 0])
        moved[0] += available
        moved[1] += pending

    def known(self) -> list[Obj]:
        """What this unit of work made, read or changed."""
        return list(self._known.values())

    def find(self, object_id: str) -> Obj | None:
        """The object, or None."""
        known = self._known.get(object_id)
        if known is None:
            if object_id.startswith("evt_"):
                self.flush_events()
            row = self.db.execute(_SELECT_ONE, (object_id,)).fetchone()
            if row is not None:
                known = self._keep(*row)
        return known

    def load(self, ids: Iterable[str]) -> None:
        """Read many objects at once, so that `find` need not ask for each."""
        wanted = [i for i in dict.fromkeys(ids) if i not in self._known]
        for start in range(0, len(wanted), 400):
            part = wanted[start : start + 400]
            marks = ",".join("?" * len(part))
            for row in self.db.execute(f"{_SELECT} IN ({marks})", part):
                self._keep(*row)

    def keep_rows(self, rows: Iterable[tuple[int, str]]) -> list[Obj]:
        """Objects of (pending, body) rows; one already known stays as it is here."""
        return [self._keep(pending, body) for pending, body in rows]

    def _keep(self, pending: int, body: str, *words: str | None) -> Obj:
        """An object of a row, `words` being its columns where they were read too."""
        obj: Obj = orjson.loads(body)
        known = self._known.get(obj["id"])
        if known is not None:
            return known
        if obj["object"] == "event":
            obj["pending_webhooks"] = pending
        self._words[obj["id"]] = words or _words(obj)
        self._known[obj["id"]] = obj
        return obj

    def list_as(self, object_id: str, kind: str) -> None:
        """Show an object in the lists of another kind; one that no list has hides it."""
        self.flush()
        self.db.execute("UPDATE objects SET object = ? WHERE id = ?", (kind, object_id))

    def forget(self, object_id: str) -> None:
        """Delete an object for good."""
        self.flush()
        self._known.pop(object_id, None)
        self.db.execute("DELETE FROM objects WHERE id = ?", (object_id,))

    def flush_events(self) -> None:
        if self._events:
            self.db.executemany(_INSERT, self._events)
            self._events.clear()

    def flush(self) -> None:
        """Write what is new and what changed; queries see it from then on."""
        self._flush_new(self._new)
        self._flush_changes(self._changed)
        self._new.clear()
        self._new_of.clear()
        self._changed.clear()
        self.flush_rows()
        self.flush_events()

    def flush_kind(self, kind: str) -> None:
        """Write what is new and what changed of one kind of object; queries of it see it."""
        self._flush_new({i: self._new.pop(i) for i in dict.fromkeys(self._new_of.pop(kind, ()))})
        changed = [i for i, obj in self._changed.items() if obj["object"] == kind]
        self._flush_changes({i: self._changed.pop(i) for i in changed})

    def _flush_new(self, objects: dict[str, Obj]) -> None:
        self.db.executemany(_INSERT, map(self._new_row, objects.values()))

    def _new_row(self, obj: Obj) -> tuple[Any, ...]:
        words = self._words[obj["id"]] = _words(obj)
        listed_as = obj["_"].get("listed_as", obj["object"]) if "_" in obj else obj["object"]
        return (obj["id"], listed_as, obj.get("created", 0), 0, *words, dump(obj))

    def _flush_changes(self, objects: dict[str, Obj]) -> None:
        """Of a column that stays as it was, no index is written anew."""
        changes: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        for object_id, obj in objects.items():
            before = self._words.get(object_id, ())
            words = self._words[object_id] = _words(obj)
            if words == before:
                changes.setdefault((), []).append((dump(obj), object_id))
                continue
            changed = [
                (name, word)
                for place, (name, word) in enumerate(zip(_COLUMNS, words, strict=True))
                if not before or word != before[place]
            ]
            row = (*(word for _, word in changed), dump(obj), object_id)
            changes.setdefault(tuple(name for name, _ in changed), []).append(row)
        for names, rows in changes.items():
            self.db.executemany(_update(names), rows)

    def flush_rows(self) -> None:
        """Write what `write` and `move` were given."""
        for statement, rows in self._rows.items():
            self.db.executemany(statement, rows)
        self._rows.clear()
        if self._moved:
            moved = [(*bucket, *sums) for bucket, sums in self._moved.items()]
            self.db.executemany(_MOVE, moved)
            self._moved.clear()

    def commit(self) -> None:
        self.flush()
        self.db.execute("COMMIT")

    def rollback(self) -> None:
        self.db.execute("ROLLBACK")


def _words(obj: Obj) -> tuple[str | None, ...]:
    """The columns of an object: its own texts, else what is hidden under the name."""
    words = tuple(map(obj.get, _COLUMNS))
    hidden = obj.get("_")
    if (hidden and not _COLUMN_SET.isdisjoint(hidden)) or not _PLAIN.issuperset(map(type, words)):
        get = (hidden or {}).get
        return tuple(
            word if type(word) is str else get(name)
            for name, word in zip(_COLUMNS, words, strict=True)
        )
    return words


@cache
def _update(names: tuple[str, ...]) -> str:
    sets = "".join(f"{name} = ?, " for name in names)
    return f"UPDATE objects SET {sets}body = ? WHERE id = ?"  # noqa: S608
