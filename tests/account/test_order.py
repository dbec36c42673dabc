"""Events come 1 to 5 times in any order: the console always ends in the same state."""

import random
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.emulator.server import start_emulator
from core.errors import LeaseLost
from core.inbox import event_processor
from core.mirror.refresh import refresh
from core.mirror.rollups import differences
from tests.support.account_mirror import connect, do_business, kept_sums, picture, stripe_sums


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """An account with a past, its events, and the mirror that a backfill makes of it."""
    folder = tmp_path_factory.mktemp("account")
    with start_emulator(state_path=folder / "emulator.db", seed=11) as emulator:
        spine = connect(emulator, f"sqlite:///{folder}/true.db")
        do_business(spine, seed=6, count=12)
        spine.sync()
        yield emulator, spine.events(), picture(spine.engine), folder


def shuffled(events, seed):
    dice = random.Random(seed)
    copies = [event for event in events for _ in range(dice.randint(1, 5))]
    dice.shuffle(copies)
    return copies, dice


def live_through(spine, events, seed, *, look_again=True):
    """Deliver in pieces, with steps of the worker in between, then come to rest."""
    copies, dice = shuffled(events, seed)
    while copies:
        size = dice.randint(1, 40)
        spine.deliver(copies[:size])
        copies = copies[size:]
        event_processor.apply_inbox(spine.engine, spine.books, batch=dice.randint(1, 50))
        if look_again and dice.random() < 0.3:
            refresh(spine.engine, spine.gateway, spine.books, batch=dice.randint(1, 20))
    if look_again:
        spine.drain()
    else:
        while event_processor.apply_inbox(spine.engine, spine.books).any:
            pass


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_any_order_and_any_repetition_ends_in_the_same_state(account, seed):
    emulator, events, expected, folder = account
    spine = connect(emulator, f"sqlite:///{folder}/{random.randrange(10**12)}.db")
    live_through(spine, events, seed)
    assert picture(spine.engine) == expected
    assert differences(spine.engine) == []
    assert kept_sums(spine.engine) == stripe_sums(spine.ledger_at_stripe())
    spine.engine.dispose()


def test_it_would_be_seen_if_events_alone_were_believed(account):
    """The planted fault: nothing is read again, so the newest `created` decides."""
    emulator, events, expected, folder = account
    states = {key: row["status"] for key, row in expected.items() if key.startswith("pi_")}
    wrong = 0
    for seed in range(3):
        spine = connect(emulator, f"sqlite:///{folder}/planted{seed}.db")
        live_through(spine, events, seed, look_again=False)
        seen = {k: r["status"] for k, r in picture(spine.engine).items() if k.startswith("pi_")}
        wrong += sum(seen[key] != states[key] for key in states)
        spine.engine.dispose()
    assert wrong > 0


def test_a_batch_applied_twice_changes_no_sum(account, monkeypatch):
    """An event whose first transaction was committed and then forgotten is applied again."""
    emulator, events, _, folder = account
    spine = connect(emulator, f"sqlite:///{folder}/twice.db")
    spine.deliver(events)
    spine.drain()
    before = picture(spine.engine), kept_sums(spine.engine)
    event_processor.replay(spine.engine, [event["id"] for event in events])
    spine.drain()
    assert (picture(spine.engine), kept_sums(spine.engine)) == before
    assert differences(spine.engine) == []


def test_a_reading_that_was_overtaken_is_dropped(account, monkeypatch):
    """Two readings cross: the one that began first arrives last, and changes nothing."""
    emulator, events, expected, folder = account
    spine = connect(emulator, f"sqlite:///{folder}/crossed.db")
    spine.deliver(events)
    while event_processor.apply_inbox(spine.engine, spine.books).any:
        pass
    from core.mirror import refresh as module

    slow = []
    real = module._apply
    monkeypatch.setattr(module, "_apply", lambda *args: slow.append(partial(real, *args)))
    refresh(spine.engine, spine.gateway, spine.books, batch=5)
    monkeypatch.undo()
    expire_leases(spine)
    spine.drain()
    assert slow
    for late in slow:
        with pytest.raises(LeaseLost):
            late()
    assert picture(spine.engine) == expected


def expire_leases(spine):
    from sqlalchemy import update

    from core import clock
    from core.db.engine import writing
    from core.db.tables import stale_objects

    with writing(spine.engine) as connection:
        connection.execute(update(stale_objects).values(next_attempt_at=clock.now()))
