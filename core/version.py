"""The version of the program, as its answers and records tell it."""

from __future__ import annotations

VERSION = "0.2.0"
