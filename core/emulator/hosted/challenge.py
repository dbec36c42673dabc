"""The bank's page: the customer passes or fails a 3-D Secure challenge or a redirect.

`/_hosted/authenticate/{payment_intent}`; a plain POST of `outcome=succeed` or `outcome=fail` does
the same without a browser.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.emulator.hosted import pages
from core.emulator.resources import accounts, setup_intents
from core.emulator.resources.payment_intents import attempt
from core.emulator.runtime.engine import Engine
from core.emulator.state import urls
from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context, hidden

_NAMES = {
    "paypal": "PayPal",
    "alipay": "Alipay",
    "wechat_pay": "WeChat Pay",
    "ideal": "iDEAL",
    "eps": "EPS",
    "p24": "Przelewy24",
    "blik": "BLIK",
    "oxxo": "OXXO",
    "twint": "TWINT",
    "promptpay": "PromptPay",
    "cashapp": "Cash App Pay",
    "afterpay_clearpay": "Afterpay",
}
_BRANDS = {"amex": "American Express", "jcb": "JCB", "unionpay": "UnionPay"}
#: `redirect_status`; every other status is a failure.
_WORDS = {"succeeded": "succeeded", "requires_capture": "succeeded", "processing": "pending"}


def routes(engine: Engine) -> list[Route]:
    """The page and its form."""

    async def endpoint(request: Request) -> Response:
        intent_id = request.path_params["intent"]
        form = await pages.form_of(request) if request.method == "POST" else None
        try:
            return engine.work(lambda ctx: _answer(ctx, intent_id, form))
        except ApiError as refusal:
            if refusal.status == 404:
                return pages.result("Not found", "There is no such payment.", status=404)
            raise

    return [Route("/authenticate/{intent}", endpoint, methods=["GET", "POST"])]


def _answer(ctx: Context, intent_id: str, form: dict[str, str] | None) -> Response:
    setup = intent_id.startswith("seti_")
    kind = "setup_intent" if setup else "payment_intent"
    intent = ctx.need(kind, intent_id, in_path=True)
    if intent["status"] != "requires_action":
        return pages.result(
            "Nothing to authenticate",
            f"The status of this payment is {intent['status']}.",
            link=hidden(intent).get("return_url"),
            status=200 if form is None else 409,
        )
    if form is None:
        return _page(ctx, intent)
    outcome = form.get("outcome")
    if outcome not in ("succeed", "fail"):
        return _page(ctx, intent, status=400)
    answered = setup_intents.authenticate if setup else attempt.authenticate
    answered(ctx, intent_id, succeed=outcome == "succeed")
    back = _back(intent)
    if back:
        return pages.onward(back)
    if intent["status"] in _WORDS:
        return pages.result("Authenticated", "You can close this page.", good=True)
    return pages.result("Not paid", _why(intent))


def _page(ctx: Context, intent: Obj, status: int = 200) -> Response:
    method = ctx.need("payment_method", intent["payment_method"])
    shop = accounts.retrieve(ctx, {})["settings"]["dashboard"]["display_name"]
    card: dict[str, Any] | None = method.get("card")
    kind = _NAMES.get(method["type"], method["type"].capitalize())
    return pages.page(
        "challenge.html",
        status,
        hidden(intent).get("return_url"),
        title="Authenticate the payment" if card else f"Pay with {kind}",
        shop=shop,
        total=pages.amount(intent["amount"], intent["currency"]) if "amount" in intent else "",
        card=card and f"{_brand(card['brand'])} •••• {card['last4']}",
        kind=kind,
        intent=intent["id"],
    )


def _brand(brand: str) -> str:
    return _BRANDS.get(brand, brand.capitalize())


def _back(intent: Obj) -> str | None:
    """`return_url` with what Stripe adds to it; None where there is none to open."""
    url = hidden(intent).get("return_url")
    if not url or not pages.can_open(url):
        return None
    query = urlencode(
        {
            intent["object"]: intent["id"],
            f"{intent['object']}_client_secret": intent["client_secret"],
            "redirect_status": _WORDS.get(intent["status"], "failed"),
        }
    )
    return urls.with_query(url, query)


def _why(intent: Obj) -> str:
    error = intent.get("last_payment_error") or intent.get("last_setup_error") or {}
    return str(error.get("message", "The payment failed."))
