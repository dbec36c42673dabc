"""`kill -9` of the receiver under load: what it answered with 200 is in the inbox, once."""

import asyncio
import os
import random
from dataclasses import dataclass

import pytest

from benchmarks.load import connect, webhook_request
from dashboard.receiver.webhook import PATH
from tests.support.receivers import (
    SECRET,
    environment,
    event_body,
    free_port,
    kill,
    start_process,
    stored_ids,
)

RECEIVER = ["dashboard", "receiver"]
PLANTED = ["tests.support.planted_receiver", "hasty"]
CLIENTS = 8
#: Enough to catch who answers before they commit; `make torture` has more.
QUICK = {"events": 600, "kills": 3}


async def post_all(port, numbers, answered):
    """Post each event until it is answered 200, as Stripe does; `answered` lists those."""

    async def client(mine):
        caller = None
        for number in mine:
            request = webhook_request(event_body(number), SECRET, PATH)
            while True:
                try:
                    caller = caller or await connect(port)
                    status = await caller.call(request)
                except OSError:
                    caller = None
                    await asyncio.sleep(0.01)
                    continue
                assert status in (200, 503)
                if status == 200:
                    answered.append(number)
                    break
        caller.close()

    await asyncio.gather(*(client(numbers[n::CLIENTS]) for n in range(CLIENTS)))


async def storm(module, env, port, numbers, kills, seed):
    """Post all events while the receiver is killed at `kills` random moments; what was answered."""
    random_ = random.Random(seed)
    answered = []
    process = await asyncio.to_thread(start_process, module, env, port)
    posting = asyncio.create_task(post_all(port, numbers, answered))
    try:
        for mark in sorted(random_.sample(range(1, len(numbers)), kills)):
            while len(answered) < mark and not posting.done():
                await asyncio.sleep(random_.random() / 500)
            kill(process)
            process = await asyncio.to_thread(start_process, module, env, port)
        await posting
    finally:
        posting.cancel()
        kill(process)
    return answered


@dataclass
class Found:
    """What the inbox lacks of the answered events, and what it holds twice."""

    lost: set[str]
    doubled: int
    seed: int


def found_after(module, tmp_path, url, *, events, kills):
    seed = int(os.environ.get("STORM_SEED", random.SystemRandom().randrange(2**32)))
    port = free_port()
    env = environment(tmp_path, url, port)
    answered = asyncio.run(storm(module, env, port, list(range(events)), kills, seed))
    kept = stored_ids(url)
    assert len(answered) == events
    return Found({f"evt_{n}" for n in answered} - set(kept), len(kept) - len(set(kept)), seed)


def test_no_event_answered_200_is_lost_or_doubled_by_kills(tmp_path, database_url):
    found = found_after(RECEIVER, tmp_path, database_url, **QUICK)
    assert (found.lost, found.doubled) == (set(), 0), found


def test_receiver_that_answers_before_its_commit_is_caught(tmp_path):
    assert found_after(PLANTED, tmp_path, f"sqlite:///{tmp_path / 'inbox.db'}", **QUICK).lost


@pytest.mark.torture
def test_no_event_of_100_000_is_lost_by_60_kills(tmp_path, database_url):
    found = found_after(RECEIVER, tmp_path, database_url, events=100_000, kills=60)
    assert (found.lost, found.doubled) == (set(), 0), found
