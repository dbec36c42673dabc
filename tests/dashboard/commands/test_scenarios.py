"""`python -m dashboard scenarios`: what it prints, and its exit code when something differs."""

from __future__ import annotations

import json
import os
from urllib.parse import urlsplit

import pytest

from tests.support import forked_programs
from tests.support.fixtures_access import make_console, person

pytestmark = pytest.mark.long

VISA = ("--only", "visa", "--only", "three_d_secure_failed")


@pytest.fixture
def run(tmp_path, action_emulator):
    """The command over an empty database and the emulator; nobody is a developer yet."""
    action_emulator.control("DELETE", "faults")
    port = str(urlsplit(action_emulator.base_url).port)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env = {**kept, "VAR_DIR": str(tmp_path), "EMULATOR_PORT": port}

    def command(*args):
        return forked_programs.run(["dashboard", "scenarios", *args], env, tmp_path)

    return command


@pytest.fixture
def developers(tmp_path):
    console = make_console(f"sqlite:///{tmp_path / 'tillwatch.db'}")
    person(console, "viewer", email="vera@shop.example")
    person(console, "developer", email="dev@shop.example")
    console.engine.dispose()


def test_it_prints_what_came_of_each_as_json(run, developers):
    done = run("--json", *VISA)
    assert done.returncode == 0, done.stderr
    visa, asked = json.loads(done.stdout)
    assert (visa["card"], visa["scenario"], visa["ok"]) == ("4242424242424242", "visa", True)
    assert visa["expected"]["status"] == visa["actual"]["status"] == "succeeded"
    assert "payment_intent.succeeded" in visa["events"]
    assert type(visa["duration_ms"]) is int
    assert asked["actual"]["code"] == "payment_intent_authentication_failure"


def test_a_difference_ends_it_with_an_exit_code_and_is_named(run, developers, action_emulator):
    fault = {"kind": "error", "count": 1, "method": "POST", "path": "*/confirm"}
    action_emulator.control("POST", "faults", fault)
    done = run("--only", "visa")
    assert done.returncode == 1
    assert "DIFF visa" in done.stdout
    assert "expected succeeded" in done.stdout
    assert "1 scenario, 1 differs" in done.stdout


def test_it_pays_in_the_name_of_a_developer_alone(run, developers):
    refused = run("--user", "vera@shop.example", *VISA)
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert run("--user", "DEV@shop.example", "--only", "visa").returncode == 0


def test_without_a_developer_it_says_what_to_do(run):
    done = run(*VISA)
    assert done.returncode == 1
    assert "dashboard user create" in done.stderr


def test_a_scenario_that_does_not_exist_is_bad_input(run, developers):
    done = run("--only", "vise")
    assert done.returncode == 2
    assert "'vise'" in done.stderr
