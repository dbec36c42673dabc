"""Holds by today's API version and by older ones: what captures, releases and raises leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.emulator.state.errors import ApiError
from tests.support.emulator_books import DAY, DirectClient, context, faults
from tests.support.sdk_shapes import faults as shape_faults

OLD, TODAY = "2024-06-20", "2026-10-28.endive"
ABLE = {
    "payment_method_options": {
        "card": {
            "request_incremental_authorization": "if_available",
            "request_multicapture": "if_available",
            "request_overcapture": "if_available",
        }
    }
}


@pytest.fixture
def books() -> Iterator[DirectClient]:
    with context() as made:
        yield made


def hold(books: DirectClient, amount: int = 2000, **params: Any) -> tuple[str, str]:
    """An intent that waits for capture, and its charge."""
    charge = books.pay("usd", amount, "pm_card_visa", capture_method="manual", **params)
    return books.api("GET", f"charges/{charge}")["payment_intent"], charge


def capture(books: DirectClient, intent: str, amount: int, **params: Any) -> dict[str, Any]:
    return books.api(
        "POST", f"payment_intents/{intent}/capture", amount_to_capture=amount, **params
    )


def charge_of(books: DirectClient, charge: str) -> tuple[Any, ...]:
    """(captured, amount, amount_captured, amount_refunded, refunded)."""
    found = books.api("GET", f"charges/{charge}")
    names = ("captured", "amount", "amount_captured", "amount_refunded", "refunded")
    return tuple(found[name] for name in names)


def rows(books: DirectClient) -> list[tuple[str, str, int, int]]:
    """(type, category, amount, fee) of every row, oldest first."""
    found = books.everything("balance_transactions")[::-1]
    return [(r["type"], r["reporting_category"], r["amount"], r["fee"]) for r in found]


def events(books: DirectClient) -> list[str]:
    found = books.everything("events")[::-1]
    return [event["type"] for event in found if not event["type"].startswith("payment_method")]


def test_partial_capture_leaves_one_row_and_no_refund(books: DirectClient) -> None:
    intent, charge = hold(books)
    done = capture(books, intent, 500)
    assert (done["status"], done["amount_received"], done["amount_capturable"]) == (
        "succeeded",
        500,
        0,
    )
    assert charge_of(books, charge) == (True, 2000, 500, 0, False)
    assert books.everything("refunds") == []
    assert rows(books) == [("charge", "charge", 500, 45)]
    assert events(books)[-2:] == ["charge.captured", "payment_intent.succeeded"]
    assert not {"charge.refunded", "refund.created"} & set(events(books))


def test_partial_capture_of_old_versions_refunds_the_rest(books: DirectClient) -> None:
    books.control.others.change_settings({"api_version": OLD})
    intent, charge = hold(books)
    capture(books, intent, 500)
    assert charge_of(books, charge) == (True, 2000, 500, 1500, False)
    [refund] = books.everything("refunds")
    assert (refund["amount"], refund["status"], refund["charge"]) == (1500, "succeeded", charge)
    # 2.9 % of 15.00 comes back; the fixed 30 cents are for the charge.
    assert rows(books) == [
        ("charge", "charge", 2000, 88),
        ("refund", "partial_capture_reversal", -1500, -43),
    ]
    [reversal] = books.everything("balance_transactions", source=refund["id"])
    assert refund["balance_transaction"] == reversal["id"]
    assert "charge.refunded" in events(books)
    assert shape_faults(refund) == []
    assert {event["api_version"] for event in books.everything("events")} == {OLD}
    assert faults(books) == []


@pytest.mark.parametrize("version", [OLD, TODAY])
def test_what_was_captured_can_be_refunded_and_no_more(books: DirectClient, version: str) -> None:
    books.control.others.change_settings({"api_version": version})
    intent, charge = hold(books)
    capture(books, intent, 500)
    with pytest.raises(ApiError, match="greater than unrefunded amount"):
        books.api("POST", "refunds", charge=charge, amount=501)
    books.api("POST", "refunds", payment_intent=intent, amount=200)
    assert charge_of(books, charge)[4] is False
    assert books.api("POST", "refunds", charge=charge)["amount"] == 300
    assert charge_of(books, charge)[3:] == (500 if version == TODAY else 2000, True)
    assert sum(amount for _, _, amount, _ in rows(books)) == 0
    assert faults(books) == []


def test_request_by_an_old_version_does_as_that_version(books: DirectClient) -> None:
    intent, charge = hold(books)
    from core.emulator.http.api import call

    path = f"/v1/payment_intents/{intent}/capture"
    books.engine.work(
        lambda ctx: call(ctx, "POST", path, "amount_to_capture=700"), version="2025-02-24.acacia"
    )
    assert charge_of(books, charge) == (True, 2000, 700, 1300, False)


@pytest.mark.parametrize(
    ("version", "left", "reason"),
    [
        (TODAY, (False, 2000, 0, 0, False), "canceled"),
        (OLD, (False, 2000, None, 2000, True), "refunded"),
    ],
)
def test_canceled_hold_has_no_row_at_any_version(
    books: DirectClient, version: str, left: tuple[Any, ...], reason: str
) -> None:
    books.control.others.change_settings({"api_version": version})
    intent, charge = hold(books)
    review = books.control.others.review({"charge": charge})
    gone = books.api("POST", f"payment_intents/{intent}/cancel", cancellation_reason="duplicate")
    assert (gone["status"], gone["cancellation_reason"]) == ("canceled", "duplicate")
    assert charge_of(books, charge) == left
    assert books.api("GET", f"reviews/{review['id']}")["closed_reason"] == reason
    refunds = books.everything("refunds")
    assert [r["balance_transaction"] for r in refunds] == ([] if version == TODAY else [None])
    assert ("charge.refunded" in events(books)) is (version == OLD)
    assert rows(books) == []


@pytest.mark.parametrize(
    ("version", "reason", "refunded"), [(TODAY, "expired", 0), (OLD, "automatic", 2000)]
)
def test_hold_that_nobody_captures_expires(
    books: DirectClient, version: str, reason: str, refunded: int
) -> None:
    books.control.others.change_settings({"api_version": version})
    intent, charge = hold(books)
    books.advance(8 * DAY)
    gone = books.api("GET", f"payment_intents/{intent}")
    assert (gone["status"], gone["cancellation_reason"]) == ("canceled", reason)
    assert charge_of(books, charge)[3] == refunded
    assert "charge.expired" in events(books)


def test_several_captures_have_one_charge_and_a_row_each(books: DirectClient) -> None:
    intent, charge = hold(books, 9000, **ABLE)
    capture(books, intent, 2000, final_capture=False)
    waiting = books.api("GET", f"payment_intents/{intent}")
    assert (waiting["status"], waiting["amount_received"], waiting["amount_capturable"]) == (
        "requires_capture",
        2000,
        7000,
    )
    assert charge_of(books, charge) == (False, 9000, 2000, 0, False)
    first = books.api("GET", f"charges/{charge}")["balance_transaction"]
    capture(books, intent, 1500, final_capture=False)
    [event, *_] = books.api("GET", "events", type="charge.updated")["data"]
    assert event["data"]["previous_attributes"] == {
        "amount_captured": 2000,
        "balance_transaction": first,
    }
    capture(books, intent, 500)
    assert charge_of(books, charge) == (True, 9000, 4000, 0, False)
    assert books.api("GET", f"payment_intents/{intent}")["status"] == "succeeded"
    assert [row[2] for row in rows(books)] == [2000, 1500, 500]
    assert events(books)[-3:] == ["charge.updated", "charge.captured", "payment_intent.succeeded"]
    books.api("POST", "refunds", payment_intent=intent)
    assert charge_of(books, charge)[3:] == (4000, True)
    assert faults(books) == []


def test_several_captures_of_a_converted_hold_are_refunded_to_the_cent(books: DirectClient) -> None:
    charge = books.pay("gbp", 1003, "pm_card_visa", capture_method="manual", **ABLE)
    intent = books.api("GET", f"charges/{charge}")["payment_intent"]
    for part in (333, 333):
        capture(books, intent, part, final_capture=False)
    capture(books, intent, 337)
    for part in (1, 500, 502):
        books.api("POST", "refunds", charge=charge, amount=part)
    assert sum(amount for _, _, amount, _ in rows(books)) == 0


def test_hold_partly_captured_keeps_that_when_it_expires(books: DirectClient) -> None:
    intent, charge = hold(books, 9000, **ABLE)
    capture(books, intent, 2000, final_capture=False)
    books.advance(8 * DAY)
    done = books.api("GET", f"payment_intents/{intent}")
    assert (done["status"], done["amount_received"]) == ("succeeded", 2000)
    assert charge_of(books, charge) == (True, 9000, 2000, 0, False)


def test_hold_not_asked_for_it_is_captured_once(books: DirectClient) -> None:
    intent, _ = hold(books)
    with pytest.raises(ApiError, match="multicapture is unavailable"):
        capture(books, intent, 500, final_capture=False)
    with pytest.raises(ApiError, match="greater than the authorized amount"):
        capture(books, intent, 2001)
    with pytest.raises(ApiError, match="not eligible"):
        books.api("POST", f"payment_intents/{intent}/increment_authorization", amount=3000)


def test_overcapture_takes_more_than_was_held(books: DirectClient) -> None:
    intent, charge = hold(books, 2000, **ABLE)
    most = books.api("GET", f"charges/{charge}")["payment_method_details"]["card"]["overcapture"]
    assert most == {"maximum_amount_capturable": 2300, "status": "available"}
    with pytest.raises(ApiError, match="greater than the authorized amount"):
        capture(books, intent, 2310)
    assert capture(books, intent, 2300)["amount_received"] == 2300
    assert charge_of(books, charge) == (True, 2000, 2300, 0, False)
    assert books.api("POST", "refunds", charge=charge)["amount"] == 2300
    assert charge_of(books, charge)[3:] == (2300, True)
    assert faults(books) == []


def test_raised_hold_can_be_captured_whole(books: DirectClient) -> None:
    intent, charge = hold(books, 2000, **ABLE)
    path = f"payment_intents/{intent}/increment_authorization"
    raised = books.api("POST", path, amount=5000)
    assert (raised["amount"], raised["amount_capturable"]) == (5000, 5000)
    assert charge_of(books, charge) == (False, 5000, 0, 0, False)
    assert events(books)[-2:] == ["charge.updated", "payment_intent.amount_capturable_updated"]
    with pytest.raises(ApiError, match="greater than the currently authorized"):
        books.api("POST", path, amount=5000)
    books.api("POST", f"payment_intents/{intent}/capture")
    assert rows(books)[0][2] == 5000


def test_capture_shows_its_row_at_once(books: DirectClient) -> None:
    intent, charge = hold(books)
    books.api("POST", f"payment_intents/{intent}/capture")
    assert books.api("GET", f"charges/{charge}")["balance_transaction"]
    books.control.settle({})
    assert len(rows(books)) == 1
