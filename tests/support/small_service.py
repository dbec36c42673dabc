"""A small process for tests of the supervisor: listens on a port and says who it is."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time

from dashboard.process import parent_watch


def main(port: int, manner: str) -> None:
    parent_watch.watch()
    if manner == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if manner == "broken":
        print("this cannot work")  # noqa: T201
        sys.exit(3)
    with socket.create_server(("127.0.0.1", port)):
        print(f"pid {os.getpid()}")  # noqa: T201
        if manner == "talkative":
            print("x" * (3 << 20))  # noqa: T201
            print("still here")  # noqa: T201
        while True:
            time.sleep(60)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
