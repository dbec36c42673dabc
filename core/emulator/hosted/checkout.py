"""The hosted Checkout page, `/_hosted/checkout/{session}`: what the session's `url` opens."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.emulator.hosted import pages, picker
from core.emulator.resources import accounts, checkout_payments, checkout_sessions
from core.emulator.runtime.engine import Engine
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden

_MOST_CHARS = 200


class Checkout:
    """The page, its form, and the way back from the bank."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def routes(self) -> list[Route]:
        return [
            Route("/checkout/{session}", self.show, methods=["GET"]),
            Route("/checkout/{session}", self.pay, methods=["POST"]),
            Route("/checkout/{session}/return", self.back, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """The form, or how the session ended."""
        session_id = request.path_params["session"]
        return self._answer(lambda ctx: _page(ctx, session_id, {}))

    async def back(self, request: Request) -> Response:
        """The customer returns from the bank: on to the shop, or here for another try."""
        session_id = request.path_params["session"]

        def do(ctx: Context) -> Response:
            session = _session(ctx, session_id)
            done = session["status"] == "complete"
            here = f"/_hosted/checkout/{session['id']}"
            return pages.onward(checkout_payments.success_url(session) if done else here)

        return self._answer(do)

    async def pay(self, request: Request) -> Response:
        """The customer presses the button."""
        session_id = request.path_params["session"]
        form = await pages.form_of(request)

        def do(ctx: Context) -> Response:
            session = _session(ctx, session_id)
            if session["status"] != "open":
                return _page(ctx, session_id, {})
            _submit(ctx, session, form)
            if session["status"] == "complete":
                return pages.onward(checkout_payments.success_url(session))
            return pages.onward(f"/_hosted/authenticate/{session['payment_intent']}")

        try:
            return self._answer(do)
        except ApiError as refusal:
            said, status = refusal.message, refusal.status
            return self._answer(lambda ctx: _page(ctx, session_id, form, said, status))

    def _answer(self, do: Any) -> Response:
        try:
            answer: Response = self.engine.work(do)
        except ApiError as refusal:
            if refusal.status != 404:
                raise
            return pages.result("Not found", "There is no such Checkout Session.", status=404)
        return answer


def _session(ctx: Context, session_id: str) -> Obj:
    session = ctx.need("checkout.session", session_id, in_path=True)
    if session["status"] == "open" and ctx.now >= session["expires_at"]:
        checkout_sessions.end(ctx, session)
    return session


def _submit(ctx: Context, session: Obj, form: dict[str, str]) -> None:
    email, name = _email(ctx, session, form), form.get("name", "").strip()[:_MOST_CHARS]
    if "@" not in email[1:-1] or len(email) > _MOST_CHARS:
        raise ApiError("Give an e-mail address.", param="email")
    method = None
    if session["amount_total"]:
        types = session["payment_method_types"]
        method = picker.chosen(ctx, types, form.get("test_number", ""), form.get("choice", ""))
    checkout_payments.submit(
        ctx, session, method, email=email, name=name, shipping=form.get("shipping")
    )


def _email(ctx: Context, session: Obj, form: dict[str, str]) -> str:
    """What the shop gave stands; else what the customer typed."""
    return (_known_email(ctx, session) or form.get("email", "")).strip()


def _known_email(ctx: Context, session: Obj) -> str | None:
    if session["customer_email"]:
        return str(session["customer_email"])
    customer = ctx.tx.find(session["customer"]) if session["customer"] else None
    return customer.get("email") if customer else None


def _page(
    ctx: Context, session_id: str, form: dict[str, str], said: str | None = None, status: int = 200
) -> Response:
    session = _session(ctx, session_id)
    if session["status"] == "complete":
        return pages.result(
            "Thank you",
            f"{pages.amount(session['amount_total'], session['currency'])}: your order is placed.",
            good=True,
            link=checkout_payments.success_url(session),
        )
    if session["status"] == "expired":
        return pages.result(
            "This page has expired",
            "Nothing was paid. Start again at the shop.",
            link=session["cancel_url"],
        )
    details = session["customer_details"] or {}
    return pages.page(
        "checkout.html",
        status,
        session["success_url"],
        title="Checkout",
        session=session,
        items=hidden(session)["line_items"],
        shop=accounts.retrieve(ctx, {})["settings"]["dashboard"]["display_name"],
        rates=[
            ctx.need("shipping_rate", option["shipping_rate"])
            for option in session["shipping_options"]
        ],
        known_email=_known_email(ctx, session),
        email=form.get("email", details.get("email") or "")[:_MOST_CHARS],
        name=form.get("name", details.get("name") or "")[:_MOST_CHARS],
        choice=form.get("choice", ""),
        groups=picker.groups(session["payment_method_types"]),
        said=said or _last_error(ctx, session),
    )


def _last_error(ctx: Context, session: Obj) -> str | None:
    if not session["payment_intent"]:
        return None
    error = ctx.need("payment_intent", session["payment_intent"])["last_payment_error"]
    return str(error["message"]) if error else None
