"""The units of systemd in docs/deployment: what they start is there, what they set is known."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import click
import pytest

from core.settings import Settings
from dashboard.__main__ import cli
from tests.support.proxies import EXAMPLES, tool

UNITS = sorted((EXAMPLES / "systemd").glob("*.*"))
STARTED = [unit for unit in UNITS if "ExecStart=" in unit.read_text(encoding="utf-8")]


@pytest.mark.parametrize("unit", STARTED, ids=lambda unit: unit.name)
def test_what_a_unit_starts_is_a_command_with_its_options(unit):
    (line,) = re.findall(r"^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    python, *words = line.replace("%i", "8").split()
    assert (python, words[:2]) == ("/opt/tillwatch/.venv/bin/python", ["-m", "dashboard"])
    name, *args = words[2:]
    command = cli.get_command(click.Context(cli), name)
    # Reads the options, and runs nothing.
    assert command.make_context(name, [arg.replace("8", "8502") for arg in args]) is not None


@pytest.mark.parametrize("unit", STARTED, ids=lambda unit: unit.name)
def test_every_process_is_shut_in_alike(unit):
    def bounds(path):
        text = path.read_text(encoding="utf-8")
        return text.partition("# Nothing but its own state")[2].partition("\n[")[0].strip()

    assert "ProtectSystem=strict" in bounds(unit)
    assert bounds(unit) == bounds(STARTED[0])
    assert "UMask=0077" in unit.read_text(encoding="utf-8")


def test_commands_run_with_the_settings_and_the_user_of_the_units():
    script = EXAMPLES / "tillwatch"
    assert script.stat().st_mode & 0o111
    text = script.read_text(encoding="utf-8")
    given = dict(re.findall(r"--(?:property|setenv)=(\w+)=(\S+)", text))
    given |= {"User": re.findall(r"--uid=(\S+)", text)[0]}
    given |= {"WorkingDirectory": re.findall(r"--working-directory=(\S+)", text)[0]}
    unit = (EXAMPLES / "systemd" / "tillwatch-ui.service").read_text(encoding="utf-8")
    for name in ("EnvironmentFile", "StateDirectory", "StateDirectoryMode", "UMask", "User",
                 "WorkingDirectory"):  # fmt: skip
        assert f"\n{name}={given[name]}\n" in unit, name
    assert f"\nEnvironment=VAR_DIR={given['VAR_DIR']}\n" in unit
    assert '/opt/tillwatch/.venv/bin/python -m dashboard "$@"' in text


def test_every_setting_of_the_example_is_known():
    text = (EXAMPLES / "tillwatch.env").read_text(encoding="utf-8")
    names = set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE))
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    analyze = tool("systemd-analyze")
    folder = tmp_path / "units"
    folder.mkdir()
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        text = text.replace("/opt/tillwatch/.venv/bin/python", sys.executable)
        (folder / unit.name).write_text(text, encoding="utf-8")

    def complaints():
        done = subprocess.run(
            [analyze, "verify", "--man=no", *sorted(map(str, folder.iterdir()))],
            capture_output=True,
            text=True,
            timeout=120,
        )
        ours = [line for line in done.stderr.splitlines() if "tillwatch" in line]
        return done.returncode, ours

    assert complaints() == (0, [])
    broken = folder / "tillwatch-ui.service"
    broken.write_text(broken.read_text().replace("ProtectSystem=strict", "ProtectSystems=strict"))
    assert any("ProtectSystems" in line for line in complaints()[1])
    shutil.rmtree(folder)
