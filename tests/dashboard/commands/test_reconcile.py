"""`reconcile` and `period`: what they print, and their exit codes."""

from __future__ import annotations

import json
import os
import shutil
import signal
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select, update

from core import clock
from core.db.engine import open_engine, reading, writing
from core.db.tables import balance_transactions, streams
from core.emulator.server import start_emulator
from tests.support import forked_programs
from tests.support.account_mirror import connect
from tests.support.receivers import kill, wait_until
from tests.support.report_files import Account, Reports

pytestmark = pytest.mark.long
B = balance_transactions.c
LAST_MONTH = f"{clock.now().date().replace(day=1) - timedelta(days=1):%Y-%m}"


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    folder = tmp_path_factory.mktemp("account")
    with start_emulator(state_path=folder / "emulator.db", seed=5) as emulator:
        emulator.control("POST", "history", {"days": 65, "per_day": 8, "seed": 3})
        spine = connect(emulator, f"sqlite:///{folder / 'tillwatch.db'}")
        spine.sync(70)
        spine.drain()
        spine.engine.dispose()
        first = date.fromisoformat(f"{LAST_MONTH}-01")
        last = clock.now().date().replace(day=1) - timedelta(days=1)
        reports = Reports(Account.read(spine.gateway), first, last)
        (folder / "balance.csv").write_bytes(reports.balance_summary())
        (folder / "activity.csv").write_bytes(reports.activity())
        yield folder, str(urlsplit(emulator.base_url).port)


def environment(account, **more):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "VAR_DIR": str(account[0]), "EMULATOR_PORT": account[1], **more}


@contextmanager
def started(name, account, **more):
    """A process of the console, until the block ends."""
    given = environment(account, **more)
    process = forked_programs.start(["dashboard", name], given, Path(given["VAR_DIR"]) / "log")
    try:
        yield process
    finally:
        kill(process, signal.SIGTERM)


@pytest.fixture
def run(account, tmp_path):
    def command(*args, port=account[1], **more):
        given = environment(account, EMULATOR_PORT=port, **more)
        return forked_programs.run(["dashboard", *args], given, tmp_path)

    return command


def edit(account, add):
    """Add a minor unit to a row of last month, or take it back."""
    engine = open_engine(f"sqlite:///{account[0] / 'tillwatch.db'}")
    first = clock.now().date().replace(day=1) - timedelta(days=20)
    with writing(engine) as connection:
        query = select(B.stripe_id).where(B.business_day == first, B.currency == "usd")
        stripe_id = connection.scalar(query.order_by(B.stripe_id).limit(1))
        connection.execute(
            update(balance_transactions)
            .where(B.stripe_id == stripe_id)
            .values(amount_minor=B.amount_minor + add, net_minor=B.net_minor + add)
        )
    engine.dispose()
    return stripe_id


def test_a_month_is_proved_closed_and_proved_again(account, run):
    done = run("period", "close", LAST_MONTH, "--dry-run", "--json")
    assert done.returncode == 1, done.stderr
    blockers = {one["id"] for one in json.loads(done.stdout)["blockers"]}
    assert "not_reconciled" in blockers

    changed = edit(account, 1)
    done = run("reconcile", "--month", LAST_MONTH, "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    (only,) = found["breaks"]
    assert (only["kind"], only["object_id"], only["currency"]) == ("amount", changed, "usd")
    assert only["ours_minor"] == only["theirs_minor"] + 1
    assert found["expected"] == []
    assert set(found["witnesses"]) >= {"usd", "eur"}

    edit(account, -1)
    done = run("reconcile", "--month", LAST_MONTH, "--json")
    assert done.returncode == 0, done.stdout
    states = {one["id"]: one["state"] for one in json.loads(done.stdout)["identities"]}
    # No statement was imported: that is told, and changes neither code nor close.
    assert states.pop("bank") == "unknown"
    assert states.pop("report") in ("unknown", "agrees")
    assert set(states.values()) == {"agrees"}

    done = run("period", "close", LAST_MONTH, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    digest, expected = (json.loads(done.stdout)[name] for name in ("digest", "expected"))
    assert expected == []
    done = run("period", "verify", LAST_MONTH, "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["digest"] == digest
    edit(account, 1)
    done = run("period", "verify", LAST_MONTH, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["state"] == "changed"
    edit(account, -1)
    done = run("period", "reopen", LAST_MONTH, "--reason", "an audit asked for it")
    assert done.returncode == 0, done.stderr
    assert run("period", "verify", LAST_MONTH).returncode == 1


def test_reports_of_stripes_are_taken_in_once_and_held_against_the_ledger(account, run):
    last = str(clock.now().date().replace(day=1) - timedelta(days=1))
    days = ("--from", f"{LAST_MONTH}-01", "--to", last)
    path = str(account[0] / "activity.csv")
    refused = run("stripe-report", "import", path)
    assert (refused.returncode, "from" in refused.stderr) == (2, True), refused.stderr
    done = run("stripe-report", "import", path, *days, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["is_known"] is False
    path = str(account[0] / "balance.csv")
    assert "balance.summary.1" in run("stripe-report", "import", path).stdout
    assert "nothing was written" in run("stripe-report", "import", path).stdout
    # Not the whole month: another test asks who reconciled that.
    done = run("reconcile", "--from", f"{LAST_MONTH}-02", "--to", last, "--json")
    assert done.returncode == 0, done.stdout
    states = {one["id"]: one["state"] for one in json.loads(done.stdout)["identities"]}
    assert states["report"] == "agrees"
    listed = json.loads(run("stripe-report", "list", "--json").stdout)
    of_balance = [one for one in listed if one["report_type"] == "balance.summary.1"]
    assert [one["last"] for one in of_balance] == [last]
    number = str(of_balance[0]["number"])
    assert run("stripe-report", "withdraw", number).returncode == 2
    done = run("stripe-report", "withdraw", number, "--reason", "the wrong month")
    assert done.returncode == 0, done.stderr
    assert "balance.summary.1" not in run("stripe-report", "list").stdout


def test_a_restored_copy_proves_itself_against_stripe(account, run, tmp_path):
    """The backup is made while a worker writes; the copy then holds against Stripe alone."""
    var = {"VAR_DIR": str(tmp_path)}
    shutil.copy(account[0] / "tillwatch.db", tmp_path)
    assert run("reconcile", "--month", LAST_MONTH, **var).returncode == 0
    done = run("period", "close", LAST_MONTH, "--json", **var)
    assert done.returncode == 0, done.stdout + done.stderr
    digest = json.loads(done.stdout)["digest"]
    with started("worker", account, **var) as worker:
        wait_until(lambda: stream_writes(tmp_path), seconds=120)
        done = run("backup", "--to", str(tmp_path / "kept"), "--json", **var)
        assert worker.poll() is None
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "backups" / "last_backup.json").exists()

    copy = {"VAR_DIR": str(tmp_path / "copy")}
    restore = ("restore", json.loads(done.stdout)["file"], "--into")
    url = f"sqlite:///{tmp_path / 'copy' / 'tillwatch.db'}"
    done = run(*restore, url, **copy)
    assert done.returncode == 0, done.stderr
    again = run(*restore, url, **copy)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "is there already" in again.stderr
    for proof in (("reconcile", "--month", LAST_MONTH), ("rollups", "verify"), ("audit", "verify")):
        done = run(*proof, **copy)
        assert done.returncode == 0, done.stdout + done.stderr
    done = run("period", "verify", LAST_MONTH, "--json", **copy)
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["digest"] == digest


def stream_writes(folder):
    """How many streams a worker has written of."""
    engine = open_engine(f"sqlite:///{folder / 'tillwatch.db'}")
    with reading(engine) as connection:
        found = connection.scalar(select(func.count()).select_from(streams))
    engine.dispose()
    return found


def test_without_an_answer_of_stripes_nobody_can_tell(run):
    done = run("reconcile", "--month", LAST_MONTH, "--json", port="9")
    assert done.returncode == 2, done.stdout + done.stderr
    states = {one["id"]: one["state"] for one in json.loads(done.stdout)["identities"]}
    assert states["balance"] == "unknown"
    assert states["row"] == "agrees"


@pytest.mark.parametrize(
    ("args", "field"),
    [
        (("--month", "2026-13"), "month"),
        (("--from", "yesterday"), "from"),
        (("--from", "2026-02-01", "--to", "2026-01-01"), "to"),
        (("--month", "2026-01", "--from", "2026-01-01"), "month"),
        (("--from", "2001-01-01"), "to"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_name(run, args, field):
    done = run("reconcile", *args)
    assert done.returncode == 2
    assert field in done.stderr
    assert "Traceback" not in done.stderr
