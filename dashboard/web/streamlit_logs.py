"""Streamlit's log lines go through ours: masked, and JSON in production."""

from __future__ import annotations

import logging

from streamlit import logger as theirs

#: Streamlit takes these over too; each request and connection is a line at INFO.
_CHATTY = ("uvicorn", "websockets")


def take_over() -> None:
    """Have every logger that Streamlit made, or will make, pass its lines on to the root's handler.

    Each has a handler of its own otherwise, which writes keys and tracebacks as they are.
    """
    theirs.setup_formatter = _pass_on
    for log in theirs._loggers.values():
        _pass_on(log)


def _pass_on(logger: logging.Logger) -> None:
    handler = logger.__dict__.pop("streamlit_console_handler", None)
    if handler is not None:
        logger.removeHandler(handler)
    logger.propagate = True
    if logger.name.startswith(_CHATTY):
        logger.setLevel(logging.WARNING)
