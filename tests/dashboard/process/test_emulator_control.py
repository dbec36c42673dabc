"""History and traffic are asked of the emulator, and of nobody else."""

import pytest
from click.testing import CliRunner

from core.emulator.server import start_emulator
from core.errors import Misconfigured, NotFound
from core.settings import Settings
from dashboard.__main__ import cli
from dashboard.process import emulator_control
from tests.support.receivers import free_port, wait_until


@pytest.fixture
def emulator(tmp_path):
    with start_emulator(state_path=tmp_path / "emulator.db", seed=1) as running:
        yield running


def settings_of(emulator):
    return Settings(_env_file=None, stripe_api_base=emulator.base_url)


def test_seed_makes_history_in_a_running_emulator(emulator):
    assert not emulator_control.has_payments(settings_of(emulator))
    result = CliRunner().invoke(
        cli,
        ["seed", "--days", "2", "--per-day", "5", "--seed", "7"],
        env={"STRIPE_API_BASE": emulator.base_url},
    )
    assert result.exit_code == 0, result.output
    assert emulator_control.has_payments(settings_of(emulator))


def test_progress_rises_to_its_total(emulator):
    steps = list(emulator_control.history(settings_of(emulator), days=3, per_day=20, seed=1))
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1] == (60, 60)


def test_trickle_makes_payments_arrive(emulator):
    emulator_control.trickle(settings_of(emulator), 6000)
    wait_until(lambda: emulator_control.has_payments(settings_of(emulator)))
    emulator_control.trickle(settings_of(emulator), 0)


def test_what_the_emulator_refuses_is_passed_on(emulator):
    with pytest.raises(Misconfigured, match="per_minute must be"):
        emulator_control.trickle(settings_of(emulator), -1)


def test_no_business_is_made_up_beside_a_stripe_key():
    settings = Settings(_env_file=None, stripe_secret_key="sk_test_x")
    with pytest.raises(Misconfigured, match="emulator only"):
        emulator_control.trickle(settings, 1)


def test_missing_emulator_is_named_with_its_address():
    port = free_port()
    with pytest.raises(NotFound, match=f"127.0.0.1:{port}"):
        emulator_control.has_payments(Settings(_env_file=None, emulator_port=port))
