"""The ids of what is being worked on stand in each line of the log, and nowhere else."""

from __future__ import annotations

import asyncio
import io
import json
import logging

import pytest

from core import clock
from core.db.engine import open_engine, writing
from core.events.store import parse_envelope, store
from core.inbox.event_processor import apply_inbox
from core.ledger.booking import Scope
from core.log_fields import current, log_fields
from core.mirror.apply import BookingContext
from dashboard.process.logs import ForMachines
from dashboard.rest.executor import BlockingExecutor
from tests.support.factories import UTC_ZONE
from tests.support.newest_schema import laid
from tests.support.receivers import event_body, serving, settings_for


@pytest.fixture
def lines():
    """What is logged meanwhile, as production writes it."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ForMachines("tests"))
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)


def test_fields_end_with_their_block_and_are_masked(lines):
    log = logging.getLogger("tests")
    with log_fields(event_id="evt_1"), log_fields(request_id="whsec_CanaryCanary"):
        log.warning("inside")
    log.warning("outside")
    inside, outside = lines()
    assert (inside["event_id"], inside["message"]) == ("evt_1", "inside")
    assert "Canary" not in inside["request_id"]
    assert "event_id" not in outside
    assert current() == {}


def test_work_in_a_thread_keeps_the_request_that_it_is_for(tmp_path):
    executor = BlockingExecutor(settings_for(tmp_path, f"sqlite:///{tmp_path / 'a.db'}"))

    async def both():
        async def one(number):
            with log_fields(request_id=number):
                return await executor.run(current)

        return await asyncio.gather(one("1"), one("2"))

    assert asyncio.run(both()) == [{"request_id": "1"}, {"request_id": "2"}]
    executor.stop()


def test_each_answer_has_a_number_of_our_own(tmp_path):
    with serving(settings_for(tmp_path, f"sqlite:///{tmp_path / 'a.db'}")) as client:
        answers = [client.get("/healthz", headers={"X-Request-Id": "theirs"}) for _ in range(2)]
        refused = client.post("/api/v1/payments/refund")
    numbers = {answer.headers["x-request-id"] for answer in (*answers, refused)}
    assert len(numbers) == 3
    assert "theirs" not in numbers


def test_a_line_about_an_event_names_it(tmp_path, lines):
    engine = open_engine(laid(f"sqlite:///{tmp_path / 'a.db'}"))
    unreadable = {"id": "pi_2", "object": "payment_intent", "amount": "much"}
    bodies = [event_body(1), event_body(2, data={"object": unreadable})]
    with writing(engine) as connection:
        for body in bodies:
            store(connection, [parse_envelope(body)], source="webhook", received_at=clock.now())
    apply_inbox(engine, BookingContext(Scope(UTC_ZONE)))
    engine.dispose()
    told = {line["event_id"] for line in lines() if "event_id" in line}
    assert "evt_2" in told
