"""No secret leaves by logs, pages, errors, files or metrics, no person's data by logs or metrics.

Real processes run in production's way; each secret and each person's datum is told from all others.
"""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import func, select

from core.access import tokens
from core.db.engine import reading, writing
from core.db.tables import events
from dashboard.receiver.webhook import PATH
from tests.support import forked_programs
from tests.support.event_fed_console import charge, intent
from tests.support.fixtures_access import PASSWORD, person, session_of
from tests.support.receivers import event_body, free_port, kill, sign, wait_until
from tests.support.ui_servers import environment, run_once, running_ui, tab

pytestmark = pytest.mark.long
SECRETS = {
    "stripe_test_secret_key": "sk_test_51" + "CanaryKey00000000000",
    "stripe_test_webhook_secret": "whsec_" + "CanaryHook0000000000",
    "secret_key": "CanarySecretKey" * 4,
    "encryption_key": base64.urlsafe_b64encode(b"CanaryEncryptionKey".ljust(32, b".")).decode(),
    "redis_url": "redis://:CanaryRedis@127.0.0.1:9/0",
}
CREATE = "/api/v1/payments/create-payment-intent"
HOOK = SECRETS["stripe_test_webhook_secret"]
#: What must not be found anywhere.
CANARIES = [
    *("CanaryKey", "CanaryHook", "CanarySecretKey", "CanaryRedis", SECRETS["encryption_key"]),
    *("CanaryClientSecret", "CanaryGuess", PASSWORD),
]
EMAIL, NAME, CARD = "canary.person@shop.example", "Canary Lovelace", "4242 4242 4242 4242"
#: What must not be found in logs and metrics.
PERSONAL = [EMAIL, "canary.guess@shop.example", NAME, CARD, CARD.replace(" ", "")]


def bodies():
    """Events of a person's payment, one that cannot be read, and one that is none."""
    secret = {"client_secret": "pi_1_secret_CanaryClientSecret", "receipt_email": EMAIL}
    billing = {"billing_details": {"email": EMAIL, "name": NAME}}
    payment = intent(**secret, description=f"{NAME} {CARD}", metadata={"note": CARD})
    unreadable = intent(**secret, id="pi_2", amount=f"{NAME} {CARD}")
    yield event_body(1, data={"object": payment})
    yield event_body(2, type="charge.succeeded", data={"object": charge(**billing)})
    yield event_body(3, data={"object": unreadable})


class Console:
    """Receiver, worker and ui, and all that they said."""

    def __init__(self, ui, folder, env, port):
        self.ui, self.folder, self.env, self.port = ui, folder, env, port
        self.said: list[tuple[str, str]] = []
        self.session = session_of(ui.console, person(ui.console, "admin", "finance", "developer"))
        user = person(ui.console, "developer", email="program@shop.example")
        assert user
        with writing(ui.console.engine) as connection:
            _, self.token = tokens.create(
                connection, email="program@shop.example", roles=["service"], actor="test"
            )

    @property
    def logs(self):
        return "".join(path.read_text(encoding="utf-8") for path in self.folder.glob("*.log"))

    def heard(self, answer):
        self.said.append((str(answer.url), f"{answer.headers} {answer.text}"))
        return answer


@contextmanager
def started(name, folder, env):
    process = forked_programs.start(["dashboard", name], env, folder / f"{name}.log")
    try:
        yield
    finally:
        kill(process, 15)


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("canaries"), free_port()
    given = {name.upper(): value for name, value in SECRETS.items()}
    given |= {"APP_ENV": "production", "RECEIVER_PORT": str(port)}
    given |= {"STRIPE_API_BASE": "http://127.0.0.1:9"}
    with running_ui(folder, **given) as ui:
        env = environment(folder, **given)
        with started("receiver", folder, env), started("worker", folder, env):
            made = Console(ui, folder, env, port)
            wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), seconds=120)
            ask_the_receiver(made)
            wait_until(lambda: applied(ui.console.engine), seconds=120)
            ask_the_ui(made)
        yield made


def answers(url):
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def applied(engine):
    with reading(engine) as connection:
        query = select(func.count()).where(events.c.state != "pending")
        return connection.scalar(query) >= 2


def ask_the_receiver(made):
    with httpx.Client(base_url=f"http://127.0.0.1:{made.port}", timeout=60) as client:
        for body in bodies():
            sent = client.post(PATH, content=body, headers=sign(body, secret=HOOK))
            assert made.heard(sent).status_code == 200
            made.heard(client.post(PATH, content=body, headers={"Stripe-Signature": HOOK}))
        broken = f'{{"id": "{EMAIL}", "object": "event"'.encode()
        made.heard(client.post(PATH, content=broken, headers=sign(broken, secret=HOOK)))
        for token in ("CanaryGuess", made.token):
            bearer = {"Authorization": f"Bearer {token}"}
            whole = {"amount": "1.00", "currency": "usd", "user_id": "u"}
            for asked in ({"amount": NAME}, whole):
                made.heard(
                    client.post(
                        "/api/v1/payments/create-payment-intent", json=asked, headers=bearer
                    )
                )
        for path in ("/api/docs", "/api/openapi.json", "/readyz", "/nowhere"):
            made.heard(client.get(path))
        made.metrics = made.heard(client.get("/metrics")).text


def ask_the_ui(made):
    cookies = {"tillwatch": made.session}
    with httpx.Client(base_url=made.ui.base, timeout=60) as client:
        form = {"email": "canary.guess@shop.example", "password": "CanaryGuess", "form": "x"}
        made.heard(client.post("/login", data=form))
        for name in ("payments.csv", "events.csv", "api_log.csv", "audit.csv"):
            answer = client.get(f"/ui/export/{name}", cookies=cookies)
            assert made.heard(answer).status_code == 200, name
    with tab(made.ui, made.session) as line:
        made.said.append(("screen", run_once(line)[1]))


@pytest.mark.parametrize("canary", CANARIES)
def test_no_secret_is_told_anywhere(console, canary):
    assert [where for where, said in console.said if canary in said] == []
    assert canary not in console.logs


@pytest.mark.parametrize("datum", PERSONAL)
def test_no_person_is_told_in_logs_or_metrics(console, datum):
    assert datum not in console.logs
    assert datum not in console.metrics


def test_the_canaries_were_where_they_might_have_been_told(console):
    """Else the tests above could not fail."""
    with reading(console.ui.console.engine) as connection:
        kept = b"".join(connection.scalars(select(events.c.body)))
    assert EMAIL.encode() in kept
    assert any(EMAIL in said for where, said in console.said if "payments.csv" in where)
    assert [line for line in console.logs.splitlines() if not line.startswith("{")] == []
    lines = [json.loads(line) for line in console.logs.splitlines()]
    assert {"receiver", "worker", "ui"} <= {line["process"] for line in lines}
    assert any(line["level"] in ("warning", "error") for line in lines)
    assert any("event_id" in line for line in lines)
