"""The root of all our errors."""

from __future__ import annotations


class TillwatchError(Exception):
    """Something went wrong in Tillwatch."""

    status = 500
    code = "internal_error"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.said()
        super().__init__(self.message)

    @classmethod
    def said(cls) -> str:
        """What every error of this class says: the first line of its docstring."""
        return (cls.__doc__ or "").strip().splitlines()[0]
