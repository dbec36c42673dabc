"""What the receiver's many threads once needed is not kept once for each of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Eight threads at once, each with memory of its own; then glibc tells its arenas.
_THREADS = """
import ctypes, sys, threading
from dashboard.commands import receiver
from dashboard.process import memory
if sys.argv[1] == "shared":
    memory.share()
meet = threading.Barrier(8)
def work():
    mine = [bytes(5000) for _ in range(100)]
    meet.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for one in threads:
    one.start()
for one in threads:
    one.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="arenas are glibc's")
def test_the_receivers_threads_take_memory_from_one_arena() -> None:
    arenas = {how: _arenas(how) for how in ("own", "shared")}
    assert arenas["shared"] == 1 < arenas["own"]


def _arenas(how: str) -> int:
    told = subprocess.run(
        [sys.executable, "-c", _THREADS, how], capture_output=True, text=True, check=True
    )
    return told.stderr.count("Arena ")
