"""The notebooks of docs/notebooks run on an emulator's history, and tell what is wrong in it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import nbformat
import pytest
from nbclient import NotebookClient
from sqlalchemy import select, update

import core
from core import clock
from core.db.engine import open_engine, writing
from core.db.tables import balance_transactions
from core.emulator.server import start_emulator
from core.proof.reconcile import reconcile
from core.proof.span import Span
from tests.support.account_mirror import connect, do_business, kept_sums

pytestmark = pytest.mark.long

FOLDER = Path(core.__file__).parents[1] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
ZONE = "Asia/Shanghai"
#: Fewer than the notebooks look back.
DAYS = 28


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror of four weeks, whose proof ran before and after some more business."""
    folder = tmp_path_factory.mktemp("account")
    with start_emulator(state_path=folder / "emulator.db", seed=5) as emulator:
        emulator.control("POST", "history", {"days": DAYS, "per_day": 20, "seed": 3})
        spine = connect(emulator, f"sqlite:///{folder / 'mirror.db'}", zone=ZONE)
        spine.sync(DAYS + 2)
        spine.drain()
        today = clock.business_day(clock.now(), ZoneInfo(ZONE))
        span = Span(False, today - timedelta(days=DAYS - 1), today, ZoneInfo(ZONE))
        reconcile(spine.engine, spine.gateway, span, asked_by="test")
        do_business(spine, seed=7)
        spine.sync(2)
        spine.drain()
        reconcile(spine.engine, spine.gateway, span, asked_by="test")
        spine.engine.dispose()
    return folder / "mirror.db"


@pytest.fixture
def database(mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the mirror that the kernel's settings name."""
    made = tmp_path / "mirror.db"
    shutil.copy(mirror, made)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{made}")
    monkeypatch.setenv("REPORTING_TIMEZONE", ZONE)
    for name in ("STRIPE_SECRET_KEY", "STRIPE_TEST_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    return made


def run(name: str, last: str = "None") -> Any:
    """Run the notebook, each of its cells; the value of `last`, an expression over what it has."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(f"import json\nprint(json.dumps({last}))"))
    resources = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(notebook, timeout=120, resources=resources).execute()
    return json.loads(notebook.cells[-1].outputs[0]["text"])


def test_revenue_comes_to_what_the_ledger_has(database: Path) -> None:
    engine = open_engine(f"sqlite:///{database}")
    nets: Counter[str] = Counter()
    for (currency, _), (_, _, net, _) in kept_sums(engine).items():
        nets[currency] += net
    engine.dispose()
    assert run("revenue", "{name: int(net) for name, net in moved.items()}") == nets
    assert len(nets) > 4


def test_reconcile_finds_nothing_where_all_agrees(database: Path) -> None:
    found = run(
        "reconcile",
        '{"breaks": len(open_breaks), "unsettled": len(unsettled), "between": len(between),'
        ' "payouts": len(sums), "differences": [int(one) for one in differences]}',
    )
    assert found["between"] > 10
    assert found["payouts"] > 10
    assert (found["breaks"], found["unsettled"]) == (0, 0)
    assert set(found["differences"]) == {0}


def test_reconcile_shows_a_unit_that_was_changed_by_hand(database: Path) -> None:
    b = balance_transactions.c
    engine = open_engine(f"sqlite:///{database}")
    with writing(engine) as connection:
        newest = select(b.stripe_id).order_by(b.created_at.desc(), b.stripe_id).limit(1)
        row = connection.execute(newest).scalar_one()
        changed = update(balance_transactions).where(b.stripe_id == row)
        connection.execute(changed.values(net_minor=b.net_minor + 1))
    engine.dispose()
    assert sorted(run("reconcile", "[int(one) for one in differences]"))[0] == -1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_figures_are_kept_in_the_repository(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) > 3
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
