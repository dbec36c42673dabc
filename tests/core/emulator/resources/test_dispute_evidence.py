"""Evidence is drafted, held to its limits and its files, and sent once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from core.emulator.server import RunningEmulator, start_emulator
from tests.support.emulator_clients import client_of, pay
from tests.support.sdk_shapes import faults


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start_emulator() as running:
        running.control("POST", "clock", {"frozen": True})
        yield running


@pytest.fixture
def client(emulator: RunningEmulator) -> stripe.StripeClient:
    return client_of(emulator)


def disputed(emulator: RunningEmulator, client: stripe.StripeClient) -> stripe.Dispute:
    paid = pay(client, "pm_card_createDispute")
    emulator.settle()
    [dispute] = client.v1.disputes.list({"payment_intent": paid.id}).data
    return dispute


def file_of(client: stripe.StripeClient, purpose: Any = "dispute_evidence") -> str:
    return client.v1.files.create({"file": io.BytesIO(b"%PDF-1.7 x"), "purpose": purpose}).id


def test_files_stand_as_evidence(emulator: RunningEmulator, client: stripe.StripeClient) -> None:
    dispute, receipt = disputed(emulator, client), file_of(client)
    draft = client.v1.disputes.update(
        dispute.id, {"evidence": {"receipt": receipt}, "submit": False}
    )
    assert (draft.evidence.receipt, draft.evidence_details.has_evidence) == (receipt, True)
    sent = client.v1.disputes.update(dispute.id, {"submit": True})
    assert (sent.status, sent.evidence.receipt) == ("under_review", receipt)
    assert sent.evidence_details.submission_method == "manual"
    assert faults(sent.to_dict()) == []


def test_file_that_is_no_evidence_is_refused_by_name(
    emulator: RunningEmulator, client: stripe.StripeClient
) -> None:
    dispute = disputed(emulator, client)
    for receipt, words in (
        ("file_none", "No such file upload"),
        (str(dispute.charge), "No such file upload"),
        (file_of(client, "identity_document"), "must have purpose dispute_evidence"),
    ):
        with pytest.raises(stripe.InvalidRequestError, match=words) as caught:
            client.v1.disputes.update(dispute.id, {"evidence": {"receipt": receipt}})
        assert caught.value.param == "evidence[receipt]"
    kept = client.v1.disputes.retrieve(dispute.id)
    assert (kept.status, kept.evidence.receipt) == ("needs_response", None)


def test_text_is_limited_in_all(emulator: RunningEmulator, client: stripe.StripeClient) -> None:
    dispute = disputed(emulator, client)
    names = (
        "access_activity_log",
        "cancellation_rebuttal",
        "cancellation_policy_disclosure",
        "duplicate_charge_explanation",
        "product_description",
        "refund_policy_disclosure",
        "refund_refusal_explanation",
    )
    for name in names:
        evidence: Any = {name: "x" * 20_000}
        client.v1.disputes.update(dispute.id, {"evidence": evidence, "submit": False})
    with pytest.raises(stripe.InvalidRequestError, match="150000"):
        client.v1.disputes.update(
            dispute.id, {"evidence": {"uncategorized_text": "x" * 10_001}, "submit": False}
        )
    fits = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "x" * 10_000}})
    assert fits.status == "under_review"
