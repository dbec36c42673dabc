"""Roles by the groups that a real provider sends, by the table that administrators keep."""

from __future__ import annotations

import json

import pytest

from core import clock
from core.access import group_roles, users
from core.access.rights import ROLES
from core.db.engine import reading, writing
from tests.support.fixtures_access import audited, make_console, person
from tests.support.oidc_providers import running_provider
from tests.support.sign_in_browser import EMAIL, Browser

pytestmark = pytest.mark.anyio
VERIFIED = {"email": EMAIL, "email_verified": True}
PEOPLE = {
    "of two": VERIFIED | {"groups": ["Money", "Risk people", "Chess"]},
    "of none here": VERIFIED | {"groups": ["Chess", "money", "Money ", ["Money"], 7]},
    "of none": VERIFIED,
    "of nonsense": VERIFIED | {"groups": "Money"},
}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def provider():
    with running_provider(PEOPLE) as running:
        yield running


@pytest.fixture
def console(access_url, provider):
    made = make_console(
        access_url,
        oidc_issuer=provider.issuer,
        oidc_client_id="tillwatch",
        oidc_client_secret="a secret",
        oidc_domains="shop.example",
    )
    with writing(made.engine) as connection:
        for group, roles in (("Money", ("viewer", "finance")), ("Risk people", ("risk",))):
            group_roles.give(connection, group, roles, actor="test", now=clock.now())
    yield made
    made.engine.dispose()


async def visit(browser, provider, subject):
    address = (await browser.http.get("/oidc/start")).headers["location"]
    return await browser.http.get(provider.sign_in(address, subject))


def roles_of(console, user_id):
    with reading(console.engine) as connection:
        return users.roles_of(connection, user_id)


async def test_who_is_in_several_groups_gets_the_roles_of_all(console, provider):
    owner = person(console, "admin", "support", email=EMAIL)
    person(console, "admin")
    for _ in range(2):
        assert (await visit(Browser(console), provider, "of two")).status_code == 303
        assert roles_of(console, owner) == {"viewer", "finance", "risk"}
    assert [row.actor for row in audited(console, "user.roles")] == ["oidc"]


@pytest.mark.parametrize("subject", ["of none here", "of none", "of nonsense"])
async def test_who_is_in_no_group_of_the_table_stays_outside_and_loses_roles(
    console, provider, subject
):
    owner = person(console, "support", email=EMAIL)
    browser = Browser(console)
    answer = await visit(browser, provider, subject)
    assert answer.status_code == 401
    assert "tillwatch" not in browser.http.cookies
    assert roles_of(console, owner) == set()
    (row,) = [row for row in audited(console, "sign_in.oidc") if row.outcome == "refused"]
    assert json.loads(row.details)["why"] == "none of their groups has a role here"
    assert row.actor == owner


async def test_the_table_counts_from_the_next_sign_in_on(console, provider):
    owner, now = person(console, "support", email=EMAIL), clock.now()
    await visit(Browser(console), provider, "of two")
    with writing(console.engine) as connection:
        group_roles.give(connection, "Money", ("support_lead",), actor="test", now=now)
        group_roles.remove(connection, "Risk people", actor="test", now=now)
    assert roles_of(console, owner) == {"viewer", "finance", "risk"}
    await visit(Browser(console), provider, "of two")
    assert roles_of(console, owner) == {"support_lead"}
    with writing(console.engine) as connection:
        group_roles.remove(connection, "Money", actor="test", now=now)
    assert (await visit(Browser(console), provider, "of two")).status_code == 303
    assert roles_of(console, owner) == {"support_lead"}


async def test_names_that_differ_by_case_are_two_groups(console, provider):
    with writing(console.engine) as connection:
        group_roles.give(connection, "money", ROLES, actor="test", now=clock.now(), new=True)
    owner = person(console, email=EMAIL)
    await visit(Browser(console), provider, "of two")
    assert roles_of(console, owner) == {"viewer", "finance", "risk"}
