"""Matches: what the machine decides and what never, what a person decides, and undoing it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from core.actions.bank import matches
from core.actions.bank.accounts import NewAccount, save
from core.errors import AlreadyDecided, InvalidInput, NotFound
from tests.support.bank_files import ACCOUNT, DAY, line, statement
from tests.support.fixtures_access import audited

NEXT = DAY + timedelta(days=1)


def undo(bank, decision, reason="wrong"):
    matches.undo(bank.context, bank.finance, decision, reason, livemode=False)


def test_a_line_of_one_payout_alone_is_matched_and_noted(bank):
    payout = bank.paid_out(500)
    bank.take_in(statement([line(500)]))
    (found,) = bank.match().values()
    assert found == payout
    (row,) = bank.lines()
    (made,) = row.matches
    assert (row.state, made.how, made.amount_minor, row.matched_minor) == (
        "matched",
        "amount",
        500,
        500,
    )
    assert bank.match() == {}
    (log,) = audited(bank.console, "bank.match")
    assert '"by_amount":1' in log.details


def test_two_equal_payouts_in_one_window_stay_undecided(bank):
    equal = [bank.paid_out(500), bank.paid_out(500, NEXT)]
    bank.take_in(statement([line(500)]))
    assert bank.match() == {}
    assert bank.proposed() == [("equal", [500], equal)]
    bank.take_in(statement([line(500, booked_on=NEXT)], opening=105_00, number="2"))
    assert bank.match() == {}
    assert bank.proposed() == [("equal", [500, 500], equal)]


def test_a_trace_id_decides_among_equal_payouts(bank):
    first, second = (bank.paid_out(500, trace_id=f"TRACE{at}00-77") for at in (1, 2))
    rows = [line(500, text="STRIPE TRACE200 77"), line(500, text="STRIPE", references=("B9",))]
    bank.take_in(statement(rows))
    # The other one is then alone: one line and one payout are left.
    assert set(bank.match().values()) == {first, second}
    by = {row.text: row.matches[0] for row in bank.lines()}
    assert (by["STRIPE TRACE200 77"].payout_id, by["STRIPE TRACE200 77"].how) == (
        second,
        "trace_id",
    )
    assert by["STRIPE"].how == "amount"


def test_a_negative_payout_is_a_debit(bank):
    payout = bank.paid_out(-500)
    bank.paid_out(500)
    bank.take_in(statement([line(-500, text="WFMSTRIPE1", name="")]))
    assert list(bank.match().values()) == [payout]


def test_a_combined_and_a_split_payout_are_proposed_only(bank):
    parts = [bank.paid_out(amount) for amount in (100, 200, 401)]
    whole = bank.paid_out(1_500, NEXT)
    rows = [
        line(701),
        line(900, booked_on=NEXT, references=("B2",)),
        line(600, booked_on=NEXT, references=("B3",)),
    ]
    bank.take_in(statement(rows))
    assert bank.match() == {}
    assert bank.proposed() == [
        ("combined", [701], parts),
        ("split", [900, 600], [whole]),
    ]
    combined, *split = sorted(bank.lines(), key=lambda row: row.line_id)
    bank.by_hand([combined.line_id], parts)
    bank.by_hand([row.line_id for row in split], [whole])
    assert bank.proposed() == []
    assert [row.matched_minor for row in bank.lines()] == [600, 900, 701]


def test_an_accounts_own_names_of_stripe_count(bank):
    bank.paid_out(500)
    bank.take_in(statement([line(500, name="ACME SHOP", text="PAYOUT")]))
    assert bank.match() == {}
    assert [why for why, _, _ in bank.proposed()] == ["unnamed"]
    new = NewAccount(ACCOUNT, "eur", payer_names=["Acme Shop"])
    save(bank.context, bank.finance, new, livemode=False)
    assert len(bank.match()) == 1


def test_what_was_undone_is_open_again_and_not_the_machines(bank):
    payout = bank.paid_out(500)
    bank.take_in(statement([line(500)]))
    bank.match()
    (row,) = bank.lines()
    decision = row.matches[0].decision
    undo(bank, decision, "another shop's")
    assert bank.lines()[0].state == "open"
    assert bank.match() == {}
    with pytest.raises(AlreadyDecided):
        undo(bank, decision)
    (log,) = audited(bank.console, "bank.undo")
    assert "another shop's" in log.details
    bank.by_hand([row.line_id], [payout])
    assert bank.lines()[0].matches[0].how == "person"


def test_a_decision_is_undone_as_a_whole(bank):
    parts = [bank.paid_out(amount) for amount in (100, 200)]
    bank.take_in(statement([line(300)]))
    decision = bank.by_hand([bank.lines()[0].line_id], parts)
    undo(bank, decision)
    assert bank.lines()[0].matches == ()
    assert bank.proposed() == [("combined", [300], parts)]


def test_sums_that_differ_are_refused_with_both_unless_accepted(bank):
    payout = bank.paid_out(500)
    bank.take_in(statement([line(485)]))
    line_id = bank.lines()[0].line_id
    with pytest.raises(InvalidInput, match=r"payouts: make 5\.00 EUR, but the lines 4\.85"):
        bank.by_hand([line_id], [payout])
    bank.by_hand([line_id], [payout], accepts_difference=True)
    assert bank.lines()[0].matches[0].amount_minor == 485


def test_what_cannot_be_a_match_is_refused(bank):
    payout, other = bank.paid_out(500), bank.paid_out(500)
    dollars = bank.paid_out(500, currency="usd")
    live = bank.paid_out(500, livemode=True)
    bank.take_in(statement([line(500), line(500, references=("B2",))]))
    first, second = (row.line_id for row in bank.lines())
    for lines, paid, error in (
        ([first], ["po_none"], NotFound),
        ([0], [payout], NotFound),
        ([first], [live], NotFound),
        ([first], [dollars], InvalidInput),
        ([first, second], [payout, other], InvalidInput),
        ([first, first], [payout], InvalidInput),
        ([], [payout], InvalidInput),
        ([first], [], InvalidInput),
    ):
        with pytest.raises(error):
            bank.by_hand(lines, paid)
    bank.by_hand([first], [payout])
    with pytest.raises(AlreadyDecided):
        bank.by_hand([first], [other])
    with pytest.raises(AlreadyDecided):
        bank.by_hand([second], [payout])
    with pytest.raises(NotFound):
        undo(bank, "none")
    with pytest.raises(InvalidInput, match="reason"):
        undo(bank, bank.lines()[0].matches[0].decision, "")


def test_two_that_match_at_once_match_once(bank):
    for amount in (500, 700, 900):
        bank.paid_out(amount)
    bank.take_in(statement([line(amount) for amount in (500, 700, 900)]))
    gate, made = threading.Barrier(3), []

    def run():
        gate.wait()
        made.append(len(bank.match()))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0, 0, 3]
    assert [len(row.matches) for row in bank.lines()] == [1, 1, 1]


def test_a_refused_proposal_is_not_proposed_again_and_the_log_says_who(bank):
    parts = [bank.paid_out(amount) for amount in (100, 200)]
    bank.take_in(statement([line(300)]))
    assert bank.proposed() == [("combined", [300], parts)]
    (row,) = bank.lines()
    new = matches.NewMatch([row.line_id], parts, "another customer's")
    matches.refuse(bank.context, bank.finance, new, livemode=False)
    assert bank.proposed() == []
    assert bank.match() == {}
    # Nothing is matched by it: a person may still do so by hand.
    assert bank.lines()[0].state == "open"
    (log,) = audited(bank.console, "bank.refuse")
    assert "another customer's" in log.details
    bank.by_hand([row.line_id], parts)
    assert bank.lines()[0].matched_minor == 300


def test_refusing_leaves_other_proposals_of_the_same_line(bank):
    first, second, third = (bank.paid_out(amount) for amount in (100, 200, 200))
    bank.take_in(statement([line(300)]))
    assert len(bank.proposed()) == 2
    (row,) = bank.lines()
    new = matches.NewMatch([row.line_id], [first, second], "no")
    matches.refuse(bank.context, bank.finance, new, livemode=False)
    assert bank.proposed() == [("combined", [300], sorted([first, third]))]


def test_refusing_what_is_matched_is_refused(bank):
    payout = bank.paid_out(500)
    bank.take_in(statement([line(500)]))
    bank.match()
    new = matches.NewMatch([bank.lines()[0].line_id], [payout], "no")
    with pytest.raises(AlreadyDecided):
        matches.refuse(bank.context, bank.finance, new, livemode=False)
