"""What a caller learns when Stripe or the database does not answer, and what becomes of it."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from core.db.engine import answering, open_engine, reading, writing
from core.db.tables import api_requests, operations
from core.errors import DatabaseDown, TablesDiffer
from tests.support import forked_programs
from tests.support.fixtures_rest import CREATE, running_api
from tests.support.receivers import event_body, free_port, kill, post, wait_until

INTENTS = "/v1/payment_intents"


@contextmanager
def worker(api):
    """The worker as a process beside the receiver."""
    environment = os.environ | {
        "DATABASE_URL": api.settings.database,
        "STRIPE_TEST_SECRET_KEY": "sk_test_dummy",
        "STRIPE_API_BASE": api.emulator.base_url,
        "VAR_DIR": str(api.settings.var_dir),
    }
    log = api.settings.var_dir / "worker.log"
    process = forked_programs.start(["dashboard", "worker"], environment, log)
    try:
        yield process
    finally:
        kill(process)


@pytest.mark.parametrize(
    ("fault", "count"), [("lost_reply", 3), ("saved_500", 1)], ids=["lost", "saved_500"]
)
def test_an_unknown_outcome_is_found_by_the_worker(database_url, tmp_path, fault, count):
    with running_api(tmp_path, database_url) as api:
        token = api.token("service")
        api.emulator.fault(fault, method="POST", path=INTENTS, count=count)

        def ask():
            return api.post("create-payment-intent", CREATE, token, Idempotency_Key="order-42")

        first = ask()
        error = first.json()["error"]
        (row,) = api.rows(operations)
        assert (first.status_code, error["code"]) == (503, "outcome_unknown")
        assert (error["operation_id"], error["user_action"]) == (row.id, "check_order")
        assert int(first.headers["retry-after"]) > 0
        assert ask().json()["error"]["operation_id"] == row.id
        with worker(api):
            found = wait_until(lambda: (a := ask()).status_code == 200 and a.json(), seconds=60)
        (payment,) = api.at_stripe()
        assert found["payment_intent_id"] == payment["id"]
        assert found["client_secret"] == payment["client_secret"]
        assert payment["metadata"]["tillwatch_operation"] == row.id
        (after,) = api.rows(operations)
        assert (after.state, after.stripe_id) == ("succeeded", payment["id"])


def test_a_stripe_that_is_away_is_503_and_nothing_is_begun(tmp_path):
    away = f"http://127.0.0.1:{free_port()}"
    with running_api(tmp_path, f"sqlite:///{tmp_path / 'x.db'}", stripe_api_base=away) as api:
        token = api.token("service")
        assert api.client.get("/healthz").status_code == 200
        assert api.get("config").status_code == 200
        for answer in (
            api.get("payment-intent/pi_1", token),
            api.post("create-payment-intent", CREATE, token),
        ):
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (503, "stripe_unreachable")
            assert "operation_id" not in error
        assert api.rows(operations) == []


def test_a_busy_stripe_is_503_and_the_same_request_goes_on(api):
    token = api.token("service")
    api.created(token)
    api.emulator.fault("rate_limit", method="POST", path=INTENTS, count=3)
    first = api.post("create-payment-intent", CREATE, token, Idempotency_Key="k")
    assert (first.status_code, first.json()["error"]["code"]) == (503, "stripe_busy")
    again = api.post("create-payment-intent", CREATE, token, Idempotency_Key="k")
    assert again.status_code == 200
    assert len(api.at_stripe()) == 2


def test_a_refused_key_is_said_without_the_key(api):
    token = api.token("service")
    api.emulator.fault("error", status=401, path="*", count=9)
    answer = api.get("payment-intent/pi_1", token)
    assert answer.status_code in (400, 502)
    assert "sk_test" not in answer.text


def test_a_database_that_is_away_is_503(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    with running_api(tmp_path, f"sqlite:///{folder / 'tillwatch.db'}") as api:
        token = api.token("service")
        api.console.engine.dispose()
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        for answer in (
            api.post("create-payment-intent", CREATE, token),
            api.get("payment-intent/pi_1", token),
        ):
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (503, "database_down")
            assert "retry-after" in answer.headers
        assert api.at_stripe() == []


def test_tables_that_a_newer_version_changed_are_an_error_of_their_own(tmp_path):
    with running_api(tmp_path, f"sqlite:///{tmp_path / 'tillwatch.db'}") as api:
        token = api.token("service")
        with writing(api.console.engine) as connection:
            connection.execute(text("ALTER TABLE users RENAME COLUMN disabled TO ended"))
        answer = api.get("payment-intent/pi_1", token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "tables_differ")


@pytest.mark.mariadb
def test_a_server_says_that_a_column_or_a_table_is_not_there(mariadb):
    engine = open_engine(mariadb())
    for wanted in ("nothing FROM users", "1 FROM nothing"):
        with pytest.raises(TablesDiffer), answering(), reading(engine) as connection:
            connection.execute(text(f"SELECT {wanted}"))
    with pytest.raises(ProgrammingError), answering(), reading(engine) as connection:
        connection.execute(text("SELECT FROM"))


def test_a_database_server_that_is_away_is_one_error_of_ours():
    engine = open_engine(f"mysql+pymysql://nobody@127.0.0.1:{free_port()}/none")
    with pytest.raises(DatabaseDown), answering(), reading(engine):
        pass


def test_a_slow_stripe_holds_up_neither_webhooks_nor_health(api):
    token = api.token("service")
    api.created(token)
    api.emulator.fault("delay", seconds=5, path=INTENTS, count=None)
    threads = [
        threading.Thread(target=api.post, args=("create-payment-intent", CREATE, token))
        for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(api.rows(operations)) > 20)
    took = []
    for number in range(50):
        started = time.perf_counter()
        assert post(api.client, event_body(number)).status_code == 200
        assert api.client.get("/healthz").status_code == 200
        assert api.client.get("/readyz").status_code == 200
        took.append(time.perf_counter() - started)
    assert any(thread.is_alive() for thread in threads)
    assert sorted(took)[25] < 0.25
    api.emulator.control("DELETE", "faults")
    for thread in threads:
        thread.join(60)


def test_what_is_over_the_bound_is_told_to_come_again(api, monkeypatch):
    from dashboard.rest import executor

    monkeypatch.setattr(executor, "MOST", 2)
    token = api.token("service")
    api.created(token)
    api.emulator.fault("delay", seconds=4, path=INTENTS, count=2)
    slow = [
        threading.Thread(target=api.post, args=("create-payment-intent", CREATE, token))
        for _ in range(2)
    ]
    for thread in slow:
        thread.start()
    wait_until(lambda: len(api.rows(operations)) == 3)
    answer = api.get("payment-intent/pi_1", token)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (503, "server_busy")
    for thread in slow:
        thread.join(30)
    assert api.get("payment-intent/pi_1", token).status_code == 404


def test_a_client_that_goes_away_leaves_its_payment_and_its_thread(api):
    token = api.token("service")
    api.created(token)
    api.emulator.fault("delay", seconds=1, path=INTENTS, count=1)
    with pytest.raises(httpx.ReadTimeout):
        api.client.post(
            "/api/v1/payments/create-payment-intent",
            json=CREATE,
            headers={"Authorization": f"Bearer {token}"},
            timeout=0.3,
        )
    wait_until(lambda: {row.state for row in api.rows(operations)} == {"succeeded"})
    assert len(api.at_stripe()) == 2


def test_a_client_that_sends_half_a_body_is_let_go(api):
    token = api.token("service")
    head = (
        "POST /api/v1/payments/create-payment-intent HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        "Content-Length: 100\r\n\r\n{"
    )
    with socket.create_connection(("127.0.0.1", api.client.base_url.port)) as line:
        line.sendall(head.encode())
    assert api.post("create-payment-intent", CREATE, token).status_code == 200
    assert len(api.rows(operations)) == 1


def test_a_receiver_that_ends_says_what_is_still_open(tmp_path):
    answers = []
    with running_api(tmp_path, f"sqlite:///{tmp_path / 'x.db'}", grace=1) as api:
        token = api.token("service")
        api.created(token)
        api.emulator.fault("delay", seconds=4, path=INTENTS, count=1)
        # With a client of its own: the other one closes before the receiver does.
        url = f"{api.client.base_url}/api/v1/payments/create-payment-intent"
        sent = {"json": CREATE, "headers": {"Authorization": f"Bearer {token}"}, "timeout": 20}
        asking = threading.Thread(target=lambda: answers.append(httpx.post(url, **sent)))
        asking.start()
        rows = wait_until(lambda: len(r := api.rows(operations)) == 2 and r)
    asking.join(20)
    (begun,) = [row.id for row in rows if row.state == "sending"]
    error = answers[0].json()["error"]
    assert (answers[0].status_code, error["code"]) == (503, "outcome_unknown")
    assert error["operation_id"] == begun


def test_calls_to_stripe_are_in_the_log_also_the_last_ones(tmp_path):
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    with running_api(tmp_path, url) as api:
        api.created(api.token("service"))
        console = api.console
    with reading(console.engine) as connection:
        c = api_requests.c
        found = connection.execute(select(c.method, c.path, c.status)).all()
    console.engine.dispose()
    assert ("POST", INTENTS, 200) in [tuple(row) for row in found]
