"""Long outages heal: after 20 days and 60 without the worker every mirrored object is Stripe's."""

import random
import shutil
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from core import clock
from core.db.engine import reading
from core.db.tables import (
    balance_transactions,
    charges,
    customers,
    disputes,
    early_fraud_warnings,
    payments,
    payouts,
    refunds,
    reviews,
)
from core.emulator.server import start_emulator
from core.inbox.poll import poll
from core.mirror import backfill, list_pages, unchanged
from core.mirror.rollups import differences
from tests.account.test_hard_cases import console_says
from tests.support.account_mirror import connect
from tests.support.hard_business import Shop, came_to, listed

pytestmark = pytest.mark.long

DAY = 86_400
#: Kind by kind: where Stripe lists it, the mirror's table, and what must be the same on both.
SAME = (
    (
        "/v1/payment_intents",
        payments,
        {
            "status": "status",
            "amount": "amount_minor",
            "currency": "currency",
            "amount_received": "amount_received_minor",
            "amount_capturable": "amount_capturable_minor",
            "latest_charge": "latest_charge_id",
            "customer": "customer_id",
            "description": "description",
            "cancellation_reason": "cancellation_reason",
        },
    ),
    (
        "/v1/charges",
        charges,
        {
            "status": "status",
            "amount": "amount_minor",
            "amount_captured": "amount_captured_minor",
            "amount_refunded": "amount_refunded_minor",
            "captured": "captured",
            "disputed": "disputed",
            "balance_transaction": "balance_transaction_id",
            "failure_code": "failure_code",
        },
    ),
    (
        "/v1/refunds",
        refunds,
        {
            "status": "status",
            "amount": "amount_minor",
            "failure_reason": "failure_reason",
            "charge": "charge_id",
            "balance_transaction": "balance_transaction_id",
        },
    ),
    (
        "/v1/disputes",
        disputes,
        {"status": "status", "amount": "amount_minor", "charge": "charge_id"},
    ),
    (
        "/v1/payouts",
        payouts,
        {"status": "status", "amount": "amount_minor", "failure_code": "failure_code"},
    ),
    ("/v1/radar/early_fraud_warnings", early_fraud_warnings, {"actionable": "actionable"}),
    ("/v1/customers", customers, {"email": "email", "name": "name"}),
    (
        "/v1/balance_transactions",
        balance_transactions,
        {"net": "net_minor", "source": "source_id", "type": "type", "currency": "currency"},
    ),
)
TABLES = (*(table for _, table, _ in SAME), reviews)


def rows(spine, table):
    with reading(spine.engine) as connection:
        found = connection.execute(select(table)).mappings()
        return {row["stripe_id"]: dict(row) for row in found}


def everything(spine):
    return {table.name: rows(spine, table) for table in TABLES}


def unlike(spine):
    """The objects of Stripe's that the mirror does not show as they are."""
    found = []
    for path, table, names in SAME:
        kept = rows(spine, table)
        for body in listed(spine, path):
            row = kept.get(body["id"])
            if row is None or any(body.get(theirs) != row[ours] for theirs, ours in names.items()):
                found.append(body["id"])
    for own, row in rows(spine, reviews).items():
        at_stripe = spine.gateway.get(f"/v1/reviews/{own}")
        if row["open"] != at_stripe["open"]:
            found.append(own)
    for own, row in rows(spine, customers).items():
        if spine.gateway.get(f"/v1/customers/{own}").get("deleted", False) != row["deleted"]:
            found.append(own)
    sums = came_to(spine)
    said = console_says(spine)
    found += [own for own, expected in sums.items() if said.get(own) != expected]
    return sorted(set(found))


class Business:
    """A shop's days, with all that can happen to what is months old."""

    def __init__(self, spine, seed):
        self.spine, self.shop, self.dice = spine, Shop(spine), random.Random(seed)
        self.customers, self.reviews = [], []

    def carried_on(self, spine):
        """The same over a copy of the account."""
        other = Business(spine, seed=0)
        other.dice.setstate(self.dice.getstate())
        other.shop.keys = self.shop.keys
        other.customers, other.reviews = [*self.customers], [*self.reviews]
        return other

    def know(self):
        """Take up what there is at Stripe, old or new."""
        shop, spine = self.shop, self.spine
        shop.intents[:] = [one["id"] for one in listed(spine, "/v1/payment_intents")]
        shop.charges[:] = [one["id"] for one in listed(spine, "/v1/charges")]
        shop.disputes[:] = [one["id"] for one in listed(spine, "/v1/disputes")]
        shop.refunds[:] = [one["id"] for one in listed(spine, "/v1/refunds")]
        shop.payouts[:] = [one["id"] for one in listed(spine, "/v1/payouts")]
        self.reviews = [one["id"] for one in listed(spine, "/v1/reviews")]

    def some_customers(self, count):
        for number in range(count):
            made = self.shop.post("/v1/customers", email=f"c{number}@example.com", name="Ada")
            self.customers.append(made["id"])

    def days(self, count):
        """So many days, each with some orders about anything that there is."""
        names = ("pay", "hold", "charge", "refund", "refund", "refund_fails", "dispute")
        names += ("bring_dispute", "pay_out", "payout_ends", "movement", "wallet", "debit")
        names += ("end_debit", "capture", "cancel", "warn", "look", "approve", "rename")
        for _ in range(count):
            for _ in range(4):
                order = (
                    self.dice.choice(names),
                    self.dice.randrange(400),
                    self.dice.randrange(400),
                )
                if hasattr(self, order[0]):
                    getattr(self, order[0])(order[1])
                else:
                    self.shop.order(order)
            self.spine.emulator.advance(DAY)

    def warn(self, pick):
        charge = self.shop.charges[pick % len(self.shop.charges)]
        self._control("early_fraud_warnings", charge=charge)

    def look(self, pick):
        self._control("reviews", charge=self.shop.charges[pick % len(self.shop.charges)])

    def approve(self, pick):
        if self.reviews:
            own = self.reviews.pop(pick % len(self.reviews))
            self.shop.post(f"/v1/reviews/{own}/approve")

    def rename(self, pick):
        own = self.customers[pick % len(self.customers)]
        self.shop.post(f"/v1/customers/{own}", name=f"Ada {pick}")

    def _control(self, path, **body):
        try:
            self.spine.emulator.control("POST", path, body)
        except ValueError:
            return


class Past:
    """An account that has done business for weeks, and a mirror of it that is right."""

    def __init__(self, folder):
        self.folder = folder
        with (
            start_emulator(state_path=folder / "emulator.db", seed=11) as emulator,
            pytest.MonkeyPatch.context() as patch,
        ):
            emulator.history(days=45, per_day=3, seed=6)
            spine = connect(emulator, f"sqlite:///{folder / 'mirror.db'}")
            self.business = business = Business(spine, seed=3)
            business.some_customers(8)
            business.know()
            business.days(4)
            for _ in range(3):
                business.look(business.dice.randrange(400))
            move_clock(patch)(4 * DAY)
            emulator.settle()
            learn(spine)
            spine.engine.dispose()


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """Made once: each test goes on with a copy."""
    return Past(tmp_path_factory.mktemp("past"))


@pytest.fixture
def emulator(past, tmp_path):
    state = shutil.copy(past.folder / "emulator.db", tmp_path)
    with start_emulator(state_path=state, seed=11) as running:
        yield running


def move_clock(patch):
    real, ahead = clock.now, [0]
    patch.setattr(clock, "now", lambda: real() + timedelta(seconds=ahead[0]))

    def go(seconds):
        ahead[0] += seconds

    return go


@pytest.fixture
def at(monkeypatch):
    """Has Tillwatch's clock go ahead with Stripe's, which the past is ahead already."""
    go = move_clock(monkeypatch)
    go(4 * DAY)
    return go


def learn(spine):
    poll(spine.engine, spine.gateway)
    spine.sync(days=120)
    spine.drain()
    assert unlike(spine) == []


def before(past, emulator, url):
    """A mirror that is right, of an account with a past."""
    parsed = make_url(url)
    copied = parsed.get_backend_name() == "sqlite"
    if copied:
        shutil.copy(past.folder / "mirror.db", parsed.database)
    spine = connect(emulator, url)
    if not copied:
        learn(spine)
    return spine, past.business.carried_on(spine)


def outage(spine, business, at, days):
    business.know()
    business.days(days)
    spine.gateway._tries("delete", f"/v1/customers/{business.customers.pop()}", {})
    old = business.shop.intents[-1]
    business.shop.post(f"/v1/payment_intents/{old}", description="written in the outage")
    at(days * DAY)
    spine.emulator.settle()
    changed = unlike(spine)
    assert {"re_", "ch_", "pi_", "txn"} <= {own[:3] for own in changed}
    return changed


def settle(spine):
    for _ in range(3):
        spine.drain()


def is_quiet(spine):
    """A sync finds nothing to write, and writes nothing."""
    kept = everything(spine)
    learned = spine.sync(days=90)
    assert Counter(learned.written).total() == 0
    settle(spine)
    assert everything(spine) == kept


def test_after_20_days_the_events_bring_it_all(past, emulator, database_url, at):
    spine, business = before(past, emulator, database_url)
    outage(spine, business, at, 20)
    polled = poll(spine.engine, spine.gateway)
    assert not polled.gap
    settle(spine)
    assert unlike(spine) == []
    assert differences(spine.engine) == []
    # The lists have no news. Payments that were warned of or reviewed since are read again.
    assert Counter(spine.sync(days=90).written).total() == 0
    settle(spine)
    is_quiet(spine)
    spine.engine.dispose()


def test_after_60_days_the_gap_is_told_and_a_sync_brings_it_all(past, emulator, database_url, at):
    spine, business = before(past, emulator, database_url)
    outage(spine, business, at, 60)
    assert poll(spine.engine, spine.gateway).gap
    settle(spine)
    # What Stripe has no more events of is not right yet, and that is told until it is.
    assert unlike(spine) != []
    assert poll(spine.engine, spine.gateway).gap
    learned = spine.sync(days=90)
    assert learned.gap_since is None
    settle(spine)
    assert unlike(spine) == []
    assert differences(spine.engine) == []
    assert not poll(spine.engine, spine.gateway).gap
    is_quiet(spine)
    spine.engine.dispose()


def test_after_60_days_a_sync_alone_brings_it_all(past, emulator, tmp_path, at):
    """Run before the worker, as who restores a backup does."""
    spine, business = before(past, emulator, f"sqlite:///{tmp_path}/alone.db")
    outage(spine, business, at, 60)
    assert spine.sync(days=90).gap_since is None
    assert not poll(spine.engine, spine.gateway).gap
    settle(spine)
    assert unlike(spine) == []
    is_quiet(spine)
    spine.engine.dispose()


def test_a_sync_that_forgot_the_old_payments_would_be_caught(
    past, emulator, tmp_path, at, monkeypatch
):
    """The planted faults: lists go by `created`, and nothing marks what is older."""
    spine, business = before(past, emulator, f"sqlite:///{tmp_path}/forgot.db")
    outage(spine, business, at, 60)
    monkeypatch.setattr(list_pages, "payments_to_read", lambda *_given, **_named: [])
    monkeypatch.setattr(backfill.Run, "floor", lambda self, _kind: self.since)
    monkeypatch.setattr(backfill, "_look_for_the_rest", lambda *_given: None)
    spine.sync(days=60)
    settle(spine)
    assert unlike(spine) != []
    spine.engine.dispose()


def test_a_sync_that_wrote_what_is_unchanged_would_be_caught(
    past, emulator, tmp_path, at, monkeypatch
):
    spine, _ = before(past, emulator, f"sqlite:///{tmp_path}/again.db")
    monkeypatch.setattr(unchanged, "_alike", lambda *_given: set())
    with pytest.raises(AssertionError):
        is_quiet(spine)
    spine.engine.dispose()
