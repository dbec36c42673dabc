"""Packages of npm that a test needs, as a lock file pins them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

_MANIFEST = ("package.json", "package-lock.json")


def unavailable(why: str) -> NoReturn:
    """Skip the test for what is not here; with CI=true it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{why}; with CI=true this test must run", pytrace=False)
    pytest.skip(why)


def install(manifest: Path, folder: Path) -> None:
    """Bring what the lock file in `manifest` pins into the folder; without scripts of its own."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            unavailable(f"{tool} is not installed")
    for name in _MANIFEST:
        shutil.copy(manifest / name, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)
    except subprocess.TimeoutExpired:
        unavailable(f"npm did not fetch what {manifest.name} needs within four minutes")
    if done.returncode:
        unavailable(f"npm cannot fetch what {manifest.name} needs: {done.stderr.strip()[-300:]}")
