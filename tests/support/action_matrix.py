"""Every door of `core/actions`, who may use it, and a call of it that changes nothing.

A door is a public function that takes a context and a caller. Each has a row here: the roles are
written out, for they are what is promised, and the call names nothing that exists, so that who is
let in meets `NotFound`, `InvalidInput` or nothing to do.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr

import core.actions
from core.access.audit import Walk
from core.actions.bank.accounts import NewAccount
from core.actions.bank.matches import NewMatch
from core.actions.developer.scenarios import Suite
from core.actions.fraud.list_entries import NewEntry
from core.actions.payments.checkout_order import CheckoutOrder
from core.actions.payments.validation import NewPayment
from core.actions.refunds.bulk_ask import NewBulk
from core.actions.refunds.validation import NewRefund
from core.clock import EPOCH
from core.money import Money
from core.risk.backtest import Question
from core.settings import Settings

#: These are what doors are made of: each is called with rights, or behind a door.
PARTS = {
    "transaction.permitted_change",
    "transaction.put_back",
    "transaction.refusals_noted",
    "operations.operations.authorize",
    "operations.operations.execute",
    "payments.risk_gate.execute_with_risk",
}

ADMIN = {"admin"}
DEVELOPER = {"developer"}
TAKERS = {"service", "developer"}
ASKERS = {"support", "support_lead", "risk"}
LEAD = {"support_lead"}
RISK = {"risk"}
FINANCE = {"finance"}
BANK = {"finance", "admin"}
ALERTED = {"support_lead", "finance", "risk", "developer", "admin"}
EVERYBODY = {"viewer", "support", "support_lead", "finance", "risk", "developer", "admin"}
NONE = "00000000-0000-4000-8000-000000000000"
PAYMENT = "pi_none"
DISPUTE = "du_none"
_DAY = date(2026, 11, 1)
_TEST: dict[str, Any] = {"livemode": False}
_MONTH: dict[str, Any] = _TEST | {"zone": ZoneInfo("UTC")}
#: Somebody may take no file at all: nobody tells them even whether there is one.
_TAKERS_OF_FILES = {"finance", "admin", "risk", "support_lead", "developer"}
_FILE: dict[str, Any] = {"format": "csv", "query": ""}


@dataclass(frozen=True)
class Row:
    """Who may, and with what the door is knocked at."""

    may: set[str]
    args: tuple[Any, ...] = ()
    named: dict[str, Any] | None = None


#: Over a database that is not there.
_SETTINGS = Settings(_env_file=None, database_url=SecretStr("sqlite:////none/none.db"))
_ORDER = CheckoutOrder("usd", (), Money(0, "usd"), Decimal(0))


def _refund(reason: str) -> NewRefund:
    return NewRefund(PAYMENT, None, reason)


#: Doors as `module.function`; what stands behind a space tells rows of one door apart.
ROWS: dict[str, Row] = {
    "alerts.acknowledgements.acknowledge": Row(ALERTED, (0,)),
    "alerts.channels.change": Row(ADMIN, (0,), {"name": "none", "enabled": False}),
    "alerts.channels.create": Row(ADMIN, (), {"name": "", "url": ""}),
    "alerts.channels.delete": Row(ADMIN, (0,)),
    "alerts.channels.send_test": Row(ADMIN, (0,)),
    "alerts.rules.change": Row(ADMIN, (0,), {"parameters": {}, "enabled": False}),
    "alerts.rules.create": Row(ADMIN, ("none", {})),
    "alerts.rules.delete": Row(ADMIN, (0,)),
    "alerts.rules.mute": Row(ALERTED, (0,), {"until": None}),
    "admin.audit_verification.verify": Row(ADMIN, (Walk(),), {"seconds": 0.1}),
    "bank.accounts.save": Row(BANK, (NewAccount("", "usd"),), _TEST),
    "bank.matches.match": Row(BANK, (), _TEST),
    "bank.matches.match_by_hand": Row(BANK, (NewMatch([0], ["po_none"], "why"),), _TEST),
    "bank.matches.refuse": Row(BANK, (NewMatch([0], ["po_none"], "why"),), _TEST),
    "bank.matches.undo": Row(BANK, (NONE, "why"), _TEST),
    "bank.statement_import.import_file": Row(BANK, (b"none",), _TEST),
    "books.journal_rules.change": Row(
        BANK,
        (),
        {"subject": "category", "name": "refund", "currency": "", "account": "Income:Returns"},
    ),
    "books.journal_rules.listed": Row(BANK, ()),
    "periods.closing.ask": Row(FINANCE, ("2000-13",), _MONTH),
    "periods.closing.checklist": Row(FINANCE, ("2000-13",), _MONTH),
    "periods.closing.confirm": Row(FINANCE, ("2000-01",), _TEST),
    "periods.closing.expected": Row(FINANCE, ("2000-13",), _MONTH),
    "periods.closing.reopen": Row(FINANCE, ("2000-01", "why not"), _TEST),
    "periods.closing.verify": Row(FINANCE, ("2000-01",), _TEST),
    "customers.notes.add": Row(ASKERS, ("cus_none", "called"), _TEST),
    "fraud.backtests.try_out": Row(RISK, (None, Question(False, EPOCH, EPOCH + timedelta(days=1)))),
    "refunds.bulk_approvals.approve": Row(LEAD, (NONE,)),
    "refunds.bulk_approvals.refuse": Row(LEAD, (NONE, "no")),
    "refunds.bulk_approvals.withdraw": Row(LEAD, (NONE,)),
    "refunds.bulk_ask.ask": Row(LEAD, (NewBulk((), None, "duplicate"),), _TEST),
    "refunds.bulk_ask.stop": Row(LEAD, (NONE,)),
    "refunds.bulk_ask.try_out": Row(LEAD, (NewBulk((), None, "duplicate"),), _TEST),
    "exports.requests.ask payments": Row({"finance"}, named=_FILE | {"kind": "payments"}),
    "exports.requests.ask audit": Row(ADMIN, named=_FILE | {"kind": "audit"}),
    "exports.requests.ask lists": Row(RISK, named=_FILE | {"kind": "lists"}),
    "exports.requests.ask events": Row(ADMIN | DEVELOPER, named=_FILE | {"kind": "events"}),
    "lists.views.keep_columns": Row(EVERYBODY, named={"page": "payments", "columns": ["No"]}),
    "lists.views.keep_default": Row(EVERYBODY, named={"page": "payments", "view_id": 0}),
    "lists.views.save": Row(EVERYBODY, named={"page": "payments", "name": ""}),
    "lists.views.save of the log": Row(ADMIN, named={"page": "audit", "name": "a", "sort": "A"}),
    "lists.views.remove": Row(EVERYBODY, named={"page": "payments", "view_id": 0}),
    "exports.requests.cancel": Row(_TAKERS_OF_FILES, (NONE,)),
    "exports.requests.find": Row(_TAKERS_OF_FILES, (NONE,)),
    "fraud.backtests.usual_question": Row(RISK, (False,)),
    "fraud.cases.approve": Row(RISK, (NONE,)),
    "fraud.cases.assign": Row(RISK, (NONE, None)),
    "fraud.cases.dismiss": Row(RISK, (NONE, "why")),
    "fraud.cases.add_note": Row(RISK, (NONE, "what")),
    "fraud.cases.refund": Row(RISK, (NONE,)),
    "payments.checkout_sessions.create": Row(
        DEVELOPER, (_ORDER,), {"order_id": 0, "name": "", "email": "nobody"}
    ),
    "disputes.disputes.accept": Row(RISK, (DISPUTE,), _TEST),
    "disputes.disputes.attach": Row(RISK, (DISPUTE, "receipt", b"%PDF-"), _TEST),
    "disputes.disputes.draft": Row(RISK, (DISPUTE,), _TEST),
    "disputes.disputes.sent": Row(RISK, (DISPUTE,), _TEST),
    "disputes.disputes.save_draft": Row(RISK, (DISPUTE, {}), _TEST),
    "disputes.disputes.submit": Row(RISK, (DISPUTE,), _TEST | {"seen": ""}),
    "developer.events.dry_run": Row({"developer", "admin"}, ("evt_none",), _TEST),
    "developer.events.real_object": Row(DEVELOPER, ("none", "none")),
    "developer.events.replay": Row({"developer", "admin"}, (["evt_none"],), _TEST),
    "developer.events.replay_dead": Row({"developer", "admin"}, (), _TEST),
    "developer.events.simulate": Row(DEVELOPER, ("none", "{}"), _TEST),
    "fraud.list_entries.add": Row(RISK, (NewEntry("none", "ip", "", ""),)),
    "fraud.list_entries.remove": Row(RISK, (0,)),
    "fraud.list_import.import_text": Row(RISK, ("",)),
    "developer.parked_objects.retry": Row({"developer", "admin"}, ("re_none",), _TEST),
    "developer.parked_objects.retry_all": Row({"developer", "admin"}, (), _TEST),
    "payments.payments.cancel": Row(TAKERS, (PAYMENT,), _TEST),
    "payments.payments.capture": Row(TAKERS, (PAYMENT,), _TEST),
    "payments.payments.confirm": Row(TAKERS, (PAYMENT,), _TEST | {"payment_method": "none"}),
    "payments.payments.create": Row(TAKERS, (NewPayment("none", "usd", 1),), _TEST),
    "payments.payments.retrieve": Row(EVERYBODY | {"service"}, (PAYMENT,), _TEST),
    "proof.breaks.assign": Row(FINANCE, (0, None)),
    "proof.breaks.explain": Row(FINANCE, (0, "why")),
    "proof.breaks.reopen": Row(FINANCE, (0,)),
    "proof.report_import.import_file": Row(FINANCE, (b"none",), _TEST),
    "proof.report_import.withdraw": Row(FINANCE, (1, "The wrong month.")),
    "proof.runs.run": Row(
        FINANCE,
        (),
        _TEST | {"first": _DAY, "last": _DAY - timedelta(days=1), "zone": ZoneInfo("UTC")},
    ),
    "refunds.allowance.allowance": Row(
        {"support", "support_lead"}, (), _TEST | {"currency": "usd", "reason": "duplicate"}
    ),
    "refunds.approvals.approve": Row(LEAD, (NONE,)),
    "refunds.approvals.refuse": Row(LEAD, (NONE, "no")),
    "refunds.cancel.cancel": Row(ASKERS, (NONE,)),
    "refunds.cancel.settle": Row(ASKERS, (NONE, "called")),
    "refunds.limits.change": Row(
        ADMIN, (), {"role": "none", "currency": "usd", "per_refund": "1", "per_day": "1"}
    ),
    "refunds.limits.change_role": Row(ADMIN, (), {"role": "none", "amounts": {}}),
    "refunds.limits.shown": Row({"admin", "support_lead"}),
    "refunds.ask.ask": Row({"support", "support_lead"}, (_refund("requested_by_customer"),), _TEST),
    "refunds.ask.ask for fraud": Row(ASKERS, (_refund("fraudulent"),), _TEST),
    "fraud.backtests.preview": Row(RISK, ("{", False)),
    "fraud.rule_drafts.discard_draft": Row(RISK),
    "fraud.rule_drafts.keep_draft": Row(RISK, ("{}",)),
    "fraud.rule_sets.change": Row(RISK, ("{", "why")),
    "fraud.rule_sets.confirm": Row(RISK),
    "fraud.rule_sets.withdraw": Row(RISK),
    "developer.scenario_runs.ask": Row(DEVELOPER),
    "developer.scenarios.run": Row(DEVELOPER, (Suite(NONE, ()),)),
    "admin.go_live.check": Row(ADMIN, (), {"environment": _SETTINGS, "streamlit": ()}),
    "admin.group_roles.give": Row(ADMIN, ("none", []), {"environment": _SETTINGS}),
    "admin.group_roles.remove": Row(ADMIN, ("none",), {"environment": _SETTINGS}),
    "admin.settings.change": Row(ADMIN, ({"none": ""},), {"environment": _SETTINGS}),
    "admin.stripe_keys.try_key": Row(ADMIN, ("none", "none"), {"environment": _SETTINGS}),
    "admin.stripe_keys.make_endpoint": Row(
        ADMIN, (), _TEST | {"settings": _SETTINGS, "environment": _SETTINGS}
    ),
    "admin.tokens.create": Row(ADMIN, (), {"email": "none@shop.example", "roles": ["service"]}),
    "admin.users.create": Row(ADMIN, (), {"email": "none", "roles": ["viewer"]}),
    "admin.users.end_session": Row(ADMIN, (NONE, "none")),
    "admin.users.end_sessions": Row(ADMIN, (NONE,)),
    "admin.users.reset_link": Row(ADMIN, (NONE,)),
    "admin.users.reset_second_factor": Row(ADMIN, (NONE,)),
    "admin.users.reset_password": Row(ADMIN, (NONE,)),
    "admin.users.revoke_token": Row(ADMIN, (NONE,)),
    "admin.users.set_disabled": Row(ADMIN, (NONE, True)),
    "admin.users.set_roles": Row(ADMIN, (NONE, ["viewer"])),
}


def doors() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function of `core.actions` that takes a context and a caller."""
    for module in pkgutil.walk_packages(core.actions.__path__, "core.actions."):
        home = importlib.import_module(module.name)
        for name, found in vars(home).items():
            own = inspect.isfunction(found) and found.__module__ == home.__name__
            first = list(inspect.signature(found).parameters)[:2] if own else []
            if first == ["context", "caller"] and not name.startswith("_"):
                yield f"{module.name.removeprefix('core.actions.')}.{name}", found
