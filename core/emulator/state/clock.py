"""The emulator's clock: the machine's, moved or stopped by `/_control/clock`."""

from __future__ import annotations

from core.clock import micros_now
from core.emulator.state.store import Store


class EmulatorClock:
    """Unix milliseconds; its offset and whether it stands still survive a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offset = int(store.meta("clock_offset_ms") or 0)
        frozen = store.meta("clock_frozen_ms")
        self._frozen: int | None = int(frozen) if frozen else None

    def now_ms(self) -> int:
        if self._frozen is not None:
            return self._frozen
        return micros_now() // 1000 + self._offset

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    def set(self, now_ms: int, *, frozen: bool | None = None) -> None:
        """Move to a time; `frozen` stops (True) or starts (False) the clock, None leaves it."""
        stands = self.frozen if frozen is None else frozen
        self._frozen = now_ms if stands else None
        self._offset = now_ms - micros_now() // 1000
        self._store.set_meta("clock_offset_ms", str(self._offset))
        self._store.set_meta("clock_frozen_ms", str(now_ms) if stands else "")
