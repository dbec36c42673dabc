"""`python -m dashboard`: one command brings all up, keeps it up, and takes it all down again."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from core.errors import Misconfigured
from core.settings import Settings
from dashboard.process import launcher, ports
from dashboard.process.launcher import Plan
from tests.support.receivers import free_port, wait_until

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
NAMES = ("emulator", "receiver", "worker", "ui")


class Launched:
    """A running `python -m dashboard`, what it said, and the processes it started."""

    def __init__(self, var_dir, *args, **env):
        self.var_dir = str(var_dir)
        self.ports = {name: free_port() for name in ("UI", "RECEIVER", "EMULATOR")}
        given = {f"{name}_PORT": str(port) for name, port in self.ports.items()}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", *args],
            cwd=ROOT,
            env=os.environ | given | {"VAR_DIR": self.var_dir} | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.said += line

    def wait_ready(self):
        def ready():
            assert self.process.poll() is None, self.said
            return "is ready" in self.said and set(self.children()) >= set(NAMES)

        wait_until(ready, seconds=240)
        return self

    def url(self, name, path):
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    def children(self):
        """Process ids by command, of everything that runs with this state folder."""
        mine = f"VAR_DIR={self.var_dir}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                is_mine = mine in (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            pid = int(folder.name)
            if is_mine and b"dashboard" in words and pid != self.process.pid:
                found[words[words.index(b"dashboard") + 1].decode()] = pid
        return found

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(90)
        self._reader.join(10)
        self.process.stdout.close()


@pytest.fixture
def launch(tmp_path):
    launched = []

    def start(*args, **env):
        launched.append(Launched(tmp_path / "var", *args, **env))
        return launched[-1]

    yield start
    for one in launched:
        one.end()


def test_up_is_cut_short_then_made_anew_kept_up_taken_down_and_killed(launch, tmp_path):
    """One life of a state folder: each start of everything takes ten seconds of a processor."""
    # A history that was cut short is made anew.
    cut = launch("--days", "30", "--per-day", "150", "--no-trickle")
    wait_until(lambda: (tmp_path / "var" / "history_unfinished").exists(), seconds=60)
    cut.process.send_signal(signal.SIGINT)
    assert cut.process.wait(60) == 0
    assert cut.children() == {}

    first = launch("--days", "3", "--per-day", "5", "--seed", "1", "--no-trickle").wait_ready()
    # Screens do not wait for the past.
    assert first.said.index("answers at") < first.said.index("making 3 days")
    assert first.said.index("figures are complete") < first.said.index("is ready")
    assert "finance@demo.test" in first.said
    assert set(first.children()) == set(NAMES)
    assert httpx.get(first.url("RECEIVER", "/readyz")).status_code == 200
    assert httpx.get(first.url("UI", "/healthz")).status_code == 200
    made = httpx.get(first.url("EMULATOR", "/_control/state")).json()["objects"]
    assert 5 < made["payment_intent"] < 50

    # What dies is started again.
    died = first.children()["receiver"]
    os.kill(died, signal.SIGKILL)
    wait_until(lambda: first.children().get("receiver", died) != died)
    wait_until(lambda: ports.answers(first.ports["RECEIVER"]))
    assert "receiver" in first.said

    # Ctrl-C stops all.
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(60) == 0
    assert first.children() == {}
    assert not any(ports.answers(port) for port in first.ports.values())

    # The second start keeps the history.
    again = launch("--days", "3", "--per-day", "5", "--no-trickle").wait_ready()
    assert "First start" not in again.said
    kept = httpx.get(again.url("EMULATOR", "/_control/state")).json()["objects"]
    assert kept["payment_intent"] == made["payment_intent"]

    # No orphan is left when the launcher is killed.
    assert set(again.children()) == set(NAMES)
    again.process.kill()
    wait_until(lambda: not again.children())


def test_taken_port_is_named_and_nothing_is_started(launch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        launched = launch(UI_PORT=port)
        assert launched.process.wait(90) == 1
    launched.end()
    assert f"port {port} is taken" in launched.said
    assert "UI_PORT" in launched.said
    assert "Traceback" not in launched.said
    assert launched.children() == {}


def test_emulator_does_not_stand_in_for_stripe_in_production(tmp_path):
    settings = Settings(_env_file=None, var_dir=tmp_path, app_env="production")
    with pytest.raises(Misconfigured, match="STRIPE_SECRET_KEY"):
        launcher.up(settings, Plan(days=0, per_day=1, seed=None, per_minute=0))


def test_webhook_secret_is_made_once_and_for_its_owner_alone(tmp_path):
    settings = Settings(_env_file=None, var_dir=tmp_path / "var")
    launcher.prepare(settings)
    (secret,) = settings.webhook_secrets
    launcher.prepare(settings)
    assert settings.webhook_secrets == (secret,)
    assert secret.startswith("whsec_")
    assert stat.S_IMODE((tmp_path / "var" / "webhook_secret").stat().st_mode) == 0o600


def test_webhook_secret_is_not_in_the_emulators_command_line(tmp_path):
    settings = Settings(_env_file=None, var_dir=tmp_path / "var")
    launcher.prepare(settings)
    assert settings.webhook_secrets[0] not in " ".join(launcher.emulator(settings, 0).command())


@pytest.mark.parametrize(
    ("changes", "runs"),
    [
        ({}, True),
        ({"stripe_secret_key": "sk_test_x"}, False),
        ({"stripe_api_base": "http://elsewhere:12111"}, False),
    ],
)
def test_emulator_is_started_only_without_a_key_and_another_address(changes, runs):
    assert launcher.runs_emulator(Settings(_env_file=None, **changes)) is runs


def test_welcome_names_the_address_and_no_demo_user_beside_a_real_key():
    real = Settings(_env_file=None, stripe_secret_key="sk_test_x", ui_origin="https://pay.example")
    assert "https://pay.example" in launcher.welcome(real)
    assert "demo.test" not in launcher.welcome(real)
