"""Long files: asked for once, written by one worker, for who asked and still may, for a day."""

from __future__ import annotations

import csv
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select, update

from core import clock
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.exports import requests, worker
from core.actions.exports.requests import Export
from core.bootstrap import Console
from core.db.engine import reading, writing
from core.db.tables import exports
from core.errors import InvalidInput, ListRepeated, NotFound, NotPermitted
from core.reads.exports import lists
from core.states import ExportState
from tests.support import factories
from tests.support.fixtures_access import audited, give, make_console, person
from tests.support.fixtures_actions import make_context
from tests.support.receivers import wait_until

ROWS = 25


@pytest.fixture
def finance(console: Console) -> Caller:
    return Caller(person(console, "finance"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "exports"


@pytest.fixture(autouse=True)
def some_payments(console: Console, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Payments on several pages, newest first; each page is a sign of life."""
    monkeypatch.setattr(lists, "PAGE_ROWS", 4)
    monkeypatch.setattr(worker, "REPORT_ROWS", 1)
    monkeypatch.setattr(worker.csv_writer, "PIECE_ROWS", 4)
    with writing(console.engine) as connection:
        return [factories.paid(connection)["stripe_id"] for _ in range(ROWS)][::-1]


def ask(context: ActionContext, caller: Caller, **given: Any) -> str:
    asked = {"kind": "payments", "format": "csv", "query": "q=status:succeeded&mode=test"}
    return requests.ask(context, caller, **asked | given)


def write(console: Console, folder: Path) -> bool:
    return worker.write_waiting(console.engine, folder, console.read, console.settings.zone)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def found(context: ActionContext, caller: Caller, export_id: str) -> Export:
    return requests.find(context, caller, export_id)


def test_the_worker_writes_what_was_asked_for(context, console, finance, folder, some_payments):
    export_id = ask(context, finance)
    assert found(context, finance, export_id).state is ExportState.ASKED
    assert write(console, folder)
    done = found(context, finance, export_id)
    assert (done.state, done.rows_done) == (ExportState.DONE, ROWS)
    assert [row["id"] for row in rows_of(folder / done.file)] == some_payments
    assert not write(console, folder)


def test_parquet_has_the_same_rows(context, console, finance, folder, some_payments):
    ids = [ask(context, finance, format=one) for one in requests.FORMATS]
    while write(console, folder):
        pass
    names = [found(context, finance, one).file for one in ids]
    table = pq.read_table(folder / names[1])
    lines = rows_of(folder / names[0])
    assert table.column_names == list(lines[0])
    assert table["id"].to_pylist() == [row["id"] for row in lines] == some_payments
    assert table["amount_minor"].to_pylist() == [int(row["amount_minor"]) for row in lines]


def test_both_databases_keep_what_was_asked_for(access_url, action_emulator, folder):
    console = make_console(access_url)
    context, caller = make_context(console, action_emulator), Caller(person(console, "finance"))
    export_id, canceled = ask(context, caller), ask(context, caller, format="parquet")
    assert requests.cancel(context, caller, canceled)
    assert write(console, folder)
    done = found(context, caller, export_id)
    assert (done.state, done.rows_done) == (ExportState.DONE, 0)
    assert done.expires_at - done.created_at >= worker.KEPT
    assert not write(console, folder)
    assert worker.remove_old(console.engine, folder, at=done.expires_at) == 1
    console.engine.dispose()


def test_the_file_is_its_owners_alone(context, console, finance, folder):
    ask(context, finance)
    write(console, folder)
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_same_file_is_asked_for_once_while_it_is_open(context, console, finance, folder):
    first = ask(context, finance)
    assert ask(context, finance) == first
    assert ask(context, finance, format="parquet") != first
    assert ask(context, Caller(person(console, "finance"))) != first
    while write(console, folder):
        pass
    assert ask(context, finance) != first


def test_a_person_may_have_few_under_way(context, finance):
    for number in range(requests.MOST_OPEN):
        ask(context, finance, query=f"q=amount:{number}")
    with pytest.raises(InvalidInput, match="waits for others"):
        ask(context, finance, query="q=amount:99")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "users"}, "kind"),
        ({"format": "xlsx"}, "format"),
        ({"query": "q=colour:red"}, "query"),
        ({"query": "q=" + "x" * 8000}, "query"),
    ],
)
def test_nonsense_is_named_and_nothing_is_written_down(context, console, finance, given, field):
    with pytest.raises(InvalidInput):
        ask(context, finance, **given)
    with reading(console.engine) as connection:
        assert connection.execute(select(exports)).all() == []


def test_nobody_else_sees_it_or_cancels_it(context, console, finance):
    export_id = ask(context, finance)
    other = Caller(person(console, "finance"))
    for call in (requests.find, requests.cancel):
        with pytest.raises(NotFound):
            call(context, other, export_id)


def test_who_lost_the_right_gets_no_file_that_is_done(context, console, finance, folder):
    export_id = ask(context, finance)
    write(console, folder)
    give(console, finance.user_id, "viewer")
    with pytest.raises(NotPermitted):
        requests.find(context, finance, export_id)
    assert audited(console, "export")[-1].outcome == "refused"


def test_who_lost_the_right_before_has_none_written(context, console, finance, folder):
    export_id = ask(context, finance)
    give(console, finance.user_id, "viewer")
    assert write(console, folder)
    give(console, finance.user_id, "finance")
    ended = found(context, finance, export_id)
    assert (ended.state, ended.why) == (ExportState.FAILED, "Your roles do not allow this.")
    assert list(folder.iterdir()) == []


class Losing:
    """Reads for a person whose right goes after so many pages."""

    def __init__(self, console: Console, user_id: str, pages: int) -> None:
        self.console, self.user_id, self.pages = console, user_id, pages

    def read(self, user_id: str, read: Any, /, **named: Any) -> Any:
        self.pages -= 1
        if self.pages == 0:
            give(self.console, self.user_id, "viewer")
        return self.console.read(user_id, read, **named)


def test_who_loses_the_right_meanwhile_gets_nothing(context, console, finance, folder):
    ask(context, finance)
    losing = Losing(console, finance.user_id, 3)
    zone = console.settings.zone
    assert worker.write_waiting(console.engine, folder, losing.read, zone)
    with reading(console.engine) as connection:
        assert connection.scalars(select(exports.c.state)).all() == [ExportState.FAILED]
    assert list(folder.iterdir()) == []


class Canceling(Losing):
    """Reads until its person cancels, after so many pages."""

    def __init__(self, context: ActionContext, export_id: str, *given: Any) -> None:
        super().__init__(*given)
        self.context, self.export_id = context, export_id

    def read(self, user_id: str, read: Any, /, **named: Any) -> Any:
        self.pages -= 1
        if self.pages == 0:
            assert requests.cancel(self.context, Caller(user_id), self.export_id)
        return self.console.read(user_id, read, **named)


def test_what_is_canceled_is_not_written_to_its_end(context, console, finance, folder):
    export_id = ask(context, finance)
    canceling = Canceling(context, export_id, console, finance.user_id, 3)
    zone = console.settings.zone
    assert worker.write_waiting(console.engine, folder, canceling.read, zone)
    assert canceling.pages > -3
    assert found(context, finance, export_id).state is ExportState.CANCELED
    assert list(folder.iterdir()) == []
    assert not requests.cancel(context, finance, export_id)
    assert [row.action for row in audited(console, "export.cancel")] == ["export.cancel"]


def test_a_file_is_removed_after_a_day_and_what_was_left_too(context, console, finance, folder):
    export_id = ask(context, finance)
    write(console, folder)
    left = folder / "left.csv"
    left.write_text("x")
    os.utime(left, (0, 0))
    soon, later = clock.now() + timedelta(hours=23), clock.now() + timedelta(hours=25)
    assert worker.remove_old(console.engine, folder, at=soon) == 1
    assert [path.name for path in folder.iterdir()] == [found(context, finance, export_id).file]
    assert worker.remove_old(console.engine, folder, at=later) == 1
    assert list(folder.iterdir()) == []
    gone = found(context, finance, export_id)
    assert (gone.state, gone.file) == (ExportState.REMOVED, None)


def test_a_list_that_begins_again_is_refused(context, console, finance, folder):
    with writing(console.engine) as conn:
        # Before Stripe was: no link names such a moment.
        for day in (1, 2, 3, 4):
            factories.paid(conn, created_at=datetime(1999, 1, day, tzinfo=UTC))
    export_id = ask(context, finance)
    assert write(console, folder)
    ended = found(context, finance, export_id)
    assert (ended.state, ended.why) == (ExportState.FAILED, ListRepeated.said())
    assert list(folder.iterdir()) == []


def test_a_disk_that_takes_nothing_ends_it(context, console, finance, tmp_path):
    (tmp_path / "file").write_text("no folder")
    export_id = ask(context, finance)
    assert write(console, tmp_path / "file")
    ended = found(context, finance, export_id)
    assert (ended.state, ended.why) == (ExportState.FAILED, "The file could not be written.")


#: A worker that stops for good in the middle of a file.
_STANDING_STILL = """
import signal, sys
from pathlib import Path
from core.actions.exports import worker
from core.reads.exports import lists
from tests.core.actions.exports.test_exports import make_console

console, pages = make_console(sys.argv[1]), 0

def read(user_id, read, /, **named):
    global pages
    pages += 1
    if pages > 2:
        signal.pause()
    return console.read(user_id, read, **named)

lists.PAGE_ROWS = worker.csv_writer.PIECE_ROWS = 4
worker.REPORT_ROWS = 1
worker.write_waiting(console.engine, Path(sys.argv[2]), read, console.settings.zone)
"""


@pytest.fixture
def kill_a_worker(console: Console, folder: Path) -> Callable[[], None]:
    """Starts a worker on what waits, kills it in the middle, and lets its lease run out."""

    def kill() -> None:
        given = [console.settings.database, str(folder)]
        # Not by multiprocessing: it begins with this process' main module, and where a screen was
        # drawn before, Streamlit left that one's in its place.
        process = subprocess.Popen([sys.executable, "-c", _STANDING_STILL, *given])
        try:
            wait_until(lambda: _rows_done(console) > 0 or process.poll() is not None, seconds=60)
            assert process.poll() is None, "the worker ended by itself"
        finally:
            process.kill()
            process.wait(30)
        assert not write(console, folder)
        with writing(console.engine) as connection:
            connection.execute(update(exports).values(lease_until=clock.now(), rows_done=0))

    return kill


def _rows_done(console: Console) -> int:
    with reading(console.engine) as connection:
        return connection.scalar(select(exports.c.rows_done)) or 0


@pytest.mark.long
def test_what_a_killed_worker_began_is_begun_again_once(
    context, console, finance, folder, some_payments, kill_a_worker
):
    export_id = ask(context, finance)
    kill_a_worker()
    assert write(console, folder)
    done = found(context, finance, export_id)
    assert (done.state, done.rows_done) == (ExportState.DONE, ROWS)
    assert [row["id"] for row in rows_of(folder / done.file)] == some_payments
    assert not write(console, folder)


@pytest.mark.long
def test_what_two_workers_died_of_is_given_up(context, console, finance, folder, kill_a_worker):
    export_id = ask(context, finance)
    kill_a_worker()
    kill_a_worker()
    assert write(console, folder)
    assert found(context, finance, export_id).state is ExportState.FAILED
    assert not write(console, folder)
