"""The process that reads a file from outside: libraries in a child of its own, within limits.

It reads the file from standard input, writes how many pages it has, and ends with a code of `Exit`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from enum import IntEnum

Read = Callable[[str, bytes], int]
#: No camera makes a larger picture; one that says it has more would fill the memory.
MOST_PIXELS = 100_000_000


class Exit(IntEnum):
    """How it ended. Another code, or a signal: a library tripped over the file."""

    DONE = 0
    #: Opens with a password only.
    LOCKED = 4
    #: Secured in a way that the library does not know: by certificates, or one that is new.
    SECURED = 5
    #: It would take more memory than one file may.
    TOO_MUCH = 6


class Unread(Exception):
    """The file cannot be read; `code` says why."""

    def __init__(self, code: Exit) -> None:
        super().__init__(code.name)
        self.code = code


def pages_of(kind: str, content: bytes) -> int:
    """The pages of a PDF, or 1 for a picture that can be drawn. `Unread`."""
    return _pages(content) if kind == "pdf" else _drawn(kind, content)


def _pages(content: bytes) -> int:
    from pypdf import PdfReader

    document = PdfReader(io.BytesIO(content))
    # One that is only guarded against changes opens with the empty password.
    if document.is_encrypted and not document.decrypt(""):
        raise Unread(Exit.LOCKED)
    # Each of them, since the number that a document says of itself need not be true.
    return sum(1 for _page in document.pages)


def _drawn(kind: str, content: bytes) -> int:
    from PIL import Image

    # Ours is looked at below, and has its own word.
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(io.BytesIO(content), formats=[{"jpg": "JPEG", "png": "PNG"}[kind]]) as found:
        if found.width * found.height > MOST_PIXELS:
            raise Unread(Exit.TOO_MUCH)
        found.load()
    return 1


def main(read: Read = pages_of) -> int:
    """Read the file. Arguments: its kind, seconds of processor time, bytes of memory."""
    kind, seconds, memory = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    _limit(seconds, memory)
    try:
        print(read(kind, sys.stdin.buffer.read()), flush=True)  # noqa: T201 # it is the answer
    except Unread as reason:
        return reason.code
    except MemoryError:
        return Exit.TOO_MUCH
    except NotImplementedError:
        return Exit.SECURED
    return Exit.DONE


def _limit(seconds: int, memory: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # The soft one ends it by a signal, the hard one if that is caught.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
