"""A long file takes no more memory than a short one."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update

from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.exports import requests
from core.bootstrap import Console
from core.db.engine import writing
from core.db.tables import payments, payments_daily
from core.reads.exports.lists import PAYMENTS
from core.states import ExportState
from tests.support import factories
from tests.support.fixtures_access import person

pytestmark = pytest.mark.long

#: The second is more than a file that is made while its reader waits.
ROWS = [40_000, pytest.param(120_000, marks=pytest.mark.torture)]
#: With all that a worker imports; and what the rows of a long file may add to it.
MOST_MIB, MORE_MIB = 150, 30
#: The worker's own step, in a process that does nothing else; the most that it ever held.
PROGRAM = """
import sys
from core.settings import Settings
from dashboard.process import worker
step = worker.exporter(Settings(_env_file=None, database_url=sys.argv[1], var_dir=sys.argv[2]))
assert step()
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def fill(engine: Engine, rows: int) -> None:
    """As many payments of one day, by the database itself: each is like the first but its key."""
    with writing(engine) as connection:
        first = factories.paid(connection)
        apart = timedelta(milliseconds=100)
        others = [
            name for name in list(payments.c.keys()) if name not in ("stripe_id", "created_at")
        ]
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT :rows)"
        columns = ", ".join(others)
        connection.exec_driver_sql(
            f"{numbers} INSERT INTO payments (stripe_id, created_at, {columns})"
            f" SELECT printf('pi_long%08d', i), created_at + i * :apart, {columns}"
            " FROM payments, n WHERE stripe_id = :first",
            {
                "rows": rows - 1,
                "apart": apart // timedelta(microseconds=1),
                "first": first["stripe_id"],
            },
        )
        connection.execute(update(payments_daily).values(count=rows))
        assert connection.scalar(select(func.count()).select_from(payments)) == rows


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told by /proc")
@pytest.mark.parametrize("rows", ROWS)
def test_a_long_file_fits_in_little_memory(
    console: Console, context: ActionContext, tmp_path: Path, rows: int
) -> None:
    caller = Caller(person(console, "finance"))
    read = lambda fn, /, **named: console.read(caller.user_id, fn, **named)  # noqa: E731

    def peak(format_: str, of: int) -> float:
        export_id = requests.ask(context, caller, kind="payments", format=format_, query="")
        given = [console.settings.database, str(tmp_path)]
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM, *given], capture_output=True, check=True, text=True
        )
        done = requests.find(context, caller, export_id)
        assert (done.state, done.rows_done) == (ExportState.DONE, of)
        size = (tmp_path / requests.FOLDER / str(done.file)).stat().st_size
        assert size > of * 5
        return int(ran.stdout) / 1024

    short = {format_: peak(format_, 0) for format_ in requests.FORMATS}
    fill(console.engine, rows)
    assert PAYMENTS.is_longer(read, {}, console.settings.zone, min(requests.LARGE, rows - 1))
    for format_ in requests.FORMATS:
        long = peak(format_, rows)
        assert long < MOST_MIB
        assert long - short[format_] < MORE_MIB
