"""Logging of every process: lines for people, JSON in production, and no secret in either."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from datetime import UTC, datetime
from types import TracebackType

from core.log_fields import current
from core.settings import Settings

_MASK = "[masked]"
_SECRETS = (
    (re.compile(r"\b((?:sk|rk)_(?:live|test)_|whsec_)[A-Za-z0-9+/=_-]+"), rf"\1{_MASK}"),
    (re.compile(r"(_secret_)[A-Za-z0-9]+"), rf"\1{_MASK}"),
    (re.compile(r"(client_secret\W{1,5})[^\s\"'&,;}]+"), rf"\1{_MASK}"),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {_MASK}"),
    (re.compile(r"(://[^\s:/@]*:)[^\s@/]+(?=@)"), rf"\1{_MASK}"),
)
#: What databases quote in their errors: a key's value, a value of the wrong kind, the statement
#: itself where it cannot be read, parameters. It ends where MySQL goes on, as late as is near.
_QUOTED = (
    (re.compile(r"(\[parameters: ).{0,4000}\]", re.DOTALL), rf"\1{_MASK}]"),
    (re.compile(r"(Duplicate entry )'.{0,400}'(?= for key)", re.DOTALL), rf"\1'{_MASK}'"),
    (
        re.compile(r"(\bincorrect [\w() ]+ value: )'.{0,400}?'(?= for |[\"')])", re.DOTALL | re.I),
        rf"\1'{_MASK}'",
    ),
    (re.compile(r"(to use near )'.{0,400}'(?= at line)", re.DOTALL), rf"\1'{_MASK}'"),
)
#: Card numbers start with 2 to 6; a time in microseconds, with a 1, is none.
_DIGITS = re.compile(r"(?<![\w.])[2-6](?:[ -]?\d){12,18}(?![\w.])")


def mask(text: str) -> str:
    """The text without keys, webhook and client secrets, passwords in URLs, card numbers, and
    without the values that databases quote in their errors.
    """
    for pattern, replacement in (*_SECRETS, *_QUOTED):
        text = pattern.sub(replacement, text)
    return _DIGITS.sub(_masked_card, text)


def _masked_card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return f"[card …{digits[-4:]}]" if is_card_number(digits) else match[0]


def is_card_number(digits: str) -> bool:
    """Whether a run of digits satisfies the Luhn check of card numbers."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


class ForPeople(logging.Formatter):
    """Time, level, logger, message; tracebacks below."""

    def converter(self, timestamp: float | None) -> time.struct_time:
        """logging's: times are in UTC."""
        return time.gmtime(timestamp)

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


class ForMachines(logging.Formatter):
    """One JSON object a line; beside the message stand what `extra={"fields": {...}}` brings and
    the ids of what is being worked on (`core.log_fields`)."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "process": self.process,
            "logger": record.name,
            "message": mask(record.getMessage()),
        }
        for key, value in {**getattr(record, "fields", {}), **current()}.items():
            line.setdefault(key, mask(value) if isinstance(value, str) else value)
        if record.exc_info:
            line["error"] = mask(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def set_up(settings: Settings, process: str) -> None:
    """Send every log of this process to its standard error; called once, at its start."""
    handler = logging.StreamHandler(sys.stderr)
    if settings.app_env == "production":
        handler.setFormatter(ForMachines(process))
    else:
        handler.setFormatter(
            ForPeople("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
        )
    logging.basicConfig(
        handlers=[handler], level=logging.DEBUG if settings.debug else logging.INFO, force=True
    )
    sys.excepthook = _uncaught
    threading.excepthook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)
    # These narrate every request; their warnings stay.
    for chatty in (
        "httpx",
        "httpcore",
        "stripe",
        "urllib3",
        "alembic",
        "watchdog",
        "uvicorn.error",
    ):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    """What nobody caught goes through the log too: Python would print it as it is."""
    if error is None or issubclass(kind, (KeyboardInterrupt, SystemExit)):
        return
    logging.getLogger("uncaught").critical("not caught", exc_info=(kind, error, trace))
