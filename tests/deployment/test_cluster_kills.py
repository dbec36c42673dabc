"""Three nodes that all take writes, each killed and rejoining in turn: nothing is lost or doubled.

`GALERA_SIZE=20 make torture` is the full size; without it each of these takes some minutes.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from core import clock
from core.access.principals import Caller
from core.actions.operation_kinds import KINDS
from core.actions.operations.resolve import resolve
from core.actions.refunds import approvals as refund_approvals
from core.actions.refunds import ask as refunds
from core.bootstrap import Console
from core.db import migrate
from core.db.engine import open_engine, reading, retrying, writing
from core.db.tables import events, operations, stale_objects
from core.domain.refundable import refundable_balance
from core.emulator.server import start_emulator
from core.errors import AlreadyDecided, DatabaseDown, InvalidInput
from core.mirror.ledger_walk import catch_up
from core.mirror.rollups import differences
from tests.core.actions.refunds.test_refund_crashes import PAID, kill_there
from tests.support.account_mirror import connect, kept_sums, picture, stripe_sums
from tests.support.cluster_fleet import Fleet, Senders, size
from tests.support.fixtures_access import make_console, person
from tests.support.fixtures_actions import make_context
from tests.support.fixtures_refunds import Till
from tests.support.galera import NODES
from tests.support.planted_turns import with_turns_that_change_nothing
from tests.support.receivers import stored_ids, wait_until
from tests.support.refund_crashes import ACTED, PLACES, UNWRITTEN
from tests.support.refunds import paid, part, requests, whole

pytestmark = [pytest.mark.galera, pytest.mark.torture]
#: Seconds to come to rest after the last fault, on a machine that does much else.
REST = 300
CAPTURED = 100_000
SMALL = 10_000
AGENTS, ROUNDS = 6, 6
_log = logging.getLogger(__name__)
SUPPORT = ("support", "support_lead")
LEDGER = "/v1/balance_transactions"


@pytest.fixture
def url(galera):
    made = galera.new_database()
    engine = open_engine(galera.pinned(made, 1))
    migrate.upgrade(engine)
    engine.dispose()
    return made


def fall_in_turn(galera, kills, goes_on, *, meanwhile=lambda: None):
    """Kill node after node; each comes back once work has gone on without it."""
    took = []
    for number in range(kills):
        node = galera.nodes[number % NODES]
        galera.kill(node)
        meanwhile()
        goes_on()
        begun = time.monotonic()
        galera.rejoin(node)
        took.append(round(time.monotonic() - begun, 1))
        goes_on()
    return took


def counted(engine):
    with reading(engine) as connection:
        kept = select(func.count()).select_from(events)
        waiting = select(func.count()).where(events.c.state.in_(["pending", "dead"]))
        stale = select(func.count()).select_from(stale_objects)
        return tuple(connection.scalar(query) for query in (kept, waiting, stale))


def test_events_survive_the_end_of_any_node(galera, url, tmp_path):
    """A receiver and a worker at each node, which are killed too."""
    seed = random.SystemRandom().randrange(10**6)
    dice, kills = random.Random(seed), 3 * size()
    with ExitStack() as stack:
        emulator = stack.enter_context(
            start_emulator(state_path=tmp_path / "emulator.db", seed=seed)
        )
        emulator.traffic(40 * size(), seed=seed)
        emulator.settle()
        # From here on nothing happens at Stripe, so that every comparison is with one state.
        emulator.background.stop()
        spine = connect(emulator, galera.pinned(url, 1))
        every = spine.events()
        bodies = [json.dumps(event).encode() for event in every for _ in range(5)]
        dice.shuffle(bodies)
        urls = [galera.pinned(url, number) for number in range(NODES)]
        fleet = Fleet(tmp_path, urls, emulator.base_url)
        stack.callback(fleet.stop)
        load = Senders(fleet.ports, bodies)
        load.start()

        def goes_on():
            fleet.keep_up()
            before = load.answered
            wait_until(
                lambda: fleet.keep_up() or load.answered > before + 20 or not load.is_alive(),
                seconds=REST,
            )

        goes_on()
        took = fall_in_turn(galera, kills, goes_on, meanwhile=lambda: fleet.kill_one(dice))
        wait_until(lambda: fleet.keep_up() or not load.is_alive(), seconds=600)
        rested = time.monotonic()
        wait_until(lambda: counted(spine.engine) == (len(every), 0, 0), seconds=REST)
        rested = time.monotonic() - rested
        _log.info(
            f"seed {seed}: {len(every)} events, {load.answered} deliveries answered, refused first:"
            f" {Counter(load.refusals)}; {kills} nodes killed, back after {took} s;"
            f" {fleet.kills} processes killed, {fleet.ended} ended; at rest {rested:.0f} s later"
        )
        catch_up(spine.engine, spine.gateway, spine.books)
        assert load.given_up == []
        assert sorted(stored_ids(galera.pinned(url, 2))) == sorted(one["id"] for one in every)
        true = connect(emulator, f"sqlite:///{tmp_path}/true.db")
        true.sync()
        assert picture(spine.engine) == picture(true.engine), f"seed {seed}"
        assert differences(spine.engine) == []
        assert kept_sums(spine.engine) == stripe_sums(spine.ledger_at_stripe())
        spine.engine.dispose()


@pytest.fixture
def tills(galera, url, action_emulator):
    """A shop's contexts at each node; the emulator has no limit of its own."""
    action_emulator.control("DELETE", "faults")
    action_emulator.control("POST", "settings", {"refund_limit": False})
    made: list[Console] = [make_console(one) for one in (url, galera.pinned(url, 1))]
    made.append(make_console(galera.pinned(url, 2)))
    first, lead = (retrying(lambda role=role: person(made[0], role)) for role in SUPPORT)
    contexts = [make_context(console, action_emulator) for console in made]
    yield [
        Till(action_emulator, console, contexts[n], contexts[n - 1], Caller(first), Caller(lead))
        for n, console in enumerate(made)
    ]
    action_emulator.control("POST", "settings", {"refund_limit": True})
    for console in made:
        console.engine.dispose()


def asked_until_known(tills, number, callers, payment, dice):
    """Ask for one refund, again by its id and at the next node where a node does not answer; the
    lead approves."""
    key = str(uuid.uuid4())
    minor = dice.choice([700, 2_500, 9_900, 15_000])
    wanted = whole(payment) if dice.random() < 0.1 else part(payment, f"{minor // 100}")
    for turn in range(number, number + 60):
        till = tills[turn % NODES]
        try:
            made = refunds.ask(
                till.context, callers[number], wanted, livemode=False, request_id=key
            )
            if made.state == "awaiting_approval":
                refund_approvals.approve(till.context, till.lead, made.request_id)
            return
        except (InvalidInput, AlreadyDecided):
            return
        except (DBAPIError, DatabaseDown):
            time.sleep(dice.random() / 2)
    raise AssertionError("no node answered")


def storm(tills, payment, seed):
    callers = [
        Caller(at_a_node(tills, lambda till: person(till.console, "support")))
        for _ in range(AGENTS)
    ]
    failures = []

    def agent(number):
        dice = random.Random(f"{seed}-{number}")
        try:
            for _ in range(ROUNDS):
                asked_until_known(tills, number, callers, payment, dice)
        except Exception as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=agent, args=(number,)) for number in range(AGENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [], f"seed {seed}"


def resolve_all(tills, among):
    """Workers at these nodes find out what was cut off, until nothing is under way."""
    open_ones = operations.c.state.in_(["sending", "unknown"])
    due = {"next_attempt_at": clock.now() - timedelta(seconds=1)}

    def expire():
        with writing(tills[among[0]].console.engine) as connection:
            connection.execute(operations.update().where(open_ones).values(due))

    def none_left():
        with ThreadPoolExecutor(len(among)) as workers:
            list(workers.map(lambda n: resolve(tills[n].context, KINDS), among))
        with reading(tills[among[0]].console.engine) as connection:
            return connection.scalar(select(func.count()).where(open_ones)) == 0

    retrying(expire)
    wait_until(lambda: retrying(none_left))


def over_refunded(till, payment, captured=CAPTURED):
    """How much more went back than was captured; each request is one refund at Stripe."""
    at_stripe = till.counted(payment)
    kept = [one for one in requests(till.console.engine, payment) if one.state == "succeeded"]
    assert at_stripe["amount"] == sum(one.amount_minor for one in kept), payment
    assert at_stripe["count"] == len(kept) == len({one.refund_id for one in kept}), payment
    return at_stripe["amount"] - captured


def test_refunds_pass_no_limit_while_nodes_fall(galera, tills):
    seed = random.SystemRandom().randrange(10**6)
    ended, took, kills = threading.Event(), [], 3 * size()

    def fall():
        try:
            pauses = random.Random(seed)
            took.extend(fall_in_turn(galera, kills, lambda: ended.wait(1 + 4 * pauses.random())))
        finally:
            ended.set()

    falling = threading.Thread(target=fall)
    falling.start()
    storms = []
    try:
        while len(storms) < 10 * size() or not ended.is_set():
            storms.append(at_a_node(tills, lambda till: paid(till.context, CAPTURED)))
            storm(tills, storms[-1], f"{seed}-{len(storms)}")
    finally:
        falling.join()
    resolve_all(tills, range(NODES))
    over = [over_refunded(tills[0], payment) for payment in storms]
    _log.info(
        f"seed {seed}: {len(storms)} payments, {len(storms) * AGENTS * ROUNDS} asked for,"
        f" over-refunded {sum(one > 0 for one in over)}, {len(took)} of {kills} nodes killed and"
        f" back after {took} s, left {-sum(over)} of {len(storms) * CAPTURED}"
    )
    assert len(took) == kills
    assert max(over) <= 0, f"seed {seed}"
    # What was asked for would be more than was captured many times over.
    assert -sum(over) < 0.2 * CAPTURED * len(storms), f"seed {seed}"
    books_agree(tills[1])


def at_a_node(tills, work):
    """What this gives at a node that is up."""
    for till in [*tills] * 20:
        try:
            return work(till)
        except (DBAPIError, DatabaseDown):
            time.sleep(0.5)
    raise AssertionError("no node answers")


def books_agree(till):
    """The ledger is Stripe's, and the sums are the ledger's."""
    context = till.context
    catch_up(context.engine, context.gateway(False), context.books)
    rows = [row for page in context.gateway(False).pages(LEDGER) for row in page]
    assert differences(context.engine) == []
    assert kept_sums(context.engine) == stripe_sums(rows)


@pytest.mark.parametrize("planted", [False, True], ids=["in line", "planted"])
def test_agents_who_look_long_pass_no_limit_but_for_lines_that_hold_nothing(
    tills, monkeypatch, planted
):
    """The planted fault: a turn that changes nothing, as a lock of one server is on a cluster."""
    if planted:
        with_turns_that_change_nothing(monkeypatch)

    def look_long(connection, payment):
        stands = refundable_balance(connection, payment)
        time.sleep(0.1)
        return stands

    monkeypatch.setattr(refunds, "refundable_balance", look_long)

    def over():
        # So little that the first refund of an agent at each node may be too much already: later on
        # a node ends whoever looks at a payment that another one writes to.
        payment = retrying(lambda: paid(tills[1].context, SMALL))
        storm(tills, payment, payment)
        return over_refunded(tills[0], payment, SMALL) > 0

    assert any(over() for _ in range(20 if planted else 2)) is planted


def test_a_refund_is_made_once_wherever_its_process_and_its_node_end(galera, tills):
    """Each place in turn, at each node in turn; every fourth node falls with its process."""
    for number, place in enumerate([*PLACES] * max(1, size() // 4)):
        at = number % NODES
        others = [other for other in (1, 2, 0) if other != at]
        payment, key = retrying(lambda: paid(tills[1].context, PAID)), str(uuid.uuid4())
        # Somebody else each time: what one person refunds in a day has a limit.
        agent = Caller(retrying(lambda: person(tills[1].console, SUPPORT[0])))
        kill_there(replace(tills[at], support=agent), place, payment, key)
        assert tills[at].count(payment) == (1 if place in ACTED else 0)
        falls = number % 4 == 0
        if falls:
            galera.kill(galera.nodes[at])
        resolve_all(tills, others)
        assert tills[at].count(payment) == (0 if place in UNWRITTEN else 1), place
        states = {one.state for one in requests(tills[others[0]].console.engine, payment)}
        assert states == (set() if place in UNWRITTEN else {"succeeded"}), place
        if falls:
            galera.rejoin(galera.nodes[at])
