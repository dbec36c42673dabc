"""The UI process starts only with our settings and with identity proved; else it serves nothing."""

from __future__ import annotations

import copy
import socket
import subprocess
import sys

import pytest
import streamlit.config
from streamlit.proto.BackMsg_pb2 import BackMsg

from core.errors import Misconfigured
from dashboard.web import streamlit_settings
from dashboard.web.app import create_app
from dashboard.web.auth_middleware import is_activity
from dashboard.web.streamlit_settings import REQUIRED
from tests.support.fixtures_access import ROOT, make_console
from tests.support.receivers import free_port
from tests.support.ui_servers import environment, rerun, running_ui

pytestmark = pytest.mark.long

#: Each breaks the way identity takes, in a process of its own, and then starts the UI.
PLANTED = {
    "no configuration file": "import os; os.chdir('/')",
    "the setting is gone": "config.set_option('server.trustedUserHeaders', {})",
    "the auth middleware lets headers through": "auth_middleware._is_ours = lambda name: False",
    "the auth middleware says nothing": "auth_middleware.IDENTITY = b'x-other'",
    "the session is lost": "auth_middleware.SESSION = b'x-other'",
    "the session is read under another name": (
        "config.set_option('server.trustedUserHeaders', {'x-console-user': 'id'})"
    ),
    "a default identity": (
        "import streamlit.web.server.starlette.starlette_websocket as w;"
        "w.gather_user_info = lambda headers: {'id': 'anybody'}"
    ),
}
START = """
import sys
sys.path.insert(0, {root!r})
from streamlit import config
config.get_config_options()
from dashboard.web import auth_middleware, streamlit_settings
from dashboard.commands.ui import command
streamlit_settings.check = {check}
{plant}
command(["--port", "{port}"])
"""


def start(folder, plant: str, *, check: bool) -> tuple[int, str, bool]:
    """Start with a planted fault: exit code, what was said, and whether a port ever answered."""
    port = free_port()
    shipped = "streamlit_settings.check" if check else "lambda: None"
    program = START.format(root=str(ROOT), check=shipped, plant=plant, port=port)
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    answered = False
    try:
        while process.poll() is None:
            with socket.socket() as probe:
                answered |= probe.connect_ex(("127.0.0.1", port)) == 0
            if answered:
                break
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
    finally:
        process.kill()
        said, _ = process.communicate(timeout=90)
    return process.returncode, said, answered


@pytest.mark.parametrize("fault", PLANTED)
def test_the_self_test_of_identity_fails_closed(tmp_path, fault):
    plant = PLANTED[fault]
    if fault == "no configuration file":
        plant += "; config.get_config_options(force_reparse=True)"
    code, said, answered = start(tmp_path, plant, check=False)
    assert not answered
    assert code == 3
    assert "start-up self-test of identity failed" in said


def test_without_its_settings_the_process_does_not_get_that_far(tmp_path):
    code, said, answered = start(tmp_path, PLANTED["the setting is gone"], check=True)
    assert not answered
    assert code != 0
    assert "server.trustedUserHeaders is {}" in said


def test_the_sound_process_passes_and_says_so(tmp_path):
    with running_ui(tmp_path) as ui:
        assert "identity self-test passed" in (tmp_path / "ui.log").read_text()
        assert ui.port


def test_links_and_passkeys_are_of_the_port_that_is_served(tmp_path):
    program = """
from dashboard.commands import ui
from dashboard.ui.viewer import current_console

ui.serve = lambda app, port, **_: print(port, current_console().settings.screens_base)
ui.command(["--port", "8765"])
"""
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert said.stdout.split() == ["8765", "http://localhost:8765"]


def test_streamlit_runs_with_the_shipped_settings():
    streamlit_settings.check()
    assert streamlit.config.get_option("runner.postScriptGC") is False


def test_roles_that_ask_for_what_nobody_can_set_up_stop_the_start(tmp_path):
    console = make_console(f"sqlite:///{tmp_path / 'x.db'}", second_factor_roles="admin")
    with pytest.raises(Misconfigured, match="set ENCRYPTION_KEY, or empty SECOND_FACTOR_ROLES"):
        create_app(console, 8501)
    mistyped = make_console(f"sqlite:///{tmp_path / 'y.db'}", second_factor_roles="admins")
    with pytest.raises(Misconfigured, match="names admins, which is not one of viewer"):
        create_app(mistyped, 8501)


@pytest.mark.parametrize("said", ["finance", "books=finanse", "=finance", "books="])
def test_a_table_of_groups_that_is_none_stops_the_start(tmp_path, said):
    console = make_console(f"sqlite:///{tmp_path / 'x.db'}", oidc_group_roles=said)
    with pytest.raises(Misconfigured, match=r"OIDC_GROUP_ROLES: (group|roles) must"):
        create_app(console, 8501)


@pytest.mark.parametrize("name", REQUIRED)
def test_a_setting_that_differs_is_refused_by_name(name, monkeypatch):
    options = copy.deepcopy(streamlit.config.get_config_options())
    options[name].set_value("else", "test")
    monkeypatch.setattr(streamlit.config, "get_config_options", lambda: options)
    with pytest.raises(Misconfigured, match=name):
        streamlit_settings.check()


def test_an_option_that_streamlit_dropped_is_refused(monkeypatch):
    options = dict(streamlit.config.get_config_options())
    del options["runner.postScriptGC"]
    monkeypatch.setattr(streamlit.config, "get_config_options", lambda: options)
    with pytest.raises(Misconfigured, match="postScriptGC is not known"):
        streamlit_settings.check()


def test_runs_that_start_by_themselves_are_no_activity():
    assert is_activity(rerun())
    assert not is_activity(rerun(auto=True))
    assert not is_activity(b"")
    assert not is_activity(b"\xff\xff nonsense")
    beat = BackMsg()
    beat.app_heartbeat = True
    assert not is_activity(beat.SerializeToString())


@pytest.mark.parametrize("payload", ['[{"event":"changed","value":"7"}]', '[{"event": "changed"}]'])
def test_a_live_elements_trigger_is_no_activity(payload):
    message = BackMsg()
    widget = message.rerun_script.widget_states.widgets.add()
    widget.json_trigger_value = payload
    assert not is_activity(message.SerializeToString())
    widget.json_trigger_value = '[{"event":"clicked"}]'
    assert is_activity(message.SerializeToString())
