"""The scenario suite: every test card is paid with, and what came of it is held against what must.

Each payment is made through the same actions as any other, under the caller's rights.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from typing import Any

from core import clock, money
from core.access import rights
from core.access.principals import Caller
from core.actions.context import ActionContext
from core.actions.developer.scenario_results import Result, Scenario
from core.actions.developer.stripe_test_cards import BY_NAME, CARDS, Card, Outcome
from core.actions.operations.operations import authorize
from core.actions.payments import payments
from core.actions.payments.validation import NewPayment
from core.errors import (
    CardDeclined,
    InvalidInput,
    Misconfigured,
    NotPermitted,
    NotSignedIn,
    StripeError,
    TestModeOnly,
    TillwatchError,
)
from core.gateway.client import Gateway
from core.money import Money

KIND = "scenarios.run"
RIGHTS = (rights.USE_DEVELOPER_TOOLS,)
THREADS = 4
#: In minor units, where the currency's own minimum is not more.
_AMOUNT = 2000
#: Disputes and warnings come some seconds after their payments.
EVENTS_WITHIN = 45.0
_ASK_EVENTS_EVERY = 1.0
#: Stripe's clock and ours may differ.
_BEFORE = 60
_NAMES = uuid.UUID("2b0a4a5c-97d4-4f0c-8b1e-6d4f0f5c3e77")

#: Answers a payment's challenge for the customer: the PaymentIntent's id, and whether they pass.
Challenge = Callable[[str, bool], None]


@dataclass(frozen=True)
class Suite:
    """One run: its id makes the ids of its operations, so that going on with it repeats nothing."""

    run_id: str
    scenarios: Sequence[Scenario]
    challenge: Challenge | None = None
    threads: int = THREADS
    #: Told how many of how many are done.
    report: Callable[[int, int], None] = field(default=lambda _done, _total: None)


def known(*, answered: bool, only: Iterable[str] = ()) -> tuple[Scenario, ...]:
    """Every card's scenarios, or those of the scenarios and cards named in `only`.

    `answered`: somebody is there to pass or fail a challenge; where nobody is, a payment that asks
    for one stays there. `InvalidInput` for a name that does not exist.
    """
    found = tuple(one for card in CARDS for one in _of_card(card, answered))
    wanted = set(only)
    names = {one.name for one in found} | {one.card.name for one in found}
    if unknown := sorted(wanted - names):
        raise InvalidInput("only", "there is no scenario {name}", name=repr(unknown[0][:64]))
    return tuple(one for one in found if not wanted or {one.name, one.card.name} & wanted)


def run(context: ActionContext, caller: Caller, suite: Suite) -> list[Result]:
    """Run the scenarios side by side, in the order in which they were given.

    `TestModeOnly` without a test key; `NotPermitted` without the right.
    """
    authorize(context, caller, RIGHTS, KIND, "")
    gateway = context.test_gateway()
    since = clock.to_unix(clock.now()) - _BEFORE
    found: dict[str, Result] = {}
    total = len(suite.scenarios)
    with ThreadPoolExecutor(suite.threads) as pool:
        working = [
            pool.submit(_one, context, caller, gateway, suite, one) for one in suite.scenarios
        ]
        for ended in as_completed(working):
            result = ended.result()
            found[result.scenario.name] = result
            suite.report(len(found), total)
    return _with_events(gateway, [found[one.name] for one in suite.scenarios], since)


def _of_card(card: Card, answered: bool) -> list[Scenario]:
    if not card.challenged:
        return [Scenario(card.name, card, card.outcome)]
    if not answered:
        return [Scenario(card.name, card, Outcome("requires_action"))]
    refused = Outcome("requires_payment_method", "payment_intent_authentication_failure")
    return [
        Scenario(f"{card.name}_passed", card, card.outcome, passes=True),
        Scenario(f"{card.name}_failed", card, refused, passes=False),
    ]


def _one(
    context: ActionContext, caller: Caller, gateway: Gateway, suite: Suite, one: Scenario
) -> Result:
    started = time.perf_counter()
    payment_id: str | None = None
    try:
        payment_id = _pay(context, caller, gateway, suite, one)
        actual, message = _standing(gateway, payment_id)
    except (Misconfigured, NotPermitted, NotSignedIn, TestModeOnly):
        raise
    except TillwatchError as error:
        # Not a decline: those are read from the payment. Its own name stands for the status.
        codes = (error.stripe_code, error.decline_code) if isinstance(error, StripeError) else ()
        actual = Outcome(error.code, *codes)
        message = error.message
    took = int((time.perf_counter() - started) * 1000)
    return Result(one, actual, message, payment_id, took)


def _pay(
    context: ActionContext, caller: Caller, gateway: Gateway, suite: Suite, one: Scenario
) -> str:
    """Create, confirm, and answer the challenge; a decline is an outcome like others."""

    def operation(step: str) -> str:
        return str(uuid.uuid5(_NAMES, f"{suite.run_id} {one.name} {step}"))

    number = list(BY_NAME).index(one.card.name) + 1
    asked = NewPayment(
        *_price(context.rules.currencies),
        order_id=number,
        metadata={"scenario": one.name},
        description=f"Scenario {one.name}",
    )
    made = payments.create(
        context, caller, asked, livemode=False, operation_id=operation("create")
    ).payment_intent_id
    try:
        payments.confirm(
            context,
            caller,
            made,
            livemode=False,
            payment_method=one.card.token,
            operation_id=operation("confirm"),
        )
    except CardDeclined:
        return made
    # As it stands now: a run that goes on after a crash finds some challenges answered.
    if one.passes is None or suite.challenge is None:
        return made
    if _standing(gateway, made)[0].status == "requires_action":
        suite.challenge(made, one.passes)
    return made


def _price(currencies: frozenset[str]) -> tuple[str, str]:
    currency = "usd" if "usd" in currencies else min(currencies)
    least = money.minimum(currency) or 0
    return money.plain(Money(max(_AMOUNT, least), currency)), currency


def _standing(gateway: Gateway, payment_id: str) -> tuple[Outcome, str | None]:
    """How the payment stands at Stripe, and what is said of its last failure."""
    source = gateway.get(f"/v1/payment_intents/{payment_id}")
    error: Mapping[str, Any] = source.get("last_payment_error") or {}
    outcome = Outcome(source["status"], error.get("code"), error.get("decline_code"))
    return outcome, error.get("message")


def _with_events(gateway: Gateway, results: list[Result], since: int) -> list[Result]:
    """The results with the events that Stripe has about their payments, once all are there."""
    until = time.monotonic() + EVENTS_WITHIN
    while True:
        seen = _events(gateway, {r.payment_intent_id for r in results}, since)
        told = [replace(r, events=seen.get(r.payment_intent_id or "", ())) for r in results]
        waited_for = any(r.missing and r.as_expected for r in told)
        if not waited_for or time.monotonic() > until:
            return told
        time.sleep(_ASK_EVENTS_EVERY)


def _events(gateway: Gateway, ids: set[str | None], since: int) -> dict[str, tuple[str, ...]]:
    """The types of events by payment, oldest first."""
    found: dict[str, list[str]] = {}
    for page in gateway.pages("/v1/events", created={"gte": since}):
        for event in page:
            about = event["data"]["object"]
            own = about["id"] if about.get("object") == "payment_intent" else None
            payment = own or about.get("payment_intent")
            if payment in ids and event["type"] not in found.setdefault(payment, []):
                found[payment].insert(0, event["type"])
    return {payment: tuple(kinds) for payment, kinds in found.items()}
