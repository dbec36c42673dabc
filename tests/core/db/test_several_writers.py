"""Processes on three nodes of a cluster, each of which takes writes: nobody passes a limit.

Where two must not both pass, each is on a node of its own, and they meet after they looked and
before they write: whoever relies on a lock of one server is seen at once.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from core import clock
from core.access import attempts, audit, users
from core.access.principals import Caller
from core.actions.admin import users as administration
from core.actions.payments import payments as payment_actions
from core.actions.payments import risk_gate
from core.actions.periods import closing
from core.actions.refunds import ask as refunds
from core.actions.refunds import bulk_ask
from core.bootstrap import Console
from core.db import migrate, turns
from core.db.engine import is_transient, open_engine, reading, retrying, undone, writing
from core.db.leases import Lease
from core.db.tables import balance_transactions, events, operations, periods
from core.db.tables import turns as table
from core.emulator.server import start_emulator
from core.errors import InvalidInput, NotPermitted, NotSignedIn, RiskRefused, TooManyAttempts
from core.events.store import parse_envelope, store
from core.gateway.snapshots import LedgerEntry
from core.ledger import ingest as booking
from core.ledger.booking import Scope
from core.mirror import rollups
from core.proof import periods as months
from core.states import EventState, PeriodState
from tests.core.actions.payments.test_risk_races import LARGE, LET_THROUGH
from tests.core.actions.refunds.test_refund_races import ask_for_parts, together
from tests.core.db import test_leases as leased
from tests.support.account_mirror import connect, do_business
from tests.support.administrators import office_of
from tests.support.bulk_refunds import bulk
from tests.support.fixtures_access import make_console, person
from tests.support.fixtures_actions import make_context, with_token
from tests.support.planted_turns import with_turns_that_change_nothing
from tests.support.receivers import event_body
from tests.support.refunds import paid, part, requests

pytestmark = [pytest.mark.galera, pytest.mark.long]
UTC_ZONE = ZoneInfo("UTC")


@dataclass
class Shop:
    """One database; `console` goes to each node in turn, `apart` to one node each."""

    console: Console
    apart: list[Console]

    @property
    def engines(self):
        return [self.console.engine, *(one.engine for one in self.apart)]


@pytest.fixture(scope="module")
def failed_starts(galera, request):
    """What went wrong as three processes began at once on an empty database, and its URL."""
    url, failures = galera.new_database(), []

    def start(_number):
        engine = open_engine(url)
        try:
            migrate.upgrade(engine)
        except DBAPIError as error:
            failures.append(error)
        finally:
            engine.dispose()

    together(3, start)
    return url, failures


@pytest.fixture(scope="module")
def shop(galera, failed_starts):
    url, failures = failed_starts
    assert failures == []
    with ExitStack() as stack:
        made = [make_console(one) for one in (url, galera.pinned(url, 1), galera.pinned(url, 2))]
        for console in made:
            stack.callback(console.engine.dispose)
        yield Shop(made[0], made[1:])


class Meeting:
    """The first two wait here for each other, for a while; nobody waits later on.

    One goes on once the other has committed, and both nodes know of it: what only rows that both
    write would tell, such as the log's last one, is then as if there had been no other.
    """

    def __init__(self, shop):
        self._gate, self._over, self._shop = threading.Barrier(2), False, shop
        self._committed, self._ended = threading.Event(), threading.Event()

    def after(self, monkeypatch, owner, name):
        """Meet after a function was called."""
        real = getattr(owner, name)

        def called(*args, **named):
            found = real(*args, **named)
            self.wait()
            return found

        monkeypatch.setattr(owner, name, called)
        return self

    def wait(self):
        if self._over:
            return
        with suppress(threading.BrokenBarrierError):
            place = self._gate.wait(5)
            self._over = True
            if place:
                self._committed.wait(5)
                for engine in self._shop.engines:
                    with reading(engine) as connection:
                        connection.execute(select(table.c.slot).limit(1)).first()

    def committed_before(self, monkeypatch, owner, name):
        """The first to come to this function has committed, and waits for the other's end."""
        real = getattr(owner, name)

        def called(*args, **named):
            if not self._committed.is_set():
                self._committed.set()
                self._ended.wait(5)
            return real(*args, **named)

        monkeypatch.setattr(owner, name, called)

    def of(self, work):
        """The work of each of the two; who ends first lets the other go on."""

        def done(number):
            try:
                work(number)
            finally:
                self._committed.set()
                self._ended.set()

        together(2, done)


@pytest.fixture(params=["in line", "planted: a turn that changes nothing"])
def in_line(request, monkeypatch):
    """False where turns are what they were once: an insert that changes nothing."""
    if request.param != "in line":
        with_turns_that_change_nothing(monkeypatch)
    return request.param == "in line"


def test_three_that_start_at_once_bring_the_tables_up_to_date_once(failed_starts, shop):
    assert failed_starts[1] == []
    for engine in shop.engines:
        with reading(engine) as connection:
            assert migrate.is_current(connection)


def test_connections_go_to_each_node_and_wait_for_what_the_others_wrote(shop):
    engine, seen = open_engine(shop.console.engine.url.render_as_string(hide_password=False)), set()
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        for _ in range(3):
            connection = stack.enter_context(engine.connect())
            seen.add(connection.scalar(text("SELECT @@wsrep_node_name")))
            assert connection.scalar(text("SELECT @@wsrep_sync_wait")) == 7
    assert seen == {"n0", "n1", "n2"}


def test_what_was_written_on_one_node_is_read_on_another(shop):
    writer, reader = (one.engine for one in shop.apart)
    query = select(table.c.turn).where(table.c.slot == turns.slot_of("counted"))
    for number in range(1, 21):
        with writing(writer) as connection:
            turns.take(connection, "counted")
        with reading(reader) as connection:
            assert connection.scalar(query) == number


def test_what_was_written_on_one_node_is_there_in_a_turn_on_another(shop):
    """Seen to fail within 30 rounds where only reads wait."""
    writer, reader = (one.engine for one in shop.apart)
    query = select(table.c.turn).where(table.c.slot == turns.slot_of("before"))
    for number in range(1, 101):
        with writing(writer) as connection:
            turns.take(connection, "before")
        with writing(reader) as connection:
            turns.take(connection, f"line {number}")
            assert connection.scalar(query) == number


def test_two_refunds_never_pass_what_was_captured(shop, action_emulator, monkeypatch, in_line):
    action_emulator.control("POST", "settings", {"refund_limit": False})
    contexts = [make_context(console, action_emulator) for console in shop.apart]
    callers = [Caller(somebody(shop, "support")) for _ in contexts]
    payment = taken(contexts[0], 10_000)
    meeting = Meeting(shop).after(monkeypatch, refunds, "refundable_balance")
    # What comes of the call is written to the payment's row: that would be seen without a turn.
    meeting.committed_before(monkeypatch, refunds, "answer")

    def ask(number):
        try:
            refunds.ask(contexts[number], callers[number], part(payment, "60"), livemode=False)
        except InvalidInput:
            return

    meeting.of(ask)
    counted = action_emulator.control("GET", f"refunds?payment_intent={payment}")
    assert counted["amount"] == (6_000 if in_line else 12_000)


def test_one_person_on_two_nodes_stays_within_their_day(
    shop, action_emulator, monkeypatch, in_line
):
    contexts = [make_context(console, action_emulator) for console in shop.apart]
    caller = Caller(somebody(shop, "support"))
    for _ in range(4):
        refunds.ask(contexts[0], caller, part(taken(contexts[0], 9_000), "90"), livemode=False)
    last = [taken(contexts[0], 9_000) for _ in contexts]
    meeting = Meeting(shop).after(monkeypatch, refunds, "allowance_of")
    states = []

    def ask(number):
        wanted = part(last[number], "90")
        states.append(refunds.ask(contexts[number], caller, wanted, livemode=False).state)

    meeting.of(ask)
    expected = ["awaiting_approval", "succeeded"] if in_line else ["succeeded", "succeeded"]
    assert sorted(states) == expected


def test_two_bulks_of_one_person_stay_within_their_day(shop, action_emulator, monkeypatch, in_line):
    contexts = [make_context(console, action_emulator) for console in shop.apart]
    caller = Caller(somebody(shop, "support_lead"))
    wanted = [bulk([taken(contexts[0], 100_000) for _ in range(3)]) for _ in contexts]
    meeting = Meeting(shop).after(monkeypatch, bulk_ask, "allowance_of")
    states = []

    def ask(number):
        asked = bulk_ask.ask(contexts[number], caller, wanted[number], livemode=False)
        states.append(asked.state)

    meeting.of(ask)
    expected = ["awaiting_approval", "running"] if in_line else ["running", "running"]
    assert sorted(states) == expected


def test_the_same_request_on_two_nodes_is_one_refund(shop, action_emulator, monkeypatch):
    contexts = [make_context(console, action_emulator) for console in shop.apart]
    caller = Caller(somebody(shop, "support"))
    payment, key = taken(contexts[0], 9_000), "00000000-0000-4000-8000-0000000000aa"
    meeting = Meeting(shop).after(monkeypatch, refunds, "find")
    answers = []

    def ask(number):
        answers.append(
            refunds.ask(
                contexts[number], caller, part(payment, "5"), livemode=False, request_id=key
            ).request_id
        )

    meeting.of(ask)
    assert answers == [key, key]
    assert action_emulator.control("GET", f"refunds?payment_intent={payment}")["count"] == 1


def test_risk_is_asked_in_line(shop, action_emulator, monkeypatch, in_line):
    contexts = [make_context(console, action_emulator) for console in shop.apart]
    backend = backend_of(shop)
    asked = replace(LARGE, user_id=f"user {in_line}")

    def tried(number):
        try:
            payment_actions.create(contexts[number % 2], backend, asked, livemode=False)
        except RiskRefused:
            return

    for number in range(LET_THROUGH - 1):
        tried(number)
    before = _count(shop, operations)
    meeting = Meeting(shop).after(monkeypatch, risk_gate.scoring, "weigh")
    meeting.of(tried)
    assert _count(shop, operations) - before == (1 if in_line else 2)


def test_guesses_on_two_nodes_do_not_pass_the_limit(shop, monkeypatch, in_line):
    email, passed = f"{in_line}@shop.example".lower(), []

    def guess(number):
        def work():
            with writing(shop.engines[number]) as connection:
                attempts.begin(connection, email, f"192.0.2.{number}", clock.now())

        try:
            retrying(work)
        except TooManyAttempts:
            return
        passed.append(number)

    for _ in range(attempts.PER_ACCOUNT - 1):
        guess(0)
    meeting = Meeting(shop).after(monkeypatch, attempts, "_wrong")
    passed.clear()
    meeting.of(lambda number: guess(number + 1))
    assert len(passed) == (1 if in_line else 2)


def test_two_administrators_do_not_shut_each_other_out(shop, monkeypatch, in_line):
    people = [somebody(shop, "admin") for _ in shop.apart]
    meeting = Meeting(shop).after(monkeypatch, users, "address_of")
    refused = []

    def shut_out(number):
        try:
            administration.set_disabled(
                office_of(shop.apart[number]), Caller(people[number]), people[1 - number], True
            )
        except (NotSignedIn, NotPermitted) as error:
            refused.append(error)

    meeting.of(shut_out)
    assert len(refused) == (1 if in_line else 0)


def test_a_row_that_comes_beside_a_close_is_not_in_the_sealed_month(shop, monkeypatch, in_line):
    first = date(2026, 8, 1) if in_line else date(2026, 7, 1)
    month = f"{first:%Y-%m}"
    with writing(shop.console.engine) as connection:
        connection.execute(periods.insert().values(**_asked(first)))
    entry = _entry(f"txn_beside_{month}", datetime(2026, first.month, 15, 12, tzinfo=UTC))
    monkeypatch.setattr(months, "_unblocked", lambda *_: None)
    meeting = Meeting(shop).after(monkeypatch, months, "seal")
    meeting.after(monkeypatch, booking, "closed_days")
    finance = Caller(somebody(shop, "finance"))

    def work(number):
        if number:
            closing.confirm(office_of(shop.apart[0]), finance, month, livemode=False)
        else:
            retrying(lambda: _book(shop.apart[1].engine, entry))

    meeting.of(work)
    with reading(shop.console.engine) as connection:
        assert months.verify(connection, month, False).holds is in_line


@pytest.mark.parametrize("by", ["lease", "planted: a locked row"])
def test_a_job_is_leased_to_one_worker(shop, monkeypatch, by):
    if by != "lease":
        # Locked and looked at, as on one server: nothing is written.
        monkeypatch.setattr(
            Lease,
            "take",
            lambda lease, connection, rows, at: connection.execute(
                turns.hold(select(lease.table).where(rows, lease.due(at)))
            ),
        )
        monkeypatch.setattr(Lease, "held", lambda lease, _fence: lease.due(leased.NOW))
    (here, there), got = (one.engine for one in shop.apart), []
    leased.JOBS.create(here, checkfirst=True)
    with writing(here) as connection:
        connection.execute(leased.JOBS.delete())
    leased.put(here)
    # A read waits for what the other nodes did, tables too; a write would not.
    with reading(there) as connection:
        connection.execute(select(leased.JOBS)).all()
    meeting = Meeting(shop).after(monkeypatch, Lease, "take")
    meeting.of(lambda n: got.extend(retrying(lambda: leased.take(shop.apart[n].engine)[1])))
    assert got == ([1] if by == "lease" else [1, 1])


def test_sums_that_are_written_anew_are_right_beside_a_booking(shop, monkeypatch):
    meeting = Meeting(shop).after(monkeypatch, rollups, "_true_counts")
    meeting.after(monkeypatch, booking, "closed_days")
    entry = _entry("txn_beside_a_rebuild", datetime(2026, 5, 2, tzinfo=UTC))

    def work(number):
        if number:
            rollups.rebuild_all(shop.apart[0].engine, UTC_ZONE)
        else:
            retrying(lambda: _book(shop.apart[1].engine, entry))

    meeting.of(work)
    monkeypatch.undo()
    assert rollups.differences(shop.console.engine) == []


def test_the_log_is_one_chain_with_writers_on_each_node(shop):
    def write(number):
        for _ in range(5):
            retrying(lambda: _note(shop.engines[number % 3], number))

    together(6, write)
    with reading(shop.console.engine) as connection:
        assert audit.verify(connection) is None


def test_an_event_that_two_receivers_get_at_once_is_kept_once(shop):
    before = _count(shop, events)
    incoming = [parse_envelope(event_body(f"twice{number}")) for number in range(10)]

    def receive(number):
        for event in incoming:
            retrying(lambda event=event: _store(shop.apart[number].engine, event))

    together(2, receive)
    assert _count(shop, events) - before == len(incoming)


def test_a_transaction_that_was_lost_in_a_savepoint_commits_nothing_more(shop):
    """Another node's commit ends it without a word; what follows must not be one of its own."""
    here, there = (one.engine for one in shop.apart)
    with reading(here) as connection:
        with pytest.raises(DBAPIError) as lost:
            _lose(connection, there)
        assert is_transient(lost.value)
        assert connection.invalidated


def _lose(connection, there):
    """Take a turn in a savepoint that another node takes meanwhile."""
    with undone(connection):
        turns.take(connection, "rehearsed")
        with writing(there) as other:
            turns.take(other, "rehearsed")
        for _ in range(200):
            connection.execute(select(table)).all()
            time.sleep(0.02)


def test_workers_on_three_nodes_lose_and_double_nothing(galera, shop, tmp_path):
    """Each event comes to each node; each worker applies, reads and books what it can get."""
    url = shop.console.engine.url.render_as_string(hide_password=False)
    with start_emulator(state_path=tmp_path / "emulator.db", seed=7) as emulator:
        spines = [connect(emulator, galera.pinned(url, node)) for node in (1, 2)]
        spines.append(connect(emulator, url))
        do_business(spines[0], seed=7, count=16)
        told, booked = spines[0].events(), spines[0].ledger_at_stripe()

        def work(number):
            spines[number].deliver(told)
            spines[number].drain()

        together(3, work)
        spines[0].drain()
        for spine in spines:
            spine.engine.dispose()
    kept = select(balance_transactions.c.stripe_id)
    with reading(shop.console.engine) as connection:
        assert {row["id"] for row in booked} <= set(connection.scalars(kept))
        waiting = select(func.count()).where(events.c.state != EventState.APPLIED)
        ours = events.c.stripe_id.in_([event["id"] for event in told])
        assert connection.scalar(waiting.where(ours)) == 0
    assert rollups.differences(shop.console.engine) == []


@pytest.mark.torture
def test_storms_of_refunds_on_three_nodes_never_pass_what_was_captured(shop, action_emulator):
    action_emulator.control("POST", "settings", {"refund_limit": False})
    consoles = [shop.console, *shop.apart]
    contexts = [make_context(console, action_emulator) for console in consoles]
    callers = [Caller(somebody(shop, "support")) for _ in range(6)]
    lead = Caller(somebody(shop, "support_lead"))
    for seed in range(100):
        payment = taken(contexts[0], 100_000)
        storm = partial(ask_for_parts, callers=callers, lead=lead, payment=payment, rounds=6)
        together(6, lambda n, run=storm, s=seed: run(contexts[n % 3], seed=s, number=n))
        counted = action_emulator.control("GET", f"refunds?payment_intent={payment}")
        kept = [one for one in requests(shop.console.engine, payment) if one.state == "succeeded"]
        assert counted["amount"] == sum(one.amount_minor for one in kept) <= 100_000
        assert counted["count"] == len(kept)


def somebody(shop, role):
    """A new person; another node may just be writing to the log."""
    return retrying(lambda: person(shop.console, role))


def backend_of(shop):
    user_id = somebody(shop, "viewer")
    return retrying(lambda: with_token(shop.console, user_id, "service"))


def taken(context, amount):
    """A payment of so many minor units."""
    return retrying(lambda: paid(context, amount))


def _count(shop, which):
    with reading(shop.console.engine) as connection:
        return connection.scalar(select(func.count()).select_from(which))


def _asked(first):
    return {
        "livemode": False,
        "month": f"{first:%Y-%m}",
        "number": 1,
        "first_day": first,
        "last_day": first.replace(day=31),
        "zone": "UTC",
        "state": PeriodState.ASKED,
        "asked_by": "somebody",
        "asked_at": clock.now(),
    }


def _entry(stripe_id, at):
    return LedgerEntry(
        stripe_id=stripe_id,
        livemode=False,
        type="charge",
        reporting_category="charge",
        source_id="ch_nowhere",
        charge_id="ch_nowhere",
        amount_minor=1_000,
        fee_minor=0,
        net_minor=1_000,
        currency="usd",
        exchange_rate=None,
        description=None,
        status="available",
        created_at=at,
        available_on=at,
    )


def _book(engine, entry):
    with writing(engine) as connection:
        booking.ingest(connection, [entry], Scope(UTC_ZONE, slot=3))


def _note(engine, number):
    with writing(engine) as connection:
        audit.append(connection, actor=f"writer {number}", action="test")


def _store(engine, event):
    with writing(engine) as connection:
        store(connection, [event], source="webhook", received_at=clock.now())
