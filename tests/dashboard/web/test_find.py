"""Go to anything: what a text finds, for whom, and that the route gives nothing else away."""

import pytest
from sqlalchemy import insert
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.testclient import TestClient

from core import clock
from core.access.rights import MATRIX, ROLES
from core.db.engine import writing
from core.db.tables import payouts
from dashboard.ui import navigation, viewer
from dashboard.ui.kit import palette
from dashboard.web import find
from tests.support import factories
from tests.support.fixtures_access import audited, give, person
from tests.support.fixtures_screens import HOSTILE


@pytest.fixture
def ask(console, shop, monkeypatch):
    """The route as a person reaches it behind the auth middleware."""
    viewer._context.cache_clear()
    monkeypatch.setattr(viewer, "current_console", lambda: console)

    def asked(user_id, text, **also):
        async def introduce(request, call_next):
            request.state.principal = console.principal(user_id)
            return await call_next(request)

        app = Starlette(routes=find.routes)
        app.add_middleware(BaseHTTPMiddleware, dispatch=introduce)
        body = {"text": text, "mode": "test", "language": "en"} | also
        return TestClient(app).post(palette.ADDRESS, json=body)

    yield asked
    viewer._context.cache_clear()


def found(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return [one["go"] for one in answer.json()["items"]]


@pytest.fixture
def payout(console):
    now = clock.now()
    with writing(console.engine) as conn:
        conn.execute(
            insert(payouts).values(
                stripe_id="po_1",
                status="paid",
                amount_minor=900,
                currency="usd",
                automatic=True,
                livemode=False,
                created_at=now,
                confirmed=True,
                as_of=now,
            )
        )


def test_ids_mail_amounts_and_names_find_their_payments(console, shop, ask):
    support = person(console, "support")
    for text, name in (
        (shop["dollars"], "dollars"),
        ("re_1", "refunded"),
        ("1234.56", "dollars"),
        ("mallory@example.com", "hostile"),
    ):
        assert f"payment?id={shop[name]}" in found(ask(support, text)), text


def test_four_digits_are_a_cards_as_well_as_an_amount(console, shop, ask):
    with writing(console.engine) as conn:
        card = factories.paid(conn, card_last4="4711")["stripe_id"]
        amount = factories.paid(conn, amount_minor=471100, card_last4="1111")["stripe_id"]
    answer = found(ask(person(console, "support"), "4711"))
    assert answer == [f"payment?id={amount}", f"payment?id={card}", "payments?q=last4%3A4711"]


def test_who_is_named_is_found_beside_their_payments(console, shop, ask):
    with writing(console.engine) as conn:
        paid = factories.paid(conn, customer_id="cus_1", customer_name="Maria Silva")["stripe_id"]
    support = person(console, "support")
    for text in ("cus_1", "maria silva"):
        answer = found(ask(support, text))
        assert answer[:2] == ["customer?id=cus_1", f"payment?id={paid}"], text
    assert "customer?id=cus_1" not in found(ask(support, paid))


def test_foreign_text_is_sent_as_it_is_and_shown_as_text(console, shop, ask):
    (one, every) = ask(person(console, "support"), "mallory@example.com").json()["items"]
    assert one["note"].startswith("mallory@example.com")
    assert every["go"] == "payments?q=mallory%40example.com"
    answer = ask(person(console, "support"), HOSTILE[:60])
    assert answer.headers["content-type"] == "application/json"


RIGHT_OF = {"dp_1": "see_disputes", "po_1": "see_revenue", "evt_1": "see_events"}
ADDRESS_OF = {"dp_1": "dispute?id=dp_1", "po_1": "payout?id=po_1", "evt_1": "events?event=evt_1"}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_answered_what_it_may_open_and_no_more(console, payout, ask, role):
    user = person(console, role)
    mine = {one.name for one in navigation.screens() if role in MATRIX[one.right]}
    for text, right in RIGHT_OF.items():
        answer = found(ask(user, text))
        assert (ADDRESS_OF[text] in answer) == (role in MATRIX[right]), text
        assert {go.partition("?")[0] for go in answer} <= mine
    assert audited(console, "read") == []


def test_who_has_no_roles_any_more_is_answered_nothing(console, shop, ask):
    user = person(console, "support")
    assert found(ask(user, shop["dollars"]))
    give(console, user)
    answer = ask(user, shop["dollars"])
    assert answer.status_code == 403
    assert shop["dollars"] not in answer.text


def test_plain_words_are_answered_with_the_search_that_was_meant(console, shop, ask):
    support = person(console, "support")
    assert found(ask(support, "1234.56 dollars")) == ["payments?q=amount%3A1234.56+currency%3Ausd"]
    assert found(ask(support, "nobody of this name")) == []
    assert f"payment?id={shop['dollars']}" in found(ask(support, "1234.56"))


def test_each_mode_finds_its_own(console, shop, ask):
    support = person(console, "support")
    assert found(ask(support, shop["live"])) == []
    assert f"payment?id={shop['live']}" in found(ask(support, shop["live"], mode="live"))


def test_a_text_that_is_no_search_is_told_why(console, ask):
    answer = ask(person(console, "support"), "amount:much").json()
    assert answer["items"] == []
    assert "must be a number" in answer["said"]


def test_the_viewers_language_is_spoken(console, shop, ask):
    answer = ask(person(console, "support"), "re_1", language="zh-CN").json()
    assert "退款" in answer["items"][0]["note"]


def test_a_person_who_asks_too_often_waits(console, shop, ask, monkeypatch):
    monkeypatch.setattr(find, "MOST_A_MINUTE", 1)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    first, second = person(console, "support"), person(console, "support")
    assert ask(first, "re_1").status_code == 200
    limited = ask(first, "re_1")
    assert (limited.status_code, limited.json()["items"]) == (429, [])
    assert ask(second, "re_1").status_code == 200


def test_other_bodies_are_refused(console, ask):
    user = person(console, "support")
    assert ask(user, "x" * 201).status_code == 400
    assert ask(user, "x" * 5000).status_code == 413
    assert ask(user, ["re_1"]).status_code == 400
    client = TestClient(Starlette(routes=find.routes))
    assert client.post(palette.ADDRESS, data={"text": "re_1"}).status_code == 415
    json_body = {"content-type": "application/json"}
    for body in ("{", "[]", "[" * 4000):
        assert client.post(palette.ADDRESS, content=body, headers=json_body).status_code == 400
    assert client.get(palette.ADDRESS).status_code == 405
