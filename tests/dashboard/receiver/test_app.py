"""The receiver beside the webhook: health, readiness, metrics, limits, headers."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from core import clock
from core.db.engine import open_engine, writing
from core.db.tables import streams
from core.domain.stream_limits import EVENTS, LEDGER
from core.mirror.streams import Recorder
from dashboard.asgi.request_body import MOST_BYTES
from dashboard.receiver.metrics import FAMILIES, family
from dashboard.receiver.webhook import PATH
from tests.support.receivers import event_body, post, serving, settings_for


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('api') / 'api.db'}"


@pytest.fixture(scope="module")
def client(url, tmp_path_factory):
    with serving(settings_for(tmp_path_factory.mktemp("var"), url)) as client:
        yield client


def test_receiver_is_healthy_and_ready(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "database": "current"}


def test_receiver_is_not_ready_before_the_schema_is_current(tmp_path):
    url = f"sqlite:///{tmp_path / 'behind.db'}"
    with serving(settings_for(tmp_path, url)) as client:
        engine = open_engine(url)
        with writing(engine) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        engine.dispose()
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "behind")
    assert "older than this program" in answer.json()["reason"]


def test_receiver_without_its_database_is_healthy_and_not_ready(tmp_path):
    url = f"sqlite:///{tmp_path / 'folder' / 'lost.db'}"
    with serving(settings_for(tmp_path, url)) as client:
        for file in (tmp_path / "folder").iterdir():
            file.unlink()
        (tmp_path / "folder").rmdir()
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
        metrics = client.get("/metrics")
    assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")
    assert answer.json()["reason"] == "the database does not answer"
    assert metrics.status_code == 200
    assert "tillwatch_database_up 0.0" in metrics.text
    assert "tillwatch_stream_failed{" not in metrics.text


def test_metrics_tell_the_age_and_the_state_of_each_stream(client, url, tmp_path):
    engine = open_engine(url)
    now = clock.now()
    recorder = Recorder(engine)
    recorder.watched(LEDGER, [True], lambda: False, every=1)()
    recorder.reached(LEDGER, True, now - timedelta(seconds=30))
    recorder.flush()
    dead = {"name": EVENTS, "livemode": False, "checked_at": now - timedelta(minutes=2)}
    with writing(engine) as connection:
        connection.execute(streams.insert().values(**dead, fresh_as_of=dead["checked_at"]))
    engine.dispose()
    keys = {"stripe_secret_key": "rk_live_dummy", "stripe_test_secret_key": "rk_test_dummy"}
    with serving(settings_for(tmp_path, url, **keys)) as both:
        found = both.get("/metrics").text
    assert "tillwatch_database_up 1.0" in found
    assert 'tillwatch_stream_failed{mode="live",stream="ledger"} 0.0' in found
    assert 'tillwatch_stream_failed{mode="test",stream="events"} 1.0' in found
    age = re.search(r'stream_behind_seconds{mode="live",stream="ledger"} (\d+)', found)
    assert 30 <= int(age[1]) < 90
    age = re.search(r'stream_behind_seconds{mode="test",stream="events"} (\d+)', found)
    assert int(age[1]) >= 120
    # Where live mode has no key any more, nobody keeps its streams up, and nobody is woken.
    assert 'stream_failed{mode="live"' not in client.get("/metrics").text
    assert client.get("/readyz").status_code == 200


def test_metrics_count_webhooks_by_outcome_and_known_family(client):
    post(client, event_body("counted"))
    post(client, event_body("counted", type="a_strangers.word"))
    post(client, b"[]")
    found = client.get("/metrics").text
    assert 'tillwatch_webhooks_total{outcome="malformed_event"}' in found
    assert 'tillwatch_webhook_events_total{family="payment_intent"}' in found
    assert 'tillwatch_inbox_events{state="pending"} 1.0' in found
    assert "a_strangers" not in found


@pytest.mark.parametrize(
    ("event_type", "expected"),
    [
        ("charge.dispute.created", "charge.dispute"),
        ("charge.refunded", "charge"),
        ("charge.refund.updated", "charge.refund"),
        ("payment_intent.succeeded", "payment_intent"),
        ("payment_intents.succeeded", "other"),
        ("", "other"),
    ],
)
def test_family_is_one_of_a_known_set(event_type, expected):
    assert family(event_type) == expected
    assert expected in (*FAMILIES, "other")


def test_body_beyond_the_limit_is_413_on_every_route(client):
    answer = client.post("/api/v1/anything", content=b"x" * (MOST_BYTES + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("path", ["/healthz", "/api/docs", "/api/openapi.json", "/nowhere"])
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_https_is_insisted_on_when_set(tmp_path):
    url = f"sqlite:///{tmp_path / 'https.db'}"
    with serving(settings_for(tmp_path, url, force_https=True)) as client:
        assert "max-age" in client.get("/healthz").headers["strict-transport-security"]


def test_openapi_document_names_every_route_the_webhook_too(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    assert {"/healthz", "/readyz", "/metrics", PATH} <= set(paths)
    assert set(paths[PATH]["post"]["responses"]) == {"200", "400", "408", "413", "503"}
