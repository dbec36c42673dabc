"""A caller that stood still for longer than Stripe keeps its key sends nothing more under it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest

from core.actions.operations.resolve import LOOKED_FOR
from core.actions.refunds import ask as refunds
from tests.core.actions.refunds.test_refund_crashes import (
    PAID,
    PART,
    at_rest,
    later,
    resolve_by_two,
)
from tests.support.fixtures_refunds import Till
from tests.support.refund_crashes import cut_off
from tests.support.refund_stops import NOTICED, PLACES, SLEPT, Stops, running
from tests.support.refunds import paid, part, requests

pytestmark = pytest.mark.long

SOON = timedelta(seconds=5)
#: The process wrote by its own clock, which was ahead of this one's.
AFTERWARDS = SLEPT + LOOKED_FOR
Stopped = Callable[..., AbstractContextManager[Callable[[], str]]]


@pytest.fixture(scope="module")
def stops() -> Iterator[Stops]:
    with running() as found:
        yield found


@pytest.fixture
def stopped(till: Till, stops: Stops) -> Stopped:
    """A process that stands still at a place; what is given lets it go on, a day later."""

    @contextmanager
    def at(
        place: str, *asked: str, noticed: str = "both", checked: str = "all"
    ) -> Iterator[Callable[[], str]]:
        if PLACES[place][1]:
            till.emulator.fault("lost_reply", path="/v1/refunds", method="POST", count=1)
        url = till.console.settings.database_url.get_secret_value()
        given = [place, noticed, checked, url, till.emulator.base_url, *asked]
        with stops.stopped(*given) as go_on:

            def a_day_later() -> str:
                later(till, SLEPT)
                return go_on()

            yield a_day_later

    return at


def asking(till: Till) -> tuple[str, list[str]]:
    """A payment, and what asks for a refund of a part of it."""
    payment = paid(till.context, PAID)
    return payment, [till.support.user_id, payment, PART, str(uuid.uuid4())]


@pytest.mark.parametrize("noticed", NOTICED)
@pytest.mark.parametrize("place", [place for place in PLACES if place != "before the first try"])
def test_who_stood_still_in_the_middle_of_a_refund_sends_no_second(till, stopped, place, noticed):
    payment, asked = asking(till)
    with stopped(place, *asked, noticed=noticed) as go_on:
        assert till.count(payment) == 1
        assert go_on() == ("unknown" if PLACES[place][1] else "succeeded")
    assert till.count(payment) == 1
    later(till, AFTERWARDS)
    resolve_by_two(till)
    at_rest(till, payment, 1)
    assert requests(till.context.engine, payment)[0].state == "succeeded"


@pytest.mark.parametrize("noticed", NOTICED)
def test_who_stood_still_before_the_first_try_leaves_it_to_the_worker(till, stopped, noticed):
    payment, asked = asking(till)
    with stopped("before the first try", *asked, noticed=noticed) as go_on:
        later(till, SOON)
        resolve_by_two(till)
        assert till.count(payment) == 1
        assert go_on() == "succeeded"
    at_rest(till, payment, 1)


def test_what_nobody_sent_for_a_day_is_given_up(till, stopped):
    payment, asked = asking(till)
    with stopped("before the first try", *asked) as go_on:
        assert go_on() == "unknown"
    assert till.count(payment) == 0
    later(till, AFTERWARDS)
    resolve_by_two(till)
    at_rest(till, payment, 0)
    again = refunds.ask(till.context, till.support, part(payment, PART), livemode=False)
    assert again.state == "succeeded"
    at_rest(till, payment, 1)


@pytest.mark.parametrize("noticed", NOTICED)
@pytest.mark.parametrize("place", PLACES)
def test_a_worker_that_stood_still_sends_no_second(till, stopped, place, noticed):
    payment = paid(till.context, PAID)
    with cut_off("before the call"):
        refunds.ask(till.context, till.support, part(payment, PART), livemode=False)
    later(till, SOON)
    with stopped(place, noticed=noticed) as go_on:
        later(till, SOON)
        # Another worker goes on with it meanwhile.
        resolve_by_two(till)
        assert till.count(payment) == 1
        go_on()
    later(till, AFTERWARDS)
    resolve_by_two(till)
    at_rest(till, payment, 1)


@pytest.mark.parametrize(
    ("checked", "noticed"),
    [
        ("nothing", "both"),
        ("the wall clock alone", "machine"),
        ("the machine's clock alone", "wall"),
    ],
)
@pytest.mark.parametrize("place", ["between two tries", "in line for the second"])
def test_a_key_that_grows_old_unseen_gives_a_second_refund(till, stopped, place, checked, noticed):
    """The planted bugs: no check, or one by a single clock."""
    payment, asked = asking(till)
    with stopped(place, *asked, noticed=noticed, checked=checked) as go_on:
        go_on()
    assert till.count(payment) == 2


def test_a_late_first_try_gives_a_second_refund_if_unchecked(till, stopped):
    payment, asked = asking(till)
    with stopped("before the first try", *asked, checked="nothing") as go_on:
        later(till, SOON)
        resolve_by_two(till)
        go_on()
    assert till.count(payment) == 2
