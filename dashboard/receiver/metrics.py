"""What the receiver counts for Prometheus; every label's values are known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from core.events.store import Backlog
from core.reads.overview.streams import StreamState

#: What an event's type may begin with here; a stranger's words never become a label.
FAMILIES = (
    "charge.dispute",
    "charge.refund",
    "radar.early_fraud_warning",
    "checkout.session",
    "payment_intent",
    "payment_method",
    "charge",
    "refund",
    "payout",
    "customer",
    "invoice",
    "review",
    "balance",
)
OTHER = "other"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@lru_cache(maxsize=1024)
def family(event_type: str) -> str:
    """The known family of an event type, snapshot or thin, or `other`."""
    event_type = event_type.removeprefix("v1.")
    for name in FAMILIES:
        if event_type.startswith(name) and event_type[len(name) : len(name) + 1] in ("", "."):
            return name
    return OTHER


class InboxState(Collector):
    """Reads the inbox's backlog when Prometheus asks, and only then."""

    def __init__(self, read: Callable[[], Backlog | None]) -> None:
        self._read = read

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: what is registered is not read at that moment."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The counts by state; none while the database does not answer."""
        found = self._read()
        if found is None:
            return
        gauge = GaugeMetricFamily(
            "tillwatch_inbox_events", "Events in the inbox, counted up to 10,000", labels=["state"]
        )
        gauge.add_metric(["pending"], found.pending)
        gauge.add_metric(["dead"], found.dead)
        yield gauge


ReadStreams = Callable[[], Mapping[bool, Sequence[StreamState]] | None]


class Streams(Collector):
    """Reads how each stream of the mirror stands when Prometheus asks, and only then."""

    def __init__(self, read: ReadStreams) -> None:
        self._read = read

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: what is registered is not read at that moment."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Age and state of each stream; without a database, that it does not answer."""
        found = self._read()
        up = GaugeMetricFamily("tillwatch_database_up", "Whether the database answers")
        up.add_metric([], 0 if found is None else 1)
        yield up
        behind = GaugeMetricFamily(
            "tillwatch_stream_behind_seconds",
            "Age of the state that a stream has brought",
            labels=["stream", "mode"],
        )
        failed = GaugeMetricFamily(
            "tillwatch_stream_failed",
            "1 where a stream is stopped or late",
            labels=["stream", "mode"],
        )
        for livemode, streams in (found or {}).items():
            for one in streams:
                labels = [one.name, "live" if livemode else "test"]
                failed.add_metric(labels, int(one.is_wrong))
                if one.behind is not None:
                    behind.add_metric(labels, one.behind.total_seconds())
        yield behind
        yield failed


class Metrics:
    """The receiver's figures, in a registry of their own."""

    def __init__(
        self,
        waiting: Callable[[], int],
        backlog: Callable[[], Backlog | None],
        streams: ReadStreams,
    ) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.registry.register(InboxState(backlog))
        self.registry.register(Streams(streams))
        self._outcomes = Counter(
            "tillwatch_webhooks", "Webhook requests by outcome", ["outcome"], registry=self.registry
        )
        self._kept = self._outcomes.labels("kept")
        events = Counter(
            "tillwatch_webhook_events", "Events kept", ["family"], registry=self.registry
        )
        self._events = {name: events.labels(name) for name in (*FAMILIES, OTHER)}
        self._seconds = Histogram(
            "tillwatch_webhook_seconds",
            "From a webhook's first byte to its 200",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._rows = Histogram(
            "tillwatch_inbox_commit_rows",
            "Events in one commit",
            buckets=_ROWS,
            registry=self.registry,
        )
        self._commit_seconds = Histogram(
            "tillwatch_inbox_commit_seconds",
            "One commit of the inbox",
            buckets=_SECONDS,
            registry=self.registry,
        )
        queue = Gauge(
            "tillwatch_inbox_queue", "Events that wait for a commit", registry=self.registry
        )
        queue.set_function(waiting)

    def kept(self, event_type: str, seconds: float) -> None:
        """Count one webhook request whose event was kept."""
        self._kept.inc()
        self._events[family(event_type)].inc()
        self._seconds.observe(seconds)

    def refused(self, outcome: str) -> None:
        """Count one webhook request by the code of the error that it was answered with."""
        self._outcomes.labels(outcome).inc()

    def commit(self, rows: int, seconds: float) -> None:
        """Count one commit of the inbox."""
        self._rows.observe(rows)
        self._commit_seconds.observe(seconds)

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self.registry)
