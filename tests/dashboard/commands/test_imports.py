"""What a command loads: no more than it runs. Each process pays for its imports at every start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
#: What screens and files of many rows need, what changes the schema, what sends to channels.
HEAVY = {
    "alembic",
    "apprise",
    "numpy",
    "pandas",
    "plotly",
    "pyarrow",
    "rich",
    "streamlit",
}
#: What speaks with databases, with Stripe and over HTTP besides.
ALL = HEAVY | {"babel", "fastapi", "requests", "sqlalchemy", "stripe", "uvicorn"}
#: What each command does without, in the order in which one process loads them all.
WITHOUT = {
    "": ALL,
    "seed": ALL - {"babel", "requests", "sqlalchemy"},
    "worker": HEAVY | {"fastapi", "uvicorn"},
    "sync": HEAVY | {"fastapi", "uvicorn"},
    "emulator": HEAVY | {"fastapi"},
    "up": HEAVY,
    "receiver": HEAVY,
}
PROGRAM = """
import json, sys
from dashboard.__main__ import cli
loaded = {}
for name in sys.argv[1:]:
    cli([*name.split(), "--help"], standalone_mode=False)
    loaded[name] = list(sys.modules)
print(json.dumps(loaded), file=sys.stderr)
"""

#: The ui's start, before anybody comes; then the first table that somebody looks at.
SCREENS = """
import json, sys
import dashboard.commands.ui
from dashboard.web import app
app.load()
started = list(sys.modules)
from dashboard.ui import columns, widgets
table = {"name": ["a", None], "chips": [["b"], []], "count": [1, 2]}
widgets.plain_table(table, {"name": columns.text_column("Name")}, key="k", alt="A table")
print(json.dumps([started, list(sys.modules)]))
"""


def modules(*commands: str) -> dict[str, list[str]]:
    """The modules that are there after each command was imported, in one process."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *commands], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stderr)
    return found


@pytest.fixture(scope="module")
def loaded() -> dict[str, list[str]]:
    return modules(*WITHOUT)


@pytest.mark.parametrize("name", WITHOUT, ids=lambda name: name or "the list of commands")
def test_a_command_loads_what_it_needs_alone(loaded: dict[str, list[str]], name: str) -> None:
    assert set(loaded[name]) & WITHOUT[name] == set()


def test_the_emulator_loads_what_few_of_its_users_ask_for_when_they_do() -> None:
    [names] = modules("emulator").values()
    assert set(names) & {"jinja2", "pydantic", "requests", "sqlalchemy", "stripe"} == set()


def test_the_worker_loads_what_reconciles_once_that_is_due() -> None:
    [names] = modules("worker").values()
    assert "core.proof.nightly" in names
    assert set(names) & {"core.proof.reconcile", "core.books.journal"} == set()


def test_the_screens_load_what_draws_tables_with_the_first_and_never_what_makes_frames() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCREENS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    started, drawn = json.loads(done.stdout)
    idle = {"alembic", "apprise", "authlib", "pandas", "pyarrow", "requests", "stripe"}
    assert set(started) & idle == set()
    assert "pyarrow" in drawn
    assert "pandas" not in drawn
