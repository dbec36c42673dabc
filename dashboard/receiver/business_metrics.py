"""What waits for somebody, and how old the last backup is, as gauges for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core import clock
from core.inbox.monitoring_counts import ByState, Counts, Requests
from core.version import VERSION

#: Gauges by livemode and state: name, what it is, which of the counts.
_BY_STATE: tuple[tuple[str, str, Callable[[Counts], ByState]], ...] = (
    (
        "tillwatch_refund_requests",
        "Refunds that are not at their end; of those that failed, the ones nobody has seen to",
        lambda found: found.refunds,
    ),
    (
        "tillwatch_operations",
        "Calls that change something at Stripe and whose outcome is not known yet",
        lambda found: found.operations,
    ),
    ("tillwatch_breaks", "Differences with Stripe by state", lambda found: found.breaks),
    ("tillwatch_alerts", "Alerts that are open or acknowledged", lambda found: found.alerts),
)
#: Gauges without a label.
_PLAIN: tuple[tuple[str, str, Callable[[Counts], float]], ...] = (
    ("tillwatch_sessions", "People's sessions that are open", lambda found: found.sessions),
    (
        "tillwatch_inbox_oldest_seconds",
        "Age of the oldest event that is not applied",
        lambda found: found.oldest_event,
    ),
    (
        "tillwatch_operation_oldest_seconds",
        "Age of the oldest call whose outcome is not known",
        lambda found: found.oldest_operation,
    ),
)


class BusinessCounts(Collector):
    """Counts when Prometheus asks, and only then."""

    def __init__(self, read: Callable[[], Counts | None]) -> None:
        self._read = read

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: what is registered is not read at that moment."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All counts; none while the database does not answer."""
        found = self._read()
        if found is None:
            return
        for name, said, by_state in _BY_STATE:
            gauge = GaugeMetricFamily(name, said, labels=["mode", "state"])
            for (livemode, state), number in by_state(found).items():
                gauge.add_metric([_mode(livemode), state], number)
            yield gauge
        for name, said, value in _PLAIN:
            yield GaugeMetricFamily(name, said, value=value(found))
        yield _labelled(
            "tillwatch_queue", "What waits for the worker, up to 10,000", found.queues.items()
        )
        yield _requests(found.requests)


class Backups(Collector):
    """How old the last backup is, where this process sees the folder that it is noted in."""

    def __init__(self, made_at: Callable[[], datetime | None]) -> None:
        self._made_at = made_at

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: what is registered is not read at that moment."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Its age in seconds, where there is one, and the version of the program."""
        made_at = self._made_at()
        if made_at is not None:
            age = max((clock.now() - made_at).total_seconds(), 0.0)
            yield GaugeMetricFamily(
                "tillwatch_backup_age_seconds", "Age of the last backup", value=age
            )
        version = GaugeMetricFamily("tillwatch_build_info", "The program", labels=["version"])
        version.add_metric([VERSION], 1)
        yield version


def _requests(found: Mapping[bool, Requests]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(
        "tillwatch_stripe_requests",
        "Calls to Stripe in the last five minutes: all, put off by Stripe (429), failed",
        labels=["mode", "outcome"],
    )
    for livemode, one in found.items():
        outcomes = (("made", one.made), ("put_off", one.put_off), ("failed", one.failed))
        for outcome, number in outcomes:
            gauge.add_metric([_mode(livemode), outcome], number)
    return gauge


def _labelled(name: str, said: str, found: Iterable[tuple[str, int]]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, said, labels=["name"])
    for label, number in found:
        gauge.add_metric([label], number)
    return gauge


def _mode(livemode: bool) -> str:
    return "live" if livemode else "test"
