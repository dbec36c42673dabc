"""Evidence: a draft is Stripe's to keep, files are weighed before they leave."""

import io
import json
import logging
import time

import pytest
from PIL import Image

from core.access.principals import Caller
from core.actions.disputes import disputes, evidence_files, file_reader
from core.db.engine import reading
from core.db.tables import audit_log, operations
from core.db.tables import evidence_files as files_table
from core.errors import InvalidInput
from core.gateway.evidence_fields import TEXTS
from tests.support.disputes import PNG, TEST, at_stripe, by_mastercard, disputed, pdf, picture
from tests.support.fixtures_access import person
from tests.support.fixtures_actions import operations_kept

SECRET = "Ada Lovelace, 12 St James's Square"


@pytest.fixture
def console(both_consoles):
    return both_consoles


@pytest.fixture
def risk(console):
    return Caller(person(console, "risk"))


@pytest.fixture
def dispute(context, action_emulator, backend):
    return disputed(context, action_emulator, backend)


def kinds(console):
    return [row.kind for row in operations_kept(console) if row.kind.startswith("dispute.")]


def test_a_draft_is_kept_at_stripe_and_not_submitted(context, risk, dispute):
    kept = disputes.save_draft(context, risk, dispute, {"customer_name": SECRET}, **TEST)
    assert kept.texts == {"customer_name": SECRET}
    there = at_stripe(context, dispute)
    assert there["evidence"]["customer_name"] == SECRET
    assert there["evidence_details"]["submission_count"] == 0
    assert there["status"] == "needs_response"
    assert disputes.draft(context, risk, dispute, **TEST).seen == kept.seen


def test_what_was_typed_stands_nowhere_here(console, context, risk, dispute, caplog):
    with caplog.at_level(logging.INFO):
        disputes.save_draft(context, risk, dispute, {"billing_address": SECRET}, **TEST)
        disputes.attach(context, risk, dispute, "receipt", pdf(1), **TEST)
    with reading(console.engine) as connection:
        for table in (operations, audit_log, files_table):
            for row in connection.execute(table.select()).mappings():
                assert "Lovelace" not in json.dumps(dict(row), default=str)
    assert "Lovelace" not in caplog.text
    draft = next(row for row in operations_kept(console) if row.kind == "dispute.draft")
    assert json.loads(draft.params)["trace"]["fields"] == ["billing_address"]
    assert json.loads(draft.params)["body"] == {"submit": False}


def test_what_did_not_change_is_not_sent_again(console, context, risk, dispute):
    for _ in range(2):
        disputes.save_draft(context, risk, dispute, {"customer_name": "Ada"}, **TEST)
    assert kinds(console) == ["dispute.draft"]


@pytest.mark.parametrize(
    ("given", "field", "rule"),
    [
        ({"customer_name": ""}, "customer_name", "cannot be emptied"),
        ({"receipt": "file_1"}, "receipt", "not a text"),
        ({"no_such": "x"}, "no_such", "not a text"),
        ({"product_description": "x" * 20_001}, "product_description", "20000 characters"),
        ({"product_description": "a\x00b"}, "product_description", "cannot be printed"),
        ({"product_description": 7}, "product_description", "must be a string"),
        (["customer_name"], "evidence", "must be an object"),
    ],
)
def test_a_bad_text_names_its_field_and_nothing_is_sent(
    console, context, risk, dispute, given, field, rule
):
    disputes.save_draft(context, risk, dispute, {"customer_name": "Ada"}, **TEST)
    with pytest.raises(InvalidInput, match=rule) as refused:
        disputes.save_draft(context, risk, dispute, given, **TEST)
    assert refused.value.field == field
    assert len(kinds(console)) == 1


def test_a_field_and_all_of_them_may_be_as_long_as_stripe_takes(context, risk, dispute):
    full = dict.fromkeys(TEXTS[:7], "x" * 20_000)
    kept = disputes.save_draft(context, risk, dispute, full, **TEST)
    assert kept.characters == 140_000
    more = {"uncategorized_text": "y" * 10_000}
    assert disputes.save_draft(context, risk, dispute, more, **TEST).characters == 150_000
    with pytest.raises(InvalidInput, match="150000 characters in all"):
        disputes.save_draft(context, risk, dispute, {"uncategorized_text": "y" * 10_001}, **TEST)
    assert len(at_stripe(context, dispute)["evidence"]["uncategorized_text"]) == 10_000


def test_a_file_is_uploaded_attached_and_weighed(console, context, risk, dispute):
    draft = disputes.attach(context, risk, dispute, "receipt", pdf(3), **TEST)
    file = draft.files["receipt"]
    assert (file.kind, file.pages) == ("pdf", 3)
    assert at_stripe(context, dispute)["evidence"]["receipt"] == file.file_id
    at = context.gateway(False).get(f"/v1/files/{file.file_id}")
    upload = next(row for row in operations_kept(console) if row.kind == "dispute.upload")
    assert at["filename"] == f"receipt-{upload.id}.pdf"
    assert (at["purpose"], at["size"]) == ("dispute_evidence", file.size)
    replaced = disputes.attach(context, risk, dispute, "receipt", picture(100), **TEST)
    assert (replaced.size, replaced.pages) == (100, 1)


def test_files_may_weigh_four_and_a_half_megabytes_in_all(console, context, risk, dispute):
    disputes.attach(context, risk, dispute, "receipt", picture(3_000_000), **TEST)
    before = kinds(console)
    with pytest.raises(InvalidInput, match="4500000 bytes in all") as refused:
        disputes.attach(context, risk, dispute, "refund_policy", picture(1_500_001), **TEST)
    assert refused.value.field == "files"
    assert kinds(console) == before
    draft = disputes.attach(context, risk, dispute, "refund_policy", picture(1_500_000), **TEST)
    assert draft.size == 4_500_000


@pytest.mark.parametrize("size", [4_500_001, 5_000_000, 5 * 1024 * 1024])
def test_a_five_megabyte_file_is_refused_and_nothing_is_sent(console, context, risk, dispute, size):
    with pytest.raises(InvalidInput, match="bytes in all"):
        disputes.attach(context, risk, dispute, "receipt", picture(size), **TEST)
    assert kinds(console) == []
    assert at_stripe(context, dispute)["evidence"]["receipt"] is None


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "is empty"),
        (b"GIF89a" + bytes(50), "PDF, JPEG or PNG"),
        (b"%PDF-1.7\n" + bytes(range(256)), "is damaged"),
        (pdf(1)[:200], "is damaged"),
        (b"%PDF-1.7\n" + picture(200), "is damaged"),
        (b"\xff\xd8\xff" + bytes(100), "is damaged"),
        (picture(200)[:120], "is damaged"),
        (PNG + bytes(100), "is damaged"),
        (pdf(1, password="x"), "locked by a password"),
        (picture(5 * 1024 * 1024 + 1), "more than 5242880 bytes"),
    ],
)
def test_a_file_that_is_no_evidence_is_refused(console, context, risk, dispute, content, rule):
    with pytest.raises(InvalidInput, match=rule) as refused:
        disputes.attach(context, risk, dispute, "receipt", content, **TEST)
    assert refused.value.field == "receipt"
    assert kinds(console) == []


def test_a_field_of_text_takes_no_file(context, risk, dispute):
    with pytest.raises(InvalidInput, match="not a file of evidence"):
        disputes.attach(context, risk, dispute, "customer_name", pdf(1), **TEST)


def test_mastercard_takes_nineteen_pages(console, context, risk, backend, action_emulator):
    dispute = by_mastercard(context, action_emulator, backend)
    disputes.attach(context, risk, dispute, "receipt", pdf(18), **TEST)
    with pytest.raises(InvalidInput, match="more than 19 pages"):
        disputes.attach(context, risk, dispute, "refund_policy", pdf(2), **TEST)
    draft = disputes.attach(context, risk, dispute, "refund_policy", picture(100), **TEST)
    assert draft.pages == 19


def test_others_count_no_pages(context, risk, dispute):
    assert disputes.attach(context, risk, dispute, "receipt", pdf(40), **TEST).pages == 40


def test_a_document_attached_elsewhere_has_unknown_pages(context, risk, backend, action_emulator):
    dispute = by_mastercard(context, action_emulator, backend)
    gateway = context.gateway(False)
    file = gateway.upload(
        purpose="dispute_evidence",
        name="x.pdf",
        content=pdf(2),
        idempotency_key=f"elsewhere-{dispute}",
    )
    gateway.post(
        f"/v1/disputes/{dispute}",
        idempotency_key=f"attached-{dispute}",
        evidence={"receipt": file["id"]},
        submit=False,
    )
    draft = disputes.draft(context, risk, dispute, **TEST)
    assert draft.files["receipt"].pages is None
    with pytest.raises(InvalidInput, match="pages are not known") as refused:
        disputes.submit(context, risk, dispute, seen=draft.seen, **TEST)
    assert refused.value.field == "receipt"


@pytest.fixture
def stand_in(monkeypatch):
    """In place of the libraries, one that does what a file asks for."""
    monkeypatch.setattr(evidence_files, "READER", "tests.support.stand_in_reader")
    return monkeypatch


@pytest.mark.parametrize(
    ("wish", "limit", "value", "rule"),
    [
        ("sleep", "SECONDS", 1.5, "takes too long to read"),
        ("spin", "CPU_SECONDS", 1, "takes too long to read"),
        ("fill", "MEMORY", 1 << 30, "takes too much memory"),
        ("unknown", "MEMORY", 1 << 30, "is secured in a way"),
        ("odd", "MEMORY", 1 << 30, "is damaged"),
        ("exit", "MEMORY", 1 << 30, "is damaged"),
        ("write", "MEMORY", 1 << 30, "is damaged"),
    ],
)
def test_whatever_a_reader_does_is_a_refusal_within_limits(stand_in, wish, limit, value, rule):
    stand_in.setattr(evidence_files, limit, value)
    begun = time.monotonic()
    with pytest.raises(InvalidInput, match=rule) as refused:
        evidence_files.examine("receipt", f"%PDF-{wish}".encode())
    assert refused.value.field == "receipt"
    assert time.monotonic() - begun < 15


def test_few_are_read_at_once(stand_in):
    stand_in.setattr(evidence_files, "SECONDS", 0.05)
    for _ in range(evidence_files.AT_ONCE):
        evidence_files._turns.acquire()
    try:
        with pytest.raises(InvalidInput, match="cannot be read now"):
            evidence_files.examine("receipt", b"%PDF-sleep")
    finally:
        for _ in range(evidence_files.AT_ONCE):
            evidence_files._turns.release()


def test_pictures_are_drawn_to_be_believed():
    for name, format_ in (("jpg", "JPEG"), ("png", "PNG")):
        out = io.BytesIO()
        Image.new("RGB", (40, 30), "red").save(out, format_)
        assert evidence_files.examine("receipt", out.getvalue()).kind == name
        with pytest.raises(InvalidInput, match="is damaged"):
            evidence_files.examine("receipt", out.getvalue()[:-40])


def test_a_picture_of_too_many_points_is_not_drawn(monkeypatch):
    out = io.BytesIO()
    Image.new("1", (40, 30)).save(out, "PNG")
    assert file_reader.pages_of("png", out.getvalue()) == 1
    monkeypatch.setattr(file_reader, "MOST_PIXELS", 1199)
    with pytest.raises(file_reader.Unread) as refused:
        file_reader.pages_of("png", out.getvalue())
    assert refused.value.code is file_reader.Exit.TOO_MUCH
