"""A reader of files that does what a file's content asks for, in place of the libraries'."""

from __future__ import annotations

import sys
import time

from core.actions.disputes import file_reader


def read(kind: str, content: bytes) -> int:
    """Behaves as a library that has trouble with a file."""
    wish = content.removeprefix(b"%PDF-").decode()
    if wish == "sleep":
        time.sleep(600)
    while wish == "spin":
        pass
    if wish == "fill":
        return len(bytearray(4 << 30))
    if wish == "exit":
        sys.exit(77)
    if wish == "write":
        with open("/tmp/never_written", "wb") as file:
            file.write(b"x")
    raise {"unknown": NotImplementedError, "odd": ZeroDivisionError}[wish]


if __name__ == "__main__":
    sys.exit(file_reader.main(read))
