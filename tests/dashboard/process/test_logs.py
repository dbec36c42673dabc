"""Logs name what happened and never a secret, in both forms."""

import io
import json
import logging
import sys
import threading

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from core.actions.operations.log import operation_logged
from core.db.engine import open_engine
from core.errors import NotFound
from core.settings import Settings
from dashboard.process import logs

CANARIES = [
    "sk_live_51CanaryCanary",
    "rk_test_51CanaryCanary",
    "whsec_CanaryCanary+/=",
    "pi_3Abc_secret_CanaryCanary",
    '{"client_secret": "CanaryCanary"}',
    "client_secret=CanaryCanary&x=1",
    "Authorization: Bearer CanaryCanary",
    "Basic Q2FuYXJ5Q2FuYXJ5Og==",
    "mysql+pymysql://root:CanaryCanary@db/tillwatch",
]


@pytest.mark.parametrize("text", CANARIES)
def test_secret_is_masked(text):
    masked = logs.mask(f"before {text} after")
    assert "Canary" not in masked
    assert "Q2FuYXJ5" not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


@pytest.mark.parametrize(
    "number", ["4242424242424242", "4242 4242 4242 4242", "5555-5555-5555-4444", "378282246310005"]
)
def test_card_number_is_masked_to_its_last_four(number):
    digits = "".join(filter(str.isdigit, number))
    assert logs.mask(f"card {number}.") == f"card {number}." or digits not in logs.mask(number)
    assert logs.mask(f"card {number} seen") == f"card [card …{digits[-4:]}] seen"


@pytest.mark.parametrize(
    "text",
    [
        "evt_1 pi_3MtwBwLkdIwHu7ix28a3tqPa pk_test_public",
        "order 4242424242424243",
        "1764000000000000 microseconds",
        "payment_intent.succeeded secret",
        "postgres://host/name and user@example.com",
    ],
)
def test_ids_and_times_stay_readable(text):
    assert logs.mask(text) == text


@pytest.fixture
def written(monkeypatch):
    """What a process of the given kind logs, as text."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    for place in (sys, threading):
        monkeypatch.setattr(place, "excepthook", place.excepthook)

    def start(app_env):
        logs.set_up(Settings(_env_file=None, app_env=app_env), "tests")
        root.handlers[0].setStream(stream)
        return stream

    yield start
    root.handlers[:] = handlers
    root.setLevel(level)


def test_production_writes_one_json_object_a_line(written):
    stream = written("production")
    logging.getLogger("some.module").warning("key %s\nsecond line", "sk_live_abc")
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert found["message"] == "key sk_live_[masked]\nsecond line"
    assert (found["level"], found["process"], found["logger"]) == (
        "warning",
        "tests",
        "some.module",
    )


@pytest.mark.parametrize(
    "value", ["ada@shop.example", "o'hara ada@shop.example", "two\nada@shop.ex"]
)
@pytest.mark.parametrize("app_env", ["development", "production"])
def test_values_in_a_databases_error_stay_out_of_the_log(written, mariadb, app_env, value):
    """Through the engine as it is set up, and through one that shows its parameters."""
    stream = written(app_env)
    for engine in (open_engine(mariadb()), create_engine(mariadb())):
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (a VARCHAR(60) PRIMARY KEY, n DATETIME)"))
            connection.execute(text("INSERT INTO t (a) VALUES (:v)"), {"v": value})
        for statement in (
            "INSERT INTO t (a) VALUES (:v)",
            "INSERT INTO t (a, n) VALUES ('other', :v)",
            "INSERT INTO t WRONG (a) VALUES (:v)",
        ):
            try:
                with engine.begin() as connection:
                    connection.execute(text(statement), {"v": value})
            except DBAPIError:
                logging.getLogger("x").critical("apply failed", exc_info=True)
        engine.dispose()
    assert stream.getvalue().count("apply failed") == 6
    assert "Duplicate entry" in stream.getvalue()
    assert "ada@shop" not in stream.getvalue()


@pytest.mark.parametrize("app_env", ["development", "production"])
def test_traceback_is_masked_too(written, app_env):
    stream = written(app_env)
    try:
        raise ValueError("sk_live_abcdef 4242424242424242")
    except ValueError:
        logging.getLogger("x").exception("failed")
    assert "ValueError" in stream.getvalue()
    assert "abcdef" not in stream.getvalue()
    assert "4242424242424242" not in stream.getvalue()


def test_what_nobody_caught_goes_through_the_log(written):
    stream = written("production")

    def fail():
        raise ValueError("sk_live_abcdef")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError:
        sys.excepthook(*sys.exc_info())
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["not caught", "not caught"]
    assert "sk_live_[masked]" in lines[0]["error"]
    assert "abcdef" not in stream.getvalue()


def test_operation_is_logged_with_outcome_duration_and_ids(written):
    stream = written("production")
    with operation_logged("create_payment_intent", payment_intent="pi_1", charge=None):
        pass
    found = json.loads(stream.getvalue())
    assert (found["operation"], found["outcome"]) == ("create_payment_intent", "ok")
    assert found["payment_intent"] == "pi_1"
    assert found["duration_ms"] >= 0
    assert "charge" not in found


def test_operation_that_fails_is_logged_with_its_code_and_still_fails(written):
    stream = written("production")
    with pytest.raises(NotFound), operation_logged("refund", refund="re_1"):
        raise NotFound
    found = json.loads(stream.getvalue())
    assert (found["outcome"], found["level"]) == ("not_found", "warning")


def test_people_read_the_same_facts(written):
    stream = written("development")
    with operation_logged("refund", refund="re_1"):
        pass
    assert "refund ok in" in stream.getvalue()
    assert "refund=re_1" in stream.getvalue()
