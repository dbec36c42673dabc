"""Asks the emulator for history, live traffic and customers, through its control interface."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from core.errors import Misconfigured, NotFound
from core.settings import Settings

#: Until the next line of progress; a whole history takes longer.
_SECONDS = 120


def has_payments(settings: Settings) -> bool:
    """Whether the emulator holds any business yet."""
    with _ask(settings, "state") as answer:
        return bool(answer.json()["objects"].get("payment_intent"))


def history(
    settings: Settings, *, days: int, per_day: int, seed: int | None, hard: bool = False
) -> Iterator[tuple[int, int]]:
    """Make months of business, yielding how much of how much is done. `hard`: rare cases too."""
    wanted: dict[str, Any] = {"days": days, "per_day": per_day, "hard": hard}
    if seed is not None:
        wanted["seed"] = seed
    with _ask(settings, "history", wanted) as answer:
        for line in answer.iter_lines():
            progress = json.loads(line)
            if "error" in progress:
                raise Misconfigured(f"the emulator stopped: {progress['error']}")
            if "done" in progress:
                yield progress["done"], progress["total"]


def trickle(settings: Settings, per_minute: int) -> None:
    """Let so many payments a minute arrive from now on; 0 ends it."""
    with _ask(settings, "trickle", {"per_minute": per_minute}):
        pass


def challenge(settings: Settings) -> Callable[[str, bool], None] | None:
    """Who answers a payment's 3-D Secure challenge: the emulator's customer; None at Stripe, where
    only a person at a browser can."""
    if not settings.uses_emulator:
        return None

    def answer(payment_intent_id: str, passes: bool) -> None:
        outcome = {"outcome": "succeed" if passes else "fail"}
        with _ask(settings, f"payment_intents/{payment_intent_id}/authenticate", outcome):
            pass

    return answer


@contextmanager
def _ask(
    settings: Settings, path: str, body: dict[str, Any] | None = None
) -> Iterator[requests.Response]:
    """The answer while it comes; `Misconfigured` when it is a refusal, `NotFound` without one."""
    if not settings.uses_emulator:
        raise Misconfigured("a Stripe key is set: business is made up in the emulator only")
    try:
        with requests.Session() as session:
            session.trust_env = False  # never by a proxy: it is our own emulator's address
            with session.request(
                "GET" if body is None else "POST",
                f"{settings.api_base}/_control/{path}",
                json=body,
                timeout=_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as answer:
                if not answer.ok:
                    said = answer.content[:500].decode("utf-8", "replace")
                    raise Misconfigured(f"the emulator refused {path}: {said}")
                yield answer
    except (requests.RequestException, ValueError) as error:
        raise NotFound(f"no emulator answers at {settings.api_base}: {_cause(error)}") from None


def _cause(error: BaseException) -> BaseException:
    """What the machine said, beneath what libraries made of it."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return error
