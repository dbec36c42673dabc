"""`python -m dashboard emulator` alone serves unchanged Stripe clients: Python and Node."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.support import npm_packages
from tests.support.emulator_clients import KEY, receiver
from tests.support.hosted_pages import visit
from tests.support.receivers import free_port, wait_until

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
NODE = Path(__file__).parent / "node"
BACK = "https://shop.example.com/back"
STEPS = [
    "create",
    "confirm",
    "decline",
    "3-D Secure passed",
    "3-D Secure failed",
    "refund",
    "auto-paging",
    "expand",
    "idempotent retry",
    "checkout",
    "webhook",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator as a process of its own, without the rest of the program."""
    folder, port = tmp_path_factory.mktemp("alone"), free_port()
    base = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", "emulator", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "VAR_DIR": str(folder)},
            stdout=log,
            stderr=log,
        )
        try:
            wait_until(lambda: answers(base), seconds=60)
            yield base
        finally:
            process.terminate()
            process.wait(30)


def answers(base: str) -> bool:
    try:
        with urllib.request.urlopen(base, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def client_at(address: str, http: stripe.HTTPClient | None = None) -> stripe.StripeClient:
    """The SDK, unchanged but for the address and for not trying again."""
    return stripe.StripeClient(
        KEY, base_addresses={"api": address}, max_network_retries=0, http_client=http
    )


class Shop:
    """A shop's session in one script; `waits` says whether the client is the asynchronous one."""

    def __init__(self, address: str, *, waits: bool) -> None:
        self.waits = waits
        self.http = stripe.HTTPXClient() if waits else stripe.RequestsClient()
        self.client = client_at(address, self.http)
        self.intents = self.client.v1.payment_intents

    async def ask(self, method: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the SDK, or its asynchronous twin."""
        if not self.waits:
            return method(*args, **kwargs)
        twin = getattr(method.__self__, method.__name__ + "_async")
        return await twin(*args, **kwargs)

    async def order(self, amount: int, **more: Any) -> Any:
        return await self.ask(self.intents.create, {"amount": amount, "currency": "eur", **more})

    async def confirm(self, intent: str, method: str) -> Any:
        given = {"payment_method": method, "return_url": BACK}
        return await self.ask(self.intents.confirm, intent, given)

    async def pays(self) -> str:
        made = await self.order(2000, metadata={"order_id": "42"})
        assert made.status == "requires_payment_method"
        paid = await self.confirm(made.id, "pm_card_visa")
        assert (paid.status, paid.amount_received) == ("succeeded", 2000)
        return str(paid.id)

    async def is_declined(self) -> None:
        made = await self.order(3000)
        with pytest.raises(stripe.CardError) as caught:
            await self.confirm(made.id, "pm_card_visa_chargeDeclinedInsufficientFunds")
        error = caught.value
        assert (error.http_status, error.code) == (402, "card_declined")
        assert error.error.decline_code == "insufficient_funds"
        assert error.error.payment_intent.id == made.id

    async def is_asked(self, outcome: str) -> None:
        made = await self.order(4000)
        asked = await self.confirm(made.id, "pm_card_threeDSecure2Required")
        page = asked.next_action.redirect_to_url.url
        sent = await asyncio.to_thread(visit, page, {"outcome": outcome})
        after = await self.ask(self.intents.retrieve, made.id)
        if outcome == "succeed":
            assert "redirect_status=succeeded" in sent.to
            assert after.status == "succeeded"
        else:
            assert "redirect_status=failed" in sent.to
            assert after.last_payment_error.code == "payment_intent_authentication_failure"

    async def refunds(self, intent: str) -> None:
        given = {"payment_intent": intent, "amount": 500}
        refund = await self.ask(self.client.v1.refunds.create, given)
        expand = {"expand": ["latest_charge.refunds", "payment_method"]}
        whole = await self.ask(self.intents.retrieve, intent, expand)
        assert whole.latest_charge.refunds.data[0].id == refund.id
        assert whole.payment_method.card.last4 == "4242"

    async def pages(self) -> None:
        for i in range(5):
            await self.order(1000 + i)
        first = await self.ask(self.intents.list, {"limit": 3})
        if self.waits:
            found = [one.id async for one in first.auto_paging_iter()]
        else:
            found = [one.id for one in first.auto_paging_iter()]
        assert len(found) == len(set(found)) >= 5

    async def retries(self) -> None:
        given = {"amount": 700, "currency": "jpy"}
        options = {"idempotency_key": f"order-{self.waits}-{os.getpid()}-{free_port()}"}
        once = await self.ask(self.intents.create, given, options)
        again = await self.ask(self.intents.create, given, options)
        assert again.id == once.id
        assert "idempotent-replayed" not in once.last_response.headers
        assert again.last_response.headers["idempotent-replayed"] == "true"
        with pytest.raises(stripe.IdempotencyError):
            await self.ask(self.intents.create, {**given, "amount": 701}, options)

    async def session(self) -> str:
        try:
            paid = await self.pays()
            await self.is_declined()
            await self.is_asked("succeed")
            await self.is_asked("fail")
            await self.refunds(paid)
            await self.pages()
            await self.retries()
        finally:
            if self.waits:
                await self.http.close_async()
        return paid


@pytest.mark.parametrize("waits", [False, True], ids=["synchronous", "asynchronous"])
def test_the_python_sdk_holds_a_shops_session(address: str, waits: bool) -> None:
    shop = Shop(address, waits=waits)
    endpoints = client_at(address).v1.webhook_endpoints
    with receiver() as hook:
        made = endpoints.create({"url": hook.url, "enabled_events": ["payment_intent.succeeded"]})
        hook.secret = str(made.secret)
        paid = asyncio.run(shop.session())
        wait_until(lambda: len(hook.bodies) >= 2)
        endpoints.delete(made.id)
        assert paid in {event.data.object["id"] for event in hook.events()}
        body, signature = hook.bodies[0]
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body + b" ", signature, hook.secret)


@pytest.fixture(scope="module")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with stripe-node as the lock file pins it, and the script beside it."""
    folder = tmp_path_factory.mktemp("node")
    npm_packages.install(NODE, folder)
    shutil.copy(NODE / "session.mjs", folder)
    return folder


def test_stripe_node_holds_a_shops_session(address: str, node_folder: Path) -> None:
    done = subprocess.run(
        ["node", "session.mjs", address],
        cwd=node_folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == STEPS
