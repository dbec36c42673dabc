"""The command line: what it offers, what it means without a command, how it refuses."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from sqlalchemy.exc import OperationalError

from core.bootstrap import open_workshop
from core.db.engine import open_engine, silence_of, writing
from core.errors import DatabaseDown, InvalidInput
from core.inbox.health import Readiness
from core.settings import Settings
from dashboard.__main__ import COMMANDS, Commands, cli
from dashboard.process import worker
from tests.support.fixtures_access import make_console
from tests.support.newest_schema import laid

ROOT = Path(__file__).parents[3]


def offered():
    return cli.list_commands(click.Context(cli))


def run(*args, **env):
    return subprocess.run(
        [sys.executable, "-m", "dashboard", *args],
        env=os.environ | env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_every_module_of_commands_is_registered():
    folder = ROOT / "dashboard" / "commands"
    modules = {path.stem.replace("_", "-") for path in folder.glob("[a-z]*.py")}
    assert modules - set(COMMANDS) == set()
    assert modules == set(offered())


@pytest.mark.parametrize("name", offered())
def test_every_command_explains_itself(name):
    result = CliRunner().invoke(cli, [name, "--help"], prog_name="python -m dashboard")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 3


@pytest.mark.parametrize("name", offered())
def test_the_list_of_commands_says_of_each_what_its_own_help_begins_with(name):
    command = cli.get_command(click.Context(cli), name)
    assert command.get_short_help_str(limit=200) == COMMANDS[name]


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        ([], ["up"]),
        (["--days", "5"], ["up", "--days", "5"]),
        (["receiver", "--port", "1"], ["receiver", "--port", "1"]),
    ],
)
def test_options_without_a_command_mean_up(args, meant):
    seen = []

    class Recording(Commands):
        def get_command(self, ctx, cmd_name):
            return click.Command(
                cmd_name,
                callback=lambda words: seen.extend([cmd_name, *words]),
                params=[click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)],
                context_settings={"ignore_unknown_options": True},
            )

    CliRunner().invoke(Recording("python -m dashboard"), args, catch_exceptions=False)
    assert seen == meant


@pytest.mark.parametrize(("name", "lasts"), [("rollups", 3600), ("receiver", 30), ("ui", 30)])
def test_what_somebody_waits_for_may_ask_for_what_takes_its_time(name, lasts):
    seen = []

    class Recording(Commands):
        def get_command(self, ctx, cmd_name):
            return click.Command(cmd_name, callback=lambda: seen.append(silence_of(30)))

    CliRunner().invoke(Recording("x"), [name], catch_exceptions=False)
    assert seen == [lasts]


@pytest.mark.parametrize(
    ("error", "code"), [(DatabaseDown(), 1), (InvalidInput("since", "is no date"), 2)]
)
def test_our_errors_are_one_line_and_an_exit_code(error, code):
    def fail():
        raise error

    class Failing(Commands):
        def get_command(self, ctx, cmd_name):
            return click.Command(cmd_name, callback=fail)

    result = CliRunner().invoke(Failing("x"), ["sync"])
    assert (result.exit_code, result.output) == (code, f"Error: {error.message}\n")


def test_setting_out_of_range_is_named_without_a_traceback():
    done = run("receiver", RECEIVER_PORT="99999")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: RECEIVER_PORT: ")
    assert len(done.stderr.splitlines()) == 1


def test_database_that_does_not_answer_is_named_without_its_password(tmp_path):
    url = "mysql+pymysql://someone:canary@127.0.0.1:1/tillwatch"
    done = run("receiver", DATABASE_URL=url, VAR_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "DATABASE_URL does not answer" in done.stderr
    assert "canary" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "mysql+pymysql://u:canary@h:port/x", "DATABASE_URL is not"),
        ("DATABASE_URL", "mysql+pymysql://u:canary@127.0.0.1:99999/x", "does not answer"),
        ("DATABASE_URL", "mysql+pymysql://u:canary@127.0.0.1:9/x?canary=1", "a parameter behind"),
        ("DATABASE_URL", "postgresql://u:canary@h/x", "DATABASE_URL is not"),
        ("DATABASE_URL", "canary", "DATABASE_URL is not"),
        ("REDIS_URL", "canary", "REDIS_URL is not"),
        ("REDIS_URL", "redis://canary:port/0", "REDIS_URL is not"),
        ("UI_PORT", "70000", "UI_PORT: "),
        ("VAR_DIR", __file__, "VAR_DIR is no folder"),
    ],
)
def test_what_cannot_be_is_a_sentence(tmp_path, monkeypatch, name, value, said):
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv(name, value)
    result = CliRunner().invoke(cli, ["worker"])
    assert result.exit_code == 1, result.output
    assert result.output.startswith("Error: ")
    assert said in result.output
    assert len(result.output.splitlines()) == 1
    assert "canary" not in result.output


@pytest.mark.parametrize("command", [["receiver", "--port", "1"], ["worker"], ["user", "list"]])
def test_tables_of_a_newer_version_are_a_sentence(tmp_path, command):
    url = laid(f"sqlite:///{tmp_path / 'tillwatch.db'}")
    engine = open_engine(url)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert Readiness(engine).check() == "ahead"
    engine.dispose()
    # Restored afterwards: `receiver` sets its port for the whole process.
    environment = {"VAR_DIR": str(tmp_path), "RECEIVER_PORT": "8502"}
    result = CliRunner().invoke(cli, command, env=environment)
    assert result.exit_code == 1
    assert result.output.startswith("Error: the database's tables are those of a newer Tillwatch")
    assert len(result.output.splitlines()) == 1


def test_a_database_that_goes_away_during_a_command_is_a_sentence():
    def fail():
        raise OperationalError("SELECT 1", {}, Exception(2013, "canary"))

    class Failing(Commands):
        def get_command(self, ctx, cmd_name):
            return click.Command(cmd_name, callback=fail)

    result = CliRunner().invoke(Failing("x"), ["sync"])
    assert (result.exit_code, result.output) == (1, f"Error: {DatabaseDown().message}\n")


def test_a_worker_that_is_stopped_while_the_database_is_gone_ends_with_a_sentence(
    tmp_path, monkeypatch, caplog
):
    console = make_console(f"sqlite:///{tmp_path / 'tillwatch.db'}", var_dir=tmp_path)
    services = open_workshop(console)
    end = worker.Loop("end", lambda: os.kill(os.getpid(), signal.SIGTERM), 1.0)
    monkeypatch.setattr(worker, "_loops", lambda *_: [end])

    def gone():
        raise OperationalError("INSERT", {}, Exception(2003, "gone"))

    monkeypatch.setattr(services.log, "flush", gone)
    before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
    try:
        assert worker.run_loops(console, services) == 0
    finally:
        for one, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
            signal.signal(one, handler)
        console.engine.dispose()
    assert "the last calls to Stripe are not in the log: no database" in caplog.text


def test_unknown_command_is_refused():
    assert "No such command" in run("nonsense").stderr


def test_env_example_explains_every_setting():
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE)
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


def test_env_example_states_the_defaults():
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=(.+)$", text, re.MULTILINE))
    changes = {name.lower(): value for name, value in stated.items()}
    assert Settings(_env_file=None, **changes) == Settings(_env_file=None)
    assert set(stated) >= {"VAR_DIR", "UI_PORT", "APP_ENV", "REPORTING_TIMEZONE"}


@pytest.mark.parametrize("name", [path.name for path in ROOT.glob("README*.md")])
def test_readme_names_every_setting(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", text))
    assert {field.upper() for field in Settings.model_fields} <= named
