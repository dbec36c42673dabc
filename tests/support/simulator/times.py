"""Time that moves on order: Stripe's, and the console's, which may run ahead or behind."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import tenacity

from core import clock
from core.emulator.state import clock as emulator_clock
from core.mirror import refresh

#: A Monday morning: the days of a run pass no end of a year.
BEGINNING = datetime(2026, 3, 2, 8, tzinfo=UTC)


class SimulatedTime:
    """`micros` is Stripe's time and the machine's own; `skew` what the console's clock is off."""

    def __init__(self) -> None:
        self.micros = clock.to_micros(BEGINNING)
        self.skew = timedelta()

    def stripe_micros(self) -> int:
        return self.micros

    def now(self) -> datetime:
        """The console's time; each look at it costs a little, so that no two are the same."""
        self.micros += 20
        return clock.from_micros(self.micros) + self.skew

    def machine_seconds(self) -> float:
        return self.micros / 1_000_000

    def sleep(self, seconds: float) -> None:
        self.micros += int(seconds * 1_000_000)


@contextmanager
def simulated(seed: int) -> Iterator[SimulatedTime]:
    """Inside, every clock is this one, and what is random elsewhere is drawn from the seed."""
    times, ids = SimulatedTime(), random.Random(f"ids {seed}")
    chance = random.getstate()
    random.seed(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", times.now)
        patch.setattr(clock, "machine_seconds", times.machine_seconds)
        patch.setattr(emulator_clock, "micros_now", times.stripe_micros)
        patch.setattr(tenacity.nap, "time", SimpleNamespace(sleep=times.sleep))
        # How long was tried, and how long a lease was used: by the machine's clock, which is ours.
        machine = SimpleNamespace(monotonic=times.machine_seconds)
        patch.setattr(tenacity, "time", machine)
        patch.setattr(refresh, "time", machine)
        patch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=ids.getrandbits(128), version=4))
        try:
            yield times
        finally:
            random.setstate(chance)
