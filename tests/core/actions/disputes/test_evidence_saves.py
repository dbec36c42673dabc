"""Evidence that two people write: the later one is told, and nothing is overwritten unseen."""

import json
from contextlib import nullcontext

import pytest

from core.access.principals import Caller
from core.actions.disputes import disputes
from core.db.engine import reading
from core.db.tables import audit_log, evidence_saves, operations
from core.errors import ChangedMeanwhile, InvalidInput, RequestRepeated, StripeRefused
from core.reads.disputes import answers as reads
from core.states import OperationState
from tests.support.disputes import TEST, at_stripe, disputed, pdf
from tests.support.fixtures_access import email_of, person
from tests.support.fixtures_actions import make_context, operations_kept

FIELD = "uncategorized_text"


@pytest.fixture
def console(both_consoles):
    return both_consoles


@pytest.fixture
def ann(console):
    return Caller(person(console, "risk"))


@pytest.fixture
def bea(console):
    return Caller(person(console, "risk"))


@pytest.fixture
def dispute(context, action_emulator, backend):
    return disputed(context, action_emulator, backend)


def save(context, caller, dispute, text, *, before=None, field=FIELD):
    seen = None if before is None else {field: before}
    return disputes.save_draft(context, caller, dispute, {field: text}, before=seen, **TEST)


def read(console, fn, dispute):
    with reading(console.engine) as connection:
        return fn(connection, dispute_id=dispute, livemode=False)


def at_stripe_now(context, dispute):
    return at_stripe(context, dispute)["evidence"][FIELD]


def test_the_later_of_two_is_told_and_the_first_ones_text_stays(context, ann, bea, dispute):
    save(context, ann, dispute, "Ann's", before="")
    with pytest.raises(ChangedMeanwhile, match="changed by somebody else") as told:
        save(context, bea, dispute, "Bea's", before="")
    assert told.value.field == FIELD
    assert at_stripe_now(context, dispute) == "Ann's"
    save(context, bea, dispute, "Bea's", before="Ann's")
    assert at_stripe_now(context, dispute) == "Bea's"


def test_two_people_in_two_fields_do_not_meet(context, ann, bea, dispute):
    save(context, ann, dispute, "Ann's", before="")
    kept = save(context, bea, dispute, "Ada", before="", field="customer_name")
    assert kept.texts == {FIELD: "Ann's", "customer_name": "Ada"}


def test_what_both_wrote_alike_is_no_conflict(console, context, ann, bea, dispute):
    save(context, ann, dispute, "the same", before="")
    save(context, bea, dispute, "the same", before="")
    assert [row.kind for row in operations_kept(console)].count("dispute.draft") == 1


class Between:
    """A gateway during whose look at the dispute somebody else does something, once."""

    def __init__(self, gateway, then):
        self._gateway, self._then = gateway, then

    def __getattr__(self, name):
        return getattr(self._gateway, name)

    def get(self, path, **params):
        found = self._gateway.get(path, **params)
        if then := self._then:
            self._then = None
            then()
        return found


def test_a_save_between_look_and_write_is_seen(
    console, context, action_emulator, ann, bea, dispute
):
    other = make_context(console, action_emulator)
    meanwhile = Between(
        context.gateway(False), lambda: save(other, ann, dispute, "Ann's", before="")
    )
    context.gateways[False] = meanwhile
    with pytest.raises(ChangedMeanwhile):
        save(context, bea, dispute, "Bea's", before="")
    assert at_stripe_now(other, dispute) == "Ann's"


def test_a_save_on_its_way_is_waited_for(console, context, ann, bea, dispute):
    save(context, ann, dispute, "Ann's", before="")
    sending = {"state": OperationState.SENDING}
    with console.engine.begin() as connection:
        connection.execute(
            operations.update().where(operations.c.kind == "dispute.draft").values(sending)
        )
    with pytest.raises(RequestRepeated):
        save(context, bea, dispute, "Bea's", before="Ann's")
    # What died under one's own hands may be written anew.
    save(context, ann, dispute, "Ann's second", before="Ann's")
    assert at_stripe_now(context, dispute) == "Ann's second"


def test_a_save_between_look_and_submission_is_not_sent_unseen(
    console, context, action_emulator, ann, bea, dispute
):
    seen = save(context, bea, dispute, "winning_evidence").seen
    other = make_context(console, action_emulator)
    context.gateways[False] = Between(
        context.gateway(False), lambda: save(other, ann, dispute, "Ann's")
    )
    with pytest.raises(InvalidInput, match="was changed since it was shown"):
        disputes.submit(context, bea, dispute, seen=seen, **TEST)
    assert at_stripe(other, dispute)["evidence_details"]["submission_count"] == 0


def test_a_save_on_its_way_holds_the_submission_back(console, context, ann, bea, dispute):
    seen = save(context, ann, dispute, "winning_evidence").seen
    for state, answer in ((OperationState.SENDING, RequestRepeated), (OperationState.FAILED, None)):
        with console.engine.begin() as connection:
            drafts = operations.update().where(operations.c.kind == "dispute.draft")
            connection.execute(drafts.values(state=state))
        with pytest.raises(answer) if answer else nullcontext():
            disputes.submit(context, bea, dispute, seen=seen, **TEST)
    assert at_stripe(context, dispute)["evidence_details"]["submission_count"] == 1


def test_a_file_is_not_replaced_unseen(context, ann, bea, dispute):
    first = disputes.attach(
        context,
        ann,
        dispute,
        "receipt",
        pdf(1),
        name="C:\\papers\\invoice 7.pdf",
        before="",
        **TEST,
    )
    assert first.files["receipt"].name == "invoice 7.pdf"
    with pytest.raises(ChangedMeanwhile) as told:
        disputes.attach(context, bea, dispute, "receipt", pdf(2), before="", **TEST)
    assert told.value.field == "receipt"
    seen = first.files["receipt"].file_id
    second = disputes.attach(context, bea, dispute, "receipt", pdf(2), before=seen, **TEST)
    assert second.files["receipt"].pages == 2


def test_a_files_name_is_kept_without_a_cards_number(context, ann, dispute):
    name = "card 4242424242424242\n.pdf"
    kept = disputes.attach(context, ann, dispute, "receipt", pdf(1), name=name, **TEST)
    assert "4242424242424242" not in kept.files["receipt"].name
    assert "\n" not in kept.files["receipt"].name


def test_it_is_told_who_saved_what_and_when_and_not_what_it_says(console, context, ann, dispute):
    save(context, ann, dispute, "Ada Lovelace's letter", before="")
    saved = read(console, reads.saves, dispute)
    assert set(saved) == {FIELD}
    assert saved[FIELD].by == email_of(console, ann.user_id)
    (draft,) = [row for row in operations_kept(console) if row.kind == "dispute.draft"]
    assert saved[FIELD].operation_id == draft.id
    with reading(console.engine) as connection:
        for table in (operations, audit_log, evidence_saves):
            for row in connection.execute(table.select()).mappings():
                assert "Lovelace" not in json.dumps(dict(row), default=str)


def test_what_stripe_refused_counts_as_no_save(console, context, action_emulator, ann, dispute):
    path = f"/v1/disputes/{dispute}"
    action_emulator.fault("error", status=400, path=path, method="POST", count=1)
    with pytest.raises(StripeRefused):
        save(context, ann, dispute, "refused", before="")
    assert read(console, reads.saves, dispute) == {}


def test_an_answer_tells_who_gave_it_and_when_stripe_had_it(console, context, ann, dispute):
    seen = save(context, ann, dispute, "winning_evidence").seen
    assert read(console, reads.answers, dispute) == ()
    disputes.submit(context, ann, dispute, seen=seen, **TEST)
    (answer,) = read(console, reads.answers, dispute)
    assert (answer.kind, answer.by) == (reads.SUBMIT, email_of(console, ann.user_id))
    assert answer.asked_at <= answer.confirmed_at


def test_an_answer_whose_outcome_is_unknown_is_told_as_such(console, context, ann, dispute):
    seen = save(context, ann, dispute, "winning_evidence").seen
    disputes.submit(context, ann, dispute, seen=seen, **TEST)
    lost = {"state": OperationState.UNKNOWN, "stripe_id": None}
    with console.engine.begin() as connection:
        connection.execute(
            operations.update().where(operations.c.kind == "dispute.submit").values(lost)
        )
    (answer,) = read(console, reads.answers, dispute)
    assert answer.confirmed_at is None
    assert read(console, reads.answers, "du_other") == ()


def test_what_was_sent_is_read_again_at_stripe(context, ann, dispute):
    disputes.attach(context, ann, dispute, "receipt", pdf(3), name="invoice.pdf", **TEST)
    seen = save(context, ann, dispute, "winning_evidence").seen
    disputes.submit(context, ann, dispute, seen=seen, **TEST)
    sent = disputes.sent(context, ann, dispute, **TEST)
    assert sent.texts == {FIELD: "winning_evidence"}
    assert (sent.files["receipt"].name, sent.files["receipt"].pages) == ("invoice.pdf", 3)
    with pytest.raises(InvalidInput, match="takes no evidence"):
        save(context, ann, dispute, "more")
