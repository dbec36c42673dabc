"""Home: what waits first, then what each role looks at, each figure leading to its rows."""

from datetime import UTC, timedelta
from urllib.parse import parse_qsl

import pytest

from core import clock
from core.access.rights import MATRIX, ROLES
from core.db.engine import writing
from core.db.tables import api_requests, cases, disputes, payouts, refund_requests
from dashboard.ui import navigation
from tests.support import factories
from tests.support.fixtures_access import person
from tests.support.kit_parts import click, parts, tables

#: A card that each role finds.
FIRST = {
    "viewer": "Failed today",
    "support": "Refunds under way",
    "support_lead": "Waiting for approval",
    "finance": "Differences open",
    "risk": "Cases open",
    "developer": "Failed calls, last hour",
    "admin": "People signed in",
}


def cards(test):
    return [card for part in parts(test, "cards") for card in part.data["cards"]]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_finds_its_figures_and_each_leads_to_a_page_of_its_own(
    console, shop, screen_as, role
):
    test = screen_as(person(console, role))
    assert not test.exception
    assert [title.value for title in test.title] == ["Home"]
    assert test.header[0].value == "Needs you"
    found = cards(test)
    assert FIRST[role] in [card["label"] for card in found]
    allowed = {one.name for one in navigation.screens() if role in MATRIX[one.right]}
    assert {card["name"].partition("?")[0] for card in found} <= allowed


def test_what_failed_today_is_counted_and_opens_as_that_search(console, shop, screen_as):
    test = screen_as(person(console, "viewer"))
    (card,) = cards(test)
    assert card["value"] == "1"
    click(test, parts(test, "cards")[0], "open", card["name"])
    assert [title.value for title in test.title] == ["Payments"]
    assert test.query_params["q"] == "status:failed created:today"


def test_roles_add_up(console, shop, screen_as):
    labels = [card["label"] for card in cards(screen_as(person(console, "support", "finance")))]
    assert {FIRST["support"], FIRST["finance"]} <= set(labels)


def followed(screen_as, user, card):
    """The screen that a card leads to, and all that it says."""
    screen, _question, query = card["name"].partition("?")
    test = screen_as(user, screen, **dict(parse_qsl(query)))
    assert not test.exception
    said = [str(one.value) for one in (*test.caption, *test.markdown)]
    said += [f"{one['label']}: {one['value']}" for one in cards(test)]
    return test, " ".join(said).replace("\\", "")


def named(test, label):
    return [card for card in cards(test) if card["label"].startswith(label)]


@pytest.fixture
def busy(console, shop):
    """Something of each matter: rows of yesterday, cases, disputes, a request, payouts."""
    now = clock.now()
    rows = {"livemode": False, "created_at": now, "confirmed": True, "as_of": now}
    with writing(console.engine) as conn:
        at = clock.start_of_day(now, UTC) - timedelta(hours=3)
        for minor in (700, 900):
            factories.paid(conn, created_at=at, amount_minor=minor)
        for number, currency in enumerate(("usd", "usd", "jpy")):
            case = {"id": f"c{number}", "kind": "flag", "payment_id": shop["dollars"]}
            case |= {"state": "open", "amount_minor": 500, "currency": currency}
            case |= {"opened_at": now, "livemode": False, "source_id": f"s{number}"}
            conn.execute(cases.insert(), [case])
            dispute = {"stripe_id": f"du_busy{number}", "status": "needs_response"}
            dispute |= {"amount_minor": 1000 + number, "currency": currency, "has_evidence": False}
            conn.execute(disputes.insert(), [dispute | rows | {"past_due": False}])
        payout = {"status": "failed", "amount_minor": 4321, "currency": "usd", "automatic": True}
        conn.execute(payouts.insert(), [payout | rows | {"stripe_id": "po_failed"}])
        asked = {"payment_id": shop["dollars"], "amount_minor": 300, "currency": "usd"}
        asked |= {"reason": "duplicate", "asked_by": "ada", "asked_user_id": "ada"}
        asked |= {"livemode": False, "created_at": now, "updated_at": now}
        for number, state in enumerate(("awaiting_approval", "pending", "unknown")):
            conn.execute(
                refund_requests.insert().values(
                    id=f"rq_{number}", state=state, expires_at=now + timedelta(days=1), **asked
                )
            )


#: By role, the beginning of a card's label.
COUNTED = {
    "support": ("Refunds under way", "Waiting for approval", "Disputes to answer"),
    "risk": ("At risk", "Disputes to answer"),
    "finance": ("Net yesterday", "Payouts that failed"),
}


@pytest.mark.parametrize("role", COUNTED)
def test_a_figure_of_home_is_that_of_the_rows_it_leads_to(console, busy, screen_as, role):
    user = person(console, role)
    home = screen_as(user)
    for label in COUNTED[role]:
        found = named(home, label)
        assert found, label
        for card in found:
            test, said = followed(screen_as, user, card)
            if label == "Net yesterday":
                assert f"Rows, USD: {card['note'].partition(' ')[0]}" in said
                assert card["value"] in said
            elif label == "At risk":
                n = card["note"].partition(" ")[0]
                assert f"In all: {n} · {card['value']} {card['label'][-3:]}" in said
                assert len(tables(test)[0].rows) == int(n)
            else:
                assert f"In all: {card['value']} · " in said
                assert all(part in said for part in card["note"].split(" · "))
                assert len(tables(test)[0].rows) == int(card["value"])


#: By role, lists with the screens that their rows open.
LISTED = {
    "viewer": {"failures": "payment"},
    "support": {"requests": "refunds", "failures": "payment"},
    "finance": {"yesterday": "ledger"},
    "risk": {"cases": "fraud", "disputes": "dispute"},
}


@pytest.mark.parametrize("role", LISTED)
def test_a_row_of_a_list_of_home_opens_what_it_is_about(console, busy, screen_as, role):
    user = person(console, role)
    home = screen_as(user)
    found = {one.part.key.removeprefix("home_list_"): one for one in tables(home)}
    for name, screen in LISTED[role].items():
        addresses = {one["href"] for one in found[name].rows}
        assert len(addresses) == len(found[name].rows)
        assert {one.partition("?")[0] for one in addresses} == {f"/{screen}"}
    first = found[next(iter(LISTED[role]))].rows[0]
    click(home, found[next(iter(LISTED[role]))], "open", first["name"])
    assert not home.exception
    assert [title.value for title in home.title] != ["Home"]


def test_yesterday_by_currency_is_what_its_rows_come_to(console, busy, screen_as):
    user = person(console, "finance")
    (found,) = (one for one in tables(screen_as(user)) if "fees" in one.columns)
    (row,) = found.rows
    shown = found.value.iloc[0]
    test, said = followed(screen_as, user, {"name": row["name"].removeprefix("/")})
    assert len(tables(test)[0].rows) == int(shown["rows"])
    assert shown["net"] in said


def test_the_cases_of_home_are_those_with_most_at_risk(console, busy, screen_as):
    with writing(console.engine) as conn:
        conn.execute(cases.update().where(cases.c.id == "c1").values(amount_minor=9000))
    (found,) = (one for one in tables(screen_as(person(console, "risk"))) if "kind" in one.columns)
    assert list(found.value["amount"]) == ["$90.00", "$5.00"]


def test_sums_of_refunds_are_money_as_lists_show_it(console, busy, screen_as):
    (card,) = named(screen_as(person(console, "support")), "Refunds under way")
    assert card["note"] == "$9.00 USD"


def test_an_administrators_figures_are_those_of_the_lists(console, busy, screen_as):
    user = person(console, "admin")
    console.principal(user)
    home = screen_as(user)
    for label in ("People signed in", "Without a second factor"):
        (card,) = named(home, label)
        test, _said = followed(screen_as, user, card)
        assert len(tables(test)[0].rows if tables(test) else []) == int(card["value"])
    assert named(home, "Sign-ins refused")
    (keys,) = named(home, "API tokens in force")
    assert keys["name"] == "settings?tab=tokens"


def test_failed_calls_lead_to_the_same_calls(console, shop, screen_as):
    now, row = clock.now(), {"livemode": False, "method": "GET", "path": "/v1/charges"}
    row |= {"duration_us": 5, "attempt": 1}
    with writing(console.engine) as conn:
        for status, minutes in ((500, 5), (None, 6), (402, 7), (200, 8), (500, 90)):
            at = now - timedelta(minutes=minutes)
            conn.execute(api_requests.insert().values(status=status, started_at=at, **row))
    user = person(console, "developer")
    (card,) = named(screen_as(user), "Failed calls, last hour")
    assert card["value"] == "2"
    test, _said = followed(screen_as, user, card)
    assert len(tables(test)[0].rows) == 2


def test_a_lead_is_at_an_approval_in_three_clicks(console, busy, screen_as):
    """From home: what waits, the request, and its approval."""
    home = screen_as(person(console, "support_lead"))
    links = [one.proto for one in home.get("page_link") if one.proto.label == "Refunds to approve"]
    assert [(one.page, one.query_string) for one in links] == [("refunds", "tab=waiting")]
    queue = screen_as(person(console, "support_lead"), "refunds", tab="waiting")
    review = next(one for one in queue.button if "rq_0" in str(one.key))
    dialog = review.click().run()
    assert not dialog.exception
    assert [one for one in dialog.button if one.label.startswith("Approve")]
