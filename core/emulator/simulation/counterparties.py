"""Orders to the other sides: what issuers and banks do that no Stripe client can ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.routing import Route

from core.emulator.resources import (
    amounts,
    bank_debits,
    direct_charges,
    dispute_lifecycle,
    disputes,
    early_fraud_warnings,
    lists,
    payment_methods,
    payouts,
    refund_outcomes,
    refunds,
    reviews,
)
from core.emulator.runtime.engine import Engine
from core.emulator.state import account_settings
from core.emulator.state.errors import refused
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden, shown

T = TypeVar("T")
_Body = dict[str, Any]
_Router = Callable[[str, str, Callable[..., _Body]], Route]


#: Why a refund can fail (the SDK's `failure_reason`).
FAILURES = (
    "charge_for_pending_refund_disputed",
    "declined",
    "expired_or_canceled_card",
    "insufficient_funds",
    "lost_or_stolen_card",
    "merchant_request",
    "unknown",
)


class Counterparties:
    """The handlers of `/_control` that move payments, each a JSON object in and out."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def routes(self, route: _Router) -> list[Route]:
        return [
            route("/charges", "POST", self.charge),
            route("/charges/{id}", "POST", self.settle_charge),
            route("/disputes", "POST", self.dispute),
            route("/disputes/{id}", "POST", self.bring_dispute),
            route("/reviews", "POST", self.review),
            route("/ledger", "GET", self.ledger),
            route("/early_fraud_warnings", "POST", self.early_fraud_warning),
            route("/payouts", "POST", self.run_payouts),
            route("/payouts/{id}", "POST", self.payout),
            route("/refunds", "GET", self.refunds),
            route("/refunds/{id}", "POST", self.refund),
            route("/settings", "GET", self.settings),
            route("/settings", "POST", self.change_settings),
        ]

    def charge(self, body: _Body) -> _Body:
        """`{"amount", "currency", "method"?, "details"?, …}`: a charge without a PaymentIntent.

        `method` is a token (`tok_visa`, `pm_usBankAccount_success`) or a type (`sepa_debit`);
        `details` replace `payment_method_details`, of any type; the rest is as at `/v1/charges`.
        """
        known = {"amount", "capture", "currency", "customer", "description", "details", "metadata"}
        for name in body.keys() - known - {"method", "receipt_email"}:
            raise refused(f"Received unknown parameter: {name}", name, "parameter_unknown")
        whole(body, "amount"), word(body, "currency")
        method, details = word(body, "method", "tok_visa"), body.get("details")
        if details is not None and not (isinstance(details, dict) and "type" in details):
            raise refused("details must be an object with a type", "details")
        token = method.replace("tok_", "pm_card_", 1) if method.startswith("tok_") else method
        named = token if token.startswith("pm_") else f"pm_{token}"
        return self._do(
            lambda ctx: direct_charges.take(
                ctx, payment_methods.resolve(ctx, named, "method"), body, details
            )
        )

    def settle_charge(self, body: _Body, id: str) -> _Body:  # noqa: A002 (the path's name)
        """`{"status", "failure_code"?, "booked"?}`: a bank pays a debit (succeeded) or does not.

        `failed` after it succeeded is a late return; `booked`: its row was written on the way.
        """
        status = word(body, "status")
        code = word(body, "failure_code", "insufficient_funds")
        if code not in bank_debits.FAILURES:
            raise refused(
                f"failure_code must be one of {', '.join(bank_debits.FAILURES)}", "failure_code"
            )
        booked = flag(body, "booked") if "booked" in body else False
        steps: dict[str, Callable[[Context, Obj], None]] = {
            "succeeded": bank_debits.settle,
            "pending": bank_debits.book,
            "failed": lambda ctx, charge: bank_debits.fail(ctx, charge, code),
        }
        step = one_of(status, steps)

        def order(ctx: Context) -> _Body:
            charge = ctx.need("charge", id, "charge")
            if booked and status != "pending":
                bank_debits.book(ctx, charge)
            step(ctx, charge)
            return charge

        return self._do(order)

    def dispute(self, body: _Body) -> _Body:
        """`{"charge", "reason"?, "amount"?, "currency"?}`: the issuer disputes a charge now.

        Reasons are Stripe's, or `inquiry`, `ce3`, `prevented` and `prevented_by_refund` for those
        cases. In a currency of the issuer's own the amount may pass the charge's.
        """
        charge, reason = word(body, "charge"), word(body, "reason", "fraudulent")
        known = (*disputes.REASONS, "inquiry", "ce3", "prevented", "prevented_by_refund")
        if reason not in known:
            raise refused(f"reason must be one of {', '.join(known)}", "reason")
        amount = whole(body, "amount") if "amount" in body else None
        currency = amounts.currency_of(word(body, "currency")) if "currency" in body else None
        return self._do(
            lambda ctx: dispute_lifecycle.open_dispute(ctx, charge, reason, amount, currency)
        )

    def bring_dispute(self, body: _Body, id: str) -> _Body:  # noqa: A002 (the path's name)
        """`{"status"}`: lead a dispute or inquiry to any status that lies ahead of it.

        A won one is opened again by `needs_response`, a lost one appealed by `appeal_…`.
        """
        status = word(body, "status")
        return self._do(lambda ctx: dispute_lifecycle.bring(ctx, id, status))

    def review(self, body: _Body) -> _Body:
        """`{"charge"}`: somebody places the charge in review by hand."""
        charge = word(body, "charge")
        return self._do(lambda ctx: reviews.order(ctx, charge))

    def early_fraud_warning(self, body: _Body) -> _Body:
        """`{"charge", "fraud_type"?}`: the issuer reports fraud now."""
        charge = word(body, "charge")
        kind = word(body, "fraud_type", "made_with_stolen_card")
        return self._do(lambda ctx: early_fraud_warnings.warn(ctx, charge, kind))

    def refunds(self, query: _Body) -> _Body:
        """`?payment_intent=…` or `?charge=…`: every refund there is, and what truly left."""
        name = "charge" if "charge" in query else "payment_intent"
        value = word(query, name)

        def count(ctx: Context) -> _Body:
            # The release of a hold gives no money back.
            found = [r for r in lists.objects_with(ctx, "refund", name, value) if not released(r)]
            kept = [r for r in found if r["status"] not in ("failed", "canceled")]
            return {
                "count": len(found),
                "amount": sum(refund["amount"] for refund in kept),
                "by_status": dict(Counter(refund["status"] for refund in found)),
                "refunds": [
                    {**shown(refund), "request": hidden(refund)["request"]} for refund in found
                ],
            }

        return self.engine.work(count)

    def ledger(self, query: _Body) -> _Body:
        """`?charge=…` or `?payment_intent=…`: what the rows of it, its refunds and disputes say.

        Amounts in the settlement currency: `by_category`, their `amount`, `fee` and `net`.
        """
        name = "charge" if "charge" in query else "payment_intent"
        value = word(query, name)

        def add_up(ctx: Context) -> _Body:
            if name == "charge":
                charges = [ctx.need("charge", value, "charge")]
            else:
                charges = lists.objects_with(ctx, "charge", name, value)
            rows = [row for charge in charges for row in _rows_of(ctx, charge)]
            by_category: Counter[str] = Counter()
            for row in rows:
                by_category[row["reporting_category"]] += row["amount"]
            return {
                "currency": rows[0]["currency"] if rows else None,
                "by_category": dict(by_category),
                **{part: sum(row[part] for row in rows) for part in ("amount", "fee", "net")},
                "rows": [row["id"] for row in rows],
            }

        return self.engine.work(add_up)

    def refund(self, body: _Body, id: str) -> _Body:  # noqa: A002 (the path's name)
        """`{"status", "failure_reason"?}`: succeeded, failed or requires_action, by the bank."""
        status = word(body, "status")
        reason = word(body, "failure_reason", "declined")
        if reason not in FAILURES:
            raise refused(f"failure_reason must be one of {', '.join(FAILURES)}", "failure_reason")
        steps: dict[str, Callable[[Context], None]] = {
            "succeeded": lambda ctx: refund_outcomes.finish(ctx, id),
            "failed": lambda ctx: refund_outcomes.fail(ctx, id, reason),
            "requires_action": lambda ctx: refund_outcomes.require_action(ctx, id),
        }

        def order(ctx: Context) -> _Body:
            one_of(status, steps)(ctx)
            return ctx.need("refund", id)

        return self._do(order)

    def run_payouts(self, body: _Body) -> _Body:
        """`{}`: the automatic payouts go now, as if the schedule named today; their ids."""

        def run(ctx: Context) -> _Body:
            return {"payouts": payouts.run_daily(ctx, now=True)}

        return self.engine.work(run)

    def payout(self, body: _Body, id: str) -> _Body:  # noqa: A002 (the path's name)
        """`{"status", "failure_code"?}`: in_transit, paid or failed by the bank, or canceled."""
        status = word(body, "status")
        code = word(body, "failure_code", "could_not_process")
        if code not in payouts.FAILURES:
            known = ", ".join(payouts.FAILURES)
            raise refused(f"failure_code must be one of {known}", "failure_code")
        steps: dict[str, Callable[[Context], None]] = {
            "in_transit": lambda ctx: payouts.leave(ctx, id),
            "paid": lambda ctx: payouts.arrive(ctx, id),
            "failed": lambda ctx: payouts.fail(ctx, id, code),
            "canceled": lambda ctx: payouts.call_off(ctx, id),
        }

        def order(ctx: Context) -> _Body:
            one_of(status, steps)(ctx)
            return ctx.need("payout", id)

        return self._do(order)

    def settings(self, query: _Body) -> _Body:
        """How this Stripe differs from the real one on order."""
        engine = self.engine
        with engine.store.lock:
            return {"refund_limit": refunds.limited(engine.store), **engine.switches.shown()}

    def change_settings(self, body: _Body) -> _Body:
        """`{"refund_limit": false}`: refunds may pass what was captured; and the switches."""
        engine = self.engine
        for name in body.keys() - self.settings({}).keys():
            raise refused(f"Received unknown parameter: {name}", name, "parameter_unknown")
        limit = flag(body, "refund_limit") if "refund_limit" in body else None
        with engine.store.lock:
            given = {name: value for name, value in body.items() if name != "refund_limit"}
            account_settings.change(engine.store, engine.switches, given)
            if limit is not None:
                engine.store.set_meta(refunds.LIMIT, "on" if limit else "off")
        return self.settings({})

    def _do(self, do: Callable[[Context], _Body]) -> _Body:
        return shown(self.engine.work(do))


def _rows_of(ctx: Context, charge: Obj) -> list[Obj]:
    """Every listed row whose source is the charge, or a refund or dispute of it."""
    sources = [charge["id"]]
    for kind in ("refund", "dispute"):
        sources += [obj["id"] for obj in lists.objects_with(ctx, kind, "charge", charge["id"])]
    return [
        row
        for source in sources
        for row in lists.objects_with(ctx, "balance_transaction", "source", source)
    ]


def released(refund: Obj) -> bool:
    """Whether a Refund stands for the uncaptured part of a hold."""
    return bool(hidden(refund).get("release")) or not refund["balance_transaction"]


def one_of(status: str, steps: dict[str, T]) -> T:
    """The step for an ordered status; refused when there is none."""
    if status not in steps:
        raise refused(f"status must be one of {', '.join(steps)}", "status")
    return steps[status]


def word(body: _Body, name: str, default: str | None = None) -> str:
    """A text of an order; refused by name when it is missing or something else."""
    value = body.get(name, default)
    if not isinstance(value, str) or not value:
        raise refused(f"{name} must be a text", name)
    return value


def whole(body: _Body, name: str) -> int:
    value = body.get(name)
    if type(value) is not int:
        raise refused(f"{name} must be a whole number", name)
    return value


def flag(body: _Body, name: str) -> bool:
    value = body.get(name)
    if not isinstance(value, bool):
        raise refused(f"{name} must be true or false", name)
    return value
