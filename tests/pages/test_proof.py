"""Proof on the screen: witnesses with their difference, rules, and the queue that is worked."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from core import clock
from core.actions.proof import runs as actions
from core.db.engine import reading, writing
from core.db.tables import (
    balance_checks,
    balance_transactions,
    breaks,
    ledger_checks,
    reconcile_runs,
)
from core.domain import versions
from dashboard.screens.proof import labels
from dashboard.ui import live
from tests.support import factories, stream_rows
from tests.support.checkout_screens import badges
from tests.support.fixtures_access import audited, person
from tests.support.fixtures_proof import difference
from tests.support.kit_parts import tables
from tests.support.report_files import written

pytestmark = pytest.mark.usefixtures("within_a_day")


@pytest.fixture
def ledger(console, nothing_cached):
    """Three payments of 10.00 USD, of which Stripe's balance has a cent more than we have."""
    now = clock.now()
    with writing(console.engine) as conn:
        for _ in range(3):
            factories.paid(conn, created_at=now - timedelta(minutes=1))
        conn.execute(
            insert(balance_checks).values(
                livemode=False,
                currency="usd",
                balance_type="payments",
                balance_minor=3001,
                ledger_minor=2910,
                opening_minor=90,
                checked_at=now,
            )
        )
        conn.execute(
            insert(ledger_checks).values(
                livemode=False,
                day=now.date(),
                currency="usd",
                theirs_count=3,
                theirs_net_minor=2910,
                ours_count=3,
                ours_net_minor=2910,
                checked_at=now,
            )
        )
    stream_rows.write(console.engine)


@pytest.fixture
def finance(console):
    return person(console, "finance")


@pytest.fixture
def proof(console, ledger, finance, screen_as):
    def run(**query):
        test = screen_as(finance, "proof", **query)
        assert not test.exception
        return test

    return run


def reconciled(console, **given):
    today = clock.now().date()
    row = {
        "livemode": False,
        "first_day": today.replace(day=1),
        "last_day": today,
        "zone": "UTC",
        "version": "1",
        "asked_by": "worker",
        "outcome": "agrees",
        "open": 0,
        "expected": 0,
        "witnesses": '{"currencies": {}, "unknown": ["balance"]}',
        "digest": "",
        "started_at": clock.now(),
        "ended_at": clock.now(),
    }
    with writing(console.engine) as conn:
        conn.execute(insert(reconcile_runs).values(**row | given))


def said(test):
    return " ".join(one.value for one in (*test.markdown, *test.caption)).replace("\\", "")


def heard(test):
    """What each witness says, by its name: its note, and its figures with their tones."""
    rows = [
        [{"text": cell} if isinstance(cell, str) else cell for cell in row["cells"]]
        for row in tables(test)[0].rows
    ]
    return {
        first["text"]: (first["note"], figure["text"], off["text"], off.get("tone"))
        for first, figure, off, *_ in rows
    }


def test_each_witness_has_its_figure_and_its_difference_zero_printed(proof):
    found = heard(proof())
    assert found["Ours"] == ("3 rows, summed", "$30.00", "–", None)
    note, *figures = found["Stripe's list"]
    assert re.fullmatch(r"1 of \d+ days? read", note)
    assert figures == ["$30.00", "$0.00", "green"]
    assert found["Stripe's balance"][1:] == ("$30.01", "$0.01", "red")


def test_the_bridge_adds_up_in_the_table_under_it(proof):
    table = tables(proof())[1].value
    assert list(table["net"]) == ["$0.90", "$29.10", "$30.00"]
    assert list(table["what"]) == ["Opening", "Charge", "Closing"]
    assert table["fee"].iloc[1] == "-$0.90"


def test_a_row_that_comes_is_in_the_next_picture_whenever_it_happened(console, proof, monkeypatch):
    monkeypatch.setattr(live, "_shared", live.Shared(live._read, fresh_for=0))
    test = proof()
    before = clock.now().replace(day=1) - timedelta(days=40)
    for at in (clock.now(), before):
        with writing(console.engine) as conn:
            factories.paid(conn, created_at=at)
            versions.bump(conn, ["revenue"], slot=0)
        test.run()
        assert not test.exception
    table = tables(test)[1].value
    assert list(table["net"]) == ["$10.60", "$38.80", "$49.40"]
    assert heard(test)["Ours"][0] == "4 rows, summed"


def test_a_new_reconciliation_has_the_rows_themselves_summed(console, proof):
    test = proof()
    # Somebody changed a row behind our backs: its sums still stand.
    changed = update(balance_transactions).values(net_minor=balance_transactions.c.net_minor + 1)
    with writing(console.engine) as conn:
        conn.execute(changed)
    reconciled(console)
    test.run()
    assert list(tables(test)[1].value["net"]) == ["$0.90", "$29.13", "$30.03"]


def test_a_month_that_was_not_reconciled_says_so(proof):
    assert "These days were not reconciled yet." in said(proof())


def test_each_rule_says_how_it_stands(console, proof):
    reconciled(console)
    difference(console)
    text = said(proof())
    broken = r":red\[\S+\] Each day's rows are those of Stripe's list  \n:small\[1 open\]"
    assert re.search(broken, text)
    assert "Stripe could not be asked" in text
    assert text.count(":green[:material/check_circle:]") == len(labels.IDENTITIES) - 2


def test_the_queue_shows_both_sides_and_the_cause_in_words(console, proof):
    number = difference(console, due_at=clock.now() - timedelta(days=3))
    test = proof()
    row = tables(test)[-1].value.iloc[0]
    assert row["number"].endswith(f"#{number}")
    assert (row["kind"], row["ours"], row["theirs"], row["difference"]) == (
        "Amount differs",
        "$11.00",
        "$10.00",
        "-$1.00",
    )
    assert row["cause"].startswith("The row here is not what Stripe says")
    assert row["due"] == "3 days late"
    assert "1 difference" in badges(test)


def test_filters_stand_in_the_address(console, proof):
    difference(console, currency="jpy")
    difference(console)
    test = proof(view="all", of="jpy")
    assert list(tables(test)[-1].value["currency"]) == ["JPY"]
    assert "No difference here" in badges(proof(view="closed"))


def test_a_difference_is_explained_and_then_not_open(console, proof, finance):
    number = difference(console)
    test = proof(difference=str(number))
    test.button(key="explain").click().run()
    assert not test.exception
    test.button(key="explain_now").click().run()
    assert "Say why it is there." in said(test)
    test.text_area(key="difference_reason").input("A fee of the bank").run()
    test.button(key="explain_now").click().run()
    assert not test.exception
    assert "The difference is explained" in test.success[0].value
    assert "Nothing differs" in badges(test)
    (row,) = audited(console, "break.explain")
    assert (row.actor, row.target) == (finance, str(number))
    assert "A fee of the bank" in [text.value for text in test.text]


def test_a_difference_is_given_to_somebody_and_opened_again(console, proof, finance):
    number = difference(console, state="explained", reason="known", explained_by=finance)
    test = proof(difference=str(number))
    test.button(key="assign").click().run()
    test.selectbox(key="difference_owner").set_value(finance).run()
    test.button(key="assign_now").click().run()
    assert not test.exception
    test.button(key="reopen").click().run()
    assert not test.exception
    with reading(console.engine) as conn:
        row = conn.execute(select(breaks).where(breaks.c.id == number)).one()
    assert (row.owner, row.state) == (finance, "open")


def test_a_difference_that_is_not_here_is_said_to_be_so(proof):
    for asked in ("999", "none"):
        assert "There is no such difference here" in badges(proof(difference=asked))


def test_the_button_asks_the_worker_and_says_how_far_it_is(console, proof):
    test = proof()
    test.button(key="reconcile").click().run()
    assert not test.exception
    assert test.button(key="reconcile").disabled
    assert "Being reconciled" in test.success[0].value
    assert len(audited(console, "proof.run")) == 1
    assert actions.run_asked(context_of(console), False)
    test.run()
    assert not test.exception
    assert not test.button(key="reconcile").disabled
    assert any("Reconciled" in caption.value for caption in test.caption)


def context_of(console):
    """A worker's context without a key: Stripe cannot be asked."""
    from core import bootstrap

    return bootstrap.open_actions(console)[0]


def test_without_a_ledger_it_says_what_is_missing(console, nothing_cached, finance, screen_as):
    test = screen_as(finance, "proof")
    assert not test.exception
    assert "There is nothing to prove yet" in badges(test)


def test_it_speaks_chinese(console, proof):
    difference(console)
    reconciled(console)
    test = proof()
    test.selectbox(key="language").set_value("zh-CN").run()
    assert test.title[0].value == "核对"
    assert tables(test)[-1].value.iloc[0]["kind"] == "金额不同"
    assert "Stripe 清单" in heard(test)


@pytest.mark.parametrize("role", ["viewer", "support", "risk", "admin"])
def test_without_the_right_there_is_no_proof(console, ledger, screen_as, role):
    assert screen_as(person(console, role), "proof").title[0].value == "No access"


def test_witnesses_that_nothing_was_imported_of_say_so_and_agree_with_nobody(proof):
    found = heard(proof())
    for name, words in (
        ("Stripe's report", "no report of these days was imported"),
        ("Bank", "no statement of these days was imported"),
        ("Books", "nothing of these days was exported for good"),
    ):
        assert found[name] == (words, "–", "–", None)


def test_a_report_is_taken_in_on_the_screen_and_held_against_the_ledger(console, proof, finance):
    today = clock.now().date()
    yesterday, last = today - timedelta(days=1), today
    lines = [
        ("starting_balance", f"Starting balance ({yesterday})", "0.90", "usd"),
        ("activity", "Activity", "29.10", "usd"),
        ("payouts", "Total payouts", "0.00", "usd"),
        ("ending_balance", f"Ending balance ({last})", "30.00", "usd"),
    ]
    data = written(("category", "description", "net_amount", "currency"), lines)
    test = proof()
    test.button(key="report_ask").click().run()
    assert not test.exception
    test.file_uploader(key="report_file").upload("balance.csv", data, "text/csv").run()
    test.button(key="report_import").click().run()
    assert not test.exception
    assert "The report is kept" in test.success[0].value
    (row,) = audited(console, "report.import")
    assert (row.actor, row.target) == (finance, "balance.csv")
    test.button(key="report_ask").click().run()
    (told,) = test.selectbox(key="report_which").options
    assert told.startswith("Balance summary · ")
    assert told.endswith(" · USD")
    test.selectbox(key="report_which").select_index(0).run()
    test.text_input(key="report_reason").set_value("The wrong days").run()
    test.button(key="report_withdraw").click().run()
    assert not test.exception
    assert "no longer counts" in test.success[0].value
    (row,) = audited(console, "report.withdraw")
    assert row.actor == finance


def test_a_report_that_breaks_a_rule_is_refused_in_words(proof):
    test = proof()
    test.button(key="report_ask").click().run()
    test.file_uploader(key="report_file").upload("x.csv", b"a,b\n1,2\n", "text/csv").run()
    test.button(key="report_import").click().run()
    assert not test.exception
    assert "The report was not taken in. header" in test.error[0].value.replace("\\", "")
