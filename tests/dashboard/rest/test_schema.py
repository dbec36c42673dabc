"""The OpenAPI document against the receiver, by generated requests, role by role."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from core.settings import Settings
from dashboard.receiver.app import create_app
from tests.support.fixtures_rest import CREATE, DECLINED, PREFIX, running_api

pytestmark = pytest.mark.long

#: What a document can say of a value is less than what a rule can: a fit one may be refused.
LEFT_OUT = [positive_data_acceptance]
ROLES = ("service", "support_lead", "viewer")
DOCUMENT = create_app(Settings(_env_file=None)).state.api.openapi()
schema = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    folder = tmp_path_factory.mktemp("schema")
    url = f"sqlite:///{folder / 'tillwatch.db'}"
    with running_api(folder, url, rate_limit=1_000_000) as running:
        yield running


@pytest.fixture(scope="module")
def tokens(api):
    return {role: api.token(role) for role in ROLES}


@pytest.fixture(scope="module")
def payments(api, tokens):
    """One to be tried, and one that was paid."""
    service = tokens["service"]
    return api.created(service), api.confirmed(service).json()["payment_intent_id"]


def of_ours(case, payments) -> None:
    """Put a payment that exists in the place of every other one that does not."""
    for part in (case.path_parameters, case.body):
        for name in ("id", "payment_intent_id"):
            made_up = part.get(name) if isinstance(part, dict) else None
            if isinstance(made_up, str) and made_up.startswith("pi_") and len(made_up) % 2:
                part[name] = payments[len(made_up) // 2 % 2]


@pytest.mark.parametrize("role", ROLES)
@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_document_names(case, role, api, tokens, payments):
    headers = {}
    if case.path.startswith(PREFIX):
        headers["Authorization"] = f"Bearer {tokens[role]}"
        of_ours(case, payments)
    case.call_and_validate(
        base_url=str(api.client.base_url), headers=headers, excluded_checks=LEFT_OUT
    )


def test_answers_of_a_days_work_are_as_the_document_says(api, tokens):
    service, lead = tokens["service"], tokens["support_lead"]

    def check(answer, status, method, route):
        assert answer.status_code == status, answer.text
        schema[f"{PREFIX}/{route}"][method].validate_response(answer)
        return answer.json()

    made = check(
        api.post("create-payment-intent", CREATE, service), 200, "POST", "create-payment-intent"
    )
    payment = made["payment_intent_id"]
    body = {"payment_intent_id": payment, "payment_method": DECLINED}
    check(api.post("confirm-payment", body, service), 402, "POST", "confirm-payment")
    body["payment_method"] = "pm_card_threeDSecure2Required"
    check(api.post("confirm-payment", body, service), 200, "POST", "confirm-payment")
    check(api.get(f"payment-intent/{payment}", lead), 200, "GET", "payment-intent/{id}")
    check(api.get("payment-intent/pi_nobody", lead), 404, "GET", "payment-intent/{id}")
    for amount, status in (("12.34", 200), ("900000", 202)):
        paid = api.confirmed(service, amount=amount).json()["payment_intent_id"]
        asked = {"payment_intent_id": paid, "reason": "duplicate"}
        check(api.post("refund", asked, lead), status, "POST", "refund")


def test_every_route_says_what_may_go_wrong():
    for path, operations in DOCUMENT["paths"].items():
        if not path.startswith(PREFIX) or path.rpartition("/")[2] in ("config", "return"):
            continue
        for operation in operations.values():
            wanted = {"401", "403", "404", "422", "429", "503"}
            wanted |= {"402", "409", "413", "415"} if "requestBody" in operation else set()
            assert wanted <= operation["responses"].keys(), path
            assert operation["security"] == [{"token": []}], path
