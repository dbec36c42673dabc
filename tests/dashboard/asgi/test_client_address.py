"""X-Forwarded-For: believed from the named proxies alone, read from the right, never as it came."""

from __future__ import annotations

import httpx
import pytest
from pydantic import ValidationError
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse

from core import bootstrap
from core.access import passwords
from core.db.engine import reading
from core.db.tables import login_attempts
from core.settings import Settings
from dashboard.asgi.client_address import ClientAddress
from dashboard.receiver.app import create_app
from dashboard.rest.authentication import MOST_GUESSES
from tests.support.newest_schema import laid
from tests.support.sign_in_browser import Browser

PROXIES = "192.0.2.1,10.0.0.0/24,2001:db8:f::/48"
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def _seen(scope, receive, send):
    request = Request(scope)
    seen = [request.client.host, request.headers.get("x-forwarded-for")]
    await JSONResponse(seen)(scope, receive, send)


async def address(peer: str, *lines: str, proxies: str = PROXIES) -> str:
    app = ClientAddress(_seen, Settings(_env_file=None, trusted_proxies=proxies).proxies)
    transport = httpx.ASGITransport(app, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        headers = [("X-Forwarded-For", line.encode("latin-1")) for line in lines]
        host, header = (await client.get("/", headers=headers)).json()
    assert header is None
    return host


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        ([], "192.0.2.1"),
        (["203.0.113.9"], "203.0.113.9"),
        (["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
        (["198.51.100.7", "203.0.113.9"], "203.0.113.9"),
        (["198.51.100.7, 203.0.113.9, 10.0.0.8"], "203.0.113.9"),
        (["10.0.0.7, 10.0.0.8"], "10.0.0.7"),
        (["203.0.113.9:50123"], "203.0.113.9"),
        (["[2001:db8::9]:50123"], "2001:db8::9"),
        (["2001:DB8:0::9"], "2001:db8::9"),
        (["::ffff:203.0.113.9"], "203.0.113.9"),
        (["fe80::1%" + "z" * 200], "fe80::1"),
        (["1" * 60], "192.0.2.1"),
        (["203.0.113.9" + " " * 60 + "x, \xff"], "192.0.2.1"),
        (["unknown"], "192.0.2.1"),
        (["198.51.100.7, unknown, 10.0.0.8"], "10.0.0.8"),
        ([","], "192.0.2.1"),
        (["203.0.113.9, " + "10.0.0.8, " * 3000 + "10.0.0.8"], "10.0.0.8"),
    ],
)
async def test_a_named_proxy_is_believed_as_far_as_it_can_know(lines, client):
    assert await address("192.0.2.1", *lines) == client


@pytest.mark.parametrize("peer", ["127.0.0.1", "198.51.100.1", "2001:db8:e::1"])
async def test_nobody_else_is_believed(peer):
    assert await address(peer, "203.0.113.9") == peer


async def test_without_named_proxies_nobody_is_believed():
    assert await address("127.0.0.1", "203.0.113.9", proxies="") == "127.0.0.1"


@pytest.mark.parametrize("wrong", ["*", "proxy.example.com", "10.0.0.1/24", "0.0.0.0/0", "::/0"])
def test_proxies_are_named_by_address(wrong):
    with pytest.raises(ValidationError, match="trusted_proxies") as caught:
        Settings(_env_file=None, trusted_proxies=f"10.0.0.1,{wrong}")
    assert wrong in str(caught.value)


@pytest.fixture
def quick_hashing(monkeypatch):
    monkeypatch.setattr(passwords, "verify", lambda kept, given: False)


def counted(console) -> list[str]:
    with reading(console.engine) as connection:
        return list(connection.scalars(select(login_attempts.c.ip)))


async def test_no_claimed_address_gives_an_error_or_evades_the_limit(access_url, quick_hashing):
    """On MariaDB a claim of 60 characters once was a 500."""
    proxied = bootstrap.build(
        Settings(_env_file=None, database_url=access_url, trusted_proxies="192.0.2.1")
    )
    for claim in ("1" * 60, "fe80::1%" + "z" * 60, "9" * 4000):
        answer = await Browser(proxied).sign_in(**{"X-Forwarded-For": claim})
        assert answer.status_code == 401, claim
    for host in range(3):
        answer = await Browser(proxied).sign_in(**{"X-Forwarded-For": f"2001:db8::{host}"})
        assert answer.status_code == 401
    alone = bootstrap.build(Settings(_env_file=None, database_url=access_url))
    for claim in ("203.0.113.1", "203.0.113.2"):
        await Browser(alone).sign_in(**{"X-Forwarded-For": claim}, email=f"{claim}@x.example")
    assert sorted(set(counted(alone))) == ["192.0.2.1", "2001:db8::/64", "fe80::/64"]
    proxied.engine.dispose()
    alone.engine.dispose()


async def test_guessed_tokens_are_braked_whatever_address_they_claim(tmp_path):
    url = laid(f"sqlite:///{tmp_path / 'tillwatch.db'}")
    app = create_app(Settings(_env_file=None, var_dir=tmp_path, database_url=url))
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answers = set()
        for guess in range(MOST_GUESSES * 2 + 1):
            claim = {"X-Forwarded-For": f"203.0.113.{guess}", "Authorization": f"Bearer tw_{guess}"}
            answers.add(
                (
                    await client.get("/api/v1/payments/payment-intent/pi_1", headers=claim)
                ).status_code
            )
            if 429 in answers:
                break
    app.state.api.state.executor.stop()
    assert answers == {401, 429}
