"""A stream that is stopped or late is told to those who can act, on every screen, with a reason."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta

import pytest
from sqlalchemy import update

from core import clock
from core.clock import NEVER
from core.db.engine import writing
from core.db.tables import balance_checks, ledger_checks, revenue_daily, stale_objects
from core.domain.stream_limits import BACKFILL, GAP, INCOMPLETE, LEDGER, PAYOUTS, REFRESH, STREAMS
from core.mirror import refresh_queue, streams
from dashboard import i18n
from dashboard.ui import permission_labels, stream_labels
from tests.support import stream_rows
from tests.support.fixtures_access import audited, person
from tests.support.fixtures_screens import HOSTILE
from tests.support.kit_parts import click, tables

RIGHT = "rak_balance_transaction_source_read"
#: What a worker writes for each fault, and what is said of it.
FAULTS = {
    "401": ({"error": "stripe_key_refused", "reason": "x (HTTP 401)"}, "refuses the API key"),
    "403": ({"error": "stripe_key_refused", "reason": "x", "permission": RIGHT}, RIGHT),
    "429": ({"error": "stripe_busy", "reason": "x"}, "fewer requests"),
    "500": ({"error": "stripe_unreachable", "reason": "x"}, "Stripe does not answer"),
    "database": ({"error": "database_down", "reason": "x"}, "database does not answer"),
    "disk": ({"error": "disk_full", "reason": "x"}, "disk is full"),
    "a bug": ({"error": "internal_error", "reason": "KeyError"}, "KeyError"),
    "other": ({"error": "stripe_refused", "reason": "No such thing"}, "No such thing"),
}


@pytest.fixture
def screens(console, shop, screen_as):
    """A screen as somebody with a role sees it; what was cached before is forgotten."""
    from streamlit import cache_resource

    people = {}

    def run(role="developer", page=None, **query):
        people.setdefault(role, person(console, role))
        cache_resource.clear()
        test = screen_as(people[role], page, **query)
        assert not test.exception
        return test

    return run


def banner(test):
    return " ".join(one.value.replace("\\", "") for one in test.warning)


def needs(test):
    said = [*test.markdown, *test.caption]
    return " ".join(str(one.value).replace("\\", "") for one in said)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", [name for name in STREAMS if name != BACKFILL])
def test_a_stopped_stream_is_told_with_its_reason_until_it_goes_on(console, screens, name, fault):
    given, said = FAULTS[fault]
    stream_rows.fail(console.engine, name, **given)
    test = screens()
    assert stream_labels.STREAMS[name] in banner(test)
    assert "stopped since" in banner(test)
    assert said in banner(test)
    assert f"{stream_labels.STREAMS[name]}: stopped" in needs(test)
    assert said in needs(test)
    stream_rows.write(console.engine, name)
    test = screens()
    assert banner(test) == ""
    assert "stopped" not in needs(test)


@pytest.mark.parametrize("page", [None, "payments", "events", "api_log", "checkout"])
def test_every_screen_carries_the_banner(console, screens, page):
    stream_rows.fail(console.engine, LEDGER, error="stripe_busy", reason="x")
    assert "Ledger: stopped" in banner(screens("developer", page))


@pytest.mark.parametrize("role", ["viewer", "developer"])
def test_everybody_is_told_how_far_the_past_is_read(console, screens, role):
    said = "past is being read from Stripe"
    noted = streams.Backfilling(console.engine, False, clock.now())
    noted.goes_on(None)
    told = screens(role).info[0].value
    assert said in told
    assert "So far" not in told
    stream_rows.write(console.engine, BACKFILL, error="running", reason="34")
    assert "So far: 34%" in screens(role).info[0].value
    stream_rows.write(console.engine, BACKFILL)
    assert not any(said in one.value for one in screens(role).info)


@pytest.mark.parametrize("page", ["revenue", "payments", None])
def test_finance_is_told_of_the_ledger_on_its_screens(console, screens, page):
    stream_rows.fail(console.engine, LEDGER, REFRESH, error="stripe_busy", reason="x")
    said = banner(screens("finance", page))
    assert "Ledger: stopped" in said
    assert stream_labels.STREAMS[REFRESH] not in said


@pytest.mark.parametrize("role", ["viewer", "support", "support_lead", "risk"])
def test_who_can_do_nothing_about_it_is_not_told(console, screens, role):
    stream_rows.fail(console.engine, error="stripe_busy", reason="x")
    test = screens(role)
    assert banner(test) == ""
    assert "stopped" not in needs(test)


def test_a_dead_worker_is_one_sentence_about_all_its_streams(console, screens):
    stream_rows.die(console.engine, *[name for name in STREAMS if name != BACKFILL])
    test = screens()
    (said,) = [one.value for one in test.warning]
    assert "no sign of life" in said
    assert "late since" in said
    for name in (LEDGER, PAYOUTS, REFRESH):
        assert stream_labels.STREAMS[name] in said


def test_a_console_whose_worker_never_ran_says_so(console, screens):
    stream_rows.forget(console.engine)
    assert "no sign of life" in banner(screens())


def test_a_full_disk_is_told_where_nothing_can_be_written(console, screens, monkeypatch):
    stream_rows.die(console.engine, *[name for name in STREAMS if name != BACKFILL])
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage._replace(free=4096))
    assert "disk is full" in banner(screens())


def test_a_gap_of_events_is_told_with_its_begin(console, screens):
    stream_rows.write(console.engine)
    since = clock.now() - timedelta(days=40)
    stream_rows.fail(console.engine, BACKFILL, error=GAP, fresh_as_of=since)
    for said in (banner(screens()), banner(screens("finance"))):
        assert "missed" in said
        assert i18n.moment(since, console.settings.zone) in said


def test_lists_that_a_key_may_not_read_wait_in_needs_you_alone(console, screens):
    stream_rows.write(console.engine)
    given = {"error": INCOMPLETE, "reason": "review", "permission": "rak_review_read"}
    stream_rows.fail(console.engine, BACKFILL, **given)
    test = screens()
    assert banner(test) == ""
    assert "rak_review_read" in needs(test)


def test_a_hostile_reason_draws_nothing(console, screens):
    stream_rows.fail(console.engine, LEDGER, error="stripe_refused", reason=HOSTILE)
    said = next(one.value for one in screens().warning)
    _head, _, reason = said.rpartition("** ")
    assert "evil" in reason
    assert not re.search(r"(?<!\\)[<\[`$]", reason)


def test_the_other_modes_streams_are_not_told_here(console, screens):
    stream_rows.fail(console.engine, livemode=True, error="stripe_busy", reason="x")
    assert banner(screens()) == ""


def test_chinese_people_are_told_in_chinese(console, screens):
    stream_rows.write(console.engine)
    given = {"error": "stripe_key_refused", "reason": "x", "permission": RIGHT}
    stream_rows.fail(console.engine, LEDGER, **given)
    test = screens()
    said = banner(test.selectbox(key="language").set_value("zh-CN").run())
    assert "账目" in said
    assert "停止" in said
    assert RIGHT in said
    assert "Revenue" not in said


def test_a_right_that_is_not_known_is_named_all_the_same():
    assert "rak_brand_new_read" in permission_labels.lacking("rak_brand_new_read")


# --- as of when figures are true


def captions(test):
    return " ".join(one.value for one in test.caption)


def test_revenue_is_as_of_the_ledgers_own_time(console, screens):
    walked = clock.now() - timedelta(minutes=4)
    stream_rows.write(console.engine, LEDGER, fresh_as_of=walked)
    said = captions(screens("finance", "revenue"))
    assert f"as of {i18n.moment(walked, console.settings.zone)} UTC" in said


def test_revenue_without_a_walk_says_that_it_was_not_read(console, screens):
    stream_rows.forget(console.engine)
    assert "not read from Stripe yet" in captions(screens("finance", "revenue"))


@pytest.mark.parametrize(
    ("role", "page"), [("viewer", "payments"), ("risk", "disputes"), ("support", "refunds")]
)
def test_lists_are_as_of_what_was_applied_and_read_again(console, screens, role, page):
    read = clock.now() - timedelta(minutes=3)
    stream_rows.write(console.engine, REFRESH, fresh_as_of=read)
    query = {"tab": "history"} if page == "refunds" else {}
    said = captions(screens(role, page, **query))
    assert i18n.moment(read, console.settings.zone) in said


def test_overview_is_as_of_the_older_of_what_it_shows(console, screens):
    walked = clock.now() - timedelta(minutes=4)
    stream_rows.write(console.engine, LEDGER, fresh_as_of=walked)
    said = f"As of {i18n.moment(walked, console.settings.zone)}"
    assert said in needs(screens("finance", "overview"))
    assert said not in needs(screens("viewer", "overview"))


# --- objects that cannot be read


@pytest.fixture
def parked(console):
    """Objects of several kinds that are parked, one of them of live mode, and one that waits."""
    kinds = {"re_1": "refund", "txn_1": "balance_transaction", "po_1": "payout", "evt_9": "event"}
    now = clock.now()
    with writing(console.engine) as conn:
        for stripe_id, kind in kinds.items():
            refresh_queue.enqueue(
                conn, [refresh_queue.RefreshRequest(kind, stripe_id, False, now, None)], at=now
            )
        refresh_queue.enqueue(
            conn, [refresh_queue.RefreshRequest("refund", "re_live", True, now, None)], at=now
        )
        said = f"The API key lacks the right {RIGHT}."
        s = stale_objects
        conn.execute(update(s).values(next_attempt_at=NEVER, attempts=8, last_error=said))
        conn.execute(update(s).where(s.c.stripe_id == "re_1").values(last_error=HOSTILE))
        refresh_queue.enqueue(
            conn, [refresh_queue.RefreshRequest("charge", "ch_1", False, now, None)], at=now
        )
    return kinds


@pytest.fixture
def acting(context, monkeypatch):
    from dashboard.ui import viewer as page_console
    from tests.pages.test_events import Quiet

    monkeypatch.setattr(page_console, "_context", lambda _console: (context, Quiet()))


def rows(test):
    return next((f.value for f in tables(test) if "reason" in f.value), None)


def test_parked_objects_are_listed_with_kind_reason_and_time(screens, parked):
    found = rows(screens("admin", "parked"))
    assert dict(zip(found["object"], found["kind"], strict=True)) == {
        "re_1": "Refund",
        "txn_1": "Ledger row",
        "po_1": "Payout",
        "evt_9": "Event",
    }
    by_id = found.set_index("object")
    assert by_id["reason"]["re_1"] == HOSTILE
    assert "what stands behind ledger rows is read later" in by_id["reason"]["txn_1"]
    assert all(found["since"])


def test_all_of_them_can_be_tried_again(console, screens, parked, acting):
    test = screens("admin", "parked")
    test.button(key="parked_all").click().run()
    assert not test.exception
    assert rows(test) is None
    (row,) = audited(console, "object.retry_all")
    assert row.outcome == "ok"


def test_one_of_them_can_be_tried_again(console, screens, parked, acting):
    test = screens("developer", "parked")
    click(test, tables(test)[0], "open", "po_1")
    assert "po_1" not in set(rows(test)["object"])
    (row,) = audited(console, "object.retry")
    assert (row.target, row.outcome) == ("po_1", "ok")
    click(test, tables(test)[0], "open", "po_1")
    assert not test.exception


def test_nothing_parked_is_said_so(screens):
    assert any("Every object is read" in one.value for one in screens("admin", "parked").markdown)


def test_parked_objects_wait_in_needs_you_and_on_events(screens, parked):
    test = screens("developer")
    links = [link.proto.label for link in test.get("page_link")]
    assert "Objects that cannot be read" in links
    assert RIGHT in needs(test)
    links = [link.proto.label for link in screens("developer", "events").get("page_link")]
    assert "Objects that cannot be read: 4" in links


# --- a ledger that is not Stripe's


@pytest.fixture
def unlike(console):
    """Seven days and a balance that differ, a day and a balance that do not, one of live mode."""
    now = clock.now()
    with writing(console.engine) as conn:
        for n in range(8):
            theirs = {"theirs_count": 120, "theirs_net_minor": 123400}
            ours = {"ours_count": 120 - (n < 7), "ours_net_minor": 123400 - 3400 * (n < 7)}
            key = {"livemode": False, "currency": "usd", "day": (now - timedelta(days=n)).date()}
            conn.execute(ledger_checks.insert().values(**key, **theirs, **ours, checked_at=now))
        for currency, livemode, more in (("usd", False, 700), ("eur", False, 0), ("jpy", True, 5)):
            said = {"balance_minor": 50000 + more, "ledger_minor": 30000, "opening_minor": 20000}
            key = {"livemode": livemode, "currency": currency, "balance_type": "payments"}
            conn.execute(balance_checks.insert().values(**key, **said, since=None, checked_at=now))


def test_what_differs_from_stripe_stands_on_revenue_with_both_amounts(screens, unlike):
    days, balance = (one.value.replace("\\", "") for one in screens("finance", "revenue").warning)
    assert "Stripe has $1,234.00 in 120 rows, the ledger $1,200.00 in 119" in days
    assert "and 2 more" in days
    assert "USD, payments: Stripe has $507.00, the ledger makes it $500.00" in balance
    assert "EUR" not in balance
    assert "JPY" not in balance


def test_what_differs_waits_in_needs_you_for_finance_and_developers(screens, unlike):
    for role in ("finance", "developer"):
        test = screens(role)
        links = [link.proto.label for link in test.get("page_link")]
        said = needs(test) + " ".join(links)
        assert "Days unlike Stripe's list" in said
        assert "Balances unlike Stripe's" in said
        assert ("Days unlike Stripe's list" in links) is (role == "finance")
    assert "unlike" not in needs(screens("support"))


def test_a_ledger_that_is_stripes_is_not_told(screens):
    assert banner(screens("finance", "revenue")) == ""
    assert "unlike" not in needs(screens("finance"))


def test_a_category_that_nobody_knows_waits_for_a_place(console, screens):
    with writing(console.engine) as conn:
        row = {"livemode": False, "day": clock.now().date(), "currency": "usd", "method": ""}
        sums = {"gross_minor": 5, "fee_minor": 0, "net_minor": 5, "count": 1, "slot": 0}
        conn.execute(revenue_daily.insert().values(reporting_category="brand_new", **row, **sums))
    links = [link.proto.label for link in screens("finance").get("page_link")]
    assert "Ledger rows that need a category" in links
