"""The root of all our errors."""

from __future__ import annotations


class TillwatchError(Exception):
    """Something went wrong in Tillwatch."""

    status = 500
    code = "internal_error"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (self.__doc__ or "").strip().splitlines()[0]
        super().__init__(self.message)
