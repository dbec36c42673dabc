"""What a file is, by its whole content: kind, pages. What its name says is not believed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from core.actions.disputes.file_reader import Exit
from core.errors import InvalidInput
from core.masking import mask_cards

#: Of one file of this purpose, by Stripe; the sum of all is held lower.
MOST_BYTES = 5 * 1024 * 1024
#: The first bytes of each kind that Stripe takes as evidence.
_STARTS = {"pdf": b"%PDF-", "jpg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}
#: The module that runs as a process for each file.
READER = "core.actions.disputes.file_reader"
#: Seconds that a file may take in all, of which processor time; and bytes of memory.
SECONDS, CPU_SECONDS = 20.0, 10
MEMORY = 1 << 30
#: So many are read at once: what they may take together has an end too.
AT_ONCE = 2
_LONGEST_NAME = 200
_ROOT = Path(__file__).parents[3]
#: What a child needs of the environment; none of our secrets.
_PASSED = ("PATH", "PYTHONPATH", "SYSTEMROOT", "HOME", "LANG")
_turns = threading.BoundedSemaphore(AT_ONCE)
_SLOW = "takes too long to read: save it anew, or as a picture"
_DAMAGED = "is damaged, or not the kind of file that it begins as"
_RULES = {
    Exit.LOCKED: "is locked by a password: the bank could not open it",
    Exit.SECURED: "is secured in a way that the bank could not open",
    Exit.TOO_MUCH: "takes too much memory to read: save it anew, or smaller",
}


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that may be evidence; a picture is one page."""

    kind: str
    size: int
    pages: int


def examine(field: str, content: bytes) -> Examined:
    """What a file is; `InvalidInput` names the field and the rule it breaks.

    It is read in a process of its own, within `SECONDS`, `CPU_SECONDS` and `MEMORY`.
    """
    if not content:
        raise InvalidInput(field, "is empty")
    if len(content) > MOST_BYTES:
        raise InvalidInput(field, "has more than {most} bytes", most=MOST_BYTES)
    kind = next((name for name, start in _STARTS.items() if content.startswith(start)), None)
    if kind is None:
        raise InvalidInput(field, "must be a PDF, JPEG or PNG file")
    if not _turns.acquire(timeout=SECONDS):
        raise InvalidInput(field, "cannot be read now: others are read. Try again in a minute")
    try:
        pages = _read(field, kind, content)
    finally:
        _turns.release()
    if pages < 1:
        raise InvalidInput(field, "is a PDF file without pages")
    return Examined(kind, len(content), pages)


def name_of(given: str | None) -> str | None:
    """What a file is called, as it may be kept: no path, printable, card numbers covered."""
    bare = re.split(r"[/\\]", given or "")[-1]
    readable = "".join(one if one.isprintable() else " " for one in bare)
    return mask_cards(" ".join(readable.split()))[:_LONGEST_NAME] or None


def _read(field: str, kind: str, content: bytes) -> int:
    try:
        ended = subprocess.run(  # noqa: S603 # our own module; the file goes through its input
            [sys.executable, "-m", READER, kind, str(CPU_SECONDS), str(MEMORY)],
            input=content,
            cwd=_ROOT,
            env={name: os.environ[name] for name in _PASSED if name in os.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InvalidInput(field, _SLOW) from None
    if ended.returncode == Exit.DONE:
        return int(ended.stdout)
    if ended.returncode in _OUT_OF_TIME:
        raise InvalidInput(field, _SLOW)
    known = {int(code): rule for code, rule in _RULES.items()}
    raise InvalidInput(field, known.get(ended.returncode, _DAMAGED))


#: How a process ends that is out of processor time.
_OUT_OF_TIME = frozenset() if sys.platform == "win32" else {-signal.SIGXCPU, -signal.SIGKILL}
