"""Every door of `core/actions`, who may use it, and a call of it that changes nothing.

A door is a public function that takes a desk and a caller. Each has a row here: the roles are
written out, for they are what is promised, and the call names nothing that exists, so that who is
let in meets `NotFound`, `InvalidInput` or nothing to do.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import core.actions
from core.access.audit import Walk
from core.actions.bulk_refunds import NewBulk
from core.actions.checkout_order import Order
from core.actions.list_entries import NewEntry
from core.actions.payment_rules import NewPayment
from core.actions.refund_rules import NewRefund
from core.actions.scenarios import Suite
from core.clock import EPOCH
from core.money import Money
from core.risk.backtest import Question

#: These are what doors are made of: each is called with rights, or behind a door.
PARTS = {
    "fraud_work.in_one",
    "operations.admit",
    "operations.carry_out",
    "risk_gate.carry_out_asked",
}

ADMIN = {"admin"}
DEVELOPER = {"developer"}
TAKERS = {"service", "developer"}
ASKERS = {"support", "support_lead", "risk"}
LEAD = {"support_lead"}
RISK = {"risk"}
EVERYBODY = {"viewer", "support", "support_lead", "finance", "risk", "developer", "admin"}
NONE = "00000000-0000-4000-8000-000000000000"
PAYMENT = "pi_none"
DISPUTE = "du_none"
_TEST: dict[str, Any] = {"livemode": False}


@dataclass(frozen=True)
class Row:
    """Who may, and with what the door is knocked at."""

    may: set[str]
    args: tuple[Any, ...] = ()
    named: dict[str, Any] | None = None


_ORDER = Order("usd", (), Money(0, "usd"), Decimal(0))


def _refund(reason: str) -> NewRefund:
    return NewRefund(PAYMENT, None, reason)


#: Doors as `module.function`; what stands behind a space tells rows of one door apart.
ROWS: dict[str, Row] = {
    "audit.verify": Row(ADMIN, (Walk(),), {"seconds": 0.1}),
    "backtests.try_out": Row(RISK, (None, Question(False, EPOCH, EPOCH + timedelta(days=1)))),
    "bulk_refund_approvals.approve": Row(LEAD, (NONE,)),
    "bulk_refund_approvals.refuse": Row(LEAD, (NONE, "no")),
    "bulk_refund_approvals.withdraw": Row(LEAD, (NONE,)),
    "bulk_refunds.ask": Row(LEAD, (NewBulk((), None, "duplicate"),), _TEST),
    "bulk_refunds.stop": Row(LEAD, (NONE,)),
    "bulk_refunds.try_out": Row(LEAD, (NewBulk((), None, "duplicate"),), _TEST),
    "cases.approve": Row(RISK, (NONE,)),
    "cases.assign": Row(RISK, (NONE, None)),
    "cases.dismiss": Row(RISK, (NONE, "why")),
    "cases.note": Row(RISK, (NONE, "what")),
    "cases.refund": Row(RISK, (NONE,)),
    "checkout_sessions.create": Row(
        DEVELOPER, (_ORDER,), {"order_id": 0, "name": "", "email": "nobody"}
    ),
    "disputes.accept": Row(RISK, (DISPUTE,), _TEST),
    "disputes.attach": Row(RISK, (DISPUTE, "receipt", b"%PDF-"), _TEST),
    "disputes.draft": Row(RISK, (DISPUTE,), _TEST),
    "disputes.save_draft": Row(RISK, (DISPUTE, {}), _TEST),
    "disputes.submit": Row(RISK, (DISPUTE,), _TEST | {"seen": ""}),
    "events.dry_run": Row({"developer", "admin"}, ("evt_none",), _TEST),
    "events.real_object": Row(DEVELOPER, ("none", "none")),
    "events.replay": Row({"developer", "admin"}, (["evt_none"],), _TEST),
    "events.replay_dead": Row({"developer", "admin"}, (), _TEST),
    "events.simulate": Row(DEVELOPER, ("none", "{}"), _TEST),
    "list_entries.add": Row(RISK, (NewEntry("none", "ip", "", ""),)),
    "list_entries.remove": Row(RISK, (0,)),
    "list_import.import_text": Row(RISK, ("",)),
    "parked.retry": Row({"developer", "admin"}, ("re_none",), _TEST),
    "parked.retry_all": Row({"developer", "admin"}, (), _TEST),
    "payments.cancel": Row(TAKERS, (PAYMENT,), _TEST),
    "payments.capture": Row(TAKERS, (PAYMENT,), _TEST),
    "payments.confirm": Row(TAKERS, (PAYMENT,), _TEST | {"payment_method": "none"}),
    "payments.create": Row(TAKERS, (NewPayment("none", "usd", 1),), _TEST),
    "payments.retrieve": Row(EVERYBODY | {"service"}, (PAYMENT,), _TEST),
    "refund_allowance.allowance": Row(
        {"support", "support_lead"}, (), _TEST | {"currency": "usd", "reason": "duplicate"}
    ),
    "refund_approvals.approve": Row(LEAD, (NONE,)),
    "refund_approvals.refuse": Row(LEAD, (NONE, "no")),
    "refund_endings.cancel": Row(ASKERS, (NONE,)),
    "refund_endings.settle": Row(ASKERS, (NONE, "called")),
    "refund_limits.change": Row(
        ADMIN, (), {"role": "none", "currency": "usd", "per_refund": "1", "per_day": "1"}
    ),
    "refund_limits.shown": Row({"admin", "support_lead"}),
    "refunds.ask": Row({"support", "support_lead"}, (_refund("requested_by_customer"),), _TEST),
    "refunds.ask for fraud": Row(ASKERS, (_refund("fraudulent"),), _TEST),
    "rule_sets.change": Row(RISK, ("{", "why")),
    "scenario_runs.ask": Row(DEVELOPER),
    "scenarios.run": Row(DEVELOPER, (Suite(NONE, ()),)),
    "users.create": Row(ADMIN, (), {"email": "none", "roles": ["viewer"]}),
    "users.end_session": Row(ADMIN, (NONE, "none")),
    "users.end_sessions": Row(ADMIN, (NONE,)),
    "users.reset_password": Row(ADMIN, (NONE,)),
    "users.revoke_token": Row(ADMIN, (NONE,)),
    "users.set_disabled": Row(ADMIN, (NONE, True)),
    "users.set_roles": Row(ADMIN, (NONE, ["viewer"])),
}


def doors() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function of `core.actions` that takes a desk and a caller."""
    for module in pkgutil.walk_packages(core.actions.__path__):
        home = importlib.import_module(f"core.actions.{module.name}")
        for name, found in vars(home).items():
            own = inspect.isfunction(found) and found.__module__ == home.__name__
            first = list(inspect.signature(found).parameters)[:2] if own else []
            if first == ["desk", "caller"] and not name.startswith("_"):
                yield f"{module.name}.{name}", found
