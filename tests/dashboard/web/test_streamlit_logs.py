"""What Streamlit logs is masked as all else is."""

from __future__ import annotations

import subprocess
import sys

from tests.support.proxies import ROOT

SCRIPT = """
import logging
from streamlit import logger
from core.settings import Settings
from dashboard.process import logs
from dashboard.web import streamlit_logs

logs.set_up(Settings(_env_file=None, app_env="production"), "ui")
before = logger.get_logger("streamlit.before")
if {taken}:
    streamlit_logs.take_over()
after = logger.get_logger("streamlit.after")
logger.update_formatter()
for log in (before, after, logging.getLogger("uvicorn.error")):
    log.warning("it was sk_live_51" + "CanaryCanary")
"""


def written(taken):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(taken=taken)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stderr.splitlines() if "it was" in line]


def test_every_logger_of_streamlits_writes_once_and_masked():
    lines = written(True)
    assert len(lines) == 3
    assert all(line.startswith("{") and "Canary" not in line for line in lines)


def test_without_it_streamlit_would_write_past_the_mask():
    assert any("Canary" in line for line in written(False))
