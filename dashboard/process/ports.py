"""Ports of this machine: whether someone answers there, and whether one can be taken."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from core.errors import Misconfigured

_HOST = "127.0.0.1"


def answers(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((_HOST, port)) == 0


def refuse_taken(wanted: Mapping[str, int]) -> None:
    """`Misconfigured` if a port is taken, or wanted twice; keys are the settings' names."""
    seen: dict[int, str] = {}
    for setting, port in wanted.items():
        if port in seen:
            raise Misconfigured(f"{seen[port]} and {setting} are both {port}; change one of them")
        seen[port] = setting
    # Only then who else has one: the user's own two settings are what needs a change first.
    for port, setting in seen.items():
        if not _is_free(port):
            raise Misconfigured(
                f"port {port} is taken by another program: end that one, or set {setting} to"
                " another port"
            )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        if os.name == "posix":
            # A port that was ours a moment ago is free, though it still rests.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True
