"""Each expression of the alert rules and the dashboard parses, and asks for what /metrics has."""

from __future__ import annotations

import json
from datetime import timedelta

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from core import clock
from core.access import sessions, users
from core.db.backup import last_backup
from core.db.engine import open_engine, writing
from core.db.tables import api_requests, breaks, operations, refund_requests, stale_objects
from core.domain.stream_limits import LEDGER
from core.inbox.monitoring_counts import Requests, counts_or_none
from core.mirror.streams import Recorder
from core.states import BreakState, OperationState, RefundState
from tests.support.proxies import ROOT
from tests.support.receivers import event_body, post, serving, settings_for

FOLDER = ROOT / "docs" / "monitoring"
#: Prometheus' own metric, and the labels that it puts on all.
OF_PROMETHEUS, LABELS = {"up"}, {"job", "instance"}


def rules():
    found = yaml.safe_load((FOLDER / "tillwatch.rules.yml").read_text(encoding="utf-8"))
    return [rule for group in found["groups"] for rule in group["rules"]]


def panels():
    return json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))["panels"]


EXPRESSIONS = [
    *((rule["alert"], rule["expr"]) for rule in rules()),
    *((one["title"], target["expr"]) for one in panels() for target in one["targets"]),
]


def selectors(expression):
    """The metrics that a parsed expression asks for: name and matchers."""
    found = []

    class Visitor:
        def visit(self, node):
            if isinstance(node, promql_parser.MatrixSelector):
                node = node.vector_selector
            if isinstance(node, promql_parser.VectorSelector):
                found.append((node.name, node.matchers.matchers))

    _walk(promql_parser.parse(expression), Visitor())
    return found


def _walk(node, visitor):
    visitor.visit(node)
    for name in ("expr", "lhs", "rhs"):
        if isinstance(inner := getattr(node, name, None), promql_parser.Expr):
            _walk(inner, visitor)
    for inner in getattr(node, "args", ()):
        _walk(inner, visitor)


def lacking(expression, samples):
    """What an expression asks for that there is not."""
    asked = [one for one in selectors(expression) if one[0] not in OF_PROMETHEUS]
    for name, matchers in asked:
        labels = [labels for sample, labels in samples if sample == name]
        if not labels:
            yield name
        for one in matchers:
            wanted = one.op == promql_parser.MatchOp.Equal and one.name not in LABELS
            if wanted and labels and not any(found.get(one.name) == one.value for found in labels):
                yield f"{name}{{{one.name}={one.value}}}"


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Name and labels of all that a receiver tells after one event."""
    folder = tmp_path_factory.mktemp("metrics")
    url = f"sqlite:///{folder / 'tillwatch.db'}"
    noted = folder / last_backup.FOLDER
    noted.mkdir()
    said = {"made_at": (clock.now() - timedelta(hours=2)).isoformat()}
    (noted / last_backup.LAST).write_text(json.dumps(said))
    with serving(settings_for(folder, url, stripe_secret_key="rk_live_dummy")) as client:
        engine = open_engine(url)
        recorder = Recorder(engine)
        recorder.watched(LEDGER, [True], lambda: False, every=1)()
        recorder.reached(LEDGER, True, clock.now())
        recorder.flush()
        engine.dispose()
        assert post(client, event_body()).status_code == 200
        text = client.get("/metrics").text
    families = text_string_to_metric_families(text)
    return [(one.name, one.labels) for family in families for one in family.samples]


@pytest.mark.parametrize(("name", "expression"), EXPRESSIONS, ids=[n for n, _ in EXPRESSIONS])
def test_an_expression_asks_for_what_there_is(name, expression, samples):
    assert list(lacking(expression, samples)) == []
    assert selectors(expression)


@pytest.mark.parametrize(
    ("expression", "missing"),
    [
        ("max(tillwatch_nothing) > 0", "tillwatch_nothing"),
        ("sum(rate(tillwatch_nothing[5m])) / max(up)", "tillwatch_nothing"),
        ('tillwatch_breaks{state="wide"}', "tillwatch_breaks{state=wide}"),
    ],
)
def test_what_there_is_not_would_be_seen(expression, missing, samples):
    assert list(lacking(expression, samples)) == [missing]


def test_an_expression_that_cannot_be_parsed_would_be_seen():
    with pytest.raises(ValueError):
        selectors("sum(rate(tillwatch_webhooks_total[5m])")


def test_every_alert_says_what_to_do():
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    for rule in rules():
        assert f"`{rule['alert']}`" in page
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]


@pytest.fixture
def waiting(database_url):
    """An engine over a database where one of each kind waits, beside what is at its end."""
    engine, now = open_engine(database_url), clock.now()
    with writing(engine) as connection:
        for table, rows in (*_money_that_waits(now), *_calls_and_breaks(now)):
            connection.execute(table.insert(), rows)
        user = users.create(
            connection,
            email="ada@tillwatch.test",
            roles=["viewer"],
            password_hash=None,
            actor="tests",
            production=False,
        )
        sessions.start(connection, user, ip="", user_agent="", now=now)
    yield engine
    engine.dispose()


def _money_that_waits(now):
    dated = {"created_at": now - timedelta(minutes=20), "updated_at": now, "livemode": True}
    request = {
        "payment_id": "pi_1",
        "amount_minor": 5,
        "currency": "usd",
        "reason": "duplicate",
        "asked_by": "ada",
        "asked_user_id": "u",
        **dated,
    }
    states = [
        (RefundState.UNKNOWN, None),
        (RefundState.FAILED, None),
        (RefundState.FAILED, now),
        (RefundState.SUCCEEDED, None),
    ]
    yield (
        refund_requests,
        [
            {**request, "id": str(n), "state": state, "settled_at": seen}
            for n, (state, seen) in enumerate(states)
        ],
    )
    operation = {"kind": "refund", "params": "{}", "actor": "ada", "next_attempt_at": now, **dated}
    state = OperationState.UNKNOWN
    yield operations, [{**operation, "id": "1", "idempotency_key": "1", "state": state}]


def _calls_and_breaks(now):
    call = {"livemode": True, "method": "GET", "path": "/v1/events", "duration_us": 1, "attempt": 1}
    made = ((200, 1), (429, 1), (500, 1), (None, 1), (200, 9))
    yield (
        api_requests,
        [
            {**call, "status": status, "started_at": now - timedelta(minutes=ago)}
            for status, ago in made
        ],
    )
    difference = {
        "livemode": False,
        "identity": "list",
        "kind": "amount",
        "object_id": "txn_1",
        "currency": "usd",
        "day": now.date(),
        "cause": "edited",
        "state": BreakState.OPEN,
        "first_run": 1,
        "last_run": 1,
        "found_at": now,
    }
    yield breaks, [difference]
    stale = {"kind": "refund", "livemode": True, "mark": 1, "known_at": now}
    due = (("re_1", now), ("re_2", clock.NEVER))
    yield stale_objects, [{**stale, "stripe_id": one, "next_attempt_at": at} for one, at in due]


def test_what_waits_is_counted_by_mode_and_state(waiting):
    found = counts_or_none(waiting)
    assert found.refunds[True, "unknown"] == 1
    assert found.refunds[True, "failed"] == 1
    assert found.refunds[False, "failed"] == 0
    assert (True, "succeeded") not in found.refunds
    assert found.operations[True, "unknown"] == 1
    assert found.breaks[False, "open"] == 1
    assert found.requests == {True: Requests(4, 1, 2), False: Requests(0, 0, 0)}
    assert (found.queues["refresh"], found.queues["parked"]) == (1, 1)
    assert found.sessions == 1
    assert 1190 < found.oldest_operation < 2000
    assert found.oldest_event == 0
