"""The screens of refunds as people see them, over the emulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.access.principals import Caller
from core.actions.context import ActionContext
from core.bootstrap import Console
from tests.support.fixtures_access import AsPerson
from tests.support.refunds import caller

#: Runs a screen as somebody: `refunds_as(lead, tab="waiting")`.
Seen = Callable[..., Any]


class _NoLog:
    """The calls of these contexts are not kept."""

    def flush(self) -> int:
        return 0


@pytest.fixture
def action_screens(
    context: ActionContext, monkeypatch: pytest.MonkeyPatch, nothing_cached: None
) -> ActionContext:
    """The context that the screens work with: the test's own, over the emulator, asking those who
    come by a browser for a recent proof of who they are."""
    from dashboard.ui import viewer as console_

    context = replace(context, step_up=timedelta(minutes=10))
    monkeypatch.setattr(console_, "_context", lambda _console: (context, _NoLog()))
    return context


@pytest.fixture
def support(console: Console) -> Caller:
    """Somebody in support."""
    return caller(console, "support")


@pytest.fixture
def lead(console: Console) -> Caller:
    """Somebody who approves."""
    return caller(console, "support_lead")


def _screen(screen_as: AsPerson, name: str) -> Seen:
    def run(who: Caller, **query: str) -> Any:
        test = screen_as(who.user_id, name, **query)
        assert not test.exception
        return test

    return run


@pytest.fixture
def refunds_as(action_screens: ActionContext, screen_as: AsPerson) -> Seen:
    """The screen Refunds."""
    return _screen(screen_as, "refunds")


@pytest.fixture
def bulk_as(action_screens: ActionContext, screen_as: AsPerson) -> Seen:
    """The screen of a bulk refund."""
    return _screen(screen_as, "bulk_refund")


def texts(test: Any) -> list[str]:
    """What a screen says beside its tables, without the marks that keep it from being markdown."""
    found = []
    for kind in ("caption", "info", "success", "warning", "error"):
        found += [element.value.replace("\\", "") for element in getattr(test, kind)]
    return found
