"""The checkout page in tests: over a console whose Stripe is the emulator, pressed and read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.bootstrap import Console
from core.emulator.server import RunningEmulator
from tests.support.fixtures_access import AsPerson, make_console


def emulated(folder: Path, emulator: RunningEmulator) -> Iterator[Console]:
    """A console over an empty database; the emulator has no faults ordered."""
    emulator.control("DELETE", "faults")
    port = urlsplit(emulator.base_url).port
    made = make_console(f"sqlite:///{folder / 'tillwatch.db'}", emulator_port=port)
    yield made
    made.engine.dispose()


def opened(screen_as: AsPerson, user: str) -> Any:
    """The page as this person sees it."""
    test = screen_as(user, "checkout")
    assert not test.exception
    return test


def pay(test: Any) -> Any:
    """Press the button that pays."""
    test.button(key="checkout_pay").click().run()
    assert not test.exception
    return test


def choose(test: Any, group: str, card: str) -> Any:
    """Choose a test card."""
    test.pills(key="checkout_group").set_value(group).run()
    test.radio(key=f"checkout_card_{group}").set_value(card).run()
    return test


def texts(test: Any) -> list[str]:
    """Plain text on the screen."""
    return [text.value for text in test.text]


def codes(test: Any) -> list[str]:
    """Ids and codes on the screen."""
    return [code.value for code in test.code]


def steps(test: Any) -> list[str]:
    """The timeline's lines."""
    return [expander.label.replace("\\", "") for expander in test.expander]


def badges(test: Any) -> str:
    """Badges, which Streamlit draws as markdown."""
    return " ".join(mark.value for mark in test.markdown)
